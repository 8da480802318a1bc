"""The messages of the protocol, listed from what is registered while the manual is built."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover
from mentra.web.asyncapi import example, payloads_of
from mentra.web.said import Said, everything_said
from mentra.web.schemas import Json, paragraphs_of


class MessageReference(SphinxDirective):
    """``.. message-reference:: glasses in`` lists every message of a path in one direction."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Sections of the page."""
        path, way = self.arguments
        text = "\n".join(lines(path, inbound=way == "in"))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def lines(path: str, *, inbound: bool) -> Iterator[str]:
    """The sections as reStructuredText."""
    said, payloads, components = _everything()
    for one, payload in zip(said, payloads, strict=True):
        if (one.path, one.inbound) == (path, inbound) and not one.is_binary:
            yield from _section(one, payload, components)


@cache
def _everything() -> tuple[list[Said], list[Json], Json]:
    said = list(everything_said(Catalogue(discover().plugins)))
    payloads, components = payloads_of(said)
    return said, payloads, components


def _section(one: Said, payload: Json, components: Json) -> Iterator[str]:
    yield from (one.name, "~" * len(one.name), "", *_about(one), "")
    fields = list(_fields(payload, components))
    if fields:
        yield from (".. list-table::", "   :header-rows: 1", "   :widths: 22 20 58", "")
        yield from ("   * - Field", "     - Type", "     - Meaning")
        for name, kind, meaning in fields:
            yield from (f"   * - ``{name}``", f"     - {kind}", f"     - {meaning}")
        yield ""
    shown = json.dumps(example(one, payload, components), indent=2)
    yield from (".. code-block:: json", "", *(f"   {line}" for line in shown.splitlines()), "")


def _about(one: Said) -> Iterator[str]:
    if one.kind is None:
        yield "Passed on, as it came, to the apps that subscribed to the stream of that name."
    else:
        yield paragraphs_of(one.kind.__doc__)[0].replace("\n", " ")
    yield ""
    if one.handler:
        yield f"*Comes in on:* {one.path}.  *Handled by:* ``{one.handler}``."
    else:
        yield f"*Sent on:* {one.path}."
    if one.aliases:
        others = ", ".join(f"``{name}``" for name in one.aliases)
        yield f"*Understood as well:* {others}."


def _fields(payload: Json, components: Json) -> Iterator[tuple[str, str, str]]:
    for part in payload.get("allOf", (payload,)):
        schema = _resolved(part, components)
        required = schema.get("required", ())
        for name, field in schema.get("properties", {}).items():
            if name != "type":
                yield name, kind_of(field, components), _meaning(field, name in required)


def kind_of(schema: Json, components: Json) -> str:
    """A field's type in words."""
    schema = _resolved(schema, components)
    if "anyOf" in schema:
        kinds = (kind_of(one, components) for one in schema["anyOf"])
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return " or ".join(f"``{json.dumps(one)}``" for one in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {kind_of(schema.get('items', {}), components)}"
    if kind == "object" and "properties" in schema:
        return "object with " + ", ".join(f"``{name}``" for name in schema["properties"])
    return {"string": "text", "boolean": "true or false"}.get(kind, str(kind))


def _meaning(field: Json, is_required: bool) -> str:
    words = field.get("description", "").strip()
    sentence = f"{words[:1].upper()}{words[1:]}".rstrip(".") + "." if words else ""
    if is_required:
        return sentence or "Required."
    default = field.get("default")
    otherwise = "May be left out" if default is None else f"``{json.dumps(default)}`` if left out"
    return f"{sentence}  {otherwise}.".strip()


def _resolved(schema: Json, components: Json) -> Json:
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    return schema


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("message-reference", MessageReference)
    return {"parallel_read_safe": True}
