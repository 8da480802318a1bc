"""The configuration reference as reStructuredText, made from the structs."""

from collections.abc import Mapping
from typing import Any

from mentra.config.declared import Declared, Field
from mentra.config.legacy import (
    FOREIGN_SECRET_VARIABLES,
    LEGACY,
    SECRET_VARIABLE,
    WEBVIEW_KEY_VARIABLE,
)
from mentra.config.sources import OVERLAY
from mentra.config.template import bounds, toml

_TYPES = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "object": "table",
    "null": "nothing",
}


def render(declared: Mapping[str, Declared]) -> str:
    """One subsection per section of the file, one definition per key, then the variables."""
    parts = [_section(section) for section in declared.values()]
    return "\n".join([*parts, _variables(declared)])


def _section(section: Declared) -> str:
    title = f"[{section.name}]"
    head = [f".. _config-{section.name}:", "", title, "-" * len(title), "", section.description, ""]
    return "\n".join(head + [_field(field) for field in section.fields.values()])


def _field(field: Field) -> str:
    facts = [_type(field.schema)]
    if limits := bounds(field.schema):
        facts.append(limits)
    facts.append("not set" if field.default is None else f"default ``{toml(field.default)}``")
    variable = f"``{OVERLAY}{field.section.upper()}__{field.name.upper()}``"
    legacy = [f"``{one.variable}``" for one in LEGACY if one.key == field.key]
    # a star would begin an emphasis
    description = field.description.replace("*", r"\*")
    return (
        f".. _config-{field.section}-{field.name}:\n\n"
        f"``{field.name}``\n"
        f"    {description}\n\n"
        f"    {'; '.join(facts)}; {', '.join([variable, *legacy])}\n"
    )


def _type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return "text"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return _TYPES.get(str(schema.get("type")), "value")


def _variables(declared: Mapping[str, Declared]) -> str:
    rows = [
        f"   * - ``{one.variable}``\n     - :ref:`{one.key} <config-{one.key.replace('.', '-')}>`"
        + (f", {one.unit}" if one.unit else "")
        for one in LEGACY
        if one.key.partition(".")[0] in declared
    ]
    rows.append(f"   * - ``{SECRET_VARIABLE}``\n     - the secret that signs tokens, itself")
    rows.append(
        f"   * - ``{WEBVIEW_KEY_VARIABLE}``\n     - the key that signs tokens for web pages, as PEM"
    )
    rows += [
        f"   * - ``{variable}``\n     - the secret that signs {provider}'s tokens, itself"
        for variable, provider in FOREIGN_SECRET_VARIABLES.items()
    ]
    title = "Variables of other servers"
    return "\n".join([
        title,
        "-" * len(title),
        "",
        f"They win over the file; ``{OVERLAY}SECTION__KEY`` and flags win over them.",
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - Variable\n     - Sets",
        *rows,
        "",
    ])  # fmt: skip
