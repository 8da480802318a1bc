"""JSON schemas of structs, with what their docstrings say of the fields."""

import inspect
import re
from collections.abc import Iterable
from typing import Any

import msgspec

Json = dict[str, Any]

PLACE = "#/components/schemas/{name}"

_FIELD = re.compile(r"^:(?:ivar|param) (\w+):\s*", re.MULTILINE)
_HIDDEN = ("(raw)", "(channel)")
"""The text of a relayed message, kept beside its fields; the name of a channel, which is not one of
its payload's."""


def schemas_of(kinds: Iterable[Any]) -> tuple[list[Json], Json]:
    """The schema of each type, and those that they refer to by name.

    What a class's docstring says after ``:ivar NAME:`` is its field's description.
    """
    schemas, components = msgspec.json.schema_components(
        kinds, ref_template=PLACE, schema_hook=lambda kind: {}
    )
    # defaults come as they are in Python, tuples and structs among them
    plain: tuple[list[Json], Json] = msgspec.json.decode(msgspec.json.encode((schemas, components)))
    for schema in plain[1].values():
        _tidy(schema)
    return plain


def paragraphs_of(docstring: str | None) -> tuple[str, dict[str, str]]:
    """What a docstring says of the whole, and of each field by its name in Python."""
    text = inspect.cleandoc(docstring or "")
    about, *rest = _FIELD.split(text)
    told = dict(zip(rest[::2], rest[1::2], strict=True))
    return about.strip(), {name: " ".join(words.split()) for name, words in told.items()}


def _tidy(schema: Json) -> None:
    about, fields = paragraphs_of(schema.get("description"))
    if about:
        schema["description"] = about
    properties = schema.get("properties", {})
    for name in _HIDDEN:
        if properties.pop(name, None) is not None and name in schema.get("required", ()):
            schema["required"].remove(name)
    for name, words in fields.items():
        found = properties.get(name) or properties.get(_camel(name))
        if found is not None and "$ref" not in found:
            found.setdefault("description", words)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)
