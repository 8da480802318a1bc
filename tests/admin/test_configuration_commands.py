"""``mentra init`` and ``mentra config``, as somebody at a terminal sees them."""

import json
import sys
import tomllib
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner, Result

import mentra
import mentra.plugins
from mentra import admin
from mentra.admin import COMMANDS, Command, main
from mentra.errors import NotThere

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``mentra`` in an empty folder, with only the environment that is given."""
    monkeypatch.chdir(tmp_path)
    for variable in ("PORT", "STATE_DIRECTORY", "AUGMENTOS_AUTH_JWT_SECRET"):
        monkeypatch.delenv(variable, raising=False)

    def run_it(*arguments: str, **environ: str) -> Result:
        return CliRunner().invoke(main, arguments, env=environ)

    return run_it


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Make a function the command ``mentra try``."""
    name = "mentra_command_for_a_test"

    def install(function: Callable[[], None]) -> None:
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        module.attempt = click.command()(function)  # type: ignore[attr-defined] # a module made up here
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setitem(COMMANDS, "try", Command(f"{name}:attempt", "For a test."))

    return install


def only_line(text: str) -> str:
    lines = text.splitlines()
    assert len(lines) == 1, text
    return lines[0]


# -- init ------------------------------------------------------------------------------------


def test_init_writes_the_file_of_etc_and_a_private_secret(run, tmp_path):
    result = run("init")

    secret = tmp_path / "mentra-state" / "secrets" / "jwt"
    assert result.exit_code == 0
    assert result.output.splitlines() == [f"wrote {tmp_path / 'mentra.toml'}", f"wrote {secret}"]
    etc = Path(mentra.__file__).parents[1] / "etc" / "mentra.toml"
    assert (tmp_path / "mentra.toml").read_text() == etc.read_text()
    assert secret.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "mentra-state").stat().st_mode & 0o777 == 0o700


def test_init_makes_the_folder_it_is_given(run, tmp_path):
    assert run("init", "--dir", "a/b").exit_code == 0

    assert (tmp_path / "a" / "b" / "mentra.toml").exists()
    assert (tmp_path / "a" / "b" / "mentra-state" / "secrets" / "jwt").exists()


def test_init_never_overwrites_a_configuration(run, tmp_path):
    (tmp_path / "mentra.toml").write_text("# mine")

    result = run("init")

    assert result.exit_code == 1
    assert "is there already" in only_line(result.stderr)
    assert (tmp_path / "mentra.toml").read_text() == "# mine"
    assert not (tmp_path / "mentra-state").exists()


def test_init_never_overwrites_a_secret(run, tmp_path):
    secret = tmp_path / "mentra-state" / "secrets" / "jwt"
    secret.parent.mkdir(parents=True)
    secret.write_text("mine")
    secret.chmod(0o600)

    result = run("init")

    assert result.exit_code == 0
    assert f"kept {secret}" in result.output
    assert secret.read_text() == "mine"


def test_init_puts_the_secret_where_the_server_will_look(run, tmp_path):
    run("init", "--dir", "one", "--state-dir", "elsewhere")
    run("init", "--dir", "two", STATE_DIRECTORY=str(tmp_path / "systemd"))

    assert (tmp_path / "elsewhere" / "secrets" / "jwt").exists()
    assert (tmp_path / "systemd" / "secrets" / "jwt").exists()


def test_init_is_not_misled_by_the_rest_of_the_environment(run):
    assert run("init", MENTRA__NO__SUCH="1", PORT="nonsense").exit_code == 0


def test_init_in_a_place_that_cannot_be_written_is_a_sentence(run, tmp_path):
    (tmp_path / "file").write_text("")

    result = run("init", "--dir", "file/below")

    assert result.exit_code == 1
    assert "Not a directory" in only_line(result.stderr)


# -- config check ----------------------------------------------------------------------------


