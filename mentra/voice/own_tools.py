"""The tools that the assistant has by itself: a clock, and the glasses of whoever talks."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from mentra.errors import Refused
from mentra.extension import tool
from mentra.interfaces.glasses import IDisplay
from mentra.interfaces.session import ISessions
from mentra.interfaces.tools import IToolUse
from mentra.voice.settings import VoiceSettings


class WhichClock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the clock hangs."""

    time_zone: Annotated[
        str,
        Meta(max_length=64, description="IANA name such as Europe/Berlin; empty: where we are."),
    ] = ""


@tool("clock", WhichClock)
def clock(asked: WhichClock, use: IToolUse) -> dict[str, str]:
    """Tells the date, the day of the week and the time of day, here or in another time zone."""
    name = asked.time_zone or use.services.settings(VoiceSettings).time_zone
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError) as problem:
        raise Refused("UNKNOWN_TIME_ZONE", f"there is no time zone {name}") from problem
    now = datetime.fromtimestamp(use.services.now(), zone)
    return {
        "date": now.date().isoformat(),
        "day": now.strftime("%A"),
        "time": now.strftime("%H:%M:%S"),
        "timeZone": name,
    }


class WhatToShow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something for the glasses."""

    text: Annotated[
        str, Meta(min_length=1, max_length=500, description="A few words; lines may be broken.")
    ]
    seconds: Annotated[
        float, Meta(ge=1, le=60, description="How long they are shown; 8 unless there is a reason.")
    ] = 8.0


@tool("show_on_glasses", WhatToShow)
def show_on_glasses(asked: WhatToShow, use: IToolUse) -> str:
    """Shows a short text on the smart glasses of the person you talk with.  Use it when they want
    to see something, or when something is easier to read than to hear."""
    person = use.session.person
    session = None if person is None else ISessions(use.services).get(person)
    if session is None or session.glasses is None:
        raise Refused("NO_GLASSES", "this person wears no glasses now")
    if not IDisplay(session).notice(asked.text, asked.seconds):
        raise Refused("NOT_SHOWN", "the glasses show something else just now", retryable=True)
    return "it is shown now"
