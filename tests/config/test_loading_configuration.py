"""One file, the environment and flags become frozen sections, or a sentence says why not."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mentra.plugins
from mentra.config import Config, load
from mentra.config.declared import declare
from mentra.config.sections import CORE, AuthSettings, PluginsSettings, ServerSettings, WireSettings
from mentra.errors import ConfigError
from mentra.extension import ConfigSection, Section

Loader = Callable[..., Config]


@pytest.fixture
def load_text(tmp_path: Path) -> Loader:
    """Load a configuration file with a given text; no environment."""

    def load_it(text: str = "", **options: Any) -> Config:
        (tmp_path / "mentra.toml").write_text(text)
        return load(**{"environ": {}, "cwd": tmp_path} | options)

    return load_it


@pytest.fixture
def plugin_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for dropins; forgotten afterwards."""
    folder = tmp_path / "dropins"
    folder.mkdir()
    path, modules = list(mentra.plugins.__path__), set(sys.modules)
    yield folder
    mentra.plugins.__path__[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("mentra.plugins."):
            del sys.modules[name]


def refusal(load_it: Loader, text: str = "", **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load_it(text, **options)
    return str(caught.value)


WEATHER = """
from typing import Annotated
from msgspec import Meta
from mentra.extension import ConfigSection, Section

class Weather(Section, frozen=True, kw_only=True):
    "[weather]: rain or shine."
    city: Annotated[str, Meta(description="Where to look.")] = "Oslo"

section = ConfigSection("weather", Weather)
"""


# -- sources ---------------------------------------------------------------------------------


def test_without_a_file_everything_has_its_default(tmp_path):
    config = load(environ={}, cwd=tmp_path)

    assert config.path is None
    assert config.section(ServerSettings) == ServerSettings()
    assert config.origin("server.listen") == "default"


def test_a_file_in_the_working_directory_is_found(load_text, tmp_path):
    config = load_text("[wire]\nheartbeat = 4")

    assert config.path == tmp_path / "mentra.toml"
    assert config.section(WireSettings).heartbeat == 4.0
    assert config.origin("wire.heartbeat") == str(tmp_path / "mentra.toml")


def test_a_named_file_is_taken_instead(load_text, tmp_path):
    (tmp_path / "other.toml").write_text("[wire]\nheartbeat = 5")

    config = load_text("[wire]\nheartbeat = 4", path="other.toml")

    assert config.path == tmp_path / "other.toml"
    assert config.section(WireSettings).heartbeat == 5.0


def test_a_named_file_that_is_missing_is_refused_with_the_command_that_makes_one(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file.*mentra init --dir"):
        load(tmp_path / "nowhere.toml", environ={}, cwd=tmp_path)


def test_each_source_wins_over_the_one_below(load_text):
    file = "[wire]\nheartbeat = 1\n"
    legacy = {"GLASSES_HEARTBEAT_MS": "2000"}
    overlay = legacy | {"MENTRA__WIRE__HEARTBEAT": "3"}
    flags = {"wire.heartbeat": 4}

    heard = [
        load_text(file, environ=environ, flags=given).value("wire.heartbeat")
        for environ, given in (({}, {}), (legacy, {}), (overlay, {}), (overlay, flags))
    ]

    assert heard == [1.0, 2.0, 3.0, 4.0]


def test_each_source_is_named_as_origin(load_text, tmp_path):
    config = load_text(
        "[wire]\nheartbeat = 1\n",
        environ={"PONG_TIMEOUT_MS": "2000", "MENTRA__WIRE__ECHO": "true"},
        flags={"server.listen": "tcp:0", "server.public_host": None},
    )

    keys = ("heartbeat", "pong_timeout", "echo", "fast_path")
    assert [config.origin(f"wire.{key}") for key in keys] == [
        str(tmp_path / "mentra.toml"),
        "environment variable PONG_TIMEOUT_MS",
        "environment variable MENTRA__WIRE__ECHO",
        "default",
    ]
    assert config.origin("server.listen") == "flag --listen"
    assert config.origin("server.public_host") == "default"


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("PORT", "9000", "server.listen", "tcp:9000:interface=127.0.0.1"),
        ("CORS_ORIGINS", "https://a.org, https://b.org,", "server.cors_origins",
         ("https://a.org", "https://b.org")),
        ("GLASSES_HEARTBEAT_MS", "2500", "wire.heartbeat", 2.5),
        ("PONG_TIMEOUT_MS", "1500", "wire.pong_timeout", 1.5),
        ("PONG_TIMEOUT_ENABLED", "false", "wire.pong_timeout_enabled", False),
        ("PONG_TIMEOUT_ENABLED", "TRUE", "wire.pong_timeout_enabled", True),
        ("CLOUD_PUBLIC_HOST_NAME", "glasses.example.org", "server.public_host",
         "glasses.example.org"),
        ("CLOUD_LOCAL_HOST_NAME", "localhost:8002", "server.local_host", "localhost:8002"),
        ("SYSTEM_DASHBOARD_PACKAGE_NAME", "dev.augmentos.dashboard", "apps.system_dashboard",
         "dev.augmentos.dashboard"),
        ("ADDITIONAL_PRE_INSTALLED_APPS", "org.a, org.b", "apps.preinstalled", ("org.a", "org.b")),
    ],
)  # fmt: skip
def test_a_legacy_variable_sets_its_key(load_text, variable, text, key, value):
    assert load_text(environ={variable: text}).value(key) == value


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("tcp:8002", "tcp:9"),
        ("tcp:port=8002:interface=0.0.0.0", "tcp:port=9:interface=0.0.0.0"),
        ("tcp6:80", "tcp6:9"),
        ("ssl:443:privateKey=k", "ssl:9:privateKey=k"),
    ],
)
def test_port_replaces_only_the_port(load_text, listen, expected):
    config = load_text(f'[server]\nlisten = "{listen}"', environ={"PORT": "9"})

    assert config.value("server.listen") == expected


