"""HTTP towards app servers and engines: bounded in time and size, and going where it was sent."""

from collections.abc import Mapping
from typing import Any

import attrs
import msgspec
from treq.client import HTTPClient
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import (
    ConnectingCancelledError,
    ConnectionRefusedError,
    DNSLookupError,
    TimeoutError,
)
from twisted.internet.interfaces import IConsumer, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, ResponseDone
from twisted.web.error import SchemeNotSupported
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

import mentra
from mentra.errors import Refused
from mentra.interfaces.services import IHttpAnswer, IHttpClient

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 4.0
"""How long an unused connection is kept: Node closes its side after 5 s."""


@implementer(IHttpAnswer)
@attrs.frozen
class Answer:
    """What came back."""

    status: int
    body: bytes


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
    def on(cls, reactor: Any) -> "HttpClient":
        """A client with a pool of connections of its own."""
        pool: Any = HTTPConnectionPool(reactor)
        pool.cachedConnectionTimeout = IDLE_SECONDS
        return cls(Agent(reactor, connectTimeout=CONNECT_SECONDS, pool=pool), reactor, pool)

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
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        max_bytes: int = 1_048_576,
    ) -> Deferred[Answer]:
        """Do it; cancelling the Deferred gives the exchange up.

        :raises Refused: code ``UNREACHABLE``, ``TIMEOUT`` or ``TOO_LARGE``.
        """
        body = None if json is None else msgspec.json.encode(json)
        sent = Headers({"User-Agent": [f"mentra/{mentra.__version__}"]})
        if body is not None:
            sent.setRawHeaders("Content-Type", ["application/json"])
        for name, value in (headers or {}).items():
            sent.setRawHeaders(name, [value])
        asked = Deferred.fromCoroutine(self._exchange(method, url, sent, body, max_bytes))
        return asked.addTimeout(timeout, self._clock, _overdue)

    async def _exchange(
        self, method: str, url: str, headers: Headers, body: bytes | None, max_bytes: int
    ) -> Answer:
        # one for each request: treq keeps cookies, and users must not share them
        client = HTTPClient(self._agent, data_to_body_producer=Body)
        try:
            response = await client.request(
                method, url, headers=headers, data=body,
                allow_redirects=False, unbuffered=True, reactor=self._clock,
            )  # fmt: skip
            collector = Collector(max_bytes)
            response.deliverBody(collector)
            return Answer(response.code, await collector.done)
        except Refused:
            raise
        except Exception as problem:
            if _was_cancelled(problem):
                raise CancelledError from problem
            self._log.debug("{method} failed: {kind}", method=method, kind=type(problem).__name__)
            raise Refused("UNREACHABLE", _reason(problem), where="app", retryable=True) from problem


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


@implementer(IBodyProducer)
class Body:
    """Sends bytes at once; Twisted's FileBodyProducer takes its turns from the global reactor."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.length = len(content)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Write it."""
        consumer.write(self._content)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Too late."""

    def resumeProducing(self) -> None:
        """Nothing is left."""

    def stopProducing(self) -> None:
        """Too late."""


class Collector(Protocol):
    """Gathers a body, up to a bound.

    :ivar done: fires with it; cancel it to hang up.
    """

    def __init__(self, max_bytes: int) -> None:
        self.done: Deferred[bytes] = Deferred(lambda _: self._hang_up())
        self._left = max_bytes
        self._pieces: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:
        """A piece."""
        self._left -= len(data)
        if self._left >= 0:
            self._pieces.append(data)
        elif not self.done.called:
            self._pieces.clear()
            self.done.errback(Refused("TOO_LARGE", "the answer is too long", where="app"))
            self._hang_up()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """That was all of it, or the connection broke."""
        if self.done.called:
            return
        if reason.check(ResponseDone, PotentialDataLoss):
            self.done.callback(b"".join(self._pieces))
        else:
            self.done.errback(reason)

    def _hang_up(self) -> None:
        transport: Any = self.transport
        transport.loseConnection()


def _as_it_came(response: IResponse) -> IResponse:
    response.headers.removeHeader("content-encoding")
    return response


def _overdue(result: object, seconds: float) -> Failure:
    message = f"no answer within {seconds:g} s"
    return Failure(Refused("TIMEOUT", message, where="app", retryable=True))


def _was_cancelled(problem: BaseException | None) -> bool:
    if isinstance(problem, CancelledError | ConnectingCancelledError):
        return True
    # Twisted's client wraps what happened to it
    reasons: list[Failure] = getattr(problem, "reasons", None) or []
    return any(_was_cancelled(reason.value) for reason in reasons)


def _reason(problem: BaseException) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(problem, DNSLookupError):
        return "the host name is not known"
    if isinstance(problem, TimeoutError):
        return f"no connection within {CONNECT_SECONDS:g} s"
    if isinstance(problem, SchemeNotSupported | ValueError):
        return "its URL is not usable"
    return "the connection failed"
