"""Whether the phone's microphone is wanted: on at once, off after a settle time.

The numbers and the order of things are those of the protocol page.
"""

from collections.abc import Callable
from typing import Annotated

import attrs
from msgspec import Meta
from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from mentra.events import (
    AppStopped,
    DeviceChanged,
    GlassesAttached,
    SubscriptionsChanged,
    UserSettingsChanged,
)
from mentra.extension import ConfigSection, ManagerFactory, Section, listener
from mentra.interfaces.glasses import IMicrophone, ISettings, ISubscriptions
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.messages.audio import MicrophoneStateChange
from mentra.messages.streams import MICROPHONE_STREAMS, kind_of

BYPASS_VAD = "bypassVad"
"""The user's setting that has silence sent too."""

STORED_AS = frozenset({BYPASS_VAD, "bypass_vad_for_debugging"})
"""Under which names phones store it."""


class MicrophoneSettings(Section, frozen=True, kw_only=True):
    """[microphone]: when the phone is told to switch its microphone on and off."""

    settle: Annotated[
        float,
        Meta(ge=0, le=60, description="Seconds the microphone stays on after nobody wants it."),
    ] = 3.0
    debounce: Annotated[
        float,
        Meta(ge=0, le=60, description="Seconds without a change before a second change is told."),
    ] = 1.0
    subscription_debounce: Annotated[
        float,
        Meta(ge=0, le=60, description="Seconds in which changes of subscriptions are gathered."),
    ] = 0.1
    keep_alive: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds between reminders while it is on.")
    ] = 10.0
    unauthorised_pause: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds between two replies to audio nobody asked for."),
    ] = 5.0
    resync_delay: Annotated[
        float,
        Meta(ge=0, le=60, description="Seconds after a phone came back until it is told again."),
    ] = 0.1


microphone_section = ConfigSection("microphone", MicrophoneSettings)


@attrs.frozen
class State:
    """What a phone is told.

    :ivar bypass_vad: silence is wanted too; only while on.
    """

    on: bool
    bypass_vad: bool = False


OFF = State(on=False)


