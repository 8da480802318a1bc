"""The MentraOS dialect: JSON objects with a ``type``; binary frames are audio.  No I/O.

Decoding takes two steps: a struct with nothing but ``type``, then the decoder kept for that tag.
What we understand is what somebody handles.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec.structs import force_setattr
from zope.interface import implementer

from mentra.errors import ConfigError, Malformed
from mentra.interfaces.messaging import IDialect
from mentra.messages import Fault, Message, Relayed, Unknown
from mentra.messages.audio import AudioChunk
from mentra.messages.stamps import Stamps
from mentra.messages.streams import STREAM_ALIASES, STREAM_TYPES
from mentra.messages.subscriptions import StreamEvent
from mentra.wire.mending import mended

MAX_TYPE_LENGTH = 100
"""Longest ``type`` that is repeated in a log line or an error."""

Decode = Callable[[bytes], Message]


class _Head(msgspec.Struct):
    """Nothing but the type; the rest is only checked for syntax."""

    type: str


@implementer(IDialect)
class MentraosDialect:
    """Spells one path.

    :param message_types: every class somebody handles there.
    :param error_type: ``type`` of an error frame: ``connection_error`` or ``tpa_connection_error``.
    :param now: wall time, POSIX seconds.
    :raises ConfigError: two classes answer to one name.
    """

    def __init__(
        self, message_types: Iterable[type[Message]], error_type: str, now: Callable[[], float]
    ) -> None:
        types = tuple(message_types)
        self._decoders = _decoders(types)
        self._relays_events = StreamEvent in types
        self._hears_audio = AudioChunk in types
        self._error_type = error_type
        self._stamps = Stamps(now)
        self._head = msgspec.json.Decoder(_Head).decode
        self._encode = msgspec.json.Encoder().encode

    def decode(self, payload: bytes, is_binary: bool) -> Message:
        """The message in *payload*.

        :raises Malformed: it is no JSON object with a ``type``, or not what its type promises.
        """
        if is_binary:
            # a path where nobody handles audio has no use for binary frames
            return AudioChunk(data=payload) if self._hears_audio else Unknown(type_name="binary")
        try:
            name = self._head(payload).type
            decoder = self._decoders.get(name)
            if decoder is not None:
                return decoder(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
            whole = mended(payload)
            if whole != payload:
                return self.decode(whole, False)
            raise Malformed(str(problem)) from problem
        except RecursionError as problem:
            raise Malformed("nested too deeply") from problem
        if self._relays_events and name in STREAM_TYPES:
            return StreamEvent(stream_type=name, raw=payload)
        if name in STREAM_ALIASES:
            return self.decode(_with_type(payload, STREAM_ALIASES[name]), False)
        return Unknown(type_name=name[:MAX_TYPE_LENGTH])

    def encode(self, message: Message) -> tuple[bytes, bool]:
        """The frame's payload, time-stamped, and whether it is binary."""
        if type(message) is AudioChunk:
            return message.data, True
        if type(message) is Fault:
            text = self._encode(self._error_frame(message))
        else:
            text = self._encode(message)
        if "timestamp" in message.__struct_fields__:
            return text, False
        # every object has at least its type, so a comma is always right
        return text[:-1] + self._stamps.tail(), False

    def _error_frame(self, fault: Fault) -> dict[str, Any]:
        frame: dict[str, Any] = {
            "type": self._error_type,
            "code": fault.code,
            "message": fault.message,
            "where": fault.where,
            "retryable": fault.retryable,
        }
        if fault.correlation_id is not None:
            frame["correlationId"] = fault.correlation_id
        return frame


def _decoders(types: Iterable[type[Message]]) -> dict[str, Decode]:
    decoders: dict[str, Decode] = {}
    owners: dict[str, type[Message]] = {}
    for message_type in types:
        if not message_type.spoken:
            continue
        decode = _decoder(message_type)
        names = {message_type.tag(): decode}
        names |= {alias: _renamed(message_type.tag(), decode) for alias in message_type.aliases}
        for name, one in names.items():
            if owners.setdefault(name, message_type) is not message_type:
                raise ConfigError(
                    f"the message {name!r} is claimed by {_place(owners[name])} "
                    f"and by {_place(message_type)}; remove or rename one of them"
                )
            decoders[name] = one
    return decoders


def _place(message_type: type[Message]) -> str:
    return f"{message_type.__module__}.{message_type.__qualname__}"


def _decoder(message_type: type[Message]) -> Decode:
    decode: Decode = msgspec.json.Decoder(message_type).decode
    if not issubclass(message_type, Relayed):
        return decode

    def with_raw(payload: bytes) -> Message:
        message = decode(payload)
        # the text is passed on as it came, unknown fields and all
        force_setattr(message, "raw", payload)
        return message

    return with_raw


def _renamed(tag: str, decode: Decode) -> Decode:
    return lambda payload: decode(_with_type(payload, tag))


def _with_type(payload: bytes, tag: str) -> bytes:
    """The same object under today's name, for receivers know only that."""
    fields = msgspec.json.decode(payload)
    fields["type"] = tag
    return msgspec.json.encode(fields)
