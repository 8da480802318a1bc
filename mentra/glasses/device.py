"""The glasses as a device: their state, and what they can do.  Source: docs/protocol, "device"."""

from collections.abc import Mapping
from typing import Any

import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from mentra.events import DeviceChanged
from mentra.extension import Access, ManagerFactory, handler, route
from mentra.glasses.callers import session_of
from mentra.glasses.capabilities import FLAGS
from mentra.glasses.writing import WriteBehind
from mentra.identity import app_session_id
from mentra.interfaces.glasses import IApps, IDevice, IMicrophone, IRelay
from mentra.interfaces.messaging import IContext
from mentra.interfaces.profiles import IProfiles
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IUserStore
from mentra.interfaces.web import ICall
from mentra.messages.device import (
    CapabilitiesUpdate,
    DeviceStateUpdate,
    GlassesBatteryUpdate,
    GlassesConnectionState,
)
from mentra.messages.stamps import iso
from mentra.records import App

_TEXT, _SWITCH, _NUMBER, _EITHER = (str,), (bool,), (int, float), (str, int, float)

FIELDS: Mapping[str, tuple[type, ...]] = {
    "connected": _SWITCH,
    "modelName": _TEXT,
    "androidVersion": _TEXT,
    "fwVersion": _TEXT,
    "buildNumber": _EITHER,
    "otaVersionUrl": _TEXT,
    "appVersion": _TEXT,
    "bluetoothName": _TEXT,
    "serialNumber": _TEXT,
    "style": _TEXT,
    "color": _TEXT,
    "wifiConnected": _SWITCH,
    "wifiSsid": _TEXT,
    "wifiLocalIp": _TEXT,
    "batteryLevel": _NUMBER,
    "charging": _SWITCH,
    "caseBatteryLevel": _NUMBER,
    "caseCharging": _SWITCH,
    "caseOpen": _SWITCH,
    "caseRemoved": _SWITCH,
    "hotspotEnabled": _SWITCH,
    "hotspotSsid": _TEXT,
    "hotspotPassword": _TEXT,
    "hotspotGatewayIp": _TEXT,
    "timestamp": _EITHER,
}
"""What can be known of glasses, by its name on the wire.  None is "not known" for all of them."""

MAX_TEXT = 512
"""Longest text in a field, characters."""

MAX_MODELS = 100
"""Models of glasses that are remembered of one person."""


