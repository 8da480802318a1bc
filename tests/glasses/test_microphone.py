"""The microphone: on at once, off after a settle time, and the phone is kept informed."""

import gc
import weakref
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from mentra.events import AppStopped, DeviceChanged, GlassesAttached, UserSettingsChanged
from mentra.extension import ManagerFactory
from mentra.glasses.capabilities import profiles_component
from mentra.glasses.device import device_manager, glasses_connection_state
from mentra.glasses.microphone import (
    MicrophoneSettings,
    app_stop_for_microphone,
    device_for_microphone,
    glasses_for_microphone,
    microphone_manager,
    settings_for_microphone,
    subscriptions_for_microphone,
)
from mentra.glasses.subscriptions import subscriptions_manager
from mentra.interfaces.glasses import IMicrophone, ISettings, ISubscriptions
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore
from mentra.messages.audio import MicrophoneStateChange
from mentra.messages.device import GlassesConnectionState
from mentra.records import App, Permission
from mentra.testing.glasses import FakeSettings, fake_relay
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.running_apps import fake_apps

ACME = "com.acme.app"
OTHER = "com.other.app"
DEFAULTS = MicrophoneSettings()
PLUGINS = (
    subscriptions_manager,
    microphone_manager,
    settings_for_microphone,
    subscriptions_for_microphone,
    app_stop_for_microphone,
    glasses_for_microphone,
    device_for_microphone,
    settings_for_microphone,
)


def told(on: bool, bypass: bool = False) -> MicrophoneStateChange:
    return MicrophoneStateChange(
        session_id="ann@x.org",
        is_microphone_enabled=on,
        required_data=["pcm"] if on else [],
        bypass_vad=bypass,
    )


ON, OFF = told(True), told(False)


@attrs.define
class Stage:
    """A session whose apps want what a test says."""

    clock: Clock
    house: Any
    session: Any

    @property
    def microphone(self) -> Any:
        return IMicrophone(self.session)

    @property
    def subscriptions(self) -> Any:
        return ISubscriptions(self.session)

    def want(self, *streams: str, app: str = ACME) -> None:
        self.subscriptions.update(app, list(streams))

    def take(self) -> list[MicrophoneStateChange]:
        """What the phone was told about its microphone since the last call."""
        return [
            one for one in self.session.glasses.take() if isinstance(one, MicrophoneStateChange)
        ]

    def after(self, seconds: float) -> list[MicrophoneStateChange]:
        """What it is told while *seconds* pass, in small steps."""
        for _ in range(round(seconds * 100)):
            self.clock.advance(0.01)
        return self.take()


def stage_with(clock: Clock, *plugins: object) -> Stage:
    house = house_with(*PLUGINS, *plugins, clock=clock)
    for package_name in (ACME, OTHER):
        app = App(package_name=package_name, permissions=(Permission(type="ALL"),))
        success_of(IAppStore(house).save(app))
    return Stage(clock, house, session_in(house))


@pytest.fixture
def stage(clock: Clock) -> Stage:
    return stage_with(clock)


@pytest.fixture
def listening(stage: Stage) -> Stage:
    """The microphone is on, and every debounce over."""
    stage.want("transcription:en-US")
    assert stage.after(2) == [ON]
    return stage


# -- what switches it on


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("transcription:en-US", [ON]),
        ("transcription:auto?hints=ja", [ON]),
        ("transcription", [ON]),
        ("translation:all-to-en-US", [ON]),
        ("audio_chunk", [told(True, bypass=True)]),
        ("VAD", []),
        ("*", []),
        ("all", []),
        ("button_press", []),
    ],
)
def test_sound_switches_it_on_and_nothing_else_does(stage, stream, expected):
    stage.want(stream)

    assert stage.after(1) == expected
    assert stage.microphone.is_on is bool(expected)


def test_it_is_on_as_soon_as_the_changes_of_a_moment_are_gathered(stage):
    stage.want("transcription:en-US")
    stage.clock.advance(DEFAULTS.subscription_debounce - 0.01)
    before = stage.take()

    stage.clock.advance(0.01)

    assert (before, stage.take()) == ([], [ON])