def test_check_is_content_with_no_file_at_all(run, tmp_path):
    result = run("config", "check")

    assert (result.exit_code, result.output) == (0, "ok\n")
    assert list(tmp_path.iterdir()) == []


def test_check_says_what_is_wrong_in_one_sentence(run, tmp_path):
    (tmp_path / "mentra.toml").write_text("[wire]\nheartbaet = 1")

    result = run("config", "check")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert only_line(result.stderr) == (
        f"Error: {tmp_path / 'mentra.toml'}: $.wire.heartbaet: no such key; "
        'did you mean "heartbeat"?'
    )


def test_check_answers_in_json(run):
    good = run("config", "check", "--json")
    bad = run("config", "check", "--json", PORT="http")

    assert good.exit_code == 0
    assert json.loads(good.output) == {"ok": True, "error": None, "warnings": []}
    assert bad.exit_code == 1
    assert bad.stderr == ""
    assert json.loads(bad.stdout)["error"].startswith("environment variable PORT: ")


def test_check_looks_at_the_secret_too(run, tmp_path):
    run("init")
    secret = tmp_path / "mentra-state" / "secrets" / "jwt"
    secret.chmod(0o644)

    result = run("config", "check")

    assert result.exit_code == 1
    assert f"chmod 600 {secret}" in only_line(result.stderr)


def test_check_warns_of_a_broken_plugin(run, tmp_path, monkeypatch):
    monkeypatch.setattr(mentra.plugins, "__path__", list(mentra.plugins.__path__))
    (tmp_path / "dropins").mkdir()
    (tmp_path / "dropins" / "broken_for_check.py").write_text("import no_such_module_at_all")
    (tmp_path / "mentra.toml").write_text('[plugins]\npath = ["dropins"]')

    said, told = run("config", "check"), run("config", "check", "--json")

    assert (said.exit_code, said.stdout) == (0, "ok\n")
    assert "broken_for_check.py cannot be imported" in only_line(said.stderr)
    assert "broken_for_check.py cannot be imported" in json.loads(told.stdout)["warnings"][0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[voice]\nengine = "ecco"', "there is no engine 'ecco'; those installed are: "),
        ('[voice]\nengine = "openai"\n[openai]\nkey_file = "none"', "none: No such file"),
    ],
)
def test_check_warns_of_an_assistant_that_nobody_would_answer_for(run, tmp_path, text, sentence):
    (tmp_path / "mentra.toml").write_text(text)

    said = run("config", "check")

    assert (said.exit_code, said.stdout) == (0, "ok\n")
    line = only_line(said.stderr)
    assert line.startswith("Warning: voice.engine: the assistant cannot answer: ")
    assert sentence in line


@pytest.mark.parametrize(
    ("text", "beginning", "end"),
    [
        (
            '[speech]\nrecognisers = ["sphinx", "pocketsphinx"]',
            "speech.recognisers: there is no engine 'sphinx'; those installed are: ",
            "; pocketsphinx is asked",
        ),
        (
            '[speech.languages]\nde = ["wyoming"]',
            "speech.languages, de: ",
            "; nobody recognises speech",
        ),
        (
            '[speech]\nvoice_detection = "ears"',
            "speech.voice_detection: there is no engine 'ears'",
            "; loudness decides who speaks, for engines that can do with that",
        ),
        (
            '[synthesis]\nengine = "wyoming"',
            "synthesis.engine: ",
            "; nothing is spoken, and answers of the assistant are text",
        ),
        (
            '[translation]\nengine = "libretranslate"',
            "translation.engine: ",
            "; nothing is translated but by recognisers that do it on the way",
        ),
    ],
)
def test_check_warns_of_engines_that_cannot_work_here(run, tmp_path, text, beginning, end):
    (tmp_path / "mentra.toml").write_text(text)

    said = run("config", "check")

    assert (said.exit_code, said.stdout) == (0, "ok\n")
    lines = said.stderr.splitlines()
    assert any(line.startswith(f"Warning: {beginning}") and line.endswith(end) for line in lines), (
        lines
    )


