"""``mentra feedback``."""

import json

from click.testing import CliRunner

from mentra.admin import main
from mentra.stores import experiences, users
from mentra.stores.opening import open_for_command


def test_what_people_said_is_shown_oldest_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_for_command(None, tmp_path) as store:
        store.run(users.create, "ann@x.org", 1.0)
        store.run(experiences.add_feedback, "ann@x.org", "good\nenough", 1_748_779_200.0)

    shown = CliRunner().invoke(main, ["feedback", "--state-dir", str(tmp_path)])
    said = CliRunner().invoke(main, ["feedback", "--json", "--state-dir", str(tmp_path)])

    assert shown.stdout.splitlines() == [
        "WHEN                      USER       FEEDBACK",
        "2025-06-01T12:00:00.000Z  ann@x.org  good?enough",
    ]
    assert json.loads(said.stdout) == [
        {"userId": "ann@x.org", "createdAt": 1_748_779_200.0, "text": "good\nenough"}
    ]
