"""Makes the peers of one path, and keeps what they share."""

import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any

import attrs
from autobahn.twisted.websocket import WebSocketServerFactory
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.addresses import Proxies, client_of
from mentra.interfaces.messaging import IDialect, IPath, IRouter, IWorking
from mentra.interfaces.services import IServices
from mentra.messages import Message
from mentra.wire.admission import Admission
from mentra.wire.batch import Batch
from mentra.wire.deadlines import Deadlines
from mentra.wire.fast_receive import AVAILABLE as FAST_RECEIVE
from mentra.wire.frames import BINARY, BINARY_HEADERS, TEXT, TEXT_HEADERS, header
from mentra.wire.heartbeat import Heartbeat
from mentra.wire.lean import without_needless_work
from mentra.wire.opening import AVAILABLE as QUICK_OPENING
from mentra.wire.opening import welcome
from mentra.wire.peer import Peer
from mentra.wire.side_by_side import SideBySidePeer
from mentra.wire.window import WindowedPeer


@attrs.frozen(kw_only=True)
class WireOptions:
    """How connections are kept.

    :ivar fast: use the quick ways in and out where they are available.
    :ivar compression: accept permessage-deflate where it is offered.
    :ivar heartbeat: seconds between two pings of one peer.
    :ivar pong_timeout: seconds without a sign of life; None: never mind.
    :ivar idle_timeout: the same, for paths that do not insist on pongs.
    :ivar handshake_timeout: seconds to complete the upgrade.
    :ivar trusted: proxies whose ``X-Forwarded-For`` is believed.
    """

    fast: bool = True
    compression: bool = False
    heartbeat: float = 10.0
    pong_timeout: float | None = 30.0
    idle_timeout: float = 120.0
    handshake_timeout: float = 10.0
    trusted: Proxies = attrs.field(factory=Proxies)


