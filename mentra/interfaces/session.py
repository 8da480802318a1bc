"""A user's session, the sessions, and what hangs off them."""

from typing import Any

from zope.interface import Attribute, Interface


class IUserSession(Interface):
    """One user, while glasses are connected or expected back.

    Adapt it to a manager's interface (``IDisplay(session)``) to get that manager, which is built
    when first asked for and ends with the session.  It is a Twisted ``MultiService``.
    """

    user_id: str = Attribute("Canonical e-mail address; also the session id on the wire.")
    user: Any = Attribute("The :class:`mentra.records.User` as it is now.")
    number: int = Attribute("Rises with every session: tells a newer one from an older.")
    started_at: float = Attribute("Wall time of its start, POSIX seconds.")
    glasses: Any = Attribute("The current glasses :class:`IPeer`, None while the phone is away.")
    arrivals: int = Attribute("How many glasses sockets it has had.")
    ending: bool = Attribute("True from ``SessionEnding`` on.")

    def to_glasses(message: Any) -> bool:
        """Send *message* to the phone; False while it is away."""

    def built(interface: Any) -> Any:
        """The manager of that interface if somebody asked for it already, else None: for those who
        would rather not have it built."""

    def announce(event: Any) -> None:
        """Tell every listener of the event's class, in order; a listener's bug is only logged."""

    def remember(user: Any) -> None:
        """The user's record changed: *user* is what ``user`` says from now on."""


class ISessions(Interface):
    """All sessions of this process.  Adapt the services to it."""

    def get(user_id: str) -> Any:
        """The user's session, or None."""

    def all() -> Any:
        """All sessions, a tuple, in order of their start."""

    def glasses_opened(user_id: str, peer: Any) -> Any:
        """A glasses socket of *user_id* is there: its session, made or re-attached; an awaitable.

        An older socket of the user is closed with 1000 and starts nothing.

        :raises mentra.errors.Refused: no more sessions are taken.
        """

    def glasses_returned(user_id: str, peer: Any) -> Any:
        """The same at once, if the user has a session: else None, and nothing was done."""

    def glasses_closed(session: Any, peer: Any) -> None:
        """*peer* is gone; starts the session's grace if it was the current one."""

    def end(session: Any, reason: str) -> Any:
        """End *session* now; an awaitable.  Ends that session, never a newer one of its user."""


class IManagerFactory(Interface):
    """Makes a session's facet.  A plugin."""

    provides: Any = Attribute("The interface that a session adapts to through it.")

    def build(session: Any, services: Any) -> Any:
        """A new manager for *session*; a Twisted ``IService`` among them is started and stopped
        with the session."""


class IListener(Interface):
    """Hears one class of events in every session.  A plugin: stateless."""

    event_type: type = Attribute("The event class (a subclass of ``mentra.events.Event``).")
    order: int = Attribute("Lower hears earlier; 0 unless there is a reason.")
    name: str = Attribute("``module:function``, for logs and listings.")

    def heard(event: Any, session: Any) -> None:
        """*event* happened in *session*.  Must not wait."""
