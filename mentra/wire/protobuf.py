"""The protobuf dialect: one envelope a binary frame, with the request's id in it.  No I/O.

Source: docs/protocol/opencode, "Frames".
"""

from collections.abc import Iterable

from zope.interface import implementer

from mentra.errors import Malformed
from mentra.extension import Answer, Asked
from mentra.interfaces.messaging import IRequestDialect
from mentra.messages import Fault, Message, Unknown
from mentra.messages.opencode import (
    Addressed,
    BrokenFrame,
    Done,
    ErrorResponse,
    Payload,
    TextFrame,
)
from mentra.protobuf.envelopes import client_envelope, server_envelope

STRAY = 0
"""The request id of what answers no request."""


@implementer(IRequestDialect)
class ProtobufDialect:
    """Spells the payloads of one path.

    :param message_types: every class somebody handles there.
    :raises ConfigError: a payload has neither a name nor a number, or shares it.
    """

    def __init__(self, message_types: Iterable[type[Message]]) -> None:
        kinds = [kind for kind in message_types if issubclass(kind, Payload)]
        self._read = client_envelope(kinds).read
        self._write = server_envelope(()).write

    def decode(self, payload: bytes, is_binary: bool) -> Message | Asked:
        """A request; what is none is a message too, for the path to judge."""
        if not is_binary:
            return TextFrame()
        try:
            request_id, message = self._read(payload)
        except Malformed:
            return BrokenFrame()
        if isinstance(message, Done):
            message = Unknown(type_name="no payload")
        return Asked(request_id, message)

    def encode(self, message: Message) -> tuple[bytes, bool]:
        """The frame's payload; always a binary frame."""
        if isinstance(message, Addressed):
            return self._write(message.request_id, message.payload), True
        return self._write(STRAY, _payload_of(message)), True

    def reply(self, asked: Asked, answer: Answer) -> Message:
        """*answer* with the request's id; every request gets one."""
        return Addressed(request_id=asked.request_id, payload=_payload_of(answer))


def _payload_of(answer: Answer) -> Payload:
    if answer is None:
        return Done()
    if isinstance(answer, Fault):
        return ErrorResponse(code=answer.code, message=answer.message)
    assert isinstance(answer, Payload), f"{type(answer)} is no payload"
    return answer
