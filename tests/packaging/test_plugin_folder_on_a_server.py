"""Single files dropped into a configured folder, on an installed server."""

import json
from pathlib import Path

import pytest

from tests.packaging.conftest import PLENTY, Environment, stop

pytestmark = pytest.mark.slow

DROPIN = '''
"""One small file of a sysadmin."""

from mentra.extension import handler
from mentra.messages import Message


class Question(Message, frozen=True, kw_only=True, tag="acme_weather"):
    city: str


class Report(Message, frozen=True, kw_only=True, tag="acme_weather_report"):
    text: str


@handler("glasses", Question)
def weather(message, context):
    return Report(text=f"PLACE says rain in {message.city}")
'''

QUESTION = {"type": "acme_weather", "city": "Rome"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that the configuration names ``dropins``."""
    made = tmp_path / "dropins"
    made.mkdir(mode=0o755)
    return made


def drop(folder: Path, name: str) -> None:
    (folder / f"{name}.py").write_text(DROPIN.replace("PLACE", name))


def texts(heard: list[dict[str, object]]) -> list[object]:
    return [one["text"] for one in heard if one["type"] == "acme_weather_report"]


SETTINGS = '[plugins]\npath = ["dropins"]\n'


def test_a_file_in_the_folder_answers_and_a_broken_one_is_named(
    plain: Environment, folder: Path, tmp_path: Path
) -> None:
    drop(folder, "weather_file")
    (folder / "broken_file.py").write_text("import no_such_thing\n")
    with plain.server(tmp_path, SETTINGS) as server:
        heard = plain.talk(server, QUESTION)
        listing = plain.run("mentra", "handlers", "--json", "--config", str(server.config))
        shown = plain.run("mentra", "handlers", "--config", str(server.config))
        assert stop(server) == 0

    assert texts(heard) == ["weather_file says rain in Rome"]
    (warning,) = [
        line for line in server.log.read_text().splitlines() if "mentra.plugins.broken_file" in line
        and "is left out" in line
    ]  # fmt: skip
    assert "No module named 'no_such_thing'" in warning
    listed = json.loads(listing.stdout)
    assert [one["module"] for one in listed["failed"]] == ["mentra.plugins.broken_file"]
    assert [
        (row["module"], row["distribution"])
        for row in listed["handlers"]
        if row["message"] == "acme_weather"
    ] == [("mentra.plugins.weather_file", str(folder / "weather_file.py"))]
    assert "left out: mentra.plugins.broken_file: ModuleNotFoundError" in shown.stderr


def test_two_owners_of_one_message_end_the_start_naming_both(
    plain: Environment, folder: Path, tmp_path: Path
) -> None:
    drop(folder, "one_file")
    (folder / "two_file.py").write_text(
        "from mentra.extension import handler\n"
        "from mentra.messages.session import Ping\n\n"
        "@handler('glasses', Ping)\ndef ping(message, context):\n    return None\n"
    )

    server = plain.start(tmp_path, SETTINGS)

    assert server.process.wait(PLENTY) == 1
    told = server.log.read_text()
    assert "mentra: two plugins own the message 'glasses ping'" in told
    assert "mentra.glasses.relay:ping_from_glasses (mentra.glasses.relay, mentra " in told
    assert "mentra.plugins.two_file:ping (mentra.plugins.two_file, " in told
    assert str(folder / "two_file.py") in told
    assert "[plugins.prefer]" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("winner", ["one_file", "two_file"])
def test_the_preferred_of_two_owners_answers(
    plain: Environment, folder: Path, tmp_path: Path, winner: str
) -> None:
    drop(folder, "one_file")
    drop(folder, "two_file")
    prefer = f'[plugins.prefer]\n"glasses acme_weather" = "mentra.plugins.{winner}:weather"\n'

    with plain.server(tmp_path, SETTINGS + prefer) as server:
        heard = plain.talk(server, QUESTION)
        assert stop(server) == 0

    assert texts(heard) == [f"{winner} says rain in Rome"]
