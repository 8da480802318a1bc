"""Values into structs, and the sentences that say what is wrong with them."""

import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from mentra.config.declared import Declared, Discovery, Field
from mentra.config.sources import Given, Values
from mentra.errors import ConfigError


def refuse_strays(read: Mapping[str, Any], file: str, known: Mapping[str, Declared]) -> None:
    """What was *read* from *file* must be tables and nothing else.

    :raises ConfigError: a key stands outside of every section.
    """
    for name, value in read.items():
        if isinstance(value, dict):
            continue
        if name in known:
            raise ConfigError(f"{file}: $.{name}: expected a table; write [{name}] above its keys")
        homes = [section.name for section in known.values() if name in section.fields]
        remedy = f"write [{homes[0]}] above it" if homes else "write its section above it"
        raise ConfigError(f"{file}: $.{name}: the key stands outside of every section; {remedy}")


def refuse_unknown(values: Values, file: str, discovery: Discovery) -> None:
    """Every section that was given must be declared.

    :raises ConfigError: one is not.
    """
    for name, given in values.items():
        firm = [one for one in given.values() if not one.tentative]
        if name in discovery.sections or (given and not firm):
            continue
        # a table without a key can only stand in the file
        origin = firm[0].origin if firm else file
        hint = _did_you_mean(name, discovery.sections, "[{}]", "the sections are")
        if discovery.broken:
            hint += f" (and {discovery.broken[0]})"
        raise ConfigError(f"{origin}: $.{name}: no such section; {hint}")


def decode(section: Declared, given: Mapping[str, Given]) -> msgspec.Struct:
    """The section with the values that were *given*, defaults for the rest.

    :raises ConfigError: a key is unknown or its value no good.
    """
    values = {}
    for name, one in given.items():
        field = section.fields.get(name)
        if field is not None:
            values[field.attribute] = _value(field, one)
        elif not one.tentative:
            hint = _did_you_mean(name, section.fields, '"{}"', f"the keys of [{section.name}] are")
            raise ConfigError(f"{one.origin}: $.{section.name}.{name}: no such key; {hint}")
    try:
        return section.struct(**values)
    except (TypeError, ValueError) as problem:
        origins = " and ".join(dict.fromkeys(one.origin for one in given.values())) or "defaults"
        raise ConfigError(f"{origins}: $.{section.name}: {problem}") from problem


def _value(field: Field, given: Given) -> Any:
    place = f"{given.origin}: $.{field.key}"
    try:
        value = msgspec.convert(given.value, field.annotation)
        _refuse_infinite(given.value)
        if field.check is not None:
            field.check(value)
    except msgspec.ValidationError as problem:
        text, _, inside = str(problem).partition(" - at `$")
        raise ConfigError(
            f"{place}{inside.rstrip('`')}: {text[:1].lower()}{text[1:]}; {_remedy(field)}"
        ) from None
    except ValueError as problem:
        raise ConfigError(f"{place}: {problem}") from None
    return value


def _remedy(field: Field) -> str:
    choices = field.schema.get("enum")
    if choices:
        return "it is one of " + ", ".join(map(str, choices))
    return "correct it, or leave it out to have the default"


def _refuse_infinite(value: Any) -> None:
    # TOML can spell inf and nan, which slip through every bound
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("expected a finite number")
    if isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            _refuse_infinite(inner)


def _did_you_mean(name: str, known: Iterable[str], spelling: str, otherwise: str) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {spelling.format(close[0])}?"
    return f"{otherwise} {', '.join(known)}"
