"""Frames of browser channels for the documents: what a page sends and gets, around the payloads."""

import msgspec

from mentra.messages import Message
from mentra.messages.channels import MOST_OF_ID, Event, Request
from mentra.web.examples import example_of
from mentra.web.schemas import Json

_MOMENT = 1_748_779_200_000
"""2025-06-01T12:00:00Z, in milliseconds."""


def is_framed(kind: type[Message] | None) -> bool:
    """Whether messages of that class travel as payloads of frames."""
    return kind is not None and issubclass(kind, (Request, Event))


def payload_of(kind: type[Message], schema: Json, components: Json) -> Json:
    """The payload's schema; empty for a request that has none.

    :param schema: that of the class.
    """
    fields = _resolved(schema, components).get("properties", {})
    if issubclass(kind, Event):
        return dict(fields["payload"])
    assert issubclass(kind, Request)
    if kind.whole is not None:
        return dict(fields[_spelt(kind, kind.whole)])
    if kind.bare is not None:
        return {"anyOf": [schema, fields[_spelt(kind, kind.bare)]]}
    return schema if fields else {}


def frame_of(kind: type[Message], schema: Json, components: Json) -> Json:
    """The whole frame's schema."""
    payload = payload_of(kind, schema, components)
    text = {"type": "string", "minLength": 1, "maxLength": MOST_OF_ID}
    moment = {"type": "number", "description": "When it was sent, milliseconds since 1970."}
    inbound = issubclass(kind, Request)
    fields: Json = {"type": {"enum": ["request" if inbound else "event"]}}
    fields |= {"id": text} if inbound else {}
    fields["channel"] = {"enum": [kind.tag()]}
    fields |= {"payload": payload} if payload else {}
    fields["timestamp"] = moment
    required = [name for name in fields if name != "timestamp" or not inbound]
    if "payload" in required and inbound and not needs_payload(kind):
        required.remove("payload")
    return {"type": "object", "properties": fields, "required": required}


def needs_payload(kind: type[Message]) -> bool:
    """Whether a request of that class must have a payload."""
    return any(field.required for field in msgspec.structs.fields(kind))


def frame_example(kind: type[Message], frame: Json, components: Json) -> Json:
    """A frame, decoded."""
    inbound = issubclass(kind, Request)
    made: Json = {"type": "request" if inbound else "event"}
    made |= {"id": "r1"} if inbound else {}
    made["channel"] = kind.tag()
    if "payload" in frame["properties"]:
        made["payload"] = example_of(frame["properties"]["payload"], components)
    return made | {"timestamp": _MOMENT}


def _spelt(kind: type[Message], name: str) -> str:
    return next(one.encode_name for one in msgspec.structs.fields(kind) if one.name == name)


def _resolved(schema: Json, components: Json) -> Json:
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    return schema
