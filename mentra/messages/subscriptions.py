"""Which streams an app wants, and what it gets.  Source: docs/protocol."""

from typing import Any, ClassVar

import msgspec

from mentra.messages import GivesWay, Message


class SubscriptionUpdate(Message, frozen=True, kw_only=True, tag="subscription_update"):
    """An app's complete new list of subscriptions.

    :ivar subscriptions: stream strings, or ``{"stream": "location_stream", "rate": ...}``;
        what is neither is dropped, the rest applied.
    """

    subscriptions: list[Any]


class StreamRejection(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One subscription an app may not have."""

    stream: str
    required_permission: str
    message: str


class SubscriptionsRejected(Message, frozen=True, kw_only=True, tag="permission_error"):
    """Some subscriptions were left out.

    :ivar details: one entry per rejected stream; always a list, for the SDK loops over it.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    message: str
    details: list[StreamRejection]


class StreamEvent(Message, frozen=True, kw_only=True):
    """A message of the glasses that is passed on to whoever subscribed to its type.

    :ivar stream_type: its ``type``.
    :ivar raw: its text as it came, UTF-8.
    """

    gives_way: ClassVar[GivesWay] = GivesWay.CLOSE
    spoken: ClassVar[bool] = False
    stream_type: str
    raw: bytes
