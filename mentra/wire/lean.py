"""Keeps idle connections small and upgrades cheap, by what Autobahn does for debugging alone.

Touches instance attributes that Autobahn's protocol sets in ``_connectionMade`` and
``processHandshake``, and the two colouring helpers of ``autobahn.twisted.websocket``; every name
that is not there is passed over.
"""

from typing import Any

import autobahn.twisted.websocket as autobahn_twisted
import autobahn.websocket.protocol as autobahn_protocol
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


DROPPED = (
    "http_request_data", "http_response_data", "http_status_line", "http_headers",
    "http_request_uri", "http_request_path", "http_request_params", "http_request_host",
    "websocket_protocols", "websocket_extensions", "websocket_origin", "_wskey",
    "websocket_key", "_transport_details", "_valid_events", "_listeners", "_parent",
)  # fmt: skip
"""Texts and details of a handshake that is over."""


def slim_down(peer: Any) -> None:
    """Forget what the handshake left behind, and whatever equals the class's own default."""
    attributes = peer.__dict__
    for name in DROPPED:
        if name in attributes and hasattr(type(peer), name):
            del attributes[name]
    defaults = type(peer).lean_defaults
    for name, default in defaults.items():
        if name in attributes and attributes[name] == default:
            del attributes[name]
    # a dict that shrank keeps its size until it is made anew
    peer.__dict__ = dict(attributes)


def lean_defaults() -> dict[str, Any]:
    """Class attributes that let most instance attributes of an idle peer go."""
    false = dict.fromkeys(
        (
            "wasMaxFramePayloadSizeExceeded", "wasMaxMessagePayloadSizeExceeded", "closedByMe",
            "failedByMe", "droppedByMe", "wasClean", "wasServerConnectionDropTimeout",
            "wasOpenHandshakeTimeout", "wasCloseHandshakeTimeout", "inside_message", "triggered",
            "wasServingFlashSocketPolicyFile",
        ),
        False,
    )  # fmt: skip
    none = dict.fromkeys(
        (
            "wasNotCleanReason", "localCloseCode", "localCloseReason", "remoteCloseCode",
            "remoteCloseReason", "openHandshakeTimeoutCall", "closeHandshakeTimeoutCall",
            "autoPingTimeoutCall", "autoPingPending", "autoPingPendingCall", "autoPingPendingSent",
            "_perMessageCompress", "current_frame", "trackedTimings", "websocket_protocol_in_use",
        )
    )  # fmt: skip
    return {**false, **none, "autoPingPendingSeq": 0, "data": b"", "websocket_version": 13}


def _same(value: object, *args: object, **kwargs: object) -> object:
    return value


def without_colours() -> None:
    """Stop Autobahn from colouring words for debug lines that are never printed."""
    for module in (autobahn_twisted, autobahn_protocol):
        for name in ("hltype", "hlval"):
            if hasattr(module, name):
                setattr(module, name, _same)
