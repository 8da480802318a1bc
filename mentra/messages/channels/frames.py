"""How requests look on the wire, for servers and for clients."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw

from mentra.messages.channels import MOST_OF_ID

Text = Annotated[str, Meta(min_length=1, max_length=MOST_OF_ID)]


class RequestFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A request.

    :ivar id: what its sender calls it; the answer has the same.
    :ivar payload: as it came; empty if it is missing.
    :ivar timestamp: milliseconds since 1970.
    """

    type: Literal["request"]
    id: Text
    channel: Text
    payload: Raw = Raw(b"")
    timestamp: int | float = 0


def names_in(payload: bytes) -> tuple[str | None, str | None]:
    """Id and channel of a frame that is no request, or is not to be looked at: each None unless
    it is a text that could be one."""
    try:
        found: Any = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, None
    if not isinstance(found, dict):
        return None, None
    return _text(found.get("id")), _text(found.get("channel"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= MOST_OF_ID else None