class PeerFactory(WebSocketServerFactory):
    """The peers of one path.

    :param batch: shared by all paths of the process.
    :param admission: likewise.
    :param timer: measures latencies, seconds.
    :param at_door: these are the peers of the path's own port.
    :ivar counts: message class to how many of them came, for the peers to count up.
    :ivar last_message: what was sent last, and
    :ivar last_frame: how it looks on the wire.
    """

    noisy = False
    log = Peer.log
    _log = Logger()
    _ids = itertools.count(1)

    def __init__(
        self,
        path: IPath,
        router: IRouter,
        dialect: IDialect,
        services: IServices,
        *,
        options: WireOptions,
        batch: Batch,
        admission: Admission,
        reactor: Any,
        timer: Callable[[], float] = time.perf_counter,
        at_door: bool = False,
    ) -> None:
        super().__init__(reactor=reactor, server="mentra")
        without_needless_work()
        self.entrance = path
        self.at_door = at_door
        self.services = services
        self.clock: IReactorTime = services.clock
        self.metrics = services.metrics
        self.counts = self.metrics.counts(path.name)
        self.limits = path.limits(services)
        self.burst = int(self.limits.max_rate * 10)
        # called at every read or message; whoever does so takes them into a local first, for an
        # attribute that is called where it is looked up costs as much again as the call
        self.timer, self.seconds = timer, self.clock.seconds
        self.route = router.route
        self.decode = dialect.decode
        self.encode = dialect.encode
        self.reply = getattr(dialect, "reply", None)
        self.batch = batch
        self.admission = admission
        self.fast = options.fast and FAST_RECEIVE
        self.opens_quickly = options.fast and QUICK_OPENING and not options.compression
        self.welcome = welcome(self.server)
        self.handshakes = Deadlines(self.clock, options.handshake_timeout)
        self.peers: set[Peer] = set()
        self.heartbeat = self._make_heartbeat(options, timer)
        self._trusted = options.trusted
        self.last_message: Message | None = None
        self.last_frame = b""
        self._set_options(options)
        self.protocol = self._make_protocol()
        self.leaving = False

    def _make_heartbeat(self, options: WireOptions, timer: Callable[[], float]) -> Heartbeat:
        observe = self.metrics.observe
        return Heartbeat(
            self.clock,
            interval=options.heartbeat,
            silence=options.pong_timeout if self.limits.pong_matters else None,
            idle=options.idle_timeout,
            timer=timer,
            observe=lambda seconds: observe("ping", seconds),
        )

    def _set_options(self, options: WireOptions) -> None:
        self.setProtocolOptions(
            webStatus=False,
            failByDrop=False,  # else no close frame tells why
            allowNullOrigin=True,  # whose page may come is for the path to say, and how to refuse
            maxFramePayloadSize=self.limits.max_frame,
            maxMessagePayloadSize=self.limits.max_frame,
            # deadlines are ours: Autobahn's batched timers round down to whole seconds
            openHandshakeTimeout=0,
            closeHandshakeTimeout=0,
            autoPingInterval=0,
        )
        if options.compression:
            self.setProtocolOptions(perMessageCompressionAccept=_accept_small_windows)

    def _make_protocol(self) -> type[Peer]:
        """A subclass with Autobahn's options on it, so that no peer carries a copy."""
        named = Peer.CONFIG_ATTRS_COMMON + Peer.CONFIG_ATTRS_SERVER
        settings = {name: getattr(self, name) for name in named}
        accept = settings["perMessageCompressionAccept"]
        settings["perMessageCompressionAccept"] = staticmethod(accept)
        bases: tuple[type, ...] = (Peer,)
        if self.limits.side_by_side > 1:
            bases = (SideBySidePeer,)
        if self.limits.window is not None:
            bases = (WindowedPeer, *bases)
        return type(
            f"{type(self.entrance).__name__}Peer",
            bases,
            {**settings, "__slots__": ()},
        )

    def next_id(self) -> str:
        """A peer id: short, unique in this process, free of personal data."""
        return f"{self.entrance.name}-{next(self._ids)}"

    def client_address(self, host: str, forwarded_for: str | None) -> str:
        """Who is at the other end of a connection from *host*."""
        return client_of(host, forwarded_for, self._trusted).address

    def make_frame(self, message: Message) -> None:
        """Encode *message* into ``last_frame``, unless it is the ``last_message``: whoever sends
        looks first, so that a message to many is encoded once."""
        encode = self.encode
        payload, is_binary = encode(message)
        try:
            beginning = (BINARY_HEADERS if is_binary else TEXT_HEADERS)[len(payload)]
        except IndexError:
            beginning = header(BINARY if is_binary else TEXT, len(payload))
        self.last_frame = beginning + payload
        self.last_message = message

    def report(self, failure: Failure) -> None:
        """Log a bug of the path itself."""
        self._log.failure("the path {path} failed", failure, path=self.entrance.name)

    def busy(self) -> bool:
        """Whether any handler has not answered yet, or the path has other work in hand."""
        if any(peer.lane is not None and peer.lane.working for peer in self.peers):
            return True
        path = self.entrance
        return IWorking.providedBy(path) and bool(IWorking(path).working(self.services))

    def say_goodbye(self) -> None:
        """Tell every peer that the server stops."""
        for peer in tuple(self.peers):
            goodbye = self.entrance.farewell(peer.context)
            if goodbye is not None:
                peer.send(goodbye)
            peer.close(1001, "Server shutting down")

    def cut_off(self) -> None:
        """Whoever is still there has had the time to go."""
        for peer in tuple(self.peers):
            peer.transport.abortConnection()

    def queued(self) -> int:
        """Frames waiting for peers that do not keep up."""
        return sum(len(peer.outbox) for peer in self.peers if peer.outbox is not None)


def _accept_small_windows(offers: Iterable[object]) -> PerMessageDeflateOfferAccept | None:
    """Full windows and context takeover would cost a hundred kilobytes a connection."""
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer) and offer.accept_no_context_takeover:
            return PerMessageDeflateOfferAccept(
                offer,
                request_no_context_takeover=True,
                request_max_window_bits=10 if offer.accept_max_window_bits else 0,
                no_context_takeover=True,
                window_bits=10,
                mem_level=4,
            )
    return None
