"""Handlers, interceptors, peers, paths and the router."""

from typing import Any

from zope.interface import Attribute, Interface


class IMessageHandler(Interface):
    """Owns one message type on one path.  A plugin: stateless, shared by all sessions."""

    path: str = Attribute("Path it arrives on: ``glasses``, ``app``, ``voice``, ...")
    message_type: type = Attribute("The message class (a subclass of ``mentra.messages.Message``).")
    name: str = Attribute("``module:function``, for logs and listings.")

    def handle(message: Any, context: Any) -> Any:
        """Act on *message*; return the answer, None, or an awaitable of either.

        Messages of one peer are handled in order: while an awaitable is pending, the peer's next
        message waits.  Wait for stores and services, never for another peer.

        :param context: an :class:`IContext`.
        :raises mentra.errors.Refused: the sender is told why; the connection stays.
        :raises mentra.errors.Dismissed: the sender is told why and closed.
        """


class IInterceptor(Interface):
    """Sees every message of a path before and after its handler: audit, metrics, policy.

    A plugin: stateless, shared by all sessions.  Interceptors run in the order of ``order``, then
    of their names.
    """

    path: str = Attribute("Path it watches; ``*`` is every path.")
    order: int = Attribute("Lower runs earlier.")
    name: str = Attribute("For logs and listings.")

    def before(message: Any, context: Any) -> None:
        """Look at *message* before its handler; it is not to be changed.

        :raises mentra.errors.Refused: the handler is not called, the sender is told why.
        """

    def after(message: Any, answer: Any, context: Any) -> None:
        """Look at what became of *message*: the answer, None, or the ``Fault`` sent instead."""


class IContext(Interface):
    """What a handler is given besides the message.  One per peer, so keep no reference to it; on
    paths whose requests run side by side, one per request."""

    session: Any = Attribute("The peer's :class:`IUserSession`; None before its handshake.")
    peer: Any = Attribute("The :class:`IPeer` the message came from.")
    services: Any = Attribute("The :class:`mentra.interfaces.services.IServices`.")
    correlation_id: str = Attribute(
        "Names this very message in logs and error frames; put together when it is read."
    )
    request_id: Any = Attribute(
        "What the sender calls this request, on paths where requests have names; else None."
    )

    def enter(session: Any, identity: Any) -> None:
        """The handshake is done: the peer belongs to *session* as *identity* from now on.

        :param identity: a :class:`mentra.identity.Identity`.
        """


class IPeer(Interface):
    """One connection."""

    peer_id: str = Attribute("Unique in this process, short, free of personal data.")
    path: str = Attribute("The path's name.")
    address: str = Attribute("IP address of the client, behind trusted proxies the forwarded one.")
    identity: Any = Attribute("The :class:`mentra.identity.Identity`, None before the handshake.")
    alive: bool = Attribute("Whether sending makes sense.")
    opened_at: float = Attribute("Clock seconds of the upgrade.")
    last_seen: float = Attribute("Clock seconds of the last sign of life (frame or pong).")
    messages: int = Attribute("How many messages came.")
    at_door: bool = Attribute("Whether it came through the path's own port.")

    admitted: Any = Attribute(
        "What the path's ``admit`` returned, if that was a :class:`mentra.extension.Admitted`."
    )

    def send(message: Any) -> bool:
        """Send *message*; False if the connection is not open.  Never raises for a closed one.

        Sending the same message object to many peers encodes it once.
        """

    def splice(head: bytes, body: bytes) -> bool:
        """Send a text frame of the two parts as they are: an envelope around text that was
        received.  False if the connection is not open."""

    def close(code: int = 1000, reason: str = "") -> None:
        """Send what is queued, then the close frame.  A second call does nothing."""


class IUpgrade(Interface):
    """A request to open a connection, before the 101."""

    address: str = Attribute("IP address of the client, behind trusted proxies the forwarded one.")
    path: str = Attribute("URL path.")
    at_door: bool = Attribute("Whether it came through the path's own port.")
    subprotocols: tuple[str, ...] = Attribute("What the client offers to speak, best first.")

    def header(name: str) -> str | None:
        """The header's value, name in any case; None if absent."""

    def query(name: str) -> str | None:
        """The query parameter's first value; None if absent."""


