"""What happens at an OpenCode server: one stream of events for all who listen.

The server repeats nothing.  After a gap whoever listens is told that there was one.
"""

from collections.abc import Callable
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import Malformed, Refused
from mentra.interfaces.services import IHttpAnswer
from mentra.llm.sse import EventStream, ServerSentEvent
from mentra.opencode.answers import EVENTS, Head, SessionCreated, Struct, read
from mentra.opencode.api import OpencodeApi
from mentra.opencode.listeners import Listener, Listeners
from mentra.opencode.waiting import what_waits

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds between two attempts to connect; each one waits twice as long as the one before it."""

LINGER = 60.0
"""Seconds that the stream is kept when nobody listens."""

CONNECT_WITHIN = 30.0
"""Seconds that somebody waits for the stream to begin; a server may have to begin itself."""

LONGEST_EVENT = 67_108_864
"""Bytes: a part comes whole when it ends, with all that a tool has brought."""


class Follower(Protocol):
    """Who wants to hear of every session."""

    def overhear(self, kind: str, text: str) -> None:
        """An event of that type happened; *text* is all of it, JSON."""

    def begun(self) -> None:
        """Events come from now on; what came before is not told."""


class Feed(Service):
    """Connects while somebody listens; with a follower always.

    :ivar connected: whether events come.
    """

    _log = Logger()

    def __init__(self, api: OpencodeApi, clock: IReactorTime) -> None:
        self._api = api
        self._clock = clock
        self.connected = False
        self._listeners = Listeners()
        self._follower: Follower | None = None
        self._asked: Deferred[Any] | None = None
        self._pause = FIRST_PAUSE
        self._timer: IDelayedCall | None = None
        self._waiting: list[Deferred[None]] = []
        self._complained = False
        self._has_gap = False
        self._looking: Deferred[None] | None = None

    def stopService(self) -> None:
        """Hang up."""
        super().stopService()
        self._stop_timer()
        self._hang_up()

    # -- who listens

    async def listen(self, session_id: str, listener: Listener) -> None:
        """Have *listener* hear of the session, from now on; events come once this returns.

        :raises Refused: ``HTTP_ERROR`` or ``PARSE_ERROR``: there are no events to be had.
        """
        self._listeners.add(session_id, listener)
        if self.connected:
            return
        waiting: Deferred[None] = Deferred(self._waiting_no_more)
        self._waiting.append(waiting)
        if self._asked is None:
            self._connect()
        try:
            await waiting.addTimeout(CONNECT_WITHIN, self._clock)
        except TimeoutError as problem:
            self.forget(session_id, listener)
            self._hang_up()
            self._again()
            sentence = f"the OpenCode server sent no event within {CONNECT_WITHIN:g} s"
            raise Refused("HTTP_ERROR", sentence, where="provider", retryable=True) from problem
        except BaseException:
            self.forget(session_id, listener)
            raise

    def forget(self, session_id: str, listener: Listener) -> None:
        """No more."""
        self._listeners.remove(session_id, listener)
        if not self._listeners and self._asked is not None and self._follower is None:
            self._after(LINGER, self._nobody_listens)

    def follow(self, follower: Follower) -> None:
        """Have *follower* hear of everything, whenever the server is there."""
        self._follower = follower
        if self._asked is None:
            self._connect()

    def unfollow(self, follower: Follower) -> None:
        """No more."""
        if self._follower is follower:
            self._follower = None

    # -- the connection

    def _connect(self) -> None:
        self._stop_timer()
        asked = Deferred.fromCoroutine(self._follow())
        self._asked = asked
        asked.addErrback(self._broken, asked)

    async def _follow(self) -> None:
        stream = EventStream(self._received, max_line=LONGEST_EVENT, max_event=LONGEST_EVENT)
        try:
            answer = await self._api.events(stream.received, self._begun)
        except Refused as refusal:
            if refusal.code in ("UNREACHABLE", "TIMEOUT"):
                raise self._api.unreachable(refusal) from refusal
            raise
        except Malformed as problem:
            raise Refused("PARSE_ERROR", f"events cannot be read: {problem}") from problem
        self._begun(answer)
        raise Refused("HTTP_ERROR", "the OpenCode server ended the stream of events")

    def _begun(self, answer: IHttpAnswer) -> None:
        self._api.check(answer, "text/event-stream")

    def _broken(self, failure: Failure, asked: "Deferred[Any]") -> None:
        if self._asked is not asked:
            failure.trap(CancelledError)  # we hung up
            return
        self._asked = None
        had_begun, self.connected = self.connected, False
        self._tell_waiting(failure)
        if not failure.check(Refused):
            self._log.failure("the stream of events failed", failure)
        elif self._listeners and not self._complained:
            self._complained = True
            self._log.warn("no events from OpenCode: {why}", why=failure.getErrorMessage())
        if had_begun:
            self._has_gap = bool(self._listeners)
            for listener in self._listeners.everybody():
                listener.missed()
        self._again()

    def _again(self) -> None:
        if (self._listeners or self._follower) and self.running:
            self._after(self._pause, self._connect)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _nobody_listens(self) -> None:
        self._timer = None
        self._hang_up()

    def _hang_up(self) -> None:
        self.connected = False
        if self._looking is not None:
            self._looking.cancel()
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.cancel()
        # others who wait for it try again
        self._tell_waiting(Failure(_hung_up()))

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self._clock.callLater(seconds, do)

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _tell_waiting(self, failure: Failure | None = None) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if failure is None:
                one.callback(None)
            else:
                one.errback(failure)

    def _waiting_no_more(self, waiting: "Deferred[None]") -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)

    # -- events

    def _received(self, sent: ServerSentEvent) -> None:
        try:
            head = read(sent.data, Head)
        except ValueError:
            self._log.debug("an event that is none")
            return
        # the first event says nothing else
        if not self.connected:
            self._is_there()
        kind = EVENTS.get(head.type)
        if kind is not None and self._listeners:
            self._heard(head, kind, sent)
        # those who wait for an answer come first
        if self._follower is not None:
            self._attempt(self._follower.overhear, head.type, sent.data)

    def _heard(self, head: Head, kind: Any, sent: ServerSentEvent) -> None:
        listeners = self._listeners.of(head.properties.session_id, or_parents=head.type in ASKING)
        if not listeners and head.type != "session.created":
            return
        try:
            event = read(sent.data, kind).properties
        except ValueError:
            self._log.warn("an event {type} that is not as expected", type=head.type)
            return
        self._tell(event, listeners)

    def _tell(self, event: Struct, listeners: tuple[Listener, ...]) -> None:
        if isinstance(event, SessionCreated):
            self._listeners.has_begun(event.info.parent_id, event.info.id)
            return
        for listener in listeners:
            self._attempt(listener.hear, event)

    def _attempt(self, hear: Callable[..., None], *what: Any) -> None:
        try:
            hear(*what)
        except Exception:  # noqa: BLE001 - one run's bug must not end the events of all
            self._log.failure("an event was not understood")

    def _is_there(self) -> None:
        self.connected = True
        self._complained = False
        self._pause = FIRST_PAUSE
        self._tell_waiting()
        if self._has_gap:
            self._has_gap = False
            self._look()
        if self._follower is not None:
            self._attempt(self._follower.begun)

    # -- what was asked in a gap

    def _look(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        looking = self._looking = Deferred.fromCoroutine(self._tell_what_waits())
        looking.addErrback(self._not_looked)

    async def _tell_what_waits(self) -> None:
        for asked in await what_waits(self._api):
            await self._listeners.trace(asked.session_id, self._api)
            self._tell(asked, self._listeners.of(asked.session_id, or_parents=True))

    def _not_looked(self, failure: Failure) -> None:
        if failure.check(Refused):
            self._log.warn("what waits for an answer is not known: {why}", why=failure.value)
        elif not failure.check(CancelledError):
            self._log.failure("what waits for an answer is not known", failure)


ASKING = ("permission.asked", "question.asked")


def _hung_up() -> Refused:
    sentence = "the stream of events was given up"
    return Refused("HTTP_ERROR", sentence, where="provider", retryable=True)
