"""Where values come from, and which source wins.

From the weakest: the file, the legacy variables, ``MENTRA__SECTION__KEY``, the flags.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from mentra.config.legacy import LEGACY, Legacy
from mentra.errors import ConfigError

OVERLAY = "MENTRA__"


@attrs.frozen
class Given:
    """A value somebody gave, and who.

    :ivar tentative: whether it is dropped without a word if no section declares its key.
    """

    value: Any
    origin: str
    tentative: bool = False


Values = dict[str, dict[str, Given]]
"""Section name to key to the value that won."""


def read_file(path: Path) -> dict[str, Any]:
    """The tables in the file at *path*.

    :raises ConfigError: there is none, or it is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ConfigError(
            f"{path}: {problem.strerror}; `mentra init --dir {path.parent}` makes one"
        ) from problem
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{path}: not UTF-8 at byte {problem.start}; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{path}: not TOML: {problem}; correct that line") from None


def gather(
    tables: Mapping[str, Mapping[str, Any]],
    file: str,
    environ: Mapping[str, str],
    flags: Mapping[str, Any],
    defaults: Mapping[str, Any],
) -> Values:
    """The winning value of every key that somebody gave.

    :param tables: what stands in the file called *file*.
    :param flags: ``section.key`` to value; None is a flag not given.
    :param defaults: ``section.key`` to its default, for variables that change a part of a value.
    :raises ConfigError: a variable cannot be read.
    """
    values: Values = {
        section: {key: Given(value, file) for key, value in table.items()}
        for section, table in tables.items()
    }
    stronger = _overlay(environ) | _flags(flags)
    for legacy in LEGACY:
        text = environ.get(legacy.variable, "").strip()
        if text and legacy.key not in stronger:
            _put(values, legacy.key, _legacy(legacy, text, values, defaults))
    for key, given in stronger.items():
        _put(values, key, given)
    return values


def _put(values: Values, key: str, given: Given) -> None:
    section, _, name = key.partition(".")
    values.setdefault(section, {})[name] = given


def _legacy(legacy: Legacy, text: str, values: Values, defaults: Mapping[str, Any]) -> Given:
    section, _, name = legacy.key.partition(".")
    held = values.get(section, {}).get(name)
    origin = f"environment variable {legacy.variable}"
    try:
        value = legacy.read(text, held.value if held else defaults.get(legacy.key))
    except ValueError as problem:
        raise ConfigError(f"{origin}: $.{legacy.key}: {problem}") from None
    return Given(value, origin, tentative=True)


def _overlay(environ: Mapping[str, str]) -> dict[str, Given]:
    given = {}
    for variable in sorted(environ):
        if not variable.startswith(OVERLAY) or not environ[variable].strip():
            continue
        origin = f"environment variable {variable}"
        section, separator, name = variable[len(OVERLAY) :].lower().partition("__")
        if not (section and separator and name):
            raise ConfigError(f"{origin}: no such key; the form is {OVERLAY}SECTION__KEY")
        given[f"{section}.{name}"] = Given(_toml_or_word(environ[variable]), origin)
    return given


def _toml_or_word(text: str) -> Any:
    try:
        read = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    # a text with line breaks may spell more than one value; then it is just a text
    return read["value"] if len(read) == 1 else text


def _flags(flags: Mapping[str, Any]) -> dict[str, Given]:
    return {
        key: Given(value, f"flag --{key.rpartition('.')[2].replace('_', '-')}")
        for key, value in flags.items()
        if value is not None
    }
