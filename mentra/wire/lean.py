"""Keeps idle connections small, busy ones quick and upgrades cheap.

Autobahn's protocol keeps some sixty attributes in a dictionary of its own for every connection,
and does much for debug lines that are never printed.  Here those attributes stand in slots: eight
bytes each, and the interpreter reads them without a look-up, whichever connection it is.

Names attributes that Autobahn's protocol sets on itself, and the two colouring helpers, ``pformat``
and ``Utf8Validator`` of its modules; a name that is not theirs any more costs nothing, and an
attribute without a slot goes into a dictionary as ever.  Calls ``_connectionMade``, if it is there.
"""

from collections import deque
from typing import Any

import autobahn.twisted.websocket as autobahn_twisted
import autobahn.websocket.protocol as autobahn_protocol
from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.wamp.types import TransportDetails
from autobahn.websocket.protocol import TrafficStats
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.logger import Logger


class QuietLog:
    """Takes the place of Autobahn's logger: nothing per message, and no query strings.

    What Autobahn would warn of is told by our counters (closes by code) instead.
    """

    _log = Logger(namespace="autobahn")

    def trace(self, *args: object, **fields: object) -> None:
        """Not told."""

    debug = info = warn = trace

    def error(self, text: str, **fields: object) -> None:
        """Told: this is a fault of ours, not of a peer."""
        self._log.error(text, **fields)

    critical = failure = error


HANDSHAKE = (
    "http_request_data", "http_response_data", "http_status_line", "http_headers",
    "http_request_uri", "http_request_path", "http_request_params", "http_request_host",
    "websocket_protocols", "websocket_protocol_in_use", "websocket_extensions",
    "websocket_extensions_in_use", "websocket_origin", "_wskey", "_transport_details",
    "_valid_events", "_results",
)  # fmt: skip
"""What is over with the handshake: texts, details, and events that nobody is told of."""

BUSY = (
    "_batch", "_longest_now", "_quick_way", "_rate_mark", "_state", "_unsent", "context", "factory",
    "held", "lane", "last_seen", "messages", "reading", "transport",
)  # fmt: skip
"""What is looked at for every message: side by side at the beginning of the object, for with many
connections fetching it from memory is much of what a message costs."""

LASTING = (
    # of the connection
    "connected", "peer", "data", "current_frame", "inside_message", "is_open", "is_closed",
    "websocket_version", "trafficStats", "trackedTimings", "_perMessageCompress",
    # of sending
    "send_state", "send_queue", "triggered",
    # of the end
    "wasClean", "wasNotCleanReason", "closedByMe", "failedByMe", "droppedByMe",
    "localCloseCode", "localCloseReason", "remoteCloseCode", "remoteCloseReason",
    "wasMaxFramePayloadSizeExceeded", "wasMaxMessagePayloadSizeExceeded",
    "wasServerConnectionDropTimeout", "wasOpenHandshakeTimeout", "wasCloseHandshakeTimeout",
    "wasServingFlashSocketPolicyFile",
    # of timers, which are ours
    "openHandshakeTimeoutCall", "closeHandshakeTimeoutCall", "autoPingTimeoutCall",
    "autoPingPending", "autoPingPendingCall", "autoPingPendingSeq", "autoPingPendingSent",
)  # fmt: skip
"""What Autobahn sets on every connection besides."""


class _Nobody:
    """Takes the place of the two Deferreds that tell of opening and closing: nobody waits."""

    def callback(self, result: object) -> None:
        """Nobody is told."""


_NOBODY = _Nobody()
_NOT_DESCRIBED = TransportDetails(peer="")
_UNREAD = TrafficStats()
_NOTHING_QUEUED: "deque[Any]" = deque(maxlen=0)


class _BusyProtocol(WebSocketServerProtocol):
    __slots__ = BUSY


class LeanProtocol(_BusyProtocol):
    """Autobahn's protocol with its attributes, and the busiest of ours, in slots."""

    __slots__ = (*HANDSHAKE, *LASTING, "_validator")

    log = QuietLog()
    # Autobahn's options stand on a subclass made by the factory, so they are neither copied to
    # each peer nor pretty-printed for a debug line
    CONFIG_ATTRS: list[str] = []  # noqa: RUF012 - never changed; typed as Autobahn's

    def __init__(self) -> None:
        # what a slot hides has a default on Autobahn's or Twisted's class
        self.factory: Any = None
        self.transport: Any = None
        self.peer: Any = None
        self.connected = 0
        self._validator: Any = None
        super().__init__()

    def connectionMade(self) -> None:
        """As Autobahn does it, but for a description of both ends that nobody asks for."""
        if not QUICK_BEGINNING:
            super().connectionMade()
            return
        self._transport_details: Any = _NOT_DESCRIBED
        self._connectionMade()

    @property
    def utf8validator(self) -> Any:
        """Made when text comes in fragments or is invalid: the usual one never comes here."""
        if self._validator is None:
            self._validator = Utf8Validator()
        return self._validator

    @utf8validator.setter
    def utf8validator(self, validator: object) -> None:
        """Autobahn makes one for every connection; ours is made when it is asked for."""
        self._validator = None

    def slim_down(self) -> None:
        """Forget what the handshake left behind, and share what all connections can."""
        for name in HANDSHAKE:
            setattr(self, name, None)
        self.is_open: Any = _NOBODY
        self.is_closed: Any = _NOBODY
        self.trafficStats = _UNREAD
        # for chopped sends alone, which are never made
        self.send_queue = _NOTHING_QUEUED


class LazyValidator:
    """Autobahn's validator of text that comes in pieces, made once it has something to validate.

    Autobahn makes one for every connection, at a fifth of what an upgrade costs.
    """

    __slots__ = ("_validator",)

    def __init__(self) -> None:
        self._validator: Any = None

    def reset(self) -> None:
        """Begin a new text."""
        if self._validator is not None:
            self._validator.reset()

    def validate(self, piece: bytes) -> Any:
        """Autobahn's four figures."""
        if self._validator is None:
            self._validator = Utf8Validator()
        return self._validator.validate(piece)


QUICK_BEGINNING = hasattr(WebSocketServerProtocol, "_connectionMade")
"""Whether Autobahn has what its own ``connectionMade`` calls in the end."""


def _same(value: object, *args: object, **kwargs: object) -> object:
    return value


def without_needless_work() -> None:
    """Stop Autobahn from colouring and laying out words for debug lines that are never printed,
    and from making validators that are never asked.  Nothing that it does looks different."""
    for module in (autobahn_twisted, autobahn_protocol):
        for name in ("hltype", "hlval", "pformat"):
            if hasattr(module, name):
                setattr(module, name, _same)
    if hasattr(autobahn_protocol, "Utf8Validator"):
        autobahn_protocol.Utf8Validator = LazyValidator
