"""Touches on the glasses' frame.  Source: docs/protocol."""

import msgspec

from mentra.messages import Relayed


class TouchEvent(Relayed, frozen=True, kw_only=True, tag="touch_event"):
    """The wearer touched the glasses; the fields are spelt with underscores on the wire too.

    :ivar gesture_name: e.g. ``single_tap``; decides who gets it.
    """

    device_model: str = msgspec.field(default="", name="device_model")
    gesture_name: str = msgspec.field(name="gesture_name")