def test_changes_of_a_moment_are_told_as_one(stage):
    stage.want("transcription:en-US")
    stage.want("button_press")
    stage.want("transcription:fr-FR")

    assert stage.after(1) == [ON]


def test_a_restless_app_cannot_keep_it_off(stage):
    stage.want("transcription:en-US")
    for number in range(20):
        stage.clock.advance(0.05)
        stage.want("transcription:fr-FR" if number % 2 else "transcription:de-DE", app=OTHER)

    assert stage.take() == [ON]


def test_whether_glasses_are_connected_plays_no_part(stage):
    stage.session.announce(DeviceChanged({"connected": False}, connected=False, arrived=False))

    stage.want("transcription:en-US")

    assert stage.after(1) == [ON]


class BypassingSettings(FakeSettings):
    """The user wants silence sent too."""

    bypass = True

    def mentraos(self) -> dict[str, bool]:
        return {"bypassVad": self.bypass}


def test_the_users_setting_bypasses_voice_detection(clock):
    stage = stage_with(clock, ManagerFactory(ISettings, BypassingSettings))

    stage.want("transcription:en-US")

    assert stage.after(1) == [told(True, bypass=True)]


@pytest.mark.parametrize("key", ["bypassVad", "bypass_vad_for_debugging"])
def test_a_change_of_the_users_setting_is_told(clock, key):
    stage = stage_with(clock, ManagerFactory(ISettings, BypassingSettings))
    ISettings(stage.session).bypass = False
    stage.want("transcription:en-US")
    before = stage.after(2)

    ISettings(stage.session).bypass = True
    stage.session.announce(UserSettingsChanged({"brightness": 7}))
    unmoved = stage.after(2)
    stage.session.announce(UserSettingsChanged({key: True}))

    assert (before, unmoved) == ([ON], [])
    assert stage.after(2) == [told(True, bypass=True)]


# -- what switches it off


def test_it_goes_off_only_after_the_settle_time(listening):
    listening.want("button_press")
    during = listening.after(DEFAULTS.subscription_debounce + DEFAULTS.settle - 0.02)

    assert during == []
    assert listening.after(0.04) == [OFF]
    assert listening.microphone.is_on is False


def test_it_stays_on_if_it_is_wanted_again_in_time(listening):
    listening.want("button_press")
    listening.after(2)

    listening.want("transcription:en-US")

    assert listening.after(6) == []
    assert listening.microphone.is_on is True


def test_the_settle_time_begins_anew_after_it_was_wanted_again(listening):
    listening.want("button_press")
    listening.after(2)
    listening.want("transcription:en-US")
    listening.after(0.5)

    listening.want("button_press")

    assert listening.after(2.9) == []
    assert listening.after(0.4) == [OFF]


def test_further_news_do_not_prolong_the_settle_time(listening):
    listening.want("button_press")
    for _ in range(3):
        listening.after(0.9)
        listening.session.announce(AppStopped(OTHER, was_running=False))

    assert listening.after(0.45) == [OFF]


def test_it_stays_on_while_another_app_wants_it(listening):
    listening.want("translation:es-ES-to-en-US", app=OTHER)

    listening.subscriptions.remove(ACME)

    assert listening.after(5) == []


def test_the_sdks_early_empty_list_never_switches_it_off(listening):
    listening.subscriptions.began(ACME)
    listening.want()
    listening.after(4)

    listening.want("transcription:en-US")

    assert OFF not in listening.after(20)
    assert listening.microphone.is_on is True


def test_an_honest_empty_list_switches_it_off(stage):
    stage.subscriptions.began(ACME)
    stage.want("transcription:en-US")
    stage.after(8)

    stage.want()

    assert stage.after(3.2)[-1] == OFF


def test_it_goes_off_after_the_app_that_wanted_it_stopped(listening):
    listening.subscriptions.remove(ACME)
    listening.session.announce(AppStopped(ACME, was_running=True))

    assert listening.after(3.2) == [OFF]


# -- debounce of the state


def test_a_second_change_waits_for_a_quiet_second(stage):
    stage.want("transcription:en-US")
    assert stage.after(0.2) == [ON]

    stage.want("transcription:en-US", "audio_chunk")
    first = stage.after(DEFAULTS.subscription_debounce + DEFAULTS.debounce - 0.02)

    assert first == []
    assert stage.after(0.04) == [told(True, bypass=True)]


