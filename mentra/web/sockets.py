"""WebSockets towards engines' servers, opened in time or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any

from autobahn.twisted.websocket import WebSocketClientFactory
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

import mentra
from mentra.errors import Refused
from mentra.interfaces.network import IDial, IWebSocketClient, IWebSocketListener
from mentra.web.client import reason_of, was_cancelled
from mentra.web.connection import Connection, Making, Silence

LEAVING = 1001


@implementer(IWebSocketClient)
class WebSocketClient(Service):
    """Opens them; what is open when it stops is closed with 1001."""

    def __init__(self, dial: IDial, clock: IReactorTime) -> None:
        self._dial = dial
        self._clock = clock
        self._open: set[Connection] = set()

    def open(
        self,
        url: str,
        listener: IWebSocketListener,
        *,
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] = (),
        within: float = 10.0,
        max_frame: int = 1_048_576,
        max_queue: int = 262_144,
    ) -> Deferred[Connection]:
        """Connect and upgrade; cancelling the Deferred hangs up.

        :raises Refused: it cannot be had.
        """
        made = Making(listener, self._clock, max_frame, max_queue, self._open)
        opening = Deferred.fromCoroutine(self._opened(url, headers or {}, subprotocols, made))
        return opening.addTimeout(within, self._clock, _overdue)

    async def _opened(
        self, url: str, headers: Mapping[str, str], subprotocols: Sequence[str], made: Making
    ) -> Connection:
        try:
            endpoint = self._dial.endpoint(url)
            factory = _factory(url, headers, subprotocols, made)
            connection: Connection = await endpoint.connect(factory)
            return await connection.opened
        except Refused:
            raise
        except Exception as problem:
            if was_cancelled(problem):
                raise CancelledError from problem
            raise Refused(
                "UNREACHABLE", reason_of(problem), where="provider", retryable=True
            ) from problem

    def stopService(self) -> Any:
        """Say goodbye; nobody is told, for they are stopped as well."""
        super().stopService()
        for connection in tuple(self._open):
            connection.close(LEAVING)
            connection.abort()


class _Factory(WebSocketClientFactory):
    made: Making
    log = Silence()
    noisy = False

    def buildProtocol(self, address: object) -> Connection:
        """A connection."""
        connection = Connection(self.made)
        connection.factory = self
        return connection


def _factory(
    url: str, headers: Mapping[str, str], subprotocols: Sequence[str], made: Making
) -> _Factory:
    factory = _Factory(
        url,
        headers=dict(headers),
        protocols=list(subprotocols),
        useragent=f"mentra/{mentra.__version__}",
        reactor=made.clock,
    )
    factory.made = made
    factory.setProtocolOptions(
        maxFramePayloadSize=made.max_frame,
        maxMessagePayloadSize=made.max_frame,
        failByDrop=False,
        # these would follow Autobahn's own clock
        openHandshakeTimeout=0,
        closeHandshakeTimeout=0,
        serverConnectionDropTimeout=0,
    )
    return factory


def _overdue(result: object, seconds: float) -> Failure:
    message = f"no WebSocket within {seconds:g} s"
    return Failure(Refused("TIMEOUT", message, where="provider", retryable=True))
