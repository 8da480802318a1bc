"""What engines behind a network have in common: keys, refusals, and when to try again."""

import random
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, TypeVar

import attrs
from msgspec import Meta
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from mentra.errors import ConfigError, Refused
from mentra.interfaces.services import IHttpAnswer, ISecretFiles, IServices

ATTEMPTS = 3
FIRST_PAUSE = 0.5
"""Seconds before the second attempt, about; twice that before the third."""

LONGEST_REST = 60.0
"""Seconds a provider is left alone at most, whatever it asks for."""

MAX_BYTES = 1_048_576
_NOTHING = 0.001

T = TypeVar("T")

_CODES = {
    400: "INVALID_REQUEST", 401: "AUTHENTICATION_ERROR", 402: "PERMISSION_DENIED",
    403: "PERMISSION_DENIED", 404: "NOT_FOUND", 408: "TIMEOUT", 429: "RATE_LIMITED",
}  # fmt: skip


KeyFile = Annotated[str, Meta(description="File with the API key, readable by its owner alone.")]
"""The setting of every provider that wants a key."""

GivenKey = Annotated[
    str, Meta(description="The key itself, where the environment has it.", extra={"secret": True})
]


@attrs.frozen
class Key:
    """A provider's key, or why there is none.

    :ivar value: empty where there is none.
    """

    value: str = attrs.field(default="", repr=False)
    problem: str | None = None


def read_key(services: IServices, path: str, what: str, *, given: str = "") -> Key:
    """The key in the file at *path*, an empty path for none.  Only while things are put together.

    :param what: names it in the problem.
    :param given: the key itself, where the environment has it; the file is stronger.
    """
    if not path:
        return Key(given.strip())
    try:
        return Key(ISecretFiles(services).read(path, what))
    except ConfigError as problem:
        return Key(problem=str(problem))


def refusal(name: str, status: int, said: str = "") -> Refused:
    """What an answer of *status* from the provider called *name* means.

    :param said: what it says of it, if that is fit for people.
    """
    code = _CODES.get(status, "SERVER_ERROR" if status >= 500 else "INVALID_REQUEST")
    message = f"{name} answered {status}{': ' if said else ''}{said}"
    return Refused(code, message, where="provider", retryable=is_passing(status))


def is_passing(status: int) -> bool:
    """Whether what an HTTP status complains of may be over soon."""
    return status in (408, 429) or status >= 500


def broken(name: str, message: str = "answered something unexpected") -> Refused:
    """The provider called *name* does not keep to its protocol."""
    return Refused("BAD_ANSWER", f"{name} {message}", where="provider", retryable=True)


def seconds_of(retry_after: str | None, now: float) -> float | None:
    """What ``Retry-After`` asks for: seconds, at most :data:`LONGEST_REST`; None if it says nothing
    that can be read.

    :param now: wall time, POSIX seconds.
    """
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - now
        except (ValueError, OverflowError):
            return None
    # also what is no number
    return min(seconds, LONGEST_REST) if seconds > 0 else 0.0


class Rest:
    """Whether the provider called *name* has asked to be left alone."""

    def __init__(self, name: str, clock: IReactorTime) -> None:
        self._name = name
        self._clock = clock
        self._until = 0.0

    def begin(self, seconds: float) -> None:
        """It wants to hear nothing for so long."""
        self._until = max(self._until, self._clock.seconds() + min(seconds, LONGEST_REST))

    def refuse(self) -> None:
        """Keep to it.

        :raises Refused: ``RATE_LIMITED``, while it lasts.
        """
        if self.left > 0:
            raise Refused(
                "RATE_LIMITED",
                f"{self._name} is to be left alone for another {self.left:.0f} s",
                where="provider",
                retryable=True,
            )

    @property
    def left(self) -> float:
        """Seconds it lasts yet."""
        left = self._until - self._clock.seconds()
        # what is left of a rest that was waited for is what floats cannot say
        return left if left > _NOTHING else 0.0


class Provider:
    """Asks one provider over HTTP: again where that makes sense, and with an end.

    :ivar rest: kept to before each attempt.
    """

    def __init__(
        self, name: str, services: IServices, *, jitter: Callable[[], float] = random.random
    ) -> None:
        self.name = name
        self._http = services.http
        self._clock: Any = services.clock
        self._now = services.now
        self._jitter = jitter
        self.rest = Rest(name, services.clock)

    async def ask(
        self,
        method: str,
        url: str,
        *,
        within: float,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        **content: Any,
    ) -> IHttpAnswer:
        """A 2xx answer.

        :param within: seconds for all attempts together.
        :param content: ``json``, or ``body`` and ``content_type``.
        :raises Refused: there is none; ``where="provider"``.
        """

        async def once(left: float) -> IHttpAnswer:
            answer: IHttpAnswer = await self._http.request(
                method, url, headers=headers, max_bytes=max_bytes, timeout=left, **content
            )
            self.judge(answer)
            return answer

        return await self.trying(once, within)

    async def trying(
        self,
        once: Callable[[float], Awaitable[T]],
        within: float,
        *,
        may_again: Callable[[], bool] = lambda: True,
    ) -> T:
        """What *once* has, which is called with the seconds that are left; several times, after
        growing pauses, while it is refused what may be had soon.

        :param within: seconds for all attempts together.
        :param may_again: asked after an attempt that failed.
        :raises Refused: the last attempt's; ``where="provider"``.
        """
        end = self._clock.seconds() + within
        for attempt in range(1, ATTEMPTS + 1):
            self.rest.refuse()
            try:
                return await once(max(end - self._clock.seconds(), _NOTHING))
            except Refused as problem:
                pause = max(self._pause(attempt), self.rest.left)
                late = self._clock.seconds() + pause >= end
                if attempt == ATTEMPTS or late or not (problem.retryable and may_again()):
                    raise self._in_our_words(problem) from problem
            await self._wait(pause)
        raise AssertionError  # the last attempt returns or raises

    def judge(self, answer: IHttpAnswer, said: str = "") -> None:
        """Take a 2xx answer; after another leave the provider alone for as long as it asks.

        :param said: as of :func:`refusal`.
        :raises Refused: it is another.
        """
        if answer.status // 100 == 2:
            return
        if is_passing(answer.status):
            seconds = seconds_of(answer.header("retry-after"), self._now())
            if seconds:
                self.rest.begin(seconds)
        raise refusal(self.name, answer.status, said)

    def _in_our_words(self, problem: Refused) -> Refused:
        if problem.where == "provider":
            return problem
        code = {"UNREACHABLE": "NETWORK_ERROR", "TOO_LARGE": "BAD_ANSWER"}.get(
            problem.code, problem.code
        )
        return Refused(
            code,
            f"{self.name}: {problem.message}",
            where="provider",
            # what took all the time there was is not tried again here, but may be by others
            retryable=problem.retryable,
        )

    def _pause(self, attempt: int) -> float:
        longest: float = FIRST_PAUSE * 2 ** (attempt - 1)
        return longest * (0.5 + self._jitter() / 2)

    def _wait(self, seconds: float) -> Deferred[None]:
        waited: Deferred[None] = deferLater(self._clock, seconds)
        return waited
