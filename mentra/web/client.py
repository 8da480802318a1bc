"""HTTP towards app servers and engines: bounded in time and size, and going where it was sent."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import msgspec
from treq.client import HTTPClient
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import (
    ConnectingCancelledError,
    ConnectionRefusedError,
    DNSLookupError,
    TimeoutError,
)
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.error import SchemeNotSupported
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

import mentra
from mentra.dial import Dial, DialledAgent
from mentra.errors import Refused
from mentra.interfaces.services import IHttpAnswer, IHttpClient
from mentra.web.bodies import Arriving, Body, Broken, Collector, Passing

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 4.0
"""How long an unused connection is kept: Node closes its side after 5 s."""
MAX_COMPLAINT = 65_536
"""Bytes kept of the body of an answer that was to come bit by bit, but is an error."""


@implementer(IHttpAnswer)
@attrs.frozen
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: Headers

    def header(self, name: str) -> str | None:
        """The header *name*, its first if there are several; None without."""
        values = self.headers.getRawHeaders(name)
        return values[0] if values else None


@implementer(IHttpClient)
class HttpClient(Service):
    """Asks; a redirection is an answer like any other, and cookies are forgotten.

    :param pool: of *agent*; its connections are closed when this service stops.
    """

    _log = Logger()

    def __init__(
        self, agent: IAgent, clock: IReactorTime, pool: HTTPConnectionPool | None = None
    ) -> None:
        self._agent = Verbatim(agent)
        self._clock: Any = clock  # treq wants to see a whole reactor
        self._pool = pool

    @classmethod
    def on(cls, reactor: Any, dial: Dial | None = None) -> "HttpClient":
        """A client with a pool of connections of its own.

        :param dial: how it connects, where that is not for everybody to reach.
        """
        pool: Any = QuietPool(reactor)
        pool.cachedConnectionTimeout = IDLE_SECONDS
        if dial is None:
            agent = Agent(reactor, connectTimeout=CONNECT_SECONDS, pool=pool)
        else:
            agent = Agent.usingEndpointFactory(reactor, DialledAgent(dial), pool)
        return cls(agent, reactor, pool)

    def stopService(self) -> Any:
        """Close the connections that are kept."""
        super().stopService()
        return None if self._pool is None else self._pool.closeCachedConnections()

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        max_bytes: int = 1_048_576,
    ) -> Deferred[Answer]:
        """Do it; cancelling the Deferred gives the exchange up.

        :raises Refused: code ``UNREACHABLE``, ``TIMEOUT`` or ``TOO_LARGE``.
        """
        question = Question.of(method, url, json, body, content_type, headers)
        asked = Deferred.fromCoroutine(self._exchange(question, max_bytes))
        return asked.addTimeout(timeout, self._clock, _overdue)

    def stream(
        self,
        method: str,
        url: str,
        received: Callable[[bytes], object],
        *,
        json: Any = None,
        body: bytes | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        begun: Callable[[Answer], object] | None = None,
        begin_within: float = 30.0,
        silence: float = 60.0,
    ) -> Deferred[Answer]:
        """Do it, and have the body bit by bit; cancelling the Deferred gives the exchange up.

        :raises Refused: code ``UNREACHABLE`` or ``TIMEOUT``.
        """
        question = Question.of(method, url, json, body, content_type, headers)

        def arriving(answer: Answer) -> Arriving:
            if answer.status // 100 != 2:
                return Collector(MAX_COMPLAINT, cut=True, clock=self._clock, silence=silence)
            told = begun or _nobody
            return Passing(received, lambda: told(answer), self._clock, silence)

        return Deferred.fromCoroutine(self._flow(question, arriving, begin_within))

    async def _exchange(self, question: "Question", max_bytes: int) -> Answer:
        response = await self._ask(question)
        return await self._whole(response, Collector(max_bytes))

    async def _flow(
        self, question: "Question", arriving: Callable[[Answer], Arriving], begin_within: float
    ) -> Answer:
        asked = Deferred.fromCoroutine(self._ask(question))
        response = await asked.addTimeout(begin_within, self._clock, _overdue)
        return await self._whole(response, arriving(Answer(response.code, b"", response.headers)))

    async def _ask(self, question: "Question") -> Any:
        # one for each request: treq keeps cookies, and users must not share them
        client = HTTPClient(self._agent, data_to_body_producer=Body)
        try:
            return await client.request(
                question.method, question.url, headers=question.headers, data=question.body,
                allow_redirects=False, unbuffered=True, reactor=self._clock,
            )  # fmt: skip
        except Exception as problem:
            raise self._translated(problem) from problem

    async def _whole(self, response: Any, arriving: Arriving) -> Answer:
        response.deliverBody(arriving)
        try:
            return Answer(response.code, await arriving.done, response.headers)
        except Broken as broken:
            raise self._translated(broken.reason) from broken

    def _translated(self, problem: BaseException | None) -> Exception:
        if isinstance(problem, Refused):
            return problem
        if was_cancelled(problem):
            return CancelledError()
        self._log.debug("a request failed: {kind}", kind=type(problem).__name__)
        return Refused("UNREACHABLE", reason_of(problem), where="app", retryable=True)


class QuietPool(HTTPConnectionPool):
    """Says nothing of connections: Twisted's makes two lines of each.

    Wraps ``_factory``; a Twisted without it is not quiet, and works all the same.
    """

    def __init__(self, reactor: Any) -> None:
        super().__init__(reactor)
        usual = getattr(self, "_factory", None)
        if usual is not None:
            self._factory: Any = type("QuietFactory", (usual,), {"noisy": False})


@attrs.frozen
class Question:
    """A request, ready to be sent."""

    method: str
    url: str
    headers: Headers
    body: bytes | None

    @classmethod
    def of(
        cls,
        method: str,
        url: str,
        json: Any,
        body: bytes | None,
        content_type: str | None,
        headers: Mapping[str, str] | None,
    ) -> "Question":
        """With *json* as its body, or *body* as it is."""
        sent = Headers({"User-Agent": [f"mentra/{mentra.__version__}"]})
        if json is not None:
            body, content_type = msgspec.json.encode(json), content_type or "application/json"
        if body is not None:
            sent.setRawHeaders("Content-Type", [content_type or "application/octet-stream"])
        for name, value in (headers or {}).items():
            sent.setRawHeaders(name, [value])
        return cls(method, url, sent, body)


@implementer(IAgent)
class Verbatim:
    """Beneath treq: asks for no compression and shows none, so that treq unpacks nothing.

    What is unpacked before anyone bounds it may be a thousand times what was sent.
    """

    def __init__(self, agent: IAgent) -> None:
        self._agent = agent

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """As the inner agent does."""
        plain = Headers() if headers is None else headers.copy()
        plain.removeHeader("accept-encoding")
        asked: Deferred[IResponse] = self._agent.request(method, uri, plain, bodyProducer)
        return asked.addCallback(_as_it_came)


def _nobody(answer: Answer) -> None:
    """Nobody wants to know when it begins."""


def _as_it_came(response: IResponse) -> IResponse:
    response.headers.removeHeader("content-encoding")
    return response


def _overdue(result: object, seconds: float) -> Failure:
    message = f"no answer within {seconds:g} s"
    return Failure(Refused("TIMEOUT", message, where="app", retryable=True))


def was_cancelled(problem: BaseException | None) -> bool:
    """Whether somebody gave up, whatever Twisted made of it."""
    if isinstance(problem, CancelledError | ConnectingCancelledError):
        return True
    # Twisted's client wraps what happened to it
    reasons: list[Failure] = getattr(problem, "reasons", None) or []
    return any(was_cancelled(reason.value) for reason in reasons)


def reason_of(problem: BaseException | None) -> str:
    """Why there is no connection, in words for people."""
    if isinstance(problem, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(problem, DNSLookupError):
        return "the host name is not known"
    if isinstance(problem, TimeoutError):
        return f"no connection within {CONNECT_SECONDS:g} s"
    if isinstance(problem, SchemeNotSupported | ValueError):
        return "its URL is not usable"
    return "the connection failed"
