"""What the wearer sees.  Source: docs/protocol."""

from typing import Any, ClassVar

from mentra.messages import Message


class DisplayRequest(Message, frozen=True, kw_only=True, tag="display_event"):
    """An app asks to show something.

    :ivar view: ``main`` or ``dashboard``.
    :ivar layout: object with ``layoutType`` and its fields; passed on as it is.
    :ivar duration_ms: how long to keep it up, milliseconds; None or 0 is "until replaced".
    :ivar force_display: skip the throttle (not the boot screen, not another app's lock).
    """

    view: str = "main"
    layout: dict[str, Any] | None = None
    duration_ms: float | None = None
    force_display: bool = False


class ShowDisplay(Message, frozen=True, kw_only=True, tag="display_event"):
    """Draw this on the glasses; phones require ``view``."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    session_id: str
    package_name: str
    view: str
    layout: dict[str, Any]
    duration_ms: float | None = None
