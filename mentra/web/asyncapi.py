"""The AsyncAPI document: what is said on the WebSocket paths, written down for programs."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import mentra
from mentra.interfaces.services import ICatalogue
from mentra.messages import Enveloped
from mentra.web.channel_frames import frame_example, frame_of, is_framed
from mentra.web.examples import event, example_of, type_of
from mentra.web.said import Said, everything_said, paths_of_json
from mentra.web.schemas import Json, schemas_of

_BINARY = "application/octet-stream"
_TEXT = "application/json"
_STAMP: Json = {"type": "string", "format": "date-time", "description": "When it was sent."}
_MILLISECONDS: Json = {
    "type": "integer",
    "exclusiveMinimum": 0,
    "examples": [1_748_779_200_000],
    "description": "When it was sent, milliseconds since 1970.",
}


def document(catalogue: ICatalogue) -> Json:
    """The AsyncAPI 3.0 document of what is said on the paths of *catalogue*, as JSON's types.

    The server is who receives and sends in it.
    """
    said = list(everything_said(catalogue))
    payloads, schemas = payloads_of(said)
    names = [_unique_name(one, said) for one in said]
    messages = {
        name: _message(one, payload, schemas)
        for name, one, payload in zip(names, said, payloads, strict=True)
    }
    channels: Json = {path.name: _channel(path) for path in paths_of_json(catalogue)}
    operations: Json = {}
    for name, one in zip(names, said, strict=True):
        channels[one.path]["messages"][name] = {"$ref": f"#/components/messages/{name}"}
        operations[name] = _operation(name, one)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "mentra",
            "version": mentra.__version__,
            "description": mentra.__doc__ or "",
        },
        "defaultContentType": _TEXT,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def payloads_of(said: Iterable[Said]) -> tuple[list[Json], Json]:
    """The payload's schema of each message, and those that they refer to by name."""
    listed = list(said)
    kinds = [one.kind for one in listed if one.kind is not None and one.kind.spoken]
    found, components = schemas_of(dict.fromkeys(kinds))
    _name_discriminators([*found, components])
    by_kind = dict(zip(dict.fromkeys(kinds), found, strict=True))
    return [_payload(one, by_kind, components) for one in listed], components


def _name_discriminators(schemas: Any) -> None:
    """AsyncAPI has the property's name alone, where OpenAPI has an object."""
    if isinstance(schemas, dict):
        told = schemas.get("discriminator")
        if isinstance(told, dict) and "propertyName" in told:
            schemas["discriminator"] = told["propertyName"]
        schemas = list(schemas.values())
    if isinstance(schemas, list):
        for one in schemas:
            _name_discriminators(one)


def _payload(one: Said, by_kind: dict[Any, Json], components: Json) -> Json:
    if one.is_binary:
        return {"type": "string", "format": "binary"}
    if one.kind is None:
        fields: Json = {"type": {"enum": [one.name, *one.aliases]}}
        fields |= {
            name: {"type": type_of(value), "description": "Passed on, and not read here."}
            for name, value in event(one.name).items()
            if name != "type"
        }
        return {"type": "object", "properties": fields, "required": ["type"]}
    if is_framed(one.kind):
        return frame_of(one.kind, by_kind[one.kind], components)
    if issubclass(one.kind, Enveloped):
        enveloped = {"properties": {"timestamp": _MILLISECONDS}, "required": ["timestamp"]}
        return {"allOf": [by_kind[one.kind], enveloped]}
    if one.inbound:
        if not one.aliases:
            return by_kind[one.kind]
        schema = dict(components[by_kind[one.kind]["$ref"].rpartition("/")[2]])
        names = {"type": {"enum": [one.name, *one.aliases]}}
        return schema | {"properties": schema["properties"] | names}
    stamped = {"properties": {"timestamp": _STAMP}, "required": ["timestamp"]}
    return {"allOf": [by_kind[one.kind], stamped]}


def example(one: Said, payload: Json, components: Json) -> Json:
    """A frame of that message, decoded."""
    if one.kind is None:
        return event(one.name)
    if is_framed(one.kind):
        return frame_example(one.kind, payload, components)
    made: Json = {}
    for part in payload.get("allOf", (payload,)):
        made |= example_of({"type": "object", **part}, components)
    made |= event(one.name)
    # the session of glasses is the user's, and has no app's name in it
    if one.path == "glasses" and "sessionId" in made:
        made["sessionId"] = made["sessionId"].partition("-")[0]
    return made


def _message(one: Said, payload: Json, components: Json) -> Json:
    message: Json = {
        "name": one.name,
        "title": one.name,
        "summary": summary_of(one),
        "contentType": _BINARY if one.is_binary else _TEXT,
        "payload": payload,
    }
    if not one.is_binary:
        message["examples"] = [{"payload": example(one, payload, components)}]
    return message


def summary_of(one: Said) -> str:
    """What the message is, in one line."""
    if one.kind is None:
        return "Passed on to the apps that subscribed to the stream of that name."
    return (one.kind.__doc__ or one.name).strip().partition("\n")[0]


def _channel(path: Any) -> Json:
    others = f"; also at {', '.join(path.urls[1:])}" if path.urls[1:] else ""
    return {
        # a path with a port of its own may have no address here
        "address": path.urls[0] if path.urls else None,
        "title": path.name,
        "description": f"The WebSocket path of {path.name}{others}.",
        "messages": {},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def _operation(name: str, one: Said) -> Json:
    operation: Json = {
        "action": "receive" if one.inbound else "send",
        "channel": {"$ref": f"#/channels/{one.path}"},
        "messages": [{"$ref": f"#/channels/{one.path}/messages/{name}"}],
        "summary": summary_of(one),
    }
    if one.handler:
        operation["x-handler"] = one.handler
    return operation


def _unique_name(one: Said, said: Iterable[Said]) -> str:
    rivals = Counter((other.path, other.inbound, other.name) for other in said)
    way = "in" if one.inbound else "out"
    parts = [one.path, way, one.name]
    if rivals[one.path, one.inbound, one.name] > 1 and one.kind is not None:
        parts.append(one.kind.__name__)
    return ".".join(re.sub(r"[^\w.-]", "", part.replace(":", ".")) for part in parts)