def test_port_for_an_endpoint_without_one_is_refused(load_text):
    text = refusal(load_text, '[server]\nlisten = "unix:/run/m"', environ={"PORT": "9"})

    assert text.startswith("environment variable PORT: $.server.listen: ")
    assert "unset one of them" in text


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PORT", "http", "expected a port from 0 to 65535"),
        ("PORT", "65536", "expected a port from 0 to 65535"),
        ("GLASSES_HEARTBEAT_MS", "10s", "expected milliseconds"),
        ("GLASSES_HEARTBEAT_MS", "inf", "expected milliseconds"),
        ("GLASSES_HEARTBEAT_MS", "0", "> 0"),
        ("PONG_TIMEOUT_ENABLED", "maybe", 'expected "true" or "false"'),
    ],
)
def test_a_legacy_variable_that_makes_no_sense_is_refused_by_name(
    load_text, variable, text, expected
):
    message = refusal(load_text, environ={variable: text})

    assert message.startswith(f"environment variable {variable}: $.")
    assert expected in message


def test_a_legacy_variable_that_is_overruled_is_not_even_read(load_text):
    environ = {"PORT": "nonsense", "MENTRA__SERVER__LISTEN": "tcp:1"}

    assert load_text(environ=environ).value("server.listen") == "tcp:1"


def test_a_legacy_variable_of_a_section_nobody_declares_is_passed_over(load_text, monkeypatch):
    monkeypatch.setattr("mentra.config.declared.getPlugins", lambda interface, package: [])

    assert "apps" not in load_text(environ={"APP_GRACE_PERIOD_MS": "1"}).declared


def test_an_empty_variable_counts_as_unset(load_text):
    environ = {"PORT": "", "MENTRA__WIRE__HEARTBEAT": " ", "STATE_DIRECTORY": ""}

    config = load_text("[wire]\nheartbeat = 4", environ=environ)

    assert config.value("server.listen") == ServerSettings().listen
    assert config.value("wire.heartbeat") == 4.0
    assert config.origin("state_dir") == "default"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sqlite:///x", "sqlite:///x"),
        ('"sqlite:///x"', "sqlite:///x"),
        ("word", "word"),
        ('"word"\nother = 1', '"word"\nother = 1'),
    ],
)
def test_an_overlay_value_is_toml_and_a_bare_word_a_string(load_text, text, value):
    assert load_text(environ={"MENTRA__STORE__URL": text}).value("store.url") == value


