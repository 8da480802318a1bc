"""The dashboard: time, battery, what comes next and what has come in, for who looks up.

Started with three environment variables: PACKAGE_NAME, MENTRAOS_API_KEY and PORT.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from mentra.sdk import AppServer, AppSession

log = logging.getLogger("dashboard")

LONGEST = 60
"""Characters of a line."""


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Corners:
    """What one wearer sees in the four corners."""

    def __init__(self, session: AppSession, now: Callable[[], datetime]) -> None:
        self._session = session
        self._now = now
        self._events: dict[tuple[str, str], tuple[datetime, str]] = {}
        self._notification = ""
        session.on("calendar_event", self._calendar)
        session.on("phone_notification", self._notified)
        session.on("phone_notification_dismissed", self._dismissed)
        session.on_device(self._device)

    async def keep_time(self) -> None:
        """Show the time, every minute anew; until cancelled."""
        while True:
            self.draw_time()
            await asyncio.sleep(60 - self._now().second)

    def draw_time(self) -> None:
        """Show the time and what comes next."""
        now = self._now()
        self._fill("topLeft", f"{now.astimezone(self._zone()):%H:%M}")
        self._events = {key: event for key, event in self._events.items() if event[0] >= now}
        coming = sorted(self._events.values())
        starts = [f"{start.astimezone(self._zone()):%H:%M} {title}" for start, title in coming]
        self._fill("bottomLeft", starts[0] if starts else "")

    def _zone(self) -> tzinfo | None:
        name = self._session.mentraos_settings.get("userTimezone")
        try:
            return ZoneInfo(name) if isinstance(name, str) else None
        except (KeyError, ValueError, OSError):
            return None  # the server's own

    def _device(self, news: dict[str, Any]) -> None:
        if news.keys() & {"batteryLevel", "charging"}:
            device = self._session.device
            level, charging = device.get("batteryLevel"), "+" if device.get("charging") else ""
            self._fill("topRight", "" if level is None else f"{level}%{charging}")

    def _calendar(self, event: dict[str, Any]) -> None:
        try:
            start = datetime.fromisoformat(event["dtStart"])
        except (KeyError, ValueError):
            return
        key = event.get("eventId", ""), event["dtStart"]
        self._events[key] = start if start.tzinfo else start.astimezone(), event.get("title", "")
        self.draw_time()

    def _notified(self, notification: dict[str, Any]) -> None:
        self._notification = notification["notificationId"]
        text = f"{notification.get('title', '')}: {notification.get('content', '')}"
        self._fill("bottomRight", " ".join(text.split()))

    def _dismissed(self, notification: dict[str, Any]) -> None:
        if notification.get("notificationId") == self._notification:
            self._fill("bottomRight", "")

    def _fill(self, section: str, text: str) -> None:
        self._session.fill_dashboard(section, text[:LONGEST])


class Dashboard(AppServer):
    """One session per wearer; the server starts it by itself."""

    def __init__(self, *arguments: Any, now: Callable[[], datetime] = utc_now, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._now = now
        self._clocks: dict[str, asyncio.Task[None]] = {}

    async def on_session(self, session: AppSession) -> None:
        """A wearer is there."""
        self._stop_clock(session)
        corners = Corners(session, self._now)
        self._clocks[session.session_id] = asyncio.ensure_future(corners.keep_time())
        log.info("one more wearer has a dashboard")

    async def on_stop(self, session: AppSession, reason: str) -> None:
        """The wearer went away."""
        self._stop_clock(session)

    def _stop_clock(self, session: AppSession) -> None:
        clock = self._clocks.pop(session.session_id, None)
        if clock is not None:
            clock.cancel()


def main() -> None:
    """Run until Ctrl-C."""
    package_name, api_key = os.environ.get("PACKAGE_NAME"), os.environ.get("MENTRAOS_API_KEY")
    if not package_name or not api_key:
        raise SystemExit(
            "set PACKAGE_NAME and MENTRAOS_API_KEY, as given to and printed by: mentra app add"
        )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    Dashboard(package_name, api_key, port=int(os.environ.get("PORT", "7011"))).run()


if __name__ == "__main__":
    main()