@implementer(IMicrophone)
class Microphone(Service):
    """Decides, settles, tells and reminds.

    ``_meant`` is what the phone is to know, ``_told`` what it was told last; they differ only
    while a change waits for its debounce.  Delayed calls are kept by name, one of each:

    * ``gather``: subscriptions changed and will be looked at;
    * ``settle``: nobody wants it any more, it goes off unless somebody does;
    * ``debounce``: a change was told just now, further ones wait;
    * ``remind``: it is on, and the phone is told so again;
    * ``resync``: the phone is back and will be told.
    """

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._clock = services.clock
        self._settings: MicrophoneSettings = services.settings(MicrophoneSettings)
        self._calls: dict[str, IDelayedCall] = {}
        self._meant = OFF
        self._told = OFF
        self._silent_until = 0.0

    @property
    def is_on(self) -> bool:
        """What the phone was told last."""
        return self._told.on

    @property
    def bypass_vad(self) -> bool:
        """Whether the phone was told to send silence too."""
        return self._told.bypass_vad

    def stopService(self) -> None:
        """Nothing is waited for any more."""
        self._cancel(*self._calls)
        super().stopService()

    def evaluate(self) -> None:
        """Subscriptions changed: look at them in a moment."""
        if "settle" in self._calls and self._wanted().on:
            # a wish that is gone again in a moment puts the switching off anew all the same
            self._cancel("settle")
        # not put off by further changes, or a restless app could keep it off
        if "gather" not in self._calls:
            self._after("gather", self._settings.subscription_debounce, self._look)

    def resend(self) -> None:
        """Tell the phone now, past all debounces."""
        self._cancel("debounce", "resync")
        self._meant = self._due()
        self._tell()

    def resend_soon(self) -> None:
        """Tell the phone once it has read its welcome."""
        self._after("resync", self._settings.resync_delay, self.resend)

    def heard(self) -> None:
        """Audio came: the usual case is that it was asked for."""
        if not self._told.on:
            self._heard_while_off()

    def _heard_while_off(self) -> None:
        now = self._clock.seconds()
        if self._meant.on or ("gather" in self._calls and self._wanted().on):
            self.resend()
        elif now >= self._silent_until:
            self._silent_until = now + self._settings.unauthorised_pause
            self._send()

    # -- deciding

    def _wanted(self) -> State:
        """What the subscriptions ask for, those of apps in their grace included."""
        everyone = ISubscriptions(self._session).everyone()
        kinds = {kind_of(stream) for streams in everyone.values() for stream in streams}
        if kinds.isdisjoint(MICROPHONE_STREAMS):
            return OFF
        return State(on=True, bypass_vad="audio_chunk" in kinds or self._user_bypasses_vad())

    def _user_bypasses_vad(self) -> bool:
        settings = ISettings(self._session, None)
        return settings is not None and bool(settings.mentraos().get(BYPASS_VAD))

    def _due(self) -> State:
        """What the phone is to know now: what is wanted, but on until it has settled."""
        wanted = self._wanted()
        if wanted.on:
            self._cancel("settle")
            return wanted
        if not self._meant.on:
            return OFF
        if "settle" not in self._calls:
            self._after("settle", self._settings.settle, self._settled)
        return self._meant

    def _look(self) -> None:
        self._change(self._due())

    def _settled(self) -> None:
        self._change(self._wanted())

    # -- telling

    def _change(self, state: State) -> None:
        if state == self._meant:
            return
        self._meant = state
        if "debounce" not in self._calls:
            self._tell()
        self._after("debounce", self._settings.debounce, self._tell_change)

    def _tell_change(self) -> None:
        if self._meant != self._told:
            self._tell()

    def _tell(self) -> None:
        self._told = self._meant
        self._send()
        if self._told.on:
            self._after("remind", self._settings.keep_alive, self._remind)
        else:
            self._cancel("remind")

    def _remind(self) -> None:
        self._send()
        self._after("remind", self._settings.keep_alive, self._remind)

    def _send(self) -> None:
        told = self._told
        self._session.to_glasses(
            MicrophoneStateChange(
                session_id=self._session.user_id,
                is_microphone_enabled=told.on,
                required_data=["pcm"] if told.on else [],
                bypass_vad=told.bypass_vad,
            )
        )

    # -- delayed calls

    def _after(self, name: str, seconds: float, function: Callable[[], None]) -> None:
        self._cancel(name)
        if self.running:
            self._calls[name] = self._clock.callLater(seconds, self._due_now, name, function)

    def _due_now(self, name: str, function: Callable[[], None]) -> None:
        del self._calls[name]
        function()

    def _cancel(self, *names: str) -> None:
        for name in names:
            call = self._calls.pop(name, None)
            if call is not None:
                call.cancel()


microphone_manager = ManagerFactory(IMicrophone, Microphone)


@listener(SubscriptionsChanged)
def subscriptions_for_microphone(event: SubscriptionsChanged, session: IUserSession) -> None:
    """Look again if a stream with sound came or went."""
    if any(kind_of(stream) in MICROPHONE_STREAMS for stream in event.before ^ event.after):
        IMicrophone(session).evaluate()


@listener(AppStopped)
def app_stop_for_microphone(event: AppStopped, session: IUserSession) -> None:
    """Look again: the app that wanted it may be gone."""
    IMicrophone(session).evaluate()


@listener(UserSettingsChanged)
def settings_for_microphone(event: UserSettingsChanged, session: IUserSession) -> None:
    """Look again: the user may want silence sent too, or no longer."""
    if not STORED_AS.isdisjoint(event.changed):
        IMicrophone(session).evaluate()


@listener(GlassesAttached)
def glasses_for_microphone(event: GlassesAttached, session: IUserSession) -> None:
    """A phone that was away may have missed something."""
    if event.reconnected:
        IMicrophone(session).resend_soon()


@listener(DeviceChanged)
def device_for_microphone(event: DeviceChanged, session: IUserSession) -> None:
    """New glasses know nothing yet."""
    if event.arrived:
        IMicrophone(session).resend()
