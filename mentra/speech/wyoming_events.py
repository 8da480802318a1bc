"""Events of the Wyoming protocol: a line of JSON, then data, then a payload.

Source: the specification of the Wyoming protocol (OHF-Voice/wyoming, README), version 1.
"""

from typing import Any

import attrs
import msgspec

from mentra.errors import Refused
from mentra.providers import broken

VERSION = "1.5.2"

MAX_LINE = 1_048_576
"""Bytes of the line of JSON; older peers put everything in it."""

MAX_DATA = 4_194_304
"""Bytes of the data; a server may describe hundreds of voices."""

MAX_PAYLOAD = 1_048_576


@attrs.frozen
class Event:
    """An event.

    :ivar type: ``transcript``, ``audio-chunk``, ...
    """

    type: str
    data: dict[str, Any] = attrs.field(factory=dict)
    payload: bytes = b""


class _Header(msgspec.Struct, frozen=True):
    type: str
    data: dict[str, Any] | None = None
    data_length: int | None = None
    payload_length: int | None = None


_header = msgspec.json.Decoder(_Header)
_data = msgspec.json.Decoder(dict[str, Any])


def encode(event: Event) -> bytes:
    """*event* as bytes."""
    data = msgspec.json.encode(event.data) if event.data else b""
    header: dict[str, Any] = {"type": event.type, "version": VERSION}
    if data:
        header["data_length"] = len(data)
    if event.payload:
        header["payload_length"] = len(event.payload)
    return b"".join((msgspec.json.encode(header), b"\n", data, event.payload))


class Reader:
    """Turns bytes, cut anywhere, into events.

    :param name: whose they are, for refusals.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._bytes = bytearray()
        self._searched = 0
        self._header: _Header | None = None
        self._wanted = 0

    def feed(self, data: bytes) -> list[Event]:
        """The events that *data* completes.

        :raises Refused: ``BAD_ANSWER``; nothing can be read after that.
        """
        self._bytes += data
        events = []
        while (event := self._next()) is not None:
            events.append(event)
        return events

    def _next(self) -> Event | None:
        if self._header is None and not self._read_header():
            return None
        header = self._header
        if header is None or len(self._bytes) < self._wanted:
            return None
        data = header.data or {}
        length = header.data_length or 0
        if length:
            data = data | self._decoded(bytes(self._bytes[:length]))
        payload = bytes(self._bytes[length : self._wanted])
        del self._bytes[: self._wanted]
        self._header = None
        return Event(header.type, data, payload)

    def _read_header(self) -> bool:
        end = self._bytes.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._bytes)
            if len(self._bytes) > MAX_LINE:
                raise broken(self._name)
            return False
        line = bytes(self._bytes[:end])
        del self._bytes[: end + 1]
        self._searched = 0
        self._header = self._checked(line)
        self._wanted = (self._header.data_length or 0) + (self._header.payload_length or 0)
        return True

    def _checked(self, line: bytes) -> _Header:
        try:
            header = _header.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise broken(self._name) from problem
        sizes = (header.data_length or 0, header.payload_length or 0)
        if len(line) > MAX_LINE or not (0 <= sizes[0] <= MAX_DATA and 0 <= sizes[1] <= MAX_PAYLOAD):
            raise broken(self._name, "says too much at once")
        return header

    def _decoded(self, data: bytes) -> dict[str, Any]:
        try:
            return _data.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise broken(self._name) from problem


def read_as(event: Event, kind: Any, name: str) -> Any:
    """The event's data as a *kind*, a struct.

    :raises Refused: ``BAD_ANSWER``: it is none.
    """
    try:
        return msgspec.convert(event.data, kind)
    except msgspec.ValidationError as problem:
        raise broken(name) from problem


def trouble(event: Event, name: str) -> Refused:
    """What an ``error`` event means; its text may repeat what it was sent."""
    code = "".join(one for one in str(event.data.get("code") or "") if one.isalnum() or one in "-_")
    said = f" ({code[:40]})" if code else ""
    return Refused(
        "SERVER_ERROR", f"{name} reports an error{said}", where="provider", retryable=True
    )