def test_every_further_change_restarts_the_wait_and_the_last_one_is_told(stage):
    stage.want("transcription:en-US")
    stage.after(0.2)
    stage.want("audio_chunk")
    stage.after(0.6)
    stage.want("transcription:en-US")
    stage.after(0.6)
    stage.want("audio_chunk")

    assert stage.after(1.0) == []
    assert stage.after(0.2) == [told(True, bypass=True)]


def test_a_change_that_was_taken_back_is_not_told(stage):
    stage.want("transcription:en-US")
    stage.after(0.2)
    stage.want("audio_chunk")
    stage.after(0.4)

    stage.want("transcription:en-US")

    assert stage.after(3) == []


# -- reminders


def test_while_on_the_phone_is_reminded(listening):
    assert listening.after(8.2) == [ON]
    assert listening.after(9.7) == []
    assert listening.after(0.4) == [ON]


def test_while_off_nothing_is_said(listening):
    listening.want("button_press")
    assert listening.after(4) == [OFF]

    assert listening.after(60) == []


# -- audio that nobody asked for


def test_audio_while_off_is_answered_once_in_a_while(stage):
    stage.microphone.heard()
    stage.microphone.heard()
    first = stage.take()
    stage.clock.advance(DEFAULTS.unauthorised_pause - 0.01)
    stage.microphone.heard()
    second = stage.take()
    stage.clock.advance(0.01)

    stage.microphone.heard()

    assert (first, second, stage.take()) == ([OFF], [], [OFF])


def test_audio_while_on_is_what_was_asked_for(listening):
    listening.microphone.heard()

    assert listening.take() == []


def test_audio_while_it_settles_is_still_asked_for(listening):
    listening.want("button_press")
    listening.after(1)

    listening.microphone.heard()

    assert listening.take() == []


def test_audio_that_came_before_on_was_told_hastens_it(stage):
    stage.microphone.heard()
    stage.take()
    stage.want("transcription:en-US")

    stage.microphone.heard()
    stage.microphone.heard()

    assert stage.take() == [ON]


def test_audio_while_on_waits_for_its_debounce_hastens_it(listening):
    listening.want("button_press")
    listening.after(3.2)
    listening.want("transcription:en-US")
    assert listening.after(0.2) == []

    listening.microphone.heard()

    assert listening.take() == [ON]
    assert listening.after(3) == []


# -- forced


def test_a_phone_that_came_back_is_told_again_a_moment_later(listening):
    listening.session.announce(GlassesAttached(reconnected=True))
    listening.clock.advance(DEFAULTS.resync_delay - 0.01)
    before = listening.take()

    listening.clock.advance(0.02)

    assert (before, listening.take()) == ([], [ON])


def test_a_phone_that_came_back_is_told_that_it_is_off(stage):
    stage.session.announce(GlassesAttached(reconnected=True))

    assert stage.after(1) == [OFF]


def test_a_first_phone_is_told_nothing(stage):
    stage.session.announce(GlassesAttached(reconnected=False))

    assert stage.after(1) == []


def test_glasses_that_arrive_are_told_at_once(listening):
    listening.session.announce(DeviceChanged({}, connected=True, arrived=True))

    assert listening.take() == [ON]


def test_glasses_that_only_say_something_are_told_nothing(listening):
    listening.session.announce(DeviceChanged({"charging": True}, connected=True, arrived=False))

    assert listening.take() == []


def test_what_is_forced_does_not_wait_for_a_debounce(stage):
    stage.want("transcription:en-US")

    stage.microphone.resend()

    assert stage.take() == [ON]
    assert stage.after(3) == []


def test_what_was_forced_is_not_told_again_a_moment_later(listening):
    listening.session.announce(GlassesAttached(reconnected=True))
    listening.session.announce(DeviceChanged({}, connected=True, arrived=True))

    assert listening.after(1) == [ON]