def test_check_warns_of_a_program_or_a_package_that_is_missing(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "mentra.toml").write_text(
        '[synthesis]\nengine = "flite"\n[speech]\nrecognisers = ["sherpa", "pocketsphinx"]'
    )

    told = json.loads(run("config", "check", "--json").stdout)

    assert told["ok"]
    flite = next(one for one in told["warnings"] if one.startswith("synthesis.engine: "))
    assert "flite" in flite
    assert "apt install" in flite
    sherpa = next(one for one in told["warnings"] if one.startswith("speech.recognisers: "))
    assert "sherpa" in sherpa


def test_a_named_file_that_is_missing_is_a_sentence(run):
    result = run("config", "check", "--config", "nowhere.toml")

    assert result.exit_code == 1
    assert "nowhere.toml: No such file" in only_line(result.stderr)


@pytest.mark.parametrize("address", ["https://8.8.8.8/translate", "http://[2001:db8::1]:5000"])
def test_check_refuses_engines_beyond_an_air_gap(run, tmp_path, address):
    (tmp_path / "mentra.toml").write_text(
        f'[privacy]\nair_gap = true\n[libretranslate]\nbase_url = "{address}"'
    )

    result = run("config", "check")

    assert result.exit_code == 1
    assert only_line(result.stderr) == (
        f"Error: {tmp_path / 'mentra.toml'}: $.libretranslate.base_url: the engine "
        f"'libretranslate' talks to {address}, which is neither local nor private, and "
        "privacy.air_gap is set; name a server of your own, or do without"
    )


def test_check_refuses_engines_that_the_configuration_names_as_well(run, tmp_path):
    (tmp_path / "mentra.toml").write_text(
        "[privacy]\nair_gap = true\n"
        '[llm.compatible.big]\nbase_url = "https://8.8.8.8/v1"\nmodel = "x"'
    )

    result = run("config", "check")

    assert result.exit_code == 1
    assert "$.llm.compatible: the engine 'big' talks to https://8.8.8.8/v1, " in result.stderr


@pytest.mark.parametrize(
    ("text", "environ", "engine"),
    [
        ("", {"SONIOX_API_KEY": "k"}, "soniox"),
        ('[deepgram]\nkey_file = "k"', {}, "deepgram"),
        ('[openai]\nkey_file = "k"', {}, "openai"),
        ('[wyoming]\nspeak = "8.8.8.8:10200"', {}, "wyoming"),
        ('[openai_speech]\nbase_url = "https://api.openai.com/v1"\nkey_file = "k"', {},
         "openai_speech"),
    ],
)  # fmt: skip
def test_check_refuses_every_kind_of_engine_beyond_an_air_gap(run, tmp_path, text, environ, engine):
    (tmp_path / "mentra.toml").write_text(f"[privacy]\nair_gap = true\n{text}")

    result = run("config", "check", **environ)

    assert result.exit_code == 1
    assert f"the engine '{engine}' talks to " in only_line(result.stderr)
    assert "privacy.air_gap" in result.stderr


@pytest.mark.parametrize(
    ("text", "setting", "who"),
    [
        ('[opencode]\nenabled = true\nurl = "https://8.8.8.8"', "opencode.url",
         "the OpenCode bridge"),
        ('[media]\nbackend = "cloudflare"\ncloudflare = {api = "https://8.8.8.8/v4"}',
         "media.cloudflare", "the media server"),
        ('[media]\nlive = "playlist"\nhls = "https://8.8.8.8/{stream}"', "media.hls",
         "the media server"),
        ('[media]\nlive = "playlist"\nplaylist = "https://8.8.8.8/{stream}"', "media.playlist",
         "the media server"),
        ('[store]\nurl = "postgresql://mentra:secret@8.8.8.8/mentra"', "store.url", "the store"),
        ('[openai_images]\nbase_url = "https://8.8.8.8/v1"\nkey_file = "k"',
         "openai_images.base_url", "the engine 'openai'"),
    ],
    ids=["OpenCode", "Cloudflare", "media", "media's own way", "store", "pictures"],
)  # fmt: skip
def test_check_refuses_whatever_else_would_leave_an_air_gap(run, tmp_path, text, setting, who):
    (tmp_path / "mentra.toml").write_text(f"[privacy]\nair_gap = true\n{text}")

    result = run("config", "check")

    assert result.exit_code == 1
    line = only_line(result.stderr)
    assert f"$.{setting}: {who} talks to " in line
    assert "8.8.8.8" in line
    assert "privacy.air_gap" in line
    assert "secret" not in line


