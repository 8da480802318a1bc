"""Servers of language models that say what a test wants them to, over real HTTP or in memory.

How a provider spells its answers is a :class:`Dialect`: see :mod:`mentra.testing.openai_stub`.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import attrs
import msgspec
from twisted.internet.interfaces import IReactorTime
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET


@attrs.frozen(kw_only=True)
class Call:
    """A tool call.

    :ivar arguments: JSON, in the pieces that it comes in.
    """

    id: str
    name: str
    arguments: tuple[str, ...] = ("{}",)


@attrs.frozen(kw_only=True)
class Say:
    """An answer, or the beginning of one.

    :ivar stop: why it ends, in the provider's own word; None: as if it were whole.
    :ivar chop: how many bytes go out at once; None: frame by frame.
    :ivar cut: after so many frames the connection breaks.
    :ivar stall: after so many frames nothing comes any more.
    :ivar tokens: what it takes, input and output.
    """

    pieces: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    stop: str | None = None
    chop: int | None = None
    cut: int | None = None
    stall: int | None = None
    tokens: tuple[int, int] = (7, 11)


@attrs.frozen(kw_only=True)
class Raw:
    """An answer in just these pieces, whatever they mean."""

    pieces: tuple[bytes, ...]
    chop: int | None = None
    cut: int | None = None
    stall: int | None = None


@attrs.frozen(kw_only=True)
class Fail:
    """An error.

    :ivar error: its text; the dialect puts it where the provider has it, likewise *kind*, the
        provider's own word for what is wrong.
    :ivar body: what is sent instead.
    """

    status: int
    body: bytes | None = None
    error: str = "it is broken"
    kind: str = "stub_error"
    headers: Mapping[str, str] = attrs.field(factory=dict)


class Dialect(Protocol):
    """How a provider spells things."""

    def frames(self, say: Say, asked: Any) -> list[bytes]:
        """An answer to the JSON *asked*: the body of a stream, piece by piece."""

    def failure(self, fail: Fail) -> Any:
        """The JSON of an error."""

    def listing(self, models: tuple[str, ...]) -> Any:
        """The JSON that lists models."""

    def words(self, asked: Any) -> str:
        """What the user said last."""


@attrs.frozen
class Asked:
    """A request that came.

    :ivar json: its body.
    :ivar headers: name in lower case to value.
    """

    method: str
    uri: str
    headers: Mapping[str, str]
    json: Any


class ModelStub(Resource):
    """Answers requests to any path: a GET with a list of models, others as the script says.

    Once the script is over it says ``You said: ...``, word by word.

    :param pause: seconds between two pieces.
    :ivar script: what happens next; a test appends :class:`Say`, :class:`Raw` and :class:`Fail`.
    :ivar asked: what came.
    :ivar hung_up: how many left before the end of their answer.
    :ivar models: what is listed.
    """

    isLeaf = True

    def __init__(self, dialect: Dialect, clock: IReactorTime, pause: float = 0.0) -> None:
        super().__init__()
        self.script: deque[Say | Raw | Fail] = deque()
        self.asked: list[Asked] = []
        self.hung_up = 0
        self.models: tuple[str, ...] = ("stub-1", "stub-2")
        self._dialect = dialect
        self._clock = clock
        self._pause = pause

    def render_GET(self, request: Request) -> bytes:
        """The list of models, unless the script says that it fails."""
        self.asked.append(_asked(request, None))
        if self.script and isinstance(self.script[0], Fail):
            return self._fail(request, self.script.popleft())
        return _json(request, self._dialect.listing(self.models))

    def render_POST(self, request: Request) -> Any:
        """What the script says."""
        body = request.content
        asked = _asked(request, msgspec.json.decode(body.read() if body else b"null"))
        self.asked.append(asked)
        said = self._dialect.words(asked.json)
        step = self.script.popleft() if self.script else Say(pieces=_words(f"You said: {said}"))
        if isinstance(step, Fail):
            return self._fail(request, step)
        request.setHeader("content-type", "text/event-stream; charset=utf-8")
        frames = step.pieces if isinstance(step, Raw) else self._dialect.frames(step, asked.json)
        _Flow(self, request, step, list(frames), self._clock, self._pause).go_on()
        return NOT_DONE_YET

    def _fail(self, request: Request, fail: Any) -> bytes:
        request.setResponseCode(fail.status)
        for name, value in fail.headers.items():
            request.setHeader(name, value)
        if fail.body is not None:
            return bytes(fail.body)
        return _json(request, self._dialect.failure(fail))


class _Flow:
    """An answer on its way out."""

    def __init__(
        self,
        stub: ModelStub,
        request: Request,
        step: Say | Raw,
        frames: list[bytes],
        clock: IReactorTime,
        pause: float,
    ) -> None:
        self._stub = stub
        self._request = request
        self._step = step
        self._clock = clock
        self._pause = pause
        self._open = True
        self._pieces = _pieces(frames, step)
        request.notifyFinish().addErrback(self._left)

    def go_on(self) -> None:
        """The next piece."""
        piece = next(self._pieces, None)
        if not self._open:
            return
        if piece is not None:
            self._request.write(piece)
            self._clock.callLater(self._pause, self.go_on)
        elif self._step.cut is not None:
            transport: Any = self._request.transport
            transport.abortConnection()
        elif self._step.stall is None:
            self._request.finish()

    def _left(self, failure: object) -> None:
        self._open = False
        if self._step.cut is None:
            self._stub.hung_up += 1


def _pieces(frames: list[bytes], step: Say | Raw) -> Iterator[bytes]:
    ends = [end for end in (step.cut, step.stall) if end is not None]
    shown = frames[: min(ends)] if ends else frames
    if step.chop is None:
        return iter(shown)
    body = b"".join(shown)
    return (body[at : at + step.chop] for at in range(0, len(body), step.chop))


def _asked(request: Request, body: Any) -> Asked:
    headers = {
        name.decode().lower(): values[0].decode()
        for name, values in request.requestHeaders.getAllRawHeaders()
    }
    return Asked(request.method.decode(), request.uri.decode(), headers, body)


def _json(request: Request, content: Any) -> bytes:
    request.setHeader("content-type", "application/json")
    return msgspec.json.encode(content)


def _words(text: str) -> tuple[str, ...]:
    first, *others = text.split(" ")
    return (first, *(f" {word}" for word in others))
