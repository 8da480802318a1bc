"""The wearer's calendar: kept, told, and told again to newcomers.

Source: docs/protocol/phone.rst, "calendar".
"""

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from zope.interface import implementer

from mentra.errors import Denied
from mentra.events import SubscriptionsChanged
from mentra.extension import (
    Access,
    ConfigSection,
    ManagerFactory,
    Section,
    handler,
    listener,
    route,
)
from mentra.glasses.callers import Taken, session_of
from mentra.interfaces.glasses import IRelay
from mentra.interfaces.messaging import IContext
from mentra.interfaces.phone import ICalendar
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.web import ICall
from mentra.messages.calendar import CalendarEvent
from mentra.messages.stamps import iso, seconds_of

MAX_TEXT = 1000
"""Characters of each text that are kept."""

MAX_UPLOADED = 2000
"""Entries that are looked at in one upload; to read and sort more would hold others up."""

STREAM = CalendarEvent.tag()


class CalendarSettings(Section, frozen=True, kw_only=True):
    """[calendar]: the wearers' calendars."""

    max_entries: Annotated[
        int, Meta(ge=1, le=10_000, description="Entries that are kept of a wearer, in memory.")
    ] = 100


calendar_section = ConfigSection("calendar", CalendarSettings)

_NONE_GIVEN = "events, calendar or an event is required"


class CalendarEntry(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag=STREAM
):
    """An entry as apps are told it; times are ISO 8601."""

    event_id: str
    title: str
    dt_start: str
    dt_end: str
    timezone: str
    time_stamp: str


def entry_of(said: object, now: float) -> CalendarEntry | None:
    """What a phone says in either of its spellings; None if it has neither id nor start.

    :param now: POSIX seconds.
    """
    if not isinstance(said, dict):
        return None
    event_id = _text(said, "eventId", "id")
    start = _time(said, "dtStart", "startDate")
    if not event_id or not start:
        return None
    return CalendarEntry(
        event_id=event_id,
        title=_text(said, "title"),
        dt_start=start,
        dt_end=_time(said, "dtEnd", "endDate"),
        timezone=_text(said, "timezone", "timeZone"),
        time_stamp=_time(said, "timeStamp") or iso(now),
    )


def _text(said: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = said.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            # half a surrogate pair can be read from JSON, and not be written
            return str(value)[:MAX_TEXT].encode("utf-8", "replace").decode()
    return ""


def _time(said: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = said.get(name)
        seconds = seconds_of(value) if isinstance(value, int | float) else None
        if seconds is not None:
            return iso(seconds)
    return _text(said, *names)


@implementer(ICalendar)
class Calendar:
    """Keeps what comes next."""

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._now = services.now
        settings: CalendarSettings = services.settings(CalendarSettings)
        self._most = settings.max_entries
        self._entries: dict[tuple[str, str], CalendarEntry] = {}

    def add(self, entries: Iterable[CalendarEntry]) -> None:
        """Keep entries and tell the subscribers of each, the next one first."""
        new = {(one.event_id, one.dt_start): one for one in entries}
        told = self._sorted(new.values())[: self._most]
        self._entries |= new
        self._trim()
        for entry in told:
            IRelay(self._session).relay(STREAM, msgspec.json.encode(entry))

    def keep(self, entry: CalendarEntry) -> None:
        """Keep one that the subscribers are told of by somebody else."""
        self._entries[entry.event_id, entry.dt_start] = entry
        self._trim()

    def upcoming(self) -> tuple[CalendarEntry, ...]:
        """Every entry: those that are not over yet first, in order; then the latest first."""
        return tuple(self._sorted(self._entries.values()))

    def replay(self, package_name: str, own: str) -> None:
        """Tell an app everything that is kept."""
        for entry in self.upcoming():
            IRelay(self._session).to_app(package_name, own, msgspec.json.encode(entry))

    def _trim(self) -> None:
        if len(self._entries) > self._most:
            kept = self.upcoming()[: self._most]
            self._entries = {(one.event_id, one.dt_start): one for one in kept}

    def _sorted(self, entries: Iterable[CalendarEntry]) -> list[CalendarEntry]:
        now = self._now()

        def rank(entry: CalendarEntry) -> tuple[bool, float]:
            start = seconds_of(entry.dt_start)
            if start is None:
                return True, math.inf
            end = seconds_of(entry.dt_end)
            is_over = max(start, end or start) < now
            return is_over, -start if is_over else start

        return sorted(entries, key=rank)


calendar_manager = ManagerFactory(ICalendar, Calendar)


@handler("glasses", CalendarEvent)
def calendar_event(message: CalendarEvent, context: IContext) -> None:
    """Keep it; apps that subscribed hear of it."""
    said = msgspec.to_builtins(msgspec.structs.replace(message, raw=b""))
    entry = entry_of(said, context.services.now())
    if entry is None:
        # no use later, but whoever subscribed may make something of it
        IRelay(context.session).relay(STREAM, message.raw)
    elif message.event_id is None or message.dt_start is None:
        ICalendar(context.session).add([entry])
    else:
        ICalendar(context.session).keep(entry)
        IRelay(context.session).relay(STREAM, message.raw)


@listener(SubscriptionsChanged)
def subscriptions_for_calendar(event: SubscriptionsChanged, session: IUserSession) -> None:
    """Who subscribes anew is told what is known."""
    if STREAM in event.after - event.before:
        ICalendar(session).replay(event.package_name, STREAM)


class CalendarUpload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Entries in one of the phones' spellings; a single one may stand bare.

    :ivar events: a list of them.
    :ivar calendar: one, or a list.
    """

    events: Any = None
    calendar: Any = None
    event: Any = None
    event_id: Any = None
    id: Any = None
    title: Any = None
    dt_start: Any = None
    dt_end: Any = None
    timezone: Any = None
    time_stamp: Any = None
    start_date: Any = None
    end_date: Any = None
    time_zone: Any = None


@route(
    "POST", "/api/client/calendar",
    access=Access.USER, body=CalendarUpload, answer=Taken, max_body=1_048_576,
    errors={400: _NONE_GIVEN},
)  # fmt: skip
def post_calendar(call: ICall) -> Taken:
    """The phone's calendar; what cannot be read in it is passed over."""
    session, now = session_of(call), call.services.now()
    said = _said(call.body)
    if said is None:
        raise Denied(400, {"success": False, "error": _NONE_GIVEN, "message": _NONE_GIVEN})
    found = (entry_of(one, now) for one in said)
    ICalendar(session).add([entry for entry in found if entry is not None])
    return Taken(timestamp=iso(now))


def _said(upload: CalendarUpload) -> list[Any] | None:
    for given in (upload.events, upload.calendar, upload.event):
        if isinstance(given, list):
            return given[:MAX_UPLOADED]
        if isinstance(given, dict):
            return [given]
    bare = msgspec.to_builtins(upload)
    return [bare] if entry_of(bare, 0.0) is not None else None
