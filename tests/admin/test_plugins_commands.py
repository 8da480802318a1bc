"""``mentra plugins`` and ``mentra handlers``."""

import json
import sys

import pytest
from click.testing import CliRunner

import mentra.plugins
from mentra.admin import main
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import CACHE, discover
from mentra.routing.origins import origin_of
from mentra.web.said import everything_said

DROPIN = """
from mentra.extension import handler
from mentra.messages import Message

class Weather(Message, frozen=True, kw_only=True, tag="weather"):
    pass

@handler("app", Weather)
def weather(message, context):
    return None
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A configured folder for dropins, in the working directory's configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setattr(mentra.plugins, "__path__", [*mentra.plugins.__path__])
    known = set(sys.modules)
    (tmp_path / "mentra.toml").write_text('[plugins]\npath = ["dropins"]\n')
    made = tmp_path / "dropins"
    made.mkdir(mode=0o755)
    # modules of one name lie in another folder in every test
    origin_of.cache_clear()
    yield made
    for module in set(sys.modules) - known:
        if module.startswith("mentra.plugins."):
            del sys.modules[module]


def run(*arguments, status=0):
    """Run ``mentra``."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == status, result.output
    return result


def test_handlers_are_shown_with_where_they_come_from(folder):
    (folder / "weather_dropin.py").write_text(DROPIN)

    listed = json.loads(run("handlers", "--json").stdout)

    assert {
        "path": "app",
        "message": "weather",
        "handler": "weather",
        "module": "mentra.plugins.weather_dropin",
        "distribution": str(folder / "weather_dropin.py"),
    } in listed["handlers"]
    assert listed["failed"] == []
    assert {"glasses", "app"} <= {one["path"] for one in listed["handlers"]}


def test_handlers_are_shown_in_columns(folder):
    lines = run("handlers").stdout.splitlines()

    assert lines[0].split() == ["PATH", "MESSAGE", "HANDLER", "MODULE", "DISTRIBUTION"]
    assert ["glasses", "ping"] in [line.split()[:2] for line in lines]


def test_every_name_of_the_protocol_that_is_handled_or_relayed_is_listed():
    listed = json.loads(run("handlers", "--json").stdout)["handlers"]

    catalogue = Catalogue(discover().plugins)
    for one in everything_said(catalogue):
        if one.inbound and not one.is_binary:
            for name in (one.name, *one.aliases):
                (row,) = (
                    row for row in listed if (row["path"], row["message"]) == (one.path, name)
                )
                assert f"{row['module']}:{row['handler']}" == one.handler


@pytest.mark.parametrize("command", ["handlers", "plugins"])
def test_a_plugin_that_fails_to_import_is_shown_and_the_rest_too(folder, command, logged_failures):
    (folder / "broken_dropin.py").write_text("import no_such_thing")

    told = run(command)
    listed = json.loads(run(command, "--json").stdout)

    assert "left out: mentra.plugins.broken_dropin: ModuleNotFoundError" in told.stderr
    assert "Traceback" not in told.output
    assert listed["failed"][0]["module"] == "mentra.plugins.broken_dropin"
    assert listed[command]
    logged_failures.clear()


def test_plugins_are_listed_by_module(folder):
    (folder / "weather_dropin.py").write_text(DROPIN)

    listed = json.loads(run("plugins", "--json").stdout)["plugins"]

    (ours,) = [one for one in listed if one["module"] == "mentra.plugins.weather_dropin"]
    assert ours["kinds"] == {"MessageHandler": 1}
    assert any(line.startswith("mentra.glasses.") for line in run("plugins").stdout.splitlines())


def test_the_cache_is_written_anew_on_demand(folder):
    (folder / "weather_dropin.py").write_text(DROPIN)
    run("plugins")
    (folder / CACHE).write_bytes(b"rubbish")

    run("plugins", "--refresh")

    assert b"weather_dropin" in (folder / CACHE).read_bytes()


def test_a_folder_that_others_may_write_is_refused(folder):
    folder.chmod(0o777)

    assert str(folder) in run("plugins", status=1).stderr


SECOND = (
    DROPIN.replace("class Weather", "class Ping_")
    .replace('"weather")', '"ping")')
    .replace("Weather)", "Ping_)")
)


def test_two_owners_of_a_message_are_shown_and_the_configuration_is_no_good(folder):
    (folder / "rival_dropin.py").write_text(SECOND)

    listed = run("handlers").stdout
    refused = run("config", "check", status=1).stderr

    assert listed.count("(two owners: the server will not start)") == 2
    assert "app ping" in refused
    assert "rival_dropin" in refused


def test_the_owner_that_does_not_win_is_shown_as_such(folder):
    (folder / "rival_dropin.py").write_text(SECOND)
    (folder.parent / "mentra.toml").write_text(
        '[plugins]\npath = ["dropins"]\n'
        '[plugins.prefer]\n"app ping" = "mentra.plugins.rival_dropin:weather"\n'
    )

    lines = run("handlers").stdout.splitlines()

    (loser,) = [line for line in lines if "(not used)" in line]
    assert "ping_from_app" in loser
    assert run("config", "check").stdout == "ok\n"