@pytest.mark.parametrize(
    "text",
    [
        '[opencode]\nurl = "https://8.8.8.8"',
        '[media]\nhls = "https://8.8.8.8/{stream}"',
        '[media]\nlive = "playlist"',
        '[media]\nlive = "playlist"\nplaylist = "http://127.0.0.1/{stream}"',
        '[store]\nurl = "postgresql://mentra@127.0.0.1:5432/mentra"',
        '[store]\nurl = "postgresql:///mentra?host=/run/postgresql"',
    ],
)
def test_check_lets_be_what_stays_inside_an_air_gap_or_is_not_in_use(run, tmp_path, text):
    (tmp_path / "mentra.toml").write_text(f"[privacy]\nair_gap = true\n{text}")

    assert run("config", "check").stdout == "ok\n"


def test_check_lets_engines_inside_an_air_gap_be(run, tmp_path):
    (tmp_path / "mentra.toml").write_text(
        "[privacy]\nair_gap = true\n"
        '[libretranslate]\nbase_url = "http://localhost:5000"\nkey_file = "for/the/server"'
    )

    result = run("config", "check")

    assert (result.exit_code, result.output) == (0, "ok\n")


# -- config show -----------------------------------------------------------------------------


def test_show_prints_toml_that_says_what_is_in_force(run, tmp_path):
    (tmp_path / "mentra.toml").write_text("[wire]\nheartbeat = 4")

    result = run("config", "show", PORT="9")

    shown = tomllib.loads(result.output)
    assert shown["wire"]["heartbeat"] == 4.0
    assert shown["server"]["listen"] == "tcp:9:interface=127.0.0.1"
    assert shown["wire"]["pong_timeout"] == 30.0


def test_show_says_where_each_value_comes_from(run, tmp_path):
    (tmp_path / "mentra.toml").write_text("[wire]\nheartbeat = 4")

    lines = run("config", "show", "--origin", PORT="9").output.splitlines()

    assert f"heartbeat = 4.0  # {tmp_path / 'mentra.toml'}" in lines
    assert 'listen = "tcp:9:interface=127.0.0.1"  # environment variable PORT' in lines
    assert "pong_timeout = 30.0  # default" in lines
    assert f"# state directory: {tmp_path / 'mentra-state'} (default)" in lines


def test_show_answers_in_json_with_and_without_origins(run, tmp_path):
    plain = json.loads(run("config", "show", "--json").output)
    full = json.loads(run("config", "show", "--json", "--origin", PORT="9").output)

    assert plain["sections"]["wire"]["heartbeat"] == 10.0
    assert plain["sections"]["server"]["cors_origins"] == ["*"]
    assert plain["state_dir"] == str(tmp_path / "mentra-state")
    assert full["sections"]["server"]["listen"] == {
        "value": "tcp:9:interface=127.0.0.1",
        "origin": "environment variable PORT",
    }


