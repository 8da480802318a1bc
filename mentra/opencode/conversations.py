"""The prompts that are being answered: one at a time in a session, whichever client it is of."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredList, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import Refused
from mentra.messages.opencode import ChatCompleted, Payload, SendMessage
from mentra.opencode.api import OpencodeApi, Unanswered, if_known
from mentra.opencode.confidential import Confidential
from mentra.opencode.conversation import Conversation, busy
from mentra.opencode.feed import Feed

IDLE_EVERY, IDLE_WITHIN = 0.1, 15.0
"""Seconds: how often it is looked whether a session that was stopped has stopped."""

WATCH = 1.0
"""Seconds that a session is looked at after its client is gone."""

LAST_WORDS = 5.0
"""Seconds that the end of the bridge waits until the server knows what to stop."""


class Conversations(Service):
    """Begins runs, stops them, and leaves none behind at the server."""

    _log = Logger()

    def __init__(
        self, api: OpencodeApi, feed: Feed, clock: IReactorTime, confidential: Confidential
    ) -> None:
        self._api = api
        self._feed = feed
        self._clock = clock
        self._confidential = confidential
        self._running: dict[str, Conversation] = {}
        self._held: Counter[str] = Counter()
        self._errands: set[Deferred[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def stopService(self) -> Deferred[Any]:
        """Wait until the server knows what nobody waits for any more."""
        super().stopService()
        told: Deferred[Any] = DeferredList(list(self._errands))
        # at the end of that time they are cancelled
        told.addTimeout(LAST_WORDS, self._clock)
        told.addErrback(lambda failure: failure.trap(TimeoutError))
        return told

    def begin(self, message: SendMessage, send: Callable[[Payload], object]) -> Conversation:
        """A run that nothing has been done for yet; :meth:`finish` does.

        :raises Refused: ``INVALID_REQUEST`` or ``BUSY``.
        """
        _check(message)
        session_id = message.session_id
        if session_id in self._running or self._held[session_id]:
            raise busy()
        conversation = Conversation(
            message, send,
            api=self._api, feed=self._feed, clock=self._clock, confidential=self._confidential,
        )  # fmt: skip
        self._running[session_id] = conversation
        return conversation

    async def finish(self, conversation: Conversation) -> ChatCompleted:
        """Have it done; what to tell the client last.  If that is cancelled the server is told.

        :raises Refused: it cannot be done.
        """
        session_id = conversation.session_id
        try:
            return await conversation.go()
        except (CancelledError, Unanswered):
            # it may go on there, and wait for somebody who is gone
            if conversation.has_begun:
                self._hold(session_id, self._stop(session_id))
            raise
        finally:
            del self._running[session_id]

    async def cancel(self, session_id: str) -> None:
        """Stop what runs in a session, whoever began it.

        :raises Refused: the server cannot be told, or it can be no session.
        """
        conversation = self._running.get(session_id)
        if conversation is not None:
            await conversation.cancel()
        else:
            await self._api.abort(session_id)

    async def remove(self, session_id: str) -> None:
        """Delete a session; one that is busy is stopped first, else its run would go on unseen.

        :raises Refused: it cannot be done.
        """
        self._held[session_id] += 1
        try:
            conversation = self._running.get(session_id)
            if conversation is not None:
                await conversation.cancel()
            await self._quiet(session_id)
            await self._api.delete_session(session_id)
        finally:
            self._release(session_id)

    async def _quiet(self, session_id: str, watch: float = 0.0) -> None:
        """Stop what runs in a session, and wait until it has stopped.

        :param watch: seconds that it has to stay so: what was asked a moment ago may only begin.
        """
        began = self._clock.seconds()
        quiet_until = began + watch
        while True:
            now = self._clock.seconds()
            if await self._is_busy(session_id):
                if now - began > IDLE_WITHIN:
                    raise busy()
                await self._api.abort(session_id)
                quiet_until = now + watch
            elif now >= quiet_until:
                return
            await deferLater(self._clock, IDLE_EVERY)

    async def _stop(self, session_id: str) -> None:
        await self._api.abort(session_id)
        await self._quiet(session_id, WATCH)

    async def _is_busy(self, session_id: str) -> bool:
        status = (await if_known(self._api.statuses(), {})).get(session_id)
        return session_id in self._running or (status is not None and status.type != "idle")

    def _hold(self, session_id: str, errand: Any) -> None:
        """Let nobody into the session until *errand* is done."""
        self._held[session_id] += 1
        running = Deferred.fromCoroutine(errand)
        self._errands.add(running)
        running.addErrback(self._not_stopped)

        def done(_: object) -> None:
            self._errands.discard(running)
            self._release(session_id)

        running.addBoth(done)

    def _release(self, session_id: str) -> None:
        self._held[session_id] -= 1
        if not self._held[session_id]:
            del self._held[session_id]

    def _not_stopped(self, failure: Failure) -> None:
        if failure.check(Refused):
            self._log.warn("a run was not stopped: {why}", why=failure.getErrorMessage())
        elif not failure.check(CancelledError):
            self._log.failure("a run was not stopped", failure)


def _check(message: SendMessage) -> None:
    for field in ("session_id", "text"):
        if not getattr(message, field):
            raise Refused("INVALID_REQUEST", f"{field} is missing", where="app")
    if bool(message.provider_id) != bool(message.model_id):
        sentence = "provider_id and model_id go together, or are both left out"
        raise Refused("INVALID_REQUEST", sentence, where="app")