def test_an_overlay_value_may_be_a_list_or_a_table(load_text):
    config = load_text(
        environ={
            "MENTRA__SERVER__CORS_ORIGINS": '["https://a.org"]',
            "MENTRA__PLUGINS__PREFER": '{"app x" = "m:f"}',
        }
    )

    assert config.value("server.cors_origins") == ("https://a.org",)
    assert config.value("plugins.prefer") == {"app x": "m:f"}


# -- mistakes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[wier]\na = 1", "$.wier: no such section; did you mean [wire]?"),
        ("[wier]", "$.wier: no such section; did you mean [wire]?"),
        ("[qqq]\na = 1", "$.qqq: no such section; the sections are server, auth, wire"),
        ("[wire]\nheartbaet = 1", '$.wire.heartbaet: no such key; did you mean "heartbeat"?'),
        ("[store]\nqqq = 1", "$.store.qqq: no such key; the keys of [store] are url"),
        ("[wire]\nheartbeat = 'x'", "$.wire.heartbeat: expected `float`, got `str`; correct it"),
        ("[wire]\nheartbeat = true", "$.wire.heartbeat: expected `float`, got `bool`"),
        ("[wire]\nheartbeat = 0", "$.wire.heartbeat: expected `float` > 0"),
        ("[wire]\nheartbeat = nan", "$.wire.heartbeat: expected"),
        ("[wire]\nadmissions_per_second = inf", "$.wire.admissions_per_second: expected a finite"),
        ("[wire]\nmax_connections = 1.5", "$.wire.max_connections: expected `int`, got `float`"),
        ("[wire]\nmax_connections_per_address = -1", "$.wire.max_connections_per_address: exp"),
        ("[server]\ncors_origins = ['a', 3]", "$.server.cors_origins[1]: expected `str`"),
        ("[server]\ntrusted_proxies = ['10.0.0.1/8']", "$.server.trusted_proxies: 10.0.0.1/8 has"),
        ("[server]\ntrusted_proxies = ['unix:']", "the form is 10.0.0.0/8 or 10.1.2.3, or unix"),
        ("[server]\noperator_networks = ['unix']", "'unix' does not appear to be an IPv4 or IPv6"),
        ("[server]\nlisten = '8002'", "the form is tcp:8002:interface=127.0.0.1"),
        ("[server]\nlisten = 'tcp:http'", "'http' is not a port from 0 to 65535"),
        ("[server]\nlisten = 'tcp:70000'", "'70000' is not a port from 0 to 65535"),
        ("[server]\npublic_url = 'wss://x'", "the form is https://"),
        ("[server]\npublic_host = 'https://x'", "is no host name"),
        ("[log]\nformat = 'xml'", "it is one of json, text"),
        ("[plugins]\npath = ['']", "$.plugins.path[0]: expected `str` of length >= 1"),
        ("wire = 3", "$.wire: expected a table; write [wire] above its keys"),
        ("heartbeat = 3", "$.heartbeat: the key stands outside of every section; "
                          "write [wire] above it"),
        ("what = 3", "$.what: the key stands outside of every section"),
        ("[wire]\nheartbeat = ", "not TOML: Invalid value (at "),
        ("[wire]\n[wire]", "not TOML: "),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_named_with_file_place_and_remedy(
    load_text, tmp_path, text, expected
):
    message = refusal(load_text, text)

    assert message.startswith(f"{tmp_path / 'mentra.toml'}: ")
    assert expected in message
    assert "\n" not in message


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "mentra.toml").write_bytes(b"[wire]\n# \xff\n")

    with pytest.raises(ConfigError, match="not UTF-8 at byte 9"):
        load(environ={}, cwd=tmp_path)


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("MENTRA__WIRE__HEARTBAET", 'no such key; did you mean "heartbeat"?'),
        ("MENTRA__WIER__HEARTBEAT", "no such section; did you mean [wire]?"),
        ("MENTRA__WIRE", "the form is MENTRA__SECTION__KEY"),
        ("MENTRA____HEARTBEAT", "the form is MENTRA__SECTION__KEY"),
        ("MENTRA__WIRE__HEARTBEAT", "expected `float`, got `str`"),
    ],
)
def test_a_mistake_in_an_overlay_variable_is_named(load_text, variable, expected):
    message = refusal(load_text, environ={variable: "word"})

    assert message.startswith(f"environment variable {variable}: ")
    assert expected in message


