"""Examples of messages, made from their schemas."""

from typing import Any

from mentra.web.schemas import Json

_DEEPEST = 6

_BY_NAME: dict[str, tuple[Any, ...]] = {
    "accuracy": ("high", 8.0),
    "ackId": ("a1",),
    "action": ("on",),
    "apiKey": ("5f0c1e7a9d2b4c68",),
    "appId": ("org.example.captions",),
    "appPackageName": ("org.example.captions",),
    "audioUrl": ("https://notes.example.org/ding.mp3",),
    "code": ("APP_NOT_REACHABLE",),
    "compress": ("none",),
    "content": ("Bus 42 in 5 min",),
    "contentType": ("audio/mpeg",),
    "coreToken": ("eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",),
    "correlationId": ("app-17.42",),
    "data": ({"type": "button_press", "buttonId": "main", "pressType": "short"},),
    "device_model": ("Even Realities G1",),
    "gesture_name": ("double_tap",),
    "joinedAt": ("2025-06-01T12:00:00.000Z",),
    "lat": (52.52,),
    "layout": ({"layoutType": "text_wall", "text": "the quick brown fox"},),
    "leftAt": ("2025-06-01T12:00:00.000Z",),
    "level": (80,),
    "lng": (13.405,),
    "message": ("The app is not connected",),
    "messageId": ("m1",),
    "mode": ("main",),
    "modelName": ("Even Realities G1",),
    "modes": (["main", "expanded"],),
    "packageName": ("org.example.captions",),
    "payload": ({"hello": "world"},),
    "position": ("up",),
    "reason": ("user_disabled",),
    "requestId": ("r1",),
    "requiredData": (["pcm"],),
    "requiredPermission": ("MICROPHONE",),
    "roomId": ("table-7",),
    "roomName": ("ann@example.org",),
    "rtmpUrl": ("rtmp://live.example.org/app/key",),
    "section": ("topLeft",),
    "senderSessionId": ("bob@example.org-org.example.captions",),
    "senderUserId": ("bob@example.org",),
    "sessionId": ("ann@example.org-org.example.captions",),
    "settings": ([{"key": "language", "type": "select", "value": "en"}], {"brightness": 50}),
    "size": ("medium",),
    "status": ("CONNECTED", True),
    "stream": ("transcription:en-US",),
    "streamId": ("3f2504e0-4f89-41d3-9a0c-0305e82c3301",),
    "streamType": ("button_press",),
    "streamUrl": ("rtmp://live.example.org/app/key",),
    "subscriptions": (["button_press", "transcription:en-US"],),
    "targetUserId": ("bob@example.org",),
    "text": ("the quick brown fox",),
    "tier": ("high",),
    "timestamp": ("2025-06-01T12:00:00.000Z",),
    "token": ("eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",),
    "transcribeLanguage": ("en-US",),
    "url": ("wss://livekit.example.org",),
    "userId": ("ann@example.org",),
    "userIdHash": (2_596_996_162,),
    "view": ("main",),
    "webhookUrl": ("https://notes.example.org/photo-upload",),
    "where": ("app",),
    "wifi": ({"connected": True, "ssid": "home"},),
}
"""Values of fields that mean the same wherever they stand; the first one of the right type."""

