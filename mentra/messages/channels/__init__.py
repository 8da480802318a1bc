"""What is said on the channels of browser pages: requests, answers and events.

One module per group of channels.  A request class is a channel: its tag is the channel's name, its
fields are those of the payload, and it says what it is answered with::

    class WeatherToday(Request, frozen=True, kw_only=True, tag="weather:today"):
        \"\"\"What it is like outside.

        :ivar town: its name.
        \"\"\"

        answers: ClassVar[Any] = Weather
        town: str

A handler returns a :class:`Reply`; what nobody asked for is an :class:`Event`.
"""

from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from mentra.messages import Message

PATH = "channels"
"""What handlers call the path."""

MOST_OF_ID = 128
"""Characters of a request's id, and of a channel's name."""

UNKNOWN_CHANNEL = "UNKNOWN_CHANNEL"
HANDLER_ERROR = "HANDLER_ERROR"
TIMEOUT = "TIMEOUT"
INVALID_MESSAGE = "INVALID_MESSAGE"
RATE_LIMITED = "RATE_LIMITED"
UNAUTHORIZED = "UNAUTHORIZED"

CODES = (
    UNKNOWN_CHANNEL, HANDLER_ERROR, TIMEOUT, INVALID_MESSAGE, RATE_LIMITED, UNAUTHORIZED
)  # fmt: skip
"""What a problem may be.  Clients have one more for requests that nobody will answer any more."""

SYSTEM = "system"
"""The channel of answers to what names none."""


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of the objects in payloads.  Every field is written, whatever its value; one that may
    be missing is declared ``UNSET``."""


# the name of the tag's field is one that no payload uses: "type" and "channel" are theirs
class Request(
    Message, frozen=True, kw_only=True, tag_field="(channel)", tag="(request)", omit_defaults=True
):
    """Base of what a page asks; payloads may have more fields than the class, which are ignored.

    :cvar answers: type of the answer's payload; None where there is nothing to say.
    :cvar events: events that it may set off.
    :cvar refusals: when it is answered with ``HANDLER_ERROR``: one phrase each.
    :cvar bare: the field that a payload which is no object is the value of.
    :cvar whole: the field that takes the payload as a whole.
    :cvar before_entering: whether it is answered before the client has shown its token.
    """

    answers: ClassVar[Any] = None
    events: ClassVar[tuple[type["Event"], ...]] = ()
    refusals: ClassVar[tuple[str, ...]] = ()
    bare: ClassVar[str | None] = None
    whole: ClassVar[str | None] = None
    before_entering: ClassVar[bool] = False


class Reply(Message, frozen=True, kw_only=True, tag="(reply)"):
    """What a handler returns: the answer's payload, anything that msgspec writes."""

    spoken: ClassVar[bool] = False
    payload: Any


class Wrong(Record, frozen=True, kw_only=True):
    """What is wrong with a payload.

    :ivar path: of the field, e.g. ``messages[0].role``; empty: the payload itself.
    """

    path: str
    message: str


class Problem(Record, frozen=True, kw_only=True):
    """Why a request is answered with no payload.

    :ivar code: one of :data:`CODES`.
    :ivar details: a list of :class:`Wrong` for ``INVALID_MESSAGE``; else an object, if anything.
    """

    code: str
    message: str
    details: Any = UNSET


class Declined(Message, frozen=True, kw_only=True, tag="(declined)"):
    """What a handler returns that has more to say than a ``Refused`` can carry."""

    spoken: ClassVar[bool] = False
    problem: Problem


class Response(Message, frozen=True, kw_only=True, tag="response"):
    """An answer as it stands on the wire; the dialect makes it of a :class:`Reply`.

    :ivar timestamp: milliseconds since 1970.
    """

    spoken: ClassVar[bool] = False
    id: str
    channel: str
    payload: Any = UNSET
    error: Problem | UnsetType = UNSET
    timestamp: int


class Event(Message, frozen=True, kw_only=True, tag_field="(channel)", tag="(event)"):
    """Base of what the server says by itself: a class is a channel, by its tag.

    :ivar payload: what it tells; the class says which type.
    """

    payload: Any


class Id(Record, frozen=True, kw_only=True):
    """Which one."""

    id: str


# -- the connection itself -------------------------------------------------------------------


class Connected(Record, frozen=True, kw_only=True):
    """What a page learns first.

    :ivar client_id: a UUID, of this very connection.
    :ivar server_time: milliseconds since 1970.
    """

    client_id: str
    server_time: int


class ServerConnected(Event, frozen=True, kw_only=True, tag="server:connected"):
    """The first frame of every connection."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Connected


class Moment(Record, frozen=True, kw_only=True):
    """When it was.

    :ivar timestamp: milliseconds since 1970.
    """

    timestamp: int


class ServerHeartbeat(Event, frozen=True, kw_only=True, tag="server:heartbeat"):
    """The server is alive; now and then, to everybody."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Moment


class Reason(Record, frozen=True, kw_only=True):
    """Why."""

    reason: str


class ServerShutdown(Event, frozen=True, kw_only=True, tag="server:shutdown"):
    """The server stops; the close frame (1001) follows."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Reason


class SystemAuth(Request, frozen=True, kw_only=True, tag="system:auth"):
    """Show the token, where it was not in the URL; the first request then.

    :ivar token: the configured one, or on the main port a user's.
    """

    before_entering: ClassVar[bool] = True
    answers: ClassVar[Any] = bool
    token: str
