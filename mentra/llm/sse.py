"""Server-sent events, read from bytes as they come.

Source: html.spec.whatwg.org, "Server-sent events", "Interpreting an event stream".
"""

from collections.abc import Callable

import attrs

from mentra.errors import Malformed

MAX_LINE = 1_048_576
MAX_EVENT = 4_194_304
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@attrs.frozen
class ServerSentEvent:
    """What one of them says.

    :ivar event: its type; ``message`` where the stream names none.
    :ivar data: its lines, joined by line feeds.
    :ivar id: the last id that the stream named, empty without.
    """

    data: str
    event: str = "message"
    id: str = ""


class EventStream:
    """Cuts a body into events, wherever its pieces end.

    An event that the end of the body leaves unfinished is not told.

    :param told: called with each :class:`ServerSentEvent`; what it raises leaves :meth:`received`.
    :param max_line: bytes of a line, likewise ``max_event`` of all data of an event.
    :ivar last_id: as in :class:`ServerSentEvent`; for asking for what comes after it.
    :ivar retry_ms: how long the stream wants us to wait before we connect anew; None: no word.
    """

    def __init__(
        self,
        told: Callable[[ServerSentEvent], object],
        *,
        max_line: int = MAX_LINE,
        max_event: int = MAX_EVENT,
    ) -> None:
        self.last_id = ""
        self.retry_ms: int | None = None
        self._told = told
        self._max_line = max_line
        self._max_event = max_event
        self._partial = bytearray()
        self._first = True
        self._after_return = False
        self._event = ""
        self._data: list[str] = []
        self._size = 0

    def received(self, data: bytes) -> None:
        """A piece of the body.

        :raises Malformed: a line or an event is too long; the stream is of no use any more.
        """
        if self._after_return and data:
            # a carriage return has ended the line already
            data = data.removeprefix(b"\n")
            self._after_return = False
        for line in data.splitlines(keepends=True):
            if len(self._partial) + len(line) > self._max_line:
                raise Malformed(f"a line is longer than {self._max_line} bytes")
            self._partial += line
            if line.endswith((b"\n", b"\r")):
                whole = bytes(self._partial).rstrip(b"\r\n")
                self._partial.clear()
                self._line(whole)
        self._after_return = self._after_return or data.endswith(b"\r")

    def _line(self, line: bytes) -> None:
        if self._first:
            line = line.removeprefix(BYTE_ORDER_MARK)
            self._first = False
        if not line:
            self._dispatch()
            return
        # no byte of a longer character looks like a line end, so that lines are whole characters
        name, _, value = line.decode("utf-8", "replace").partition(":")
        self._field(name, value.removeprefix(" "))

    def _field(self, name: str, value: str) -> None:
        if name == "data":
            self._size += len(value) + 1
            if self._size > self._max_event:
                raise Malformed(f"an event is longer than {self._max_event} characters")
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self.last_id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            # what nobody would wait for is no number to keep
            self.retry_ms = int(value[:12])

    def _dispatch(self) -> None:
        event, data = self._event, self._data
        self._event, self._data, self._size = "", [], 0
        if data:
            self._told(ServerSentEvent("\n".join(data), event or "message", self.last_id))