@pytest.mark.parametrize("options", [(), ("--origin",), ("--json",), ("--json", "--origin")])
def test_show_never_prints_a_secret(run, tmp_path, options):
    (tmp_path / "mentra.toml").write_text(
        '[store]\nurl = "postgresql://mentra:hunter2@db/mentra"\n'
        '[server]\ncors_origins = ["https://a:hunter2@x.org"]'
    )

    result = run("config", "show", *options, AUGMENTOS_AUTH_JWT_SECRET="hunter2")

    assert result.exit_code == 0
    assert "hunter2" not in result.output
    assert "postgresql://mentra:[redacted]@db/mentra" in result.output
    assert "environment variable AUGMENTOS_AUTH_JWT_SECRET" in result.output


def test_show_hides_what_a_plugin_calls_secret(run, tmp_path, monkeypatch):
    monkeypatch.setattr(mentra.plugins, "__path__", list(mentra.plugins.__path__))
    (tmp_path / "dropins").mkdir()
    (tmp_path / "dropins" / "secretive_for_show.py").write_text(
        "from typing import Annotated\n"
        "from msgspec import Meta\n"
        "from mentra.extension import ConfigSection, Section\n"
        "class Secretive(Section, frozen=True, kw_only=True):\n"
        "    '[secretive]: hush.'\n"
        "    key: Annotated[str, Meta(description='Hush.', extra={'secret': True})] = ''\n"
        "    other: Annotated[str, Meta(description='Hush.', extra={'secret': True})] = ''\n"
        "section = ConfigSection('secretive', Secretive)\n"
    )
    (tmp_path / "mentra.toml").write_text(
        '[plugins]\npath = ["dropins"]\n[secretive]\nkey = "hunter2"'
    )

    result = run("config", "show")

    assert tomllib.loads(result.output)["secretive"] == {"key": "(hidden)", "other": ""}
    monkeypatch.delitem(sys.modules, "mentra.plugins.secretive_for_show")


# -- the group -------------------------------------------------------------------------------


def test_help_lists_commands_without_importing_any(run, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("mentra.admin.")]:
        monkeypatch.delitem(sys.modules, name)

    result = run("--help")

    assert result.exit_code == 0
    assert "init" in result.output
    assert "Check and show the configuration." in result.output
    assert not [name for name in sys.modules if name.startswith("mentra.admin.")]


def test_a_command_whose_module_is_not_there_is_not_listed(run, monkeypatch):
    monkeypatch.setitem(COMMANDS, "nothing", Command("mentra.admin.nowhere:nothing", "Nothing."))

    assert "Nothing." not in run("--help").output
    assert run("nothing").exit_code == 2


def test_every_listed_command_can_be_imported():
    context = click.Context(main)

    for name in main.list_commands(context):
        assert main.get_command(context, name) is not None, name


def test_what_a_command_raises_on_purpose_is_one_sentence(run, command):
    def attempt() -> None:
        raise NotThere("there is no user of that name")

    command(attempt)

    result = run("try")

    assert result.exit_code == 1
    assert only_line(result.stderr) == "Error: there is no user of that name"


def test_a_file_that_cannot_be_used_is_one_sentence(run, command):
    def attempt() -> None:
        Path("no/such/file").read_text()

    command(attempt)

    assert only_line(run("try").stderr) == "Error: no/such/file: No such file or directory"


def test_a_missing_extra_is_one_sentence(run, monkeypatch):
    monkeypatch.setitem(COMMANDS, "try", Command("mentra.admin.configuration:init", ""))

    def no_aiohttp(name: str) -> None:
        raise ModuleNotFoundError("No module named 'aiohttp'", name="aiohttp")

    monkeypatch.setattr(admin.importlib, "import_module", no_aiohttp)

    result = run("try")

    assert result.exit_code == 1
    assert "aiohttp" in only_line(result.stderr)
    assert "pip install 'mentra[sdk]'" in result.stderr


@pytest.mark.parametrize("arguments", [("nope",), ("config", "nope"), ("init", "--nope")])
def test_wrong_usage_has_a_status_of_its_own(run, arguments):
    assert run(*arguments).exit_code == 2


def test_the_version_is_told(run):
    assert run("--version").output == f"mentra, version {mentra.__version__}\n"
