"""Messages of the house to apps.  Source: docs/protocol/phone.rst."""

from typing import Any, ClassVar

from mentra.messages import Message


class CustomMessage(Message, frozen=True, kw_only=True, tag="custom_message"):
    """Tell an app something; not wrapped in a ``data_stream``.

    :ivar action: e.g. ``update_datetime``.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    action: str
    payload: dict[str, Any]
