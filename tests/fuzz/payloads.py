"""Messages that are almost right, made from the schema of what was registered."""

import json
import math
from typing import Any

from hypothesis import strategies as st

from mentra.web.asyncapi import example
from mentra.web.said import Said
from mentra.web.schemas import Json
from tests.fuzz.scene import ANN, BOB, CAPTIONS, CAROL, NOTES

HUGE = "x" * 200_000
DEEP = "@deep@"
DEPTH = 50_000

OTHERS: dict[str, list[Any]] = {
    "userId": [BOB, CAROL, ANN, ""],
    "user_id": [BOB],
    "targetUserId": [BOB, CAROL, "nobody@x.org"],
    "senderUserId": [BOB],
    "sessionId": [f"{CAROL}-{CAPTIONS}", BOB, f"{BOB}-{NOTES}", f"{ANN}-{NOTES}", ANN],
    "packageName": [NOTES, CAPTIONS, "org.example.none", ""],
    "appId": [NOTES, CAPTIONS],
    "apiKey": ["wrong"],
    "coreToken": [f"user:{BOB}", "nonsense"],
    "requestId": ["r1", "", "../../etc/passwd"],
    "streamId": ["s1"],
    "roomId": ["room"],
}
"""What would matter if identity came from messages: ids of others, packages of others."""

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.just(math.nan),
    st.just(-math.inf),
    st.text(max_size=20),
    st.just(HUGE),
    st.just(DEEP),
    st.just([]),
    st.just({}),
    st.lists(st.none() | st.integers() | st.text(max_size=5), max_size=4),
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4),
)


@st.composite
def payloads(draw: Any, said: Said, payload: Json, components: Json) -> bytes:
    """The text of a frame: the example with some fields of the struct gone, of other types, of
    other people, or right."""
    message = dict(example(said, payload, components))
    names = sorted({*_properties(payload, components), *message} - {"type"})
    for name in draw(st.lists(st.sampled_from(names), max_size=3)) if names else ():
        what = draw(st.sampled_from(("gone", "junk", "right")))
        if what == "gone":
            message.pop(name, None)
        elif what == "junk":
            message[name] = draw(JUNK)
        else:
            message[name] = draw(_right(_properties(payload, components).get(name, {}), components))
    for name in draw(st.lists(st.sampled_from(sorted(OTHERS)), max_size=2)):
        message[name] = draw(st.sampled_from(OTHERS[name]))
    if draw(st.booleans()):
        message[draw(st.text(max_size=8))] = draw(JUNK)
    message["type"] = draw(st.sampled_from((said.name, *said.aliases)))
    return spelt(message)


def spelt(message: Json) -> bytes:
    """As JSON, with NaN and nesting as deep as no library would write it."""
    text = json.dumps(message)
    return text.replace(json.dumps(DEEP), "[" * DEPTH + "]" * DEPTH).encode()


def _properties(payload: Json, components: Json) -> Json:
    found: Json = {}
    for part in payload.get("allOf", (payload,)):
        found |= _resolved(part, components).get("properties", {})
    return found


def _right(schema: Json, components: Json) -> st.SearchStrategy[Any]:
    """Values of the type that the schema wants, its bounds left aside."""
    schema = _resolved(schema, components)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    options = schema.get("anyOf")
    if options:
        return st.one_of([_right(one, components) for one in options])
    match schema.get("type"):
        case "string":
            return st.text(max_size=40) | st.just(HUGE)
        case "integer":
            return st.integers()
        case "number":
            return st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(_right(schema.get("items", {}), components), max_size=5)
        case "object" if "properties" in schema:
            fields = {n: _right(one, components) for n, one in schema["properties"].items()}
            return st.fixed_dictionaries({}, optional=fields)
        case "object":
            return st.dictionaries(st.text(max_size=8), JUNK, max_size=4)
        case "null":
            return st.none()
        case _:
            return JUNK


def _resolved(schema: Json, components: Json) -> Json:
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    return schema
