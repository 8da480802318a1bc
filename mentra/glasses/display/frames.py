"""Frames: what apps ask to be shown, and what the house shows itself.

Source: docs/protocol, "display".
"""

from collections.abc import Iterable
from typing import Any

import attrs
import msgspec

from mentra.errors import Refused
from mentra.messages.display import DisplayRequest, ShowDisplay

MAX_DEPTH = 8
"""Objects and lists within one another in a layout."""

MAX_ITEMS = 1000
"""Fields and list entries in a layout, the frames of an animation among them."""

HOUSE = ""
"""Owner of the frames that no app asked for."""


@attrs.frozen(eq=False)
class Frame:
    """Something to show.  Two frames are never equal: the same text may be asked for twice.

    :ivar owner: the app's package, or ``HOUSE``.
    :ivar requested_at: clock seconds.
    :ivar expires_at: clock seconds; None stays until it is replaced.
    :ivar forced: does not wait for the throttle.
    """

    owner: str
    message: ShowDisplay
    requested_at: float
    expires_at: float | None = None
    forced: bool = False

    @property
    def is_main(self) -> bool:
        """Whether it covers the main view; an app may also draw on the dashboard."""
        return self.message.view != "dashboard"

    def is_up(self, now: float) -> bool:
        """Whether the wearer may still see it."""
        return self.expires_at is None or self.expires_at > now

    def is_valid(self, now: float, restorable: float) -> bool:
        """Whether it is worth showing once more; a duration of 0 says that it is not."""
        if self.expires_at is not None:
            return self.expires_at > now
        return self.message.duration_ms is None and now - self.requested_at < restorable


def frame_of(
    owner: str, request: DisplayRequest, layout: dict[str, Any], session_id: str, now: float
) -> Frame:
    """The frame that an app asks for: its request as it is, on its way to the glasses."""
    duration = request.duration_ms
    if duration is not None and duration == int(duration):
        duration = int(duration)
    return Frame(
        owner=owner,
        message=ShowDisplay(
            session_id=session_id,
            package_name=owner,
            view=request.view,
            layout=layout,
            duration_ms=duration,
        ),
        requested_at=now,
        expires_at=now + duration / 1000 if duration is not None and duration > 0 else None,
        forced=request.force_display,
    )


def blank(dashboard: str, session_id: str, now: float) -> Frame:
    """Nothing, on the main view."""
    empty = {"layoutType": "text_wall", "text": ""}
    message = ShowDisplay(
        session_id=session_id, package_name=dashboard, view="main", layout=empty, duration_ms=0
    )
    return Frame(HOUSE, message, now)


def words(dashboard: str, session_id: str, text: str) -> ShowDisplay:
    """A text of the house's own."""
    layout = {"layoutType": "text_wall", "text": text}
    return ShowDisplay(session_id=session_id, package_name=dashboard, view="main", layout=layout)


def boot_screen(dashboard: str, session_id: str, names: Iterable[str]) -> ShowDisplay:
    """What is seen while apps start."""
    starting = list(names)
    card = {
        "layoutType": "reference_card",
        "title": f"// MentraOS - Starting App{'s' if len(starting) > 1 else ''}",
        "text": ", ".join(starting),
    }
    return ShowDisplay(session_id=session_id, package_name=dashboard, view="main", layout=card)


def check_layout(request: DisplayRequest, most: int) -> None:
    """Let a layout by that is no burden.

    :param most: bytes of JSON.
    :raises Refused: ``LAYOUT_TOO_LARGE``, or ``MALFORMED_MESSAGE`` where it is no text.
    """
    if _is_sprawling(request.layout):
        raise Refused(
            "LAYOUT_TOO_LARGE",
            f"A layout has at most {MAX_ITEMS} entries, {MAX_DEPTH} levels deep",
            where="app",
        )
    try:
        size = len(msgspec.json.encode(request.layout)) + len(request.view.encode())
    except UnicodeEncodeError as wrong:
        text = "A layout holds half a surrogate pair"
        raise Refused("MALFORMED_MESSAGE", text, where="app") from wrong
    if size > most:
        raise Refused(
            "LAYOUT_TOO_LARGE", f"A layout has at most {most} bytes, not {size}", where="app"
        )


def _is_sprawling(layout: Any) -> bool:
    level, items = [layout], 0
    for _ in range(MAX_DEPTH):
        items += sum(map(len, level))
        if items > MAX_ITEMS:
            return True
        values = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for inner in values for one in inner if isinstance(one, dict | list)]
        if not level:
            return False
    return True
