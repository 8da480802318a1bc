"""Translates one text at a time: every final one, and of the others the newest."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import Refused
from mentra.glasses.captions.wishes import Wish
from mentra.hearing import Heard

MOST_FINALS = 20
"""Final texts that wait for their translation; beyond them the oldest is given up."""

BEHIND = Refused("TOO_BUSY", "the translator is too far behind", where="provider", retryable=True)


@attrs.frozen
class Said:
    """Something that was said."""

    wish: Wish
    heard: Heard
    utterance_id: str


class Lane:
    """The way from one language into another.

    :param translate: from a text to an awaitable of its translation.
    :param done: called with what was said and its translation.
    :param failed: the same for what could not be translated, with the reason.
    """

    _log = Logger()

    def __init__(
        self,
        translate: Callable[[str], Awaitable[str]],
        done: Callable[[Said, str], None],
        failed: Callable[[Said, Refused], None],
    ) -> None:
        self._translate = translate
        self._done = done
        self._failed = failed
        self._finals: deque[Said] = deque()
        self._interim: Said | None = None
        self._now: Said | None = None
        self._under_way: Deferred[None] | None = None

    def put(self, said: Said) -> None:
        """Translate it as soon as possible."""
        if not said.heard.is_final:
            self._interim = said
        else:
            self._finals.append(said)
            # nobody needs it any more
            self._interim = None
            if self._now is not None and not self._now.heard.is_final:
                self._hang_up()
        if len(self._finals) > MOST_FINALS:
            self._failed(self._finals.popleft(), BEHIND)
        self._next()

    def stop(self) -> None:
        """Translate nothing more."""
        self._finals.clear()
        self._interim = None
        self._hang_up()

    def _hang_up(self) -> None:
        under_way, self._under_way, self._now = self._under_way, None, None
        if under_way is not None:
            under_way.cancel()

    def _next(self) -> None:
        if self._now is not None:
            return
        if self._finals:
            said = self._finals.popleft()
        elif self._interim is not None:
            said, self._interim = self._interim, None
        else:
            return
        self._now = said
        under_way: Deferred[Any] = Deferred.fromCoroutine(self._work(said))
        under_way.addErrback(self._complain, said)
        if self._now is said:
            self._under_way = under_way

    async def _work(self, said: Said) -> None:
        problem: Refused | None = None
        text = said.heard.text
        try:
            text = await self._translate(text)
        except Refused as refused:
            problem = refused
        if self._now is not said:
            return
        self._now = self._under_way = None
        if problem is None:
            self._done(said, text)
        else:
            self._failed(said, problem)
        self._next()

    def _complain(self, failure: Failure, said: Said) -> None:
        if failure.check(CancelledError) is not None:
            return
        self._log.failure("a translation failed", failure=failure)
        if self._now is said:
            self._now = self._under_way = None
            self._next()
