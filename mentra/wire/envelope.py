"""The envelope dialect: JSON objects ``{type, sessionId, data, timestamp}`` in text.  No I/O.

Whatever is no envelope becomes a :class:`NotAnEnvelope`, so that the path itself says what is wrong
with it.  Source: docs/protocol/voice, "the envelope".
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from zope.interface import implementer

from mentra.errors import Malformed
from mentra.interfaces.messaging import IDialect
from mentra.messages import Fault, Message, Unknown
from mentra.messages.voice import NotAnEnvelope
from mentra.wire.mending import mended

WRAPPER = "message"
"""The type of a frame whose data is a client's message itself."""

MAX_TYPE_LENGTH = 100
"""Longest ``type`` that is repeated in a log line."""

MAX_REASON = 200
"""Longest reason that a peer is told, characters."""

NO_FIELDS = frozenset({"type", "sessionId", "timestamp", "data"})
"""What of a frame is the envelope's own."""

BUGS = frozenset({"HANDLER_ERROR", "HANDLER_TIMEOUT"})

Decode = Callable[[Any], Any]


class _Head(msgspec.Struct, rename="camel"):
    """The envelope."""

    type: str
    timestamp: int | float
    session_id: str | None = None
    data: msgspec.Raw = msgspec.Raw()


class _Frame(msgspec.Struct, rename="camel", omit_defaults=True):
    """What everything sent begins with."""

    type: str
    data: Any
    session_id: str | None = None


@implementer(IDialect)
class EnvelopeDialect:
    """Spells one path.

    :param message_types: every class somebody handles there.
    :param now: wall time, POSIX seconds.
    """

    def __init__(self, message_types: Iterable[type[Message]], now: Callable[[], float]) -> None:
        spoken = [one for one in message_types if one.spoken]
        self._decoders: dict[str, Decode] = {
            one.tag(): msgspec.json.Decoder(one).decode for one in spoken
        }
        self._with_data = {one.tag() for one in spoken if "data" in one.__struct_fields__}
        self._tolerant = NotAnEnvelope in set(message_types)
        self._head = msgspec.json.Decoder(_Head).decode
        self._encode = msgspec.json.Encoder().encode
        self._now = now

    def decode(self, payload: bytes, is_binary: bool) -> Message:
        """The message in *payload*; a :class:`NotAnEnvelope` if it is none.

        :raises Malformed: the same, where nobody handles those.
        """
        try:
            if is_binary:
                raise Malformed("binary frames are not taken, only JSON in text frames")
            return self._decode(payload)
        except Malformed as problem:
            if not self._tolerant:
                raise
            return NotAnEnvelope(reason=str(problem)[:MAX_REASON])

    def _decode(self, payload: bytes) -> Message:
        head = _read(self._head, payload)
        if not head.type:
            raise Malformed("the type is empty")
        if not (head.timestamp > 0 and head.timestamp == int(head.timestamp)):
            raise Malformed("the timestamp is no whole number above 0")
        if head.type == WRAPPER:
            return self._unwrapped(head, payload)
        decode = self._decoders.get(head.type)
        if decode is None:
            return Unknown(type_name=head.type[:MAX_TYPE_LENGTH])
        if head.type in self._with_data and _is_absent(head.data):
            # old clients say the fields beside the type
            payload = _with_data(head, _own_fields(payload))
        message: Message = _read(decode, payload)
        return message

    def _unwrapped(self, head: _Head, payload: bytes) -> Message:
        """What a frame of type ``message`` holds, as if it had been sent by itself."""
        inner = _own_fields(payload) if _is_absent(head.data) else _object(bytes(head.data))
        name = inner.get("type", "text" if "text" in inner else None)
        if not isinstance(name, str) or not name or name == WRAPPER:
            raise Malformed("the data of a message has no type and no text")
        if name not in self._decoders:
            return Unknown(type_name=name[:MAX_TYPE_LENGTH])
        fields = inner.get("data")
        if fields is None:
            fields = {key: value for key, value in inner.items() if key != "type"}
        head.type = name
        message: Message = _read(self._decoders[name], _with_data(head, fields))
        return message

    def encode(self, message: Message) -> tuple[bytes, bool]:
        """The frame's payload, time-stamped; it is never binary."""
        text = self._encode(_error(message) if type(message) is Fault else message)
        # every object has at least its type, so a comma is always right
        return text[:-1] + b',"timestamp":%d}' % int(self._now() * 1000), False


def _error(fault: Fault) -> _Frame:
    """What a handler that is no part of the wing has refused, or failed to do."""
    is_bug = fault.code in BUGS
    data: dict[str, Any] = {
        "code": "PROCESSING_ERROR" if is_bug else fault.code,
        "message": "Failed to process request" if is_bug else fault.message,
        "recoverable": is_bug or fault.retryable,
    }
    if fault.correlation_id is not None:
        data["correlationId"] = fault.correlation_id
    return _Frame("error", data, fault.session_id)


def _read(decode: Decode, payload: bytes) -> Any:
    try:
        return decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        whole = mended(payload)
        if whole != payload:
            return _read(decode, whole)
        raise Malformed(str(problem)) from problem
    except RecursionError as problem:
        raise Malformed("nested too deeply") from problem


def _is_absent(data: msgspec.Raw) -> bool:
    view = memoryview(data)
    return view.nbytes in (0, 4) and bytes(data) in (b"", b"null")


_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


def _object(text: bytes) -> dict[str, Any]:
    found: dict[str, Any] = _read(_decode_object, text)
    return found


def _own_fields(payload: bytes) -> dict[str, Any]:
    """What stands beside the envelope's own fields."""
    return {name: value for name, value in _object(payload).items() if name not in NO_FIELDS}


def _with_data(head: _Head, fields: Any) -> bytes:
    """The frame as it should have been."""
    frame: dict[str, Any] = {"type": head.type, "data": fields}
    if head.session_id is not None:
        frame["sessionId"] = head.session_id
    return msgspec.json.encode(frame)