@implementer(IDevice)
class DeviceManager(Service):
    """Keeps what the phone says of the glasses; tells the apps what is new."""

    _log = Logger()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._profiles = IProfiles(services)
        self._users = IUserStore(services)
        self._writes = WriteBehind("models of glasses")
        # a snapshot resets nothing that it leaves out, so these two are always in it
        self._state: dict[str, Any] = {"connected": False, "modelName": None}

    def stopService(self) -> Deferred[None]:
        """Fires when what is to be remembered has been written."""
        super().stopService()
        return self._writes.written()

    def state(self) -> dict[str, Any]:
        """Every known field."""
        return dict(self._state)

    def capabilities(self) -> dict[str, Any] | None:
        """The profile of the current model, None if there is none."""
        profile: dict[str, Any] | None = self._profiles.of(self._state["modelName"])
        return profile

    def missing(self, app: App) -> tuple[str, ...]:
        """REQUIRED hardware that the glasses lack; empty as long as nobody knows what they have."""
        wanted = [one.type for one in app.hardware_requirements if one.level == "REQUIRED"]
        able = self.capabilities()
        if able is None:
            if wanted:
                self._log.warn("whether {package} fits the glasses is not known: no such model",
                               package=app.package_name)  # fmt: skip
            return ()
        return tuple(one for one in wanted if one in FLAGS and not able[FLAGS[one]])

    # -- changes

    def update(self, fields: Mapping[str, Any]) -> None:
        """Merge a partial state; what no glasses have or is of the wrong kind is left out."""
        changed = self._news(fields)
        if not changed:
            return
        was_connected = self._state["connected"]
        self._state |= changed
        connected = bool(self._state["connected"])
        arrived = connected and (not was_connected or bool(changed.get("modelName")))
        self._tell_state(changed)
        if arrived:
            self._tell_capabilities()
            self._remember(self._state["modelName"])
        self._session.announce(DeviceChanged(changed, connected, arrived))

    def _news(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that differ from what is known, ``connected`` inferred if need be."""
        changed = {
            name: value
            for name, value in fields.items()
            if _is_sound(name, value) and self._state.get(name) != value
        }
        if "modelName" in changed and not isinstance(fields.get("connected"), bool):
            connected = bool(changed["modelName"])
            changed.pop("connected", None)
            if connected != self._state["connected"]:
                changed["connected"] = connected
        return changed

    def _remember(self, model_name: str | None) -> None:
        user = self._session.user
        if not model_name or model_name in user.glasses_models:
            return
        models = (*user.glasses_models, model_name)[-MAX_MODELS:]
        self._session.remember(msgspec.structs.replace(user, glasses_models=models))
        self._writes.add(
            ("model of glasses", f"user {self._session.number}"),
            lambda: self._users.add_glasses_model(user.user_id, model_name),
        )

    def _tell_state(self, changed: Mapping[str, Any]) -> None:
        user_id = self._session.user_id
        for package_name, peer in tuple(IApps(self._session).running().items()):
            peer.send(
                DeviceStateUpdate(
                    session_id=app_session_id(user_id, package_name), state=dict(changed)
                )
            )

    def _tell_capabilities(self) -> None:
        # one object for all: it is encoded once
        update = CapabilitiesUpdate(
            capabilities=self.capabilities(), model_name=self._state["modelName"]
        )
        for peer in tuple(IApps(self._session).running().values()):
            peer.send(update)


def _is_sound(name: str, value: Any) -> bool:
    kinds = FIELDS.get(name)
    if kinds is None:
        return False
    if value is None:
        return name != "connected"
    if isinstance(value, bool):
        return kinds is _SWITCH
    return isinstance(value, kinds) and not (isinstance(value, str) and len(value) > MAX_TEXT)


device_manager = ManagerFactory(IDevice, DeviceManager)


@handler("glasses", GlassesConnectionState)
def glasses_connection_state(message: GlassesConnectionState, context: IContext) -> None:
    """Glasses came to or left the phone; apps that subscribed hear of it too."""
    device = IDevice(context.session)
    before = device.state()["connected"]
    device.update(_connection_fields(message))
    if before and message.status.upper() == "RECONNECTED":
        # nothing changed as far as we knew, but the glasses forgot what they had been told
        IMicrophone(context.session).resend()
    IRelay(context.session).relay(GlassesConnectionState.tag(), message.raw)


@handler("glasses", GlassesBatteryUpdate)
def glasses_battery_update(message: GlassesBatteryUpdate, context: IContext) -> None:
    """Keep the battery's level; apps that subscribed hear of it too."""
    fields: dict[str, Any] = {"charging": message.charging}
    if 0 <= message.level <= 100:
        whole = int(message.level)
        fields["batteryLevel"] = whole if whole == message.level else message.level
    IDevice(context.session).update(fields)
    IRelay(context.session).relay(GlassesBatteryUpdate.tag(), message.raw)


def _connection_fields(message: GlassesConnectionState) -> dict[str, Any]:
    connected = message.status.upper() in ("CONNECTED", "RECONNECTED")
    fields: dict[str, Any] = {"connected": connected}
    if not connected:
        fields["modelName"] = None
    elif message.model_name:
        fields["modelName"] = message.model_name
    if message.wifi is not None:
        fields["wifiConnected"] = message.wifi.get("connected") is True
        fields["wifiSsid"] = message.wifi.get("ssid")
    return fields


# -- over HTTP


GlassesInfo = msgspec.defstruct(
    "GlassesInfo",
    [(name, Any, msgspec.UNSET) for name in FIELDS],
    module=__name__,
    namespace={"__doc__": "What the phone knows of the glasses; any part of it."},
    frozen=True,
    kw_only=True,
)


class AppliedState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is known of the glasses now.

    :ivar capabilities: the profile of the model, None if there is none.
    """

    is_glasses_connected: bool
    is_phone_connected: bool
    model_name: str | None
    capabilities: dict[str, Any] | None


class DeviceAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The state was taken."""

    success: bool = True
    applied_state: AppliedState
    timestamp: str


@route(
    "POST", "/api/client/device/state",
    access=Access.USER, body=GlassesInfo, answer=DeviceAnswer,
)  # fmt: skip
def device_state(call: ICall) -> DeviceAnswer:
    """Merge what the phone says of the glasses; fields of the wrong kind are left out."""
    session = session_of(call)
    device = IDevice(session)
    device.update(msgspec.to_builtins(call.body))
    state = device.state()
    applied = AppliedState(
        is_glasses_connected=state["connected"],
        is_phone_connected=session.glasses is not None,
        model_name=state["modelName"],
        capabilities=device.capabilities(),
    )
    return DeviceAnswer(applied_state=applied, timestamp=iso(call.services.now()))
