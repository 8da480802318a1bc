"""A wearer's speech on its way to a recogniser behind a WebSocket, whatever that one speaks."""

from collections import deque
from collections.abc import Iterable
from typing import Any, Protocol

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mentra.errors import Refused, UpgradeRefused
from mentra.hearing import Heard, Word
from mentra.interfaces.network import IWebSocket, IWebSocketClient, IWebSocketListener
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IEngineFigures, IRecogniserListener, IRecogniserStream
from mentra.providers import Rest, broken, is_passing, refusal, seconds_of
from mentra.speech.timeline import BYTES_PER_MS, Timeline

OPEN_WITHIN = 8.0
MOST_WAITING = 320_000
"""Bytes of sound, 10 s, that wait for a connection, or for a server to read."""

STALL = 15.0
"""Seconds without a word from a server that is sent sound, after which it counts as hung: these
answer several times a second, in silence too."""

FINAL_WITHIN = 3.0
"""Seconds from ``finalize`` until what is there is made final without the server."""

TICK = 1.0
BYTES_PER_SECOND = 1000 * BYTES_PER_MS


class Dialect(Protocol):
    """How a server is spoken to.  No I/O; one for each stream.

    :ivar name: of the engine.
    :ivar url: of the WebSocket, with ``headers``.
    :ivar keep_alive_every: seconds without sound after which the server wants to hear something.
    """

    name: str
    url: str
    headers: dict[str, str]
    keep_alive_every: float

    def opening(self) -> str | None:
        """What is said first."""

    def finalizing(self) -> str:
        """What makes everything so far final."""

    def keeping_alive(self) -> str:
        """What is said instead of sound."""

    def closing(self) -> str | bytes:
        """What is said last."""

    def read(self, message: str) -> Iterable[Heard]:
        """What is heard in the server's *message*; times are those of what it was sent.

        :raises Refused: the stream is over.
        """

    def settle(self) -> Iterable[Heard]:
        """What is pending, as a final; what the server says of it from then on is not heard."""


_FINALIZE = object()
"""Stands among sound that waits for a connection."""


