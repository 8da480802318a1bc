"""The whole file with every default explained and commented out: ``etc/mentra.toml``.

``# `` starts an explanation, ``#`` without a blank a setting or a table header; so taking the
latter away everywhere gives a file that sets everything to its default.
"""

import datetime
import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from mentra.config.declared import Declared, Field

_WIDTH = 96
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

_PREFACE = """
The configuration of mentra.  Everything in here is commented out and shows its default: take away
the # before a setting and before the [section] above it.  `mentra config check` says whether all
is well, `mentra config show --origin` what is in force.  Stronger than this file are environment
variables such as MENTRA__WIRE__HEARTBEAT=20, and flags.  Durations are seconds, sizes bytes;
relative paths start from this file's folder.
"""


def render(declared: Mapping[str, Declared]) -> str:
    """The template for these sections."""
    parts = [_comment(" ".join(_PREFACE.split()))]
    parts += [_section(section) for section in declared.values()]
    return "\n".join(parts)


def bounds(schema: Mapping[str, Any]) -> str:
    """What a value must keep to, in words: ``at least 1``; empty if its type says it all."""
    said = [
        f"{words} {schema[keyword]:g}"
        for keyword, words in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "more than"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "less than"),
        )
        if keyword in schema
    ]
    if "enum" in schema:
        said.append("one of " + ", ".join(map(str, schema["enum"])))
    return ", ".join(said)


def toml(value: Any) -> str:
    """*value* on one line of TOML.

    :raises TypeError: TOML has nothing for it.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            # JSON's escapes are TOML's, save that TOML wants DEL escaped too
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            return "[" + ", ".join(map(toml, value)) + "]"
        case dict():
            inner = ", ".join(f"{_key(key)} = {toml(one)}" for key, one in value.items())
            return "{ " + inner + " }" if inner else "{}"
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
    raise TypeError(f"TOML has nothing for {type(value).__name__}")


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else toml(name)


def _section(section: Declared) -> str:
    about = section.description[:1].upper() + section.description[1:]
    lines = ["", _comment(about), f"#[{section.name}]\n"]
    lines += [_field(field) for field in section.fields.values()]
    return "\n".join(lines)


def _field(field: Field) -> str:
    limits = bounds(field.schema)
    text = f"{field.description} ({limits})" if limits else field.description
    if field.default is None:
        return f"{_comment(f'{text} Not set by default.')}\n# {field.name} =\n"
    return f"{_comment(text)}\n#{field.name} = {toml(field.default)}\n"


def _comment(text: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