def test_a_mistake_in_a_flag_is_named(load_text):
    message = refusal(load_text, flags={"server.listen": "8002"})

    assert message.startswith("flag --listen: $.server.listen: ")


def test_asking_for_what_nobody_declared_is_a_lookup_error(load_text):
    config = load_text()

    class Weather(Section, frozen=True, kw_only=True):
        """Declared by nobody."""

    for ask in (
        lambda: config.section(Weather),
        lambda: config.origin("wire.nothing"),
        lambda: config.origin("nothing.at_all"),
        lambda: config.value("wire"),
    ):
        with pytest.raises(LookupError):
            ask()


# -- plugins ---------------------------------------------------------------------------------


def test_a_dropin_in_a_configured_folder_declares_a_section(load_text, plugin_folder):
    (plugin_folder / "weather_of_a_folder.py").write_text(WEATHER)

    config = load_text('[plugins]\npath = ["dropins"]\n[weather]\ncity = "Rome"')

    assert config.value("weather.city") == "Rome"
    assert config.declared["weather"].description == "rain or shine."


def test_a_variable_may_name_the_folder_and_set_the_key(load_text, plugin_folder):
    (plugin_folder / "weather_of_a_variable.py").write_text(WEATHER)
    environ = {"MENTRA__PLUGINS__PATH": f"['{plugin_folder}']", "MENTRA__WEATHER__CITY": "Rome"}

    assert load_text(environ=environ).value("weather.city") == "Rome"


def test_two_plugins_that_declare_one_section_are_both_named(load_text, plugin_folder):
    (plugin_folder / "weather_one.py").write_text(WEATHER)
    (plugin_folder / "weather_two.py").write_text(WEATHER)

    message = refusal(load_text, '[plugins]\npath = ["dropins"]')

    assert "two plugins declare the section [weather]" in message
    assert "mentra.plugins.weather_one and mentra.plugins.weather_two" in message


def test_a_plugin_may_not_declare_a_core_section():
    class Rival(Section, frozen=True, kw_only=True):
        """Claims [wire]."""

    with pytest.raises(ConfigError, match=r"\[wire\]: mentra\.config\.sections and "):
        declare([*CORE, ConfigSection("wire", Rival)])


def test_a_plugin_that_fails_to_import_is_named_and_costs_nothing_else(
    load_text, plugin_folder, logged_failures
):
    (plugin_folder / "weather_broken.py").write_text("import no_such_module_at_all")

    config = load_text('[plugins]\npath = ["dropins"]')

    assert len(config.broken) == 1
    assert str(plugin_folder / "weather_broken.py") in config.broken[0]
    assert "No module named 'no_such_module_at_all'" in config.broken[0]
    logged_failures.clear()


def test_a_section_whose_plugin_is_broken_says_so(load_text, plugin_folder, logged_failures):
    (plugin_folder / "weather_missing.py").write_text("import no_such_module_at_all")

    message = refusal(load_text, '[plugins]\npath = ["dropins"]\n[weather]\ncity = "Rome"')

    assert "$.weather: no such section" in message
    assert "weather_missing.py cannot be imported" in message
    logged_failures.clear()


