"""Writes ``src/channels.gen.ts``: what is said on channels, as TypeScript's types.

``python clients/js/generate.py`` writes it; ``--check`` only says whether it is up to date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from msgspec import UNSET

from mentra.messages.channels import Event, Record, Request
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover

TARGET = Path(__file__).parent / "src" / "channels.gen.ts"
HEAD = (
    "// Made by clients/js/generate.py from the server's message classes: change those instead.\n"
)
SIMPLE = {
    "string": "string", "integer": "number", "number": "number", "boolean": "boolean",
    "null": "null", "object": "Record<string, unknown>", "array": "unknown[]",
}  # fmt: skip

Schema = dict[str, Any]


def main() -> int:
    """Write it, or compare it."""
    text = written()
    if "--check" in sys.argv[1:]:
        same = TARGET.is_file() and TARGET.read_text() == text
        print("up to date" if same else f"{TARGET} is out of date: run {Path(__file__).name}")
        return 0 if same else 1
    TARGET.write_text(text)
    return 0


def written() -> str:
    """The whole file."""
    requests, events = _requests(), _events()
    answers = [_answer(one) for one in requests]
    payloads = [get_type_hints(one, include_extras=True)["payload"] for one in events]
    kinds = [*requests, *answers, *payloads]
    schemas, components = msgspec.json.schema_components(
        kinds, schema_hook=lambda kind: {}, ref_template="{name}"
    )
    asked = schemas[: len(requests)]
    answered = schemas[len(requests) : 2 * len(requests)]
    told = schemas[2 * len(requests) :]
    names = {schema["$ref"] for schema in asked if "$ref" in schema}
    _require_what_is_written(components, [*answered, *told])
    lines = [HEAD]
    for name, schema in sorted(components.items()):
        if name not in names:
            lines += [_declaration(name, schema), ""]
    lines += [
        "/** What pages ask: payload and answer, by channel. */",
        "export interface ChannelMap {",
    ]
    for one, schema, answer in zip(requests, asked, answered, strict=True):
        fields = components.get(schema.get("$ref", ""), schema)
        lines += _comment(_first_line(one), "  ")
        lines.append(
            f'  "{one.tag()}": {{ request: {_payload(one, fields)}; response: {_type(answer)} }};'
        )
    lines += ["}", "", "/** What the server tells by itself: payload, by channel. */"]
    lines.append("export interface EventMap {")
    for event, schema in zip(events, told, strict=True):
        lines += _comment(_first_line(event), "  ")
        lines.append(f'  "{event.tag()}": {_type(schema)};')
    return "\n".join([*lines, "}", ""])


def _require_what_is_written(components: Schema, outgoing: list[Schema]) -> None:
    """What the server sends has every field, defaults too, but for those that may be unset."""
    records = {kind.__name__: kind for kind in _subclasses(Record)}
    for name in _reached(components, outgoing):
        kind = records.get(name)
        if kind is not None:
            fields = [one for one in msgspec.structs.fields(kind) if one.default is not UNSET]
            tag = kind.__struct_config__.tag_field
            components[name]["required"] = [tag, *(one.encode_name for one in fields)]


def _reached(components: Schema, schemas: list[Any]) -> set[str]:
    found: set[str] = set()
    waiting: list[Any] = list(schemas)
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            name = one.get("$ref")
            if isinstance(name, str) and name not in found:
                found.add(name)
                waiting.append(components[name])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


def _subclasses(root: type) -> Iterator[type[Any]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _subclasses(kind)


def _requests() -> list[type[Request]]:
    handled = Catalogue(discover(()).plugins).handlers("channels")
    found = [kind for kind in handled if issubclass(kind, Request)]
    return sorted(found, key=lambda kind: kind.tag())


def _events() -> list[type[Event]]:
    ours = (one for one in _subclasses(Event) if one.__module__.startswith("mentra."))
    return sorted((one for one in ours if one.sent_to), key=lambda one: one.tag())


def _answer(request: type[Request]) -> Any:
    return type(None) if request.answers is None else request.answers


def _payload(request: type[Request], schema: Schema) -> str:
    """What may be sent: the fields, or the value of the one that stands for them."""
    properties = {
        name: one for name, one in schema["properties"].items() if not name.startswith("(")
    }
    required = [name for name in schema.get("required", ()) if name in properties]
    if request.whole is not None:
        field = _encoded(request, request.whole)
        kind = _type(properties[field])
        return kind if field in required else f"{kind} | undefined"
    kinds = [_object(properties, required)] if properties else []
    if request.bare is not None:
        kinds.append(_type(properties[_encoded(request, request.bare)]))
    if not required:
        kinds.append("undefined")
    return " | ".join(dict.fromkeys(kinds))


def _encoded(request: type[Request], name: str) -> str:
    return next(one.encode_name for one in msgspec.structs.fields(request) if one.name == name)


def _declaration(name: str, schema: Schema) -> str:
    comment = "\n".join(_comment(str(schema.get("description", "")).partition("\n")[0], ""))
    head = f"{comment}\n" if comment else ""
    if schema.get("type") == "object" and "properties" in schema:
        body = _lines(schema["properties"], schema.get("required", ()))
        return f"{head}export interface {name} {{\n{body}}}"
    return f"{head}export type {name} = {_type(schema)};"


def _lines(properties: Schema, required: Any) -> str:
    return "".join(
        f"  {_key(name)}{'' if name in required else '?'}: {_type(one)};\n"
        for name, one in properties.items()
    )


def _object(properties: Schema, required: Any) -> str:
    fields = "; ".join(
        f"{_key(name)}{'' if name in required else '?'}: {_type(one)}"
        for name, one in properties.items()
    )
    return f"{{ {fields} }}"


def _key(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"])
    if "const" in schema:
        return msgspec.json.encode(schema["const"]).decode()
    if "enum" in schema:
        return " | ".join(msgspec.json.encode(one).decode() for one in schema["enum"])
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " | ".join(dict.fromkeys(_type(one) for one in schema[choice]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_type({**schema, "type": one}) for one in kind)
    if kind == "array":
        items = schema.get("items")
        inner = _type(items) if isinstance(items, dict) and items else "unknown"
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if kind == "object":
        if schema.get("properties"):
            return _object(schema["properties"], schema.get("required", ()))
        values = schema.get("additionalProperties")
        inner = _type(values) if isinstance(values, dict) and values else "unknown"
        return f"Record<string, {inner}>"
    return SIMPLE.get(str(kind), "unknown")


def _comment(text: str, indent: str) -> list[str]:
    plain = text.strip().replace("*/", "* /")
    return [f"{indent}/** {plain} */"] if plain else []


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
