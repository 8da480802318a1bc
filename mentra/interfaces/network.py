"""How engines, and whatever else has its address from the configuration, reach servers."""

from typing import Any

from zope.interface import Attribute, Interface

from mentra.interfaces.services import IHttpClient


class IGuardedHttpClient(IHttpClient):
    """The :class:`IHttpClient` for addresses that the configuration names, and the one that engines
    find in their services: with ``[privacy] air_gap`` it reaches nothing but local and private
    addresses.  Adapt the services to it.

    That of the services themselves is for the servers of apps, wherever these are."""


class IOutgoing(Interface):
    """Where a part of the server that is no engine connects to.  A plugin, for ``config check``;
    what it connects by is :class:`IGuardedHttpClient` or :class:`IDial`."""

    name: str = Attribute("What it is, for people: ``the OpenCode bridge``.")
    struct: type = Attribute("The section of the configuration that says where.")

    def leads(settings: Any) -> Any:
        """Where that section has it connect to: ``section.key`` to the address, in the forms of
        :meth:`IDial.endpoint`; nothing where it is not in use."""


class IDial(Interface):
    """The way from engines to their servers.  Every connection of an engine begins here: with
    ``[privacy] air_gap`` it leads to local and private addresses only, which is decided anew for
    each connection, by the address it really goes to.  Adapt the services to it."""

    def endpoint(address: str) -> Any:
        """An ``IStreamClientEndpoint`` that leads to *address*; TLS where its scheme has it, with
        the server's certificate verified.  ``connect`` fails with
        :class:`mentra.errors.Refused`, code ``AIR_GAP``, where it must not go.

        :param address: ``host:port``, ``unix:PATH``, or a URL of ``tcp``, ``http``, ``https``,
            ``ws`` or ``wss``.
        :raises mentra.errors.Refused: code ``BAD_ADDRESS``: it is none.
        """


class IWebSocketClient(Interface):
    """WebSockets towards engines' servers, by way of :class:`IDial`.  Adapt the services to it."""

    def open(
        url: str,
        listener: Any,
        *,
        headers: Any = None,
        subprotocols: Any = (),
        within: float = 10.0,
        max_frame: int = 1_048_576,
        max_queue: int = 262_144,
    ) -> Any:
        """Connect and upgrade; an awaitable of an :class:`IWebSocket`.  Cancelling hangs up.

        :param listener: an :class:`IWebSocketListener`.
        :param headers: of the upgrade; they are in no error and no log.
        :param within: seconds for name, connection, TLS and upgrade together.
        :param max_frame: longest message of the server, bytes; a longer one ends it with 1009.
        :param max_queue: bytes that wait while the server does not read.
        :raises mentra.errors.UpgradeRefused: the server answered with something else than 101.
        :raises mentra.errors.Refused: code ``UNREACHABLE``, ``TIMEOUT``, ``AIR_GAP`` or
            ``BAD_ADDRESS``.
        """


class IWebSocket(Interface):
    """A connection that is open, and shown to be alive by pings."""

    queued: int = Attribute("Bytes that wait for the server to read.")
    dropped: int = Attribute("Bytes of messages that have given way so far.")

    def send(payload: Any, *, may_drop: bool = False) -> None:
        """Send a text (``str``) or binary (``bytes``) message.  Never waits, never raises; quiet
        once it is over.

        :param may_drop: it gives way, the oldest first, when too much waits.  If what may not
            drop is too much alone, the connection ends with 1006.
        """

    def close(code: int = 1000, reason: str = "") -> None:
        """Send what waits, and end it; the listener hears nothing more."""

    def abort() -> None:
        """End it at once; the listener hears nothing more."""


class IWebSocketListener(Interface):
    """Whoever opened a WebSocket.  None of these may wait."""

    def text(payload: str) -> None:
        """A text message came."""

    def binary(payload: bytes) -> None:
        """A binary message came."""

    def closed(code: int, reason: str) -> None:
        """It is over, and was not ended by whoever opened it; said once.

        :param code: what the server's close frame said; 1006 if there was none: the connection
            broke, or nothing came from the server for too long.
        """