class IPath(Interface):
    """One WebSocket path: who may enter, and what happens as peers come and go.  A plugin."""

    name: str = Attribute("What handlers call it: ``glasses``, ``app``, ...")
    urls: tuple[str, ...] = Attribute("URL paths it is served at, e.g. ``('/glasses-ws',)``.")
    dialect: str = Attribute("How its frames are spelt; a name the composition root knows.")
    handshake: tuple[type, ...] = Attribute("Message classes a peer may send before ``enter``.")

    def limits(services: Any) -> Any:
        """The bounds of its peers, a :class:`mentra.extension.Limits`; asked once, at start."""

    def admit(upgrade: Any, services: Any) -> Any:
        """Who asks: a :class:`mentra.identity.Identity`, or None for "will say in its first frame";
        or a :class:`mentra.extension.Admitted` that says more.

        :param upgrade: an :class:`IUpgrade`.
        :raises mentra.errors.Denied: HTTP status and JSON body for the client.
        """

    def opened(context: Any) -> Any:
        """A peer is there.  May ``enter`` a session, send, return an answer or an awaitable of one.

        ``context.peer.identity`` is what ``admit`` returned.

        :raises mentra.errors.Dismissed: the peer is told why and closed.
        """

    def premature(message: Any, context: Any) -> Any:
        """Answer a message that came before the handshake and is none of ``handshake``.

        :raises mentra.errors.Dismissed: the peer is told why and closed.
        """

    def farewell(context: Any) -> Any:
        """The server stops: the frame to send before the close 1001, or None."""

    def closed(context: Any, code: int, reason: str) -> None:
        """The connection is gone.

        :param code: close code; 1006 if there was no close frame.
        """


class IPlaces(Interface):
    """A path that says by itself where it is served, for that is configured.  Provided besides
    :class:`IPath`, whose ``urls`` are ignored then."""

    def places(services: Any) -> Any:
        """A :class:`mentra.extension.Places`, asked once, at start; an empty one: nowhere."""

    def listening(port: int, services: Any) -> None:
        """Its own port is open, and it is *port*.

        :raises mentra.errors.MentraError: the server does not start.
        """


class IWindowed(Interface):
    """A path that answers messages that are too many.  Provided besides :class:`IPath` where
    ``Limits.window`` is set."""

    def too_many(payload: bytes, retry_after: float, context: Any) -> Any:
        """The answer to a frame that came too soon and is not looked at, or None.

        :param payload: as it came.
        :param retry_after: seconds until the next one is taken.
        """


class IWorking(Interface):
    """A path with work in hand that no handler waits for.  Provided besides :class:`IPath`."""

    def working(services: Any) -> bool:
        """Whether there is any; a stop of the server waits for its end, up to the drain time."""


class IRouter(Interface):
    """Finds the handler of a message and is the one place where a plugin's bug stops."""

    path: str = Attribute("The path's name.")
    message_types: tuple[type, ...] = Attribute("Every class somebody handles on this path.")

    def route(message: Any, context: Any) -> Any:
        """The handler's answer, or an awaitable of it; a ``Fault`` for the peer if it failed.

        :raises mentra.errors.Dismissed: passed on from the handler.
        """


class IDialect(Interface):
    """Spells the messages of one path as frames, and reads them.  No I/O."""

    def decode(payload: bytes, is_binary: bool) -> Any:
        """The message in *payload* (text is valid UTF-8).

        :raises mentra.errors.Malformed: it is none; ``answer`` may say what the sender is told.
        """

    def encode(message: Any) -> tuple[bytes, bool]:
        """The frame's payload, and whether it is a binary frame."""


class IRequestDialect(IDialect):
    """A dialect in which an answer names its request, so that requests run side by side.

    ``decode`` may give a :class:`mentra.extension.Asked`; any other message is handled all the
    same, and its answer sent as it is.
    """

    def reply(asked: Any, answer: Any) -> Any:
        """*answer* as the answer to *asked*: a message, or None where nothing is to be sent.

        :param answer: what the handler gave: a message, None (done, nothing to say), or a
            ``mentra.messages.Fault``.
        """