def test_what_is_forced_keeps_the_settle_time(listening):
    listening.want("button_press")

    listening.microphone.resend()

    assert listening.take() == [ON]
    assert listening.after(2.9) == []
    assert listening.after(0.3) == [OFF]


def test_a_change_while_the_phone_is_away_is_told_when_it_is_back(listening):
    glasses, listening.session.glasses = listening.session.glasses, None
    listening.want("button_press")
    listening.clock.advance(0.1)
    listening.clock.advance(3)

    listening.session.glasses = glasses
    listening.session.announce(GlassesAttached(reconnected=True))

    assert listening.after(0.2) == [OFF]


# -- the end


def test_nothing_is_left_of_it_after_the_session(clock):
    stage = stage_with(clock)
    stage.want("transcription:en-US")
    stage.after(0.2)
    stage.want("audio_chunk")
    stage.microphone.resend_soon()
    microphone = stage.microphone
    session = weakref.ref(stage.session)

    success_of(ISessions(stage.house).end(stage.session, "test"))
    microphone.evaluate()
    microphone.heard()

    assert clock.getDelayedCalls() == []
    stage.session = microphone = None
    gc.collect()
    assert session() is None


def test_the_frame_has_what_phones_look_at():
    assert msgspec.json.decode(msgspec.json.encode(OFF)) == {
        "type": "microphone_state_change",
        "sessionId": "ann@x.org",
        "isMicrophoneEnabled": False,
        "requiredData": [],
        "bypassVad": False,
    }


steps = st.lists(
    st.tuples(
        st.sampled_from(["sound", "audio", "silence", "resend", "heard", "back", "stopped"]),
        st.sampled_from([0.0, 0.05, 0.3, 1.0, 2.5]),
    ),
    max_size=20,
)


@given(steps)
def test_in_whatever_order_things_happen_the_phone_ends_up_knowing(steps):
    stage = stage_with(Clock())
    microphone = stage.microphone
    acts = {
        "sound": lambda: stage.want("transcription:en-US"),
        "audio": lambda: stage.want("audio_chunk"),
        "silence": lambda: stage.want(),
        "resend": microphone.resend,
        "heard": microphone.heard,
        "back": lambda: stage.session.announce(GlassesAttached(reconnected=True)),
        "stopped": lambda: stage.session.announce(AppStopped(ACME, was_running=True)),
    }
    knows, unwanted_since = OFF, 0.0
    for act, pause in steps:
        was_wanted = bool(stage.subscriptions.of(ACME))
        acts[act]()
        if was_wanted and not stage.subscriptions.of(ACME):
            unwanted_since = stage.clock.seconds()
        for _ in range(round(pause * 20)):
            stage.clock.advance(0.05)
            for one in stage.take():
                if knows.is_microphone_enabled and not one.is_microphone_enabled:
                    # never off before it has settled
                    assert stage.clock.seconds() - unwanted_since >= DEFAULTS.settle
                knows = one

    for one in stage.take() + stage.after(6):
        knows = one

    wanted = stage.subscriptions.of(ACME)
    assert knows == told(bool(wanted), bypass="audio_chunk" in wanted)
    assert microphone.is_on is bool(wanted)


def test_glasses_that_say_they_reconnected_hear_of_the_microphone_again(clock: Clock):
    house = house_with(
        microphone_manager, device_manager, fake_relay, fake_apps, subscriptions_manager,
        device_for_microphone, profiles_component, clock=clock,
    )  # fmt: skip
    session = session_in(house)
    context = FakeContext(house, session)
    say = glasses_connection_state.handle
    say(GlassesConnectionState(model_name="Even Realities G1", status="CONNECTED"), context)
    clock.advance(5)
    session.glasses.take()

    say(GlassesConnectionState(model_name="Even Realities G1", status="RECONNECTED"), context)

    assert [type(one) for one in session.glasses.take()] == [MicrophoneStateChange]


def test_a_wish_of_a_moment_puts_the_switching_off_anew():
    stage = stage_with(Clock())
    stage.want("transcription:en-US")
    stage.after(1)
    stage.want()
    stage.after(2)

    stage.want("transcription:en-US")
    stage.want()
    within, later = stage.after(2.95), stage.after(0.3)

    assert within == []
    assert later == [OFF]
