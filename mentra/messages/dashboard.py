"""The dashboard.  Source: docs/protocol/dashboard.rst."""

from typing import Any, ClassVar

from mentra.messages import GivesWay, Message, Relayed


class DashboardContentUpdate(Message, frozen=True, kw_only=True, tag="dashboard_content_update"):
    """An app writes on the dashboard.

    :ivar content: text; a layout object is understood too.
    :ivar modes: ``main``, ``expanded``.
    :ivar timestamp: when it was written: ISO 8601, or milliseconds since 1970.
    """

    content: Any = ""
    modes: list[Any] = []  # noqa: RUF012 - msgspec gives every instance its own
    timestamp: Any = None


class DashboardModeChange(Message, frozen=True, kw_only=True, tag="dashboard_mode_change"):
    """The dashboard app wants another mode.

    :ivar mode: ``main``, ``expanded`` or ``none``.
    """

    mode: str


class DashboardSystemUpdate(Message, frozen=True, kw_only=True, tag="dashboard_system_update"):
    """The dashboard app fills a corner.

    :ivar section: ``topLeft``, ``topRight``, ``bottomLeft`` or ``bottomRight``.
    """

    section: str
    content: str


class DashboardModeChanged(Message, frozen=True, kw_only=True, tag="dashboard_mode_changed"):
    """Tell an app which mode is shown."""

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST
    session_id: str
    mode: str


class HeadPosition(Relayed, frozen=True, kw_only=True, tag="head_position"):
    """The wearer moved the head.

    :ivar position: ``up`` or ``down``.
    """

    position: str = ""
