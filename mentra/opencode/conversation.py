"""One prompt on its way: the request that ends when the run ends, and the events meanwhile."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import (
    CancelledError,
    Deferred,
    FirstError,
    TimeoutError,
    gatherResults,
)
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from mentra.errors import Refused
from mentra.messages.opencode import ChatCompleted, Payload, SendMessage
from mentra.opencode.answers import Info, SessionStatus, Struct, Whole
from mentra.opencode.api import OpencodeApi, if_known
from mentra.opencode.confidential import Confidential
from mentra.opencode.feed import Feed
from mentra.opencode.run import Run

LAG = 1.0
"""Seconds that events may be late when a run has ended; what they would have told is read then."""

LOOK_BACK = 100
"""Messages that are read when some may have been missed; a run makes one for each of its steps."""

INSIST_EVERY, INSIST_FOR = 0.5, 15.0
"""Seconds: an abort that comes before the server has begun is lost, so it is said again."""


class Conversation:
    """A run of a session.

    :param send: called with each payload for the client, but for the last.
    """

    _log = Logger()

    def __init__(
        self,
        message: SendMessage,
        send: Callable[[Payload], object],
        *,
        api: OpencodeApi,
        feed: Feed,
        clock: IReactorTime,
        confidential: Confidential,
    ) -> None:
        self.session_id = message.session_id
        self._message = message
        self._send = send
        self._api = api
        self._feed = feed
        self._clock = clock
        self._confidential = confidential
        self._run: Run | None = None
        self._asked: Deferred[Whole] | None = None
        self._errands: set[Deferred[Any]] = set()
        self._idle: Deferred[None] | None = None
        self._cancelled = self._given_up = self._insists = False

    async def go(self) -> ChatCompleted:
        """Have the model answer; what to tell the client last.

        :raises Refused: it cannot be done; ``BUSY`` if the session does something already.
        """
        try:
            await self._feed.listen(self.session_id, self)
            run = self._run = Run(
                self.session_id, await self._last_asked(), self._send, self._confidential
            )
            last = None if self._cancelled else await self._prompt()
            if last is None:
                return run.cut_short()
            await self._settle(run)
            return run.finish(last, stopped=self._cancelled)
        finally:
            self._feed.forget(self.session_id, self)
            for errand in tuple(self._errands):
                errand.cancel()

    async def cancel(self) -> None:
        """Stop it; it ends soon.

        :raises Refused: the server cannot be told.
        """
        self._cancelled = True
        if self._asked is None or self._asked.called:
            return
        if not self._insists:
            self._insists = True
            self._begin(self._insist())
        await self._api.abort(self.session_id)

    @property
    def has_begun(self) -> bool:
        """Whether the server was asked."""
        return self._asked is not None

    # -- what happens

    def hear(self, event: Struct) -> None:
        """Something happened in the session."""
        run = self._run
        if run is None:
            return
        if isinstance(event, SessionStatus) and event.status.type == "retry":
            self._log.info("the provider fails, attempt {attempt}", attempt=event.status.attempt)
        run.hear(event)
        if run.is_idle and self._idle is not None:
            idle, self._idle = self._idle, None
            idle.callback(None)

    def missed(self) -> None:
        """Events may have been missed."""
        if self._run is not None:
            self._run.missed()

    # -- how

    async def _last_asked(self) -> str | None:
        """The user's message that came last.

        :raises Refused: ``BUSY``, or nobody answers.
        """
        # what it refuses to tell, what is asked of it next shows
        both: list[Deferred[Any]] = [
            Deferred.fromCoroutine(if_known(self._api.statuses(), {})),
            Deferred.fromCoroutine(if_known(self._api.messages(self.session_id, 1), [])),
        ]
        try:
            statuses, messages = await gatherResults(both, consumeErrors=True)
        except FirstError as problem:
            problem.subFailure.raiseException()
        status = statuses.get(self.session_id)
        if status is not None and status.type != "idle":
            raise busy()
        if not messages:
            return None
        last: Info = messages[-1].info
        return last.parent_id if last.role == "assistant" else last.id

    async def _prompt(self) -> Whole | None:
        """The last message; None if the server was told to stop, and says nothing any more."""
        asked = Deferred.fromCoroutine(self._api.prompt(self.session_id, body_of(self._message)))
        self._asked = asked
        try:
            return await asked
        except CancelledError:
            if not self._given_up:
                raise
            return None

    async def _insist(self) -> None:
        began = self._clock.seconds()
        while self._clock.seconds() - began < INSIST_FOR:
            await deferLater(self._clock, INSIST_EVERY)
            try:
                await self._api.abort(self.session_id)
            except Refused as refusal:
                self._log.debug("an abort failed: {why}", why=refusal.message)
        self._given_up = True
        if self._asked is not None:
            self._asked.cancel()

    async def _settle(self, run: Run) -> None:
        """Have what was said before the end, events being late or missing."""
        if not run.is_idle and self._feed.connected:
            self._idle = Deferred()
            try:
                await self._idle.addTimeout(LAG, self._clock)
            except TimeoutError:
                self._idle = None
        if run.has_gaps or not run.is_idle:
            try:
                run.catch_up(await self._api.messages(self.session_id, LOOK_BACK))
            except Refused as refusal:
                self._log.warn("what may be missing cannot be read: {why}", why=refusal.message)

    def _begin(self, errand: Any) -> None:
        """Own *errand*; it ends with the run."""
        running = Deferred.fromCoroutine(errand)
        self._errands.add(running)
        running.addErrback(self._errand_failed)
        running.addBoth(lambda _: self._errands.discard(running))

    def _errand_failed(self, failure: Any) -> None:
        if failure.check(Refused):
            self._log.warn("the server was told in vain: {why}", why=failure.getErrorMessage())
        elif not failure.check(CancelledError):
            self._log.failure("an errand failed", failure)


def body_of(message: SendMessage) -> dict[str, Any]:
    """What the server is sent."""
    body: dict[str, Any] = {"parts": [{"type": "text", "text": message.text}]}
    if message.provider_id and message.model_id:
        body["model"] = {"providerID": message.provider_id, "modelID": message.model_id}
    if message.agent:
        body["agent"] = message.agent
    return body


def busy() -> Refused:
    """What is told to whoever comes too early."""
    return Refused("BUSY", "this session is busy", where="provider", retryable=True)