def test_a_plugin_folder_that_is_missing_or_a_file_is_refused(load_text, tmp_path):
    assert "No such file or directory; make the folder" in refusal(
        load_text, '[plugins]\npath = ["nowhere"]'
    )
    assert "is a file" in refusal(load_text, '[plugins]\npath = ["mentra.toml"]')


def test_a_plugin_folder_that_strangers_can_write_is_refused(load_text, plugin_folder):
    plugin_folder.chmod(0o777)

    assert f"chmod o-w {plugin_folder}" in refusal(load_text, '[plugins]\npath = ["dropins"]')


def test_a_section_without_defaults_descriptions_or_strictness_is_refused_by_module():
    import msgspec

    class Bare(msgspec.Struct):
        """Neither frozen nor strict."""

    class Undescribed(Section, frozen=True, kw_only=True):
        """No description."""

        city: str = "Oslo"

    for struct in (Bare, Undescribed):
        with pytest.raises(ConfigError, match=rf"\[weather\] of {__name__} cannot be used: "):
            declare([ConfigSection("weather", struct)])


# -- directories and the secret --------------------------------------------------------------


def test_the_state_directory_is_beside_the_file_unless_said_otherwise(load_text, tmp_path):
    away = tmp_path / "away"
    systemd = {"STATE_DIRECTORY": f"{tmp_path}/lib:/second"}

    assert load_text(cwd=tmp_path).state_dir == tmp_path / "mentra-state"
    assert load_text(environ=systemd).state_dir == tmp_path / "lib"
    assert load_text(environ=systemd, state_dir="away").state_dir == away
    assert load(tmp_path / "mentra.toml", environ={}, cwd=Path("/")).state_dir == (
        tmp_path / "mentra-state"
    )


def test_the_state_directory_is_made_private_and_only_when_asked_for(load_text, tmp_path):
    config = load_text()
    assert not config.state_dir.exists()

    made = config.make_state_dir()

    assert made.stat().st_mode & 0o777 == 0o700
    assert config.make_state_dir() == made


def test_a_state_directory_that_cannot_be_made_is_a_sentence(load_text):
    config = load_text(state_dir="mentra.toml/below")

    with pytest.raises(ConfigError, match="--state-dir"):
        config.make_state_dir()


def test_the_secret_lies_in_the_state_directory_or_where_the_file_says(load_text, tmp_path):
    assert load_text().secret_path == tmp_path / "mentra-state" / "secrets" / "jwt"
    named = load_text('[auth]\nsecret_file = "key"', state_dir="away")
    assert named.secret_path == tmp_path / "key"


def test_the_secret_of_the_environment_is_kept_out_of_sight(load_text):
    config = load_text(environ={"AUGMENTOS_AUTH_JWT_SECRET": "s3cr3t"})

    assert config.auth_secret == "s3cr3t"
    assert "s3cr3t" not in repr(config)


def test_a_secret_file_wins_over_the_variable_only_from_a_stronger_source(load_text):
    variable = {"AUGMENTOS_AUTH_JWT_SECRET": "s3cr3t"}
    file = '[auth]\nsecret_file = "key"'

    assert load_text(file, environ=variable).auth_secret == "s3cr3t"
    overlaid = variable | {"MENTRA__AUTH__SECRET_FILE": "key"}
    assert load_text(environ=overlaid).auth_secret is None


def test_secrets_of_identity_providers_come_from_the_environment_or_a_file(load_text, tmp_path):
    variables = {"SUPABASE_JWT_SECRET": "s3cr3t", "AUTHING_APP_SECRET": " "}
    config = load_text('[auth]\nsupabase_secret_file = "theirs"', environ=variables)

    assert config.foreign_secrets == ("s3cr3t",)
    assert config.foreign_secret_path == tmp_path / "theirs"
    assert "s3cr3t" not in repr(config)
    assert load_text().foreign_secrets == ()
    assert load_text().foreign_secret_path is None


def test_loading_changes_no_struct_and_shares_no_mutable_default():
    assert AuthSettings() == AuthSettings()
    first, second = PluginsSettings(), PluginsSettings()
    assert first.prefer is not second.prefer
