"""The channels of browser pages, for plugins: what they may tell whom."""

from typing import Any

from zope.interface import Attribute, Interface


class IChannelClient(Interface):
    """One connection of a page; what ``context.session`` is on the path ``channels``."""

    client_id: str = Attribute("A UUID, which the page knows.")
    user_id: str | None = Attribute(
        "Canonical id of whose page it is; None before it has shown its token."
    )
    connected_at: float = Attribute("Wall time, POSIX seconds.")
    last_activity: float = Attribute("Wall time of the last sign of life, POSIX seconds.")
    request_count: int = Attribute("How many frames came.")
    active_seconds: float = Attribute("How long something was asked at least once a minute.")

    def asked(moment: float) -> None:
        """Something was asked at that moment, clock seconds."""

    def emit(event: Any) -> bool:
        """Send a :class:`mentra.messages.channels.Event` to this very page; False if it is gone."""


class IChannels(Interface):
    """Every page that is connected to this process.  Adapt the services to it.

    A page that is gone is passed over, and never costs the others anything.  Sending one event
    object to many encodes it once.
    """

    count: int = Attribute("How many pages have been let in.")

    def clients(user_id: str | None = None) -> Any:
        """The :class:`IChannelClient` of each page (of that user): a tuple, in order of coming."""

    def client(client_id: str) -> Any:
        """The :class:`IChannelClient` of that id, or None."""

    def emit(event: Any) -> int:
        """Tell everybody; how many were reached.  For what is no one person's."""

    def emit_to(client_id: str, event: Any) -> bool:
        """Tell one page; False if it is not there."""

    def emit_to_many(client_ids: Any, event: Any) -> int:
        """Tell some pages; how many were reached."""

    def emit_to_user(user_id: str, event: Any) -> int:
        """Tell every page of one person; how many were reached."""

    def on_connection(hook: Any) -> Any:
        """Have *hook* called with each :class:`IChannelClient` that is let in from now on; returns
        a function that ends it.  What a hook raises is logged, and costs nobody anything."""

    def on_disconnection(hook: Any) -> Any:
        """The same with each that is gone."""


class IChannelDoor(Interface):
    """The port that channels have of their own.  Adapt the services to it."""

    user_id: str = Attribute("Canonical id of whose pages come there.")
    port: int | None = Attribute("The port, once it is open.")
    is_open: bool = Attribute("Whether pages need no token there.")

    def fits(token: str) -> bool:
        """Whether this is the token; constant time."""


class IPageSettings(Interface):
    """What holds for a person's pages: what they set, over what the server says, over the defaults.
    Adapt the services to it."""

    def all(user_id: str) -> Any:
        """An awaitable of all settings, spelt as on the wire: a dict."""

    def get(user_id: str, key: str) -> Any:
        """An awaitable of the setting with that path (``imageGen.autoRun``); None if there is none.

        :raises mentra.errors.Refused: ``INVALID_MESSAGE``: it is no path.
        """

    def change(user_id: str, edit: Any) -> Any:
        """Have *edit* (see :meth:`mentra.interfaces.channel_stores.IKeptSettings.change`) change
        what the person has set, if what comes of it can be; an awaitable of all settings before and
        after.

        :raises mentra.errors.Refused: ``INVALID_MESSAGE`` or ``SETTINGS_FULL``.
        """


class IChannelKeeper(Interface):
    """Does now and then what has to be done for what channels keep.  Adapt the services to it to
    have it begin."""

    def work() -> Any:
        """Do all of it now; an awaitable."""


class IArtifactRunner(Interface):
    """Has artifacts work, each in a process of its own.  Adapt the services to it."""

    def run(user_id: str, artifact: Any, given: Any) -> Any:
        """An awaitable of what the artifact gives for *given*, JSON's types both.  Cancelling it
        ends the process.

        :raises mentra.errors.Refused: ``INVALID_MESSAGE`` (the input does not fit its schema),
            ``NOT_FOUND``, ``CODE_NOT_ALLOWED``, ``BAD_OUTPUT``, ``FAILED``, ``TOO_SLOW``,
            ``TOO_LARGE`` or ``ENGINE_UNAVAILABLE``.
        """
