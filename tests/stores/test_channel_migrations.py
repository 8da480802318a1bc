"""A store from before browser channels keeps what it has, and can do what is new."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from mentra.messages.channels.chat import ChatAddMessage
from mentra.stores import analytics, artifacts, chats, code, page_settings, users
from mentra.stores.engine import for_writing, locate, make_upgrade_engine, transact
from mentra.stores.migrate import SCRIPTS, upgrade
from mentra.stores.opening import open_for_command

ANN = "ann@x.org"
BEFORE_CHANNELS = "0005"


def upgrade_to(url: str | None, state_dir: Path, revision: str) -> None:
    """As a version of that time did."""
    engine = make_upgrade_engine(locate(url, state_dir))

    def act(connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS.folder))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.exec_driver_sql("INSERT INTO users VALUES ('ann@x.org', 1.0, '{\"a\":1}')")

    transact(for_writing(engine), act)
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_an_older_store_gets_channels_and_keeps_its_people(tmp_path, request, kind):
    url = request.getfixturevalue("empty_postgresql") if kind == "postgresql" else None
    upgrade_to(url, tmp_path, BEFORE_CHANNELS)

    done = upgrade(locate(url, tmp_path))

    assert done is not None
    assert done.before == BEFORE_CHANNELS
    with open_for_command(url, tmp_path) as store:
        kept = store.run(users.load, ANN)
        chat = store.run(chats.create, ANN, "Tea", None, 2.0, 10)
        new = ChatAddMessage(chat_id=chat.id, role="user", content="She brews")
        store.run(chats.add, ANN, new, 3.0, 10)
        found = store.run(chats.find, ANN, "brewing", 10, None)
        nothing = (
            store.run(code.sessions, ANN),
            store.run(artifacts.listed, ANN),
            store.run(analytics.totals, ANN),
            store.run(page_settings.read, ANN),
        )
    assert kept is not None
    assert kept.settings == {"a": 1}
    assert [one.chat_id for one in found] == [chat.id]
    assert nothing == ([], [], {}, {})
