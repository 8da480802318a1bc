"""Lights on the glasses, switched by apps.  Source: docs/protocol/sound, "lights"."""

from typing import Annotated

import msgspec
from msgspec import Meta
from twisted.application.service import Service
from zope.interface import implementer

from mentra.events import AppStopped
from mentra.extension import ConfigSection, ManagerFactory, Section, handler, listener
from mentra.glasses.pending import Pending
from mentra.interfaces.glasses import IApps, ILights
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.messages.lights import RgbLedControl, RgbLedControlResponse, SwitchLight


class LightsSettings(Section, frozen=True, kw_only=True):
    """[lights]: lights that apps switch."""

    timeout: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds in which a phone may say that it is done.")
    ] = 60.0
    max_pending: Annotated[
        int, Meta(ge=1, le=1000, description="Answers waited for at a time, of one session.")
    ] = 64


lights_section = ConfigSection("lights", LightsSettings)


@implementer(ILights)
class Lights(Service):
    """Remembers who switched what."""

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._settings: LightsSettings = services.settings(LightsSettings)
        self._pending: Pending[str] = Pending(
            services.clock, self._settings.max_pending, lambda request_id, package_name: None
        )

    def stopService(self) -> None:
        """Nobody waits any more."""
        self._pending.clear()
        super().stopService()

    def switch(self, package_name: str, message: RgbLedControl) -> RgbLedControlResponse | None:
        """Switch the light; the answer if it cannot be."""
        refused = None
        if self._session.glasses is None:
            refused = "Glasses not connected"
        elif not self._pending.add(message.request_id, package_name, self._settings.timeout):
            refused = "Too many answers are waited for, or one to this id is"
        if refused is not None:
            return RgbLedControlResponse(
                request_id=message.request_id, success=False, error=refused
            )
        self._session.to_glasses(
            SwitchLight(
                session_id=self._session.user_id,
                request_id=message.request_id,
                app_id=package_name,
                package_name=package_name,
                action=message.action,
                color=message.color,
                ontime=message.ontime,
                offtime=message.offtime,
                count=message.count,
            )
        )
        return None

    def switched(self, message: RgbLedControlResponse) -> None:
        """Tell the app that asked, or all if none did."""
        running = IApps(self._session).running()
        package_name = self._pending.take(message.request_id)
        peers = running.values() if package_name is None else [running.get(package_name)]
        for peer in tuple(peers):
            if peer is not None:
                peer.send(message)

    def app_stopped(self, package_name: str) -> None:
        """It waits for nothing any more."""
        self._pending.drop(lambda waiting: waiting == package_name)


lights_manager = ManagerFactory(ILights, Lights)


@handler("app", RgbLedControl)
def rgb_led_control(message: RgbLedControl, context: IContext) -> RgbLedControlResponse | None:
    """An app switches the light; it is told at once if that cannot be."""
    lights = ILights(context.session)
    refused: RgbLedControlResponse | None = lights.switch(
        context.peer.identity.package_name, message
    )
    return refused


@handler("glasses", RgbLedControlResponse)
def rgb_led_control_response(message: RgbLedControlResponse, context: IContext) -> None:
    """The phone has switched the light, or why not."""
    if message.error is not None:
        message = msgspec.structs.replace(message, error=message.error[:1000])
    ILights(context.session).switched(message)


@listener(AppStopped)
def app_stop_for_lights(event: AppStopped, session: IUserSession) -> None:
    """An app that is gone waits for nothing."""
    lights = session.built(ILights)
    if lights is not None:
        lights.app_stopped(event.package_name)
