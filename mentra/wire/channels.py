"""The dialect of browser channels: JSON requests with an id, answers with the same, and events.

Decoding takes two steps: the frame, its payload left as it is, then the decoder kept for the
channel.  What we understand is what somebody handles.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import UNSET
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import ConfigError, Malformed
from mentra.extension import Asked
from mentra.interfaces.messaging import IRequestDialect
from mentra.messages import Fault, Message, Unknown
from mentra.messages.channels import (
    CODES,
    HANDLER_ERROR,
    INVALID_MESSAGE,
    SYSTEM,
    TIMEOUT,
    Declined,
    Event,
    Problem,
    Reply,
    Request,
    Response,
    Wrong,
)
from mentra.messages.channels.frames import RequestFrame, names_in

Decode = Callable[[bytes], Message]

NOTHING = (b"", b"null")
"""Payloads of those who have nothing to say."""

_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_WHERE = re.compile(r"(?s)(?P<what>.*) - at `(?P<path>\$[^`]*)`$")


@implementer(IRequestDialect)
class ChannelsDialect:
    """Spells channels.

    :param message_types: every class somebody handles there.
    :param now: wall time, POSIX seconds.
    :raises ConfigError: a class is no request, or two have one name.
    """

    _log = Logger()

    def __init__(self, message_types: Iterable[type[Message]], now: Callable[[], float]) -> None:
        self._now = now
        self._channels = _channels(message_types)
        self._frame = msgspec.json.Decoder(RequestFrame).decode
        self._encode = msgspec.json.Encoder().encode
        self._heads: dict[type[Message], bytes] = {}

    # -- what comes in

    def decode(self, payload: bytes, is_binary: bool) -> Asked:
        """The request in *payload*; binary frames are read like text.

        :raises Malformed: it is none, or not what its channel wants.
        """
        try:
            frame = self._frame(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise self._no_request(payload, problem) from problem
        decode = self._channels.get(frame.channel)
        if decode is None:
            return Asked(frame.id, Unknown(type_name=frame.channel))
        try:
            return Asked(frame.id, decode(bytes(frame.payload)))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise self._malformed(frame.id, frame.channel, problem) from problem

    def _no_request(self, payload: bytes, problem: Exception) -> Malformed:
        request_id, channel = names_in(payload)
        return self._malformed(request_id or INVALID_MESSAGE.lower(), channel or SYSTEM, problem)

    def _malformed(self, request_id: str, channel: str, problem: Exception) -> Malformed:
        wrong = what_is_wrong(problem)
        text = f"{wrong.path}: {wrong.message}" if wrong.path else wrong.message
        told = Problem(code=INVALID_MESSAGE, message=text, details=[wrong])
        return Malformed(text, answer=self._response(request_id, channel, error=told))

    # -- what goes out

    def reply(self, asked: Asked, answer: Message | None) -> Message:
        """*answer* as a frame of its own; a handler that has nothing to say leaves it empty."""
        channel = _channel_of(asked.message)
        if type(answer) is Reply:
            try:
                text = msgspec.Raw(self._encode(answer.payload))
            except (TypeError, ValueError, OverflowError, RecursionError):
                self._log.failure("an answer on {channel} cannot be spelt", channel=channel)
                error = Problem(code=HANDLER_ERROR, message="the answer cannot be spelt")
                return self._response(asked.request_id, channel, error=error)
            return self._response(asked.request_id, channel, payload=text)
        if type(answer) is Declined:
            return self._response(asked.request_id, channel, error=answer.problem)
        if type(answer) is Fault:
            return self._response(asked.request_id, channel, error=problem_of(answer))
        return self._response(asked.request_id, channel)

    def encode(self, message: Message) -> tuple[bytes, bool]:
        """The frame's text."""
        if isinstance(message, Event):
            head = self._heads.get(type(message)) or self._head_of(type(message))
            tail = b',"timestamp":%d}' % (self._now() * 1000)
            return head + self._encode(message.payload) + tail, False
        if type(message) is Fault:
            # of what was no request of anybody's
            message = self._response(SYSTEM, SYSTEM, error=problem_of(message))
        return self._encode(message), False

    def _head_of(self, kind: type[Message]) -> bytes:
        name = self._encode(kind.tag())
        head = self._heads[kind] = b'{"type":"event","channel":%s,"payload":' % name
        return head

    def _response(
        self, request_id: str, channel: str, *, payload: Any = UNSET, error: Any = UNSET
    ) -> Response:
        return Response(
            id=request_id,
            channel=channel,
            payload=payload,
            error=error,
            timestamp=int(self._now() * 1000),
        )


def problem_of(fault: Fault) -> Problem:
    """What a page is told of a failure; codes that the protocol does not have are details."""
    # a provider's codes are its own, whatever they are called
    if fault.code in CODES and fault.where != "provider":
        return Problem(code=fault.code, message=fault.message)
    late = fault.code == "HANDLER_TIMEOUT"
    details = {"code": fault.code, "where": fault.where, "retryable": fault.retryable}
    if fault.correlation_id is not None:
        details["correlationId"] = fault.correlation_id
    # what providers say begins with the word for it
    text = f"{fault.code}: {fault.message}" if fault.where == "provider" else fault.message
    return Problem(code=TIMEOUT if late else HANDLER_ERROR, message=text, details=details)


def what_is_wrong(problem: Exception) -> Wrong:
    """Place and reason, out of what the decoder says."""
    if isinstance(problem, RecursionError):
        return Wrong(path="", message="nested too deeply")
    found = _WHERE.match(str(problem))
    what, path = (str(problem), "") if found is None else (found["what"], found["path"])
    missing = _MISSING.match(what)
    if missing is not None:
        # its place is where it should be
        path += f".{missing['field']}"
    return Wrong(path=path.removeprefix("$").removeprefix("."), message=what)


def _channel_of(message: Message) -> str:
    return message.type_name if isinstance(message, Unknown) else message.tag()


def _channels(message_types: Iterable[type[Message]]) -> dict[str, Decode]:
    channels: dict[str, Decode] = {}
    for kind in message_types:
        if kind is Unknown:
            continue
        if not issubclass(kind, Request):
            raise ConfigError(
                f"{kind.__module__}.{kind.__qualname__} is no request, so it can be no channel; "
                "make it a mentra.messages.channels.Request"
            )
        channels[kind.tag()] = _decoder(kind)
    return channels


def _decoder(kind: type[Request]) -> Decode:
    decode: Decode = msgspec.json.Decoder(kind).decode
    whole, bare = kind.whole, kind.bare

    def of_object(payload: bytes) -> Message:
        return decode(b"{}" if payload in NOTHING else payload)

    def of_anything(payload: bytes) -> Message:
        if payload in NOTHING or (whole is None and payload.startswith(b"{")):
            return of_object(payload)
        return decode(b'{"%s":%s}' % ((whole or bare or "").encode(), payload))

    return of_object if whole is None and bare is None else of_anything
