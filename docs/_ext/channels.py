"""The channels of browser pages, listed from what is registered while the manual is built."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from docutils import nodes
from said import _fields, kind_of
from sphinx.util.docutils import SphinxDirective

from mentra.messages.channels import PATH, Event, Request
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover
from mentra.web.channel_frames import frame_example, frame_of, payload_of
from mentra.web.said import sent_classes
from mentra.web.schemas import Json, paragraphs_of, schemas_of


class ChannelReference(SphinxDirective):
    """``.. channel-reference::`` lists every channel: payload, answer, events and refusals."""

    def run(self) -> list[nodes.Node]:
        """Sections of the page."""
        return self.parse_text_to_nodes("\n".join(lines()), allow_section_headings=True)


def lines() -> Iterator[str]:
    """The sections as reStructuredText, group by group."""
    kinds = [*requests(), *events()]
    for group in dict.fromkeys(group_of(kind) for kind in kinds):
        yield from (group, "-" * len(group), "")
        for kind in kinds:
            if group_of(kind) == group:
                yield from _event(kind) if issubclass(kind, Event) else _request(kind)
    yield from _records()


@cache
def requests() -> tuple[type[Request], ...]:
    """Every channel that somebody handles, by name."""
    kinds = Catalogue(discover().plugins).handlers(PATH)
    return tuple(sorted((one for one in kinds if issubclass(one, Request)), key=_tag))


@cache
def events() -> tuple[type[Event], ...]:
    """Every event that the server sends, by name."""
    return tuple(sorted((one for one in sent_classes() if issubclass(one, Event)), key=_tag))


def _tag(kind: Any) -> str:
    return str(kind.tag())


def group_of(kind: Any) -> str:
    """What stands before the colon."""
    return _tag(kind).partition(":")[0]


@cache
def _schemas() -> tuple[dict[Any, Json], Json]:
    """The schema of every class and answer, and the records that they refer to."""
    kinds = [*requests(), *events()]
    answers = [one.answers for one in requests() if one.answers is not None]
    found, components = schemas_of([*kinds, *answers])
    return dict(zip([*kinds, *map(repr, answers)], found, strict=True)), components


def _title(kind: Any) -> Iterator[str]:
    name = _tag(kind)
    yield from (f".. _channel-{name.replace(':', '-')}:", "", name, "~" * len(name), "")
    yield from (paragraphs_of(kind.__doc__)[0].replace("\n", " "), "")


def _request(kind: type[Request]) -> Iterator[str]:
    schemas, components = _schemas()
    yield from _title(kind)
    payload = payload_of(kind, schemas[kind], components)
    yield from _table(schemas[kind] if payload else {})
    if kind.bare is not None:
        yield from (f"A payload that is no object is its ``{kind.bare}``.", "")
    if kind.whole is not None:
        yield from ("The payload as a whole is meant, whatever its fields.", "")
    answer = "nothing" if kind.answers is None else words(schemas[repr(kind.answers)])
    yield from (f"*Answer:* {answer}.", "")
    if kind.events:
        told = ", ".join(f":ref:`{_tag(one)} <channel-{_slug(one)}>`" for one in kind.events)
        yield from (f"*Events:* {told}.", "")
    if kind.refusals:
        yield from (f"*Refused* (``HANDLER_ERROR``): {'; '.join(kind.refusals)}.", "")
    if kind.patience is not None:
        yield from (f"*Time:* {kind.patience:g} s.", "")
    yield from _example(kind)


def _event(kind: type[Event]) -> Iterator[str]:
    schemas, components = _schemas()
    yield from _title(kind)
    payload = payload_of(kind, schemas[kind], components)
    yield from (f"*Event.*  *Payload:* {words(payload)}.", "")
    yield from _example(kind)


def _example(kind: Any) -> Iterator[str]:
    schemas, components = _schemas()
    frame = frame_of(kind, schemas[kind], components)
    shown = json.dumps(frame_example(kind, frame, components), indent=2)
    yield from (".. code-block:: json", "", *(f"   {line}" for line in shown.splitlines()), "")


def _records() -> Iterator[str]:
    """What stands in payloads and answers, once each."""
    _, components = _schemas()
    own = {kind.__name__ for kind in (*requests(), *events())}
    yield from ("Objects", "-------", "")
    for name, schema in sorted(components.items()):
        if name not in own and schema.get("properties"):
            yield from (f".. _record-{name.lower()}:", "", name, "~" * len(name), "")
            yield from (schema.get("description", "").partition("\n\n")[0].replace("\n", " "), "")
            yield from _table(schema)


def _table(schema: Json) -> Iterator[str]:
    _, components = _schemas()
    fields = list(_fields(schema, components)) if schema else []
    if not fields:
        return
    yield from (".. list-table::", "   :header-rows: 1", "   :widths: 22 24 54", "")
    yield from ("   * - Field", "     - Type", "     - Meaning")
    for name, kind, meaning in fields:
        yield from (f"   * - ``{name}``", f"     - {kind}", f"     - {meaning}")
    yield ""


def words(schema: Json) -> str:
    """A type in words, with links to the objects in it."""
    _, components = _schemas()
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if components[name].get("properties"):
            return f":ref:`{name} <record-{name.lower()}>`"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(words(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {words(schema.get('items', {}))}"
    return kind_of(schema, components)


def _slug(kind: Any) -> str:
    return _tag(kind).replace(":", "-")


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("channel-reference", ChannelReference)
    return {"parallel_read_safe": True}
