"""The glasses as a device.  Source: docs/protocol."""

from typing import Any, ClassVar

from mentra.messages import GivesWay, Message, Relayed


class GlassesConnectionState(Relayed, frozen=True, kw_only=True, tag="glasses_connection_state"):
    """Glasses came to or went from the phone.

    :ivar status: ``CONNECTED``, ``DISCONNECTED`` or ``RECONNECTED``.
    :ivar wifi: ``{"connected": bool, "ssid"?: str}``.
    """

    model_name: str | None = None
    status: str
    wifi: dict[str, Any] | None = None


class GlassesBatteryUpdate(Relayed, frozen=True, kw_only=True, tag="glasses_battery_update"):
    """The glasses' battery.

    :ivar level: percent, 0 to 100.
    """

    level: float
    charging: bool = False


class DeviceStateUpdate(Message, frozen=True, kw_only=True, tag="device_state_update"):
    """Tell an app about the glasses.

    :ivar state: the changed fields, or all known ones in a full snapshot.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    session_id: str
    state: dict[str, Any]
    full_snapshot: bool = False


class CapabilitiesUpdate(Message, frozen=True, kw_only=True, tag="capabilities_update"):
    """Tell an app what the glasses can do."""

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST
    capabilities: dict[str, Any] | None
    model_name: str | None
