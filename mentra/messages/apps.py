"""Starting and stopping apps.  Source: docs/protocol."""

from typing import Any, ClassVar

import msgspec

from mentra.messages import GivesWay, Message, Relayed


class StartApp(Relayed, frozen=True, kw_only=True, tag="start_app"):
    """The wearer starts an app."""

    package_name: str


class StopApp(Relayed, frozen=True, kw_only=True, tag="stop_app"):
    """The wearer stops an app."""

    package_name: str


class AppStateChange(Message, frozen=True, kw_only=True, tag="app_state_change"):
    """Some app's state changed; phones fetch their list of apps again."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST
    session_id: str
    error: str | None = None
    user_session: dict[str, Any] | None = None


class AppStopped(Message, frozen=True, kw_only=True, tag="app_stopped"):
    """Tells an app that it is being stopped; close 1000 follows.

    :ivar reason: ``user_disabled``, ``system_stop`` or ``error``.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    # a plain default would be left out on the wire
    reason: str = msgspec.field(default_factory=lambda: "user_disabled")
    message: str | None = None


class AppGone(Message, frozen=True, kw_only=True, tag="app_stopped"):
    """Tells the phone that an app could not be brought back."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    package_name: str