@implementer(IRecogniserStream, IWebSocketListener)
class FarStream:
    """Queues, keeps the connection alive, and gives up on servers that hang."""

    _log = Logger()

    def __init__(
        self, services: IServices, dialect: Dialect, rest: Rest, listener: IRecogniserListener
    ) -> None:
        self._clock = services.clock
        self._now = services.now
        self._figures = IEngineFigures(services)
        self._sockets = IWebSocketClient(services)
        self._dialect = dialect
        self._rest = rest
        self._listener: IRecogniserListener | None = listener
        self._socket: IWebSocket | None = None
        self._opening: Deferred[Any] | None = None
        self._before: deque[Any] = deque()
        self._waiting = 0
        self._timeline = Timeline()
        self._written = self._lost = 0
        self._spoke = self._clock.seconds()
        self._owed: float | None = None
        self._final_by: float | None = None
        self._is_fresh = False
        # whoever opens it is given it first
        self._timer: IDelayedCall | None = self._clock.callLater(0, self._connect)

    # -- for whoever opened it

    def write(self, pcm: bytes) -> None:
        """Sound for the server, now or later."""
        if self._listener is None or not pcm:
            return
        self._is_fresh = True
        self._written += len(pcm)
        if self._socket is None:
            self._keep(bytes(pcm))
        else:
            self._send(bytes(pcm))

    def finalize(self) -> None:
        """Have it say what it has."""
        if self._listener is None or not self._is_fresh:
            return
        self._is_fresh = False
        if self._socket is None:
            self._before.append(_FINALIZE)
        else:
            self._finalize()

    def close(self) -> None:
        """It is over, and nobody is told."""
        if self._listener is None:
            return
        self._listener = None
        self._end()
        if self._socket is not None:
            self._socket.send(self._dialect.closing())
            self._socket.close()

    # -- from the connection

    def text(self, payload: str) -> None:
        """The server says something."""
        if self._listener is None:
            return
        self._owed = None
        try:
            for heard in self._dialect.read(payload):
                self._tell(heard)
        except Refused as problem:
            self._fail(problem)

    def binary(self, payload: bytes) -> None:
        """None of them says anything this way."""
        self._fail(broken(self._dialect.name))

    def closed(self, code: int, reason: str) -> None:
        """The server is gone."""
        self._fail(
            Refused(
                "CONNECTION_LOST",
                f"{self._dialect.name} ended the connection ({code})",
                where="provider",
                # 1008: it does not like what it is sent
                retryable=code != 1008,
            )
        )

    # -- within

    def _connect(self) -> None:
        self._timer = self._clock.callLater(TICK, self._tick)
        self._opening = self._sockets.open(
            self._dialect.url,
            self,
            headers=self._dialect.headers,
            within=OPEN_WITHIN,
            max_queue=MOST_WAITING,
        )
        self._opening.addCallbacks(self._opened, self._not_opened)

    def _opened(self, socket: IWebSocket) -> None:
        self._opening, self._socket = None, socket
        first = self._dialect.opening()
        if first is not None:
            socket.send(first)
        before, self._before = self._before, deque()
        self._waiting = 0
        for one in before:
            if one is _FINALIZE:
                self._finalize()
            else:
                self._send(one)

    def _not_opened(self, failure: Failure) -> None:
        self._opening = None
        if failure.check(CancelledError):
            return
        if not failure.check(Refused):
            self._log.failure("{engine} cannot be reached", failure, engine=self._dialect.name)
        self._fail(self._in_our_words(failure.value))

    def _in_our_words(self, problem: BaseException | None) -> Refused:
        name = self._dialect.name
        if isinstance(problem, UpgradeRefused) and problem.status:
            if is_passing(problem.status):
                self._rest.begin(seconds_of(problem.retry_after, self._now()) or 0.0)
            return refusal(name, problem.status)
        if not isinstance(problem, Refused):
            return broken(name, "cannot be reached")
        code = {"UNREACHABLE": "NETWORK_ERROR"}.get(problem.code, problem.code)
        return Refused(
            code, f"{name}: {problem.message}", where="provider", retryable=problem.retryable
        )

    def _keep(self, pcm: bytes) -> None:
        self._before.append(pcm)
        self._waiting += len(pcm)
        while self._waiting > MOST_WAITING:
            oldest = self._before.popleft()
            if oldest is not _FINALIZE:
                self._waiting -= len(oldest)
                self._lose(len(oldest), 0)

    def _send(self, pcm: bytes) -> None:
        socket = self._socket
        assert socket is not None
        known = socket.dropped
        self._spoke = self._clock.seconds()
        if self._owed is None:
            self._owed = self._spoke
        socket.send(pcm, may_drop=True)
        lost = socket.dropped - known
        if lost:
            self._lose(lost, self._written - self._lost - lost - socket.queued)

    def _lose(self, size: int, at: int) -> None:
        """*size* bytes of sound are lost to the server, behind *at* that it gets."""
        self._lost += size
        self._timeline.lose(max(0, at), size)
        self._figures.dropped(self._dialect.name, size / BYTES_PER_SECOND)

    def _finalize(self) -> None:
        assert self._socket is not None
        self._spoke = self._clock.seconds()
        self._final_by = self._spoke + FINAL_WITHIN
        self._socket.send(self._dialect.finalizing())

    def _tick(self) -> None:
        self._timer = self._clock.callLater(TICK, self._tick)
        now = self._clock.seconds()
        if self._owed is not None and now - self._owed >= STALL:
            self._fail(
                Refused(
                    "TIMEOUT",
                    f"{self._dialect.name} has said nothing for {STALL:g} s",
                    where="provider",
                    retryable=True,
                )
            )
            return
        if self._final_by is not None and now >= self._final_by:
            self._final_by = None
            for heard in self._dialect.settle():
                self._tell(heard)
        if self._socket is not None and now - self._spoke >= self._dialect.keep_alive_every:
            self._spoke = now
            self._socket.send(self._dialect.keeping_alive())

    def _tell(self, heard: Heard) -> None:
        if heard.is_final:
            self._final_by = None
        # it may be closed by the one before
        if self._listener is not None:
            self._listener.heard(self._placed(heard))

    def _placed(self, heard: Heard) -> Heard:
        """With the times of what was said, none of them beyond it."""
        end = self._written // BYTES_PER_MS

        def said(ms: int) -> int:
            return min(self._timeline.said(ms), end)

        def placed(word: Word) -> Word:
            return attrs.evolve(word, start_ms=said(word.start_ms), end_ms=said(word.end_ms))

        return attrs.evolve(
            heard,
            start_ms=said(heard.start_ms),
            end_ms=said(heard.end_ms),
            words=tuple(placed(word) for word in heard.words),
        )

    def _fail(self, problem: Refused) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        self._end()
        if self._socket is not None:
            self._socket.abort()
        listener.failed(problem)

    def _end(self) -> None:
        self._before.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._opening is not None:
            self._opening.cancel()