_EVENTS: dict[str, Json] = {
    "VAD": {"status": True},
    "button_press": {"buttonId": "main", "pressType": "short"},
    "calendar_event": {
        "eventId": "e1",
        "title": "Lunch",
        "dtStart": "2025-06-01T12:00:00Z",
        "dtEnd": "2025-06-01T13:00:00Z",
        "timezone": "UTC",
        "timeStamp": "2025-06-01T11:00:00Z",
    },
    "core_status_update": {"status": {"status": {"core_info": {"is_searching": False}}}},
    "custom_message": {"action": "greet", "payload": {"name": "Ann"}},
    "local_transcription": {
        "text": "the quick brown fox",
        "isFinal": True,
        "startTime": 0,
        "endTime": 900,
        "transcribeLanguage": "en-US",
    },
    "location_update": {"lat": 52.52, "lng": 13.405, "accuracy": 8.0},
    "phone_battery_update": {"level": 80, "charging": False, "timeRemaining": 240},
    "phone_notification": {
        "notificationId": "n1",
        "app": "Mail",
        "title": "Bob",
        "content": "See you at noon",
        "priority": "normal",
    },
    "phone_notification_dismissed": {
        "notificationId": "n1",
        "app": "Mail",
        "title": "Bob",
        "content": "See you at noon",
        "notificationKey": "k1",
    },
    "photo_taken": {"photoData": "/9j/4AAQ", "mimeType": "image/jpeg"},
    "photo_response": {"requestId": "r1", "success": True},
    "rtmp_stream_status": {"streamId": "s1", "status": "active"},
    "show_wifi_setup": {"reason": "Captions needs the internet"},
    "vps_coordinates": {
        "deviceModel": "Mentra Live",
        "requestId": "r1",
        **dict.fromkeys(("x", "y", "z", "qx", "qy", "qz"), 0.0),
        "qw": 1.0,
        "confidence": 0.9,
    },
}
"""What is in messages that no schema tells.  Source: docs/protocol/streams."""


def event(name: str) -> Json:
    """A message, as far as its fields are known here."""
    return {"type": name, **_EVENTS.get(name, {})}


def type_of(value: Any) -> str:
    """The JSON type of an example; a whole number says nothing of others."""
    if isinstance(value, bool):
        return "boolean"
    found = next(name for name, kinds in _TYPES.items() if isinstance(value, kinds))
    return "number" if found == "integer" else found


def example_of(schema: Json, components: Json) -> Any:
    """A value that *schema* describes: what the author gave as an example, what fields of that name
    have elsewhere, or else the plainest value of the type.

    Fields that may be left out are, where nothing is known of them.
    """
    return _value(schema, components, "", 0)


def _value(schema: Json, components: Json, name: str, depth: int) -> Any:
    schema = _resolved(schema, components)
    if depth > _DEEPEST:
        return None
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "const" in schema:
        return schema["const"]
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        real = [one for one in options if one.get("type") != "null"]
        return _value((real or options)[0], components, name, depth)
    for known in _BY_NAME.get(name, ()):
        if _is_of(known, schema):
            return known
    return _plainest(schema, components, depth)


def _is_idle(name: str, schema: Json, required: Any) -> bool:
    """Whether an example is better without this field."""
    is_nullable = any(one.get("type") == "null" for one in schema.get("anyOf", ()))
    is_anything = not schema.keys() & {"type", "anyOf", "enum", "$ref"}
    return (is_nullable or is_anything) and name not in required and name not in _BY_NAME


def _resolved(schema: Json, components: Json) -> Json:
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    return schema


def _plainest(schema: Json, components: Json, depth: int) -> Any:
    match schema.get("type"):
        case "object":
            return {
                name: _value(one, components, name, depth + 1)
                for name, one in schema.get("properties", {}).items()
                if not _is_idle(name, one, schema.get("required", ()))
            }
        case "array":
            least = max(1, schema.get("minItems", 1))
            return [_value(schema.get("items", {}), components, "", depth + 1)] * least
        case "string":
            return "text".ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case _:
            return "text"


def _number(schema: Json) -> float:
    above = schema.get("exclusiveMinimum")
    least = float(schema.get("minimum", 1 if above is None else above + 1))
    most = float(schema.get("maximum", schema.get("exclusiveMaximum", least + 2) - 1))
    number = min(max(1.0, least), max(most, least))
    return int(number) if number.is_integer() else number


_BOUNDS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "properties", "anyOf"}
)

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
    "boolean": bool,
}


def _is_of(value: Any, schema: Json) -> bool:
    """Whether *value* has the type of *schema*, which says nothing else of it."""
    if schema.keys() & _BOUNDS:
        return False
    kind = schema.get("type")
    if kind is None:
        return True
    if kind == "array" and value and "$ref" in schema.get("items", {}):
        return False
    return isinstance(value, _TYPES[kind]) and (kind == "boolean") is isinstance(value, bool)
