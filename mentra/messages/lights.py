"""Lights on the glasses.  Source: docs/protocol."""

from typing import Annotated, ClassVar

from msgspec import Meta

from mentra.messages import Message
from mentra.messages.speaker import RequestId

_Word = Annotated[str, Meta(max_length=32)]


class RgbLedControl(Message, frozen=True, kw_only=True, tag="rgb_led_control"):
    """An app switches the light.

    :ivar action: ``on`` or ``off``.
    :ivar color: ``red``, ``green``, ``blue``, ``orange`` or ``white``.
    :ivar ontime: milliseconds; so is ``offtime``.
    :ivar count: how many times it is on.
    """

    request_id: RequestId
    action: _Word
    color: _Word | None = None
    ontime: int | float | None = None
    offtime: int | float | None = None
    count: int | None = None


class SwitchLight(Message, frozen=True, kw_only=True, tag="rgb_led_control"):
    """Tell the phone to switch the light; some phones read one name of the app, some the other."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    session_id: str
    request_id: str
    app_id: str
    package_name: str
    action: str
    color: str | None = None
    ontime: int | float | None = None
    offtime: int | float | None = None
    count: int | None = None


class RgbLedControlResponse(Message, frozen=True, kw_only=True, tag="rgb_led_control_response"):
    """The light is switched, or why not."""

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    request_id: RequestId
    success: bool
    error: str | None = None
