"""etc/mentra.toml and the reference are made from the structs, and say exactly the defaults."""

import datetime
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

import docutils.core
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from mentra.config import load, reference, template
from mentra.config.__main__ import main
from mentra.config.declared import declare, discover
from mentra.config.legacy import LEGACY
from mentra.config.sections import CORE
from mentra.extension import ConfigSection, Section

ETC = Path(__file__).parents[2] / "etc" / "mentra.toml"


class Weather(Section, frozen=True, kw_only=True):
    """[weather]: rain or shine.

    More than the file has room for.
    """

    city: Annotated[str, Meta(description="Where to look.")] = 'O"slo\\\n'
    station: Annotated[str | None, Meta(description="Which one.")] = None
    limits: Annotated[dict[str, float], Meta(description="Per kind.")] = msgspec.field(
        default_factory=lambda: {"a b": 1.5, "c": 2}
    )
    hours: Annotated[tuple[int, ...], Meta(description="When.")] = (6, 18)
    share: Annotated[float, Meta(ge=0, lt=1, description="How much.")] = 0.25


WEATHER = declare([ConfigSection("weather", Weather)])


def uncommented(text: str) -> str:
    return re.sub(r"(?m)^#(?=\S)", "", text)


def test_the_file_in_etc_is_up_to_date():
    assert ETC.read_text() == template.render(discover().sections), (
        "run: python -m mentra.config > etc/mentra.toml"
    )


def test_the_file_in_etc_is_a_configuration_that_sets_nothing():
    config = load(ETC, environ={})

    assert tomllib.loads(ETC.read_text()) == {}
    assert {config.origin(f"wire.{name}") for name in config.declared["wire"].fields} == {"default"}


def test_taking_every_comment_away_sets_everything_to_its_default(tmp_path):
    (tmp_path / "mentra.toml").write_text(uncommented(ETC.read_text()))

    config = load(environ={}, cwd=tmp_path)

    for name, section in config.declared.items():
        assert config.section(section.struct) == section.struct()
        for field in section.fields.values():
            is_set = config.origin(field.key) == str(config.path)
            assert is_set == (field.default is not None), f"{name}.{field.name}"


def test_a_fragment_can_be_appended(tmp_path):
    (tmp_path / "mentra.toml").write_text(ETC.read_text() + "[wire]\nheartbeat = 5\n")

    assert load(environ={}, cwd=tmp_path).value("wire.heartbeat") == 5.0


def test_every_setting_is_explained_right_above_it():
    lines = ETC.read_text().splitlines()

    for number, line in enumerate(lines):
        if re.match(r"#[a-z_\[]", line):
            assert lines[number - 1].startswith("# "), line


def test_a_plugins_defaults_survive_the_file(tmp_path):
    text = uncommented(template.render(WEATHER))

    assert tomllib.loads(text) == {
        "weather": {
            "city": 'O"slo\\\n',
            "limits": {"a b": 1.5, "c": 2},
            "hours": [6, 18],
            "share": 0.25,
        }
    }
    assert "# Rain or shine.\n" in text
    assert "# Which one. Not set by default.\n# station =\n" in text
    assert "# How much. (at least 0, less than 1)\n" in text


toml_values = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.datetimes()
    | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(toml_values)
def test_any_toml_value_can_be_written_on_one_line(value):
    # TOML files are UTF-8, which has no lone surrogates
    line = f"x = {template.toml(value)}".encode("utf-8", "replace").decode()

    assert "\n" not in line
    assert tomllib.loads(line) == {"x": _replaced(value)}


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_replaced(one) for one in value]
    if isinstance(value, dict):
        return {_replaced(key): _replaced(one) for key, one in value.items()}
    return value


def test_what_toml_cannot_say_is_refused():
    with pytest.raises(TypeError, match="NoneType"):
        template.toml([None])
    assert template.toml(datetime.time(6, 30)) == "06:30:00"


# -- reference -------------------------------------------------------------------------------


def test_the_reference_names_every_key_its_default_and_its_variables():
    text = reference.render(declare(CORE) | WEATHER)

    for section in declare(CORE).values():
        for field in section.fields.values():
            assert f".. _config-{section.name}-{field.name}:" in text
            assert f"``MENTRA__{section.name.upper()}__{field.name.upper()}``" in text
    assert "number; more than 0, at most 3600; default ``10.0``" in text
    assert "``GLASSES_HEARTBEAT_MS``" in text
    assert "text or nothing; not set" in text
    assert "list of whole number" in text
    assert "``AUGMENTOS_AUTH_JWT_SECRET``" in text


def test_the_reference_is_restructuredtext():
    text = reference.render(declare(CORE) | WEATHER)
    # the one role that is not docutils' own
    text = re.sub(r":ref:`[^`]*`", "reference", text)

    html = docutils.core.publish_string(
        text, writer="html", settings_overrides={"halt_level": 2, "report_level": 2}
    )

    assert b"[weather]" in html


def test_every_section_of_the_legacy_variables_that_is_declared_has_their_key():
    declared = discover().sections

    for one in LEGACY:
        section, _, name = one.key.partition(".")
        if section in declared:
            assert name in declared[section].fields, one.variable


# -- the command -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        ([], "# The configuration of mentra."),
        (["template"], "# The configuration of mentra."),
        (["reference"], ".. _config-server:"),
    ],
)
def test_the_module_prints_what_it_is_asked_for(capsys, arguments, start):
    assert main(arguments) == 0

    assert capsys.readouterr().out.startswith(start)


@pytest.mark.parametrize("arguments", [["nonsense"], ["template", "twice"]])
def test_the_module_refuses_what_it_does_not_know(capsys, arguments):
    assert main(arguments) == 2

    assert capsys.readouterr().err.startswith("usage: ")
