"""The wearer's calendar.  Source: docs/protocol/phone.rst."""

from typing import Any

from mentra.messages import Relayed


class CalendarEvent(Relayed, frozen=True, kw_only=True, tag="calendar_event"):
    """Something in the wearer's calendar.

    :ivar event_id: phones call it ``id`` too, and the others ``startDate``, ``endDate`` and
        ``timeZone``.
    """

    event_id: Any = None
    title: Any = None
    dt_start: Any = None
    dt_end: Any = None
    timezone: Any = None
    time_stamp: Any = None
    id: Any = None
    start_date: Any = None
    end_date: Any = None
    time_zone: Any = None
