"""Sound, lights and the network of the glasses: asked for by apps, done by the phone."""

import attrs
import msgspec
import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from mentra.errors import Denied, Refused
from mentra.events import AppStopped
from mentra.extension import ComponentFactory
from mentra.glasses.lights import (
    LightsSettings,
    app_stop_for_lights,
    lights_manager,
    rgb_led_control,
    rgb_led_control_response,
)
from mentra.glasses.speaker import (
    SpeakerSettings,
    app_stop_for_speaker,
    audio_play_request,
    audio_play_response,
    audio_stop_request,
    speaker_manager,
)
from mentra.glasses.speech_route import Spoken, speak, utterances
from mentra.glasses.wifi import request_wifi_setup
from mentra.interfaces.engines import ISynthesiser, IUtterances
from mentra.interfaces.glasses import IApps, ILights, ISpeaker
from mentra.interfaces.session import ISessions
from mentra.messages.lights import RgbLedControl, RgbLedControlResponse, SwitchLight
from mentra.messages.speaker import (
    AudioPlayRequest,
    AudioPlayResponse,
    AudioStopRequest,
    PlayAudio,
    StopAudio,
)
from mentra.messages.wifi import RequestWifiSetup, ShowWifiSetup
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps

ACME, OTHER = "com.acme", "com.other"
SONG = "https://acme.test/song.mp3"
PLUGINS = (speaker_manager, lights_manager, fake_apps, app_stop_for_speaker, app_stop_for_lights)


@attrs.define
class Stage:
    """Ann's phone is there, two apps run."""

    clock: Clock
    house: object
    session: object
    peers: dict

    def say(self, handler, message, app=ACME):
        """An app says it; the answer."""
        context = FakeContext(self.house, session=self.session, peer=self.peers[app])
        return handler.handle(message, context)

    def answer(self, handler, message):
        """The phone says it."""
        handler.handle(message, FakeContext(self.house, session=self.session))

    def play(self, request_id="r1", app=ACME, **fields):
        fields = {"audio_url": SONG, **fields}
        message = AudioPlayRequest(request_id=request_id, **fields)
        return self.say(audio_play_request, message, app)

    def switch(self, request_id="r1", app=ACME):
        message = RgbLedControl(request_id=request_id, action="on", color="red", ontime=1000)
        return self.say(rgb_led_control, message, app)

    def leave(self):
        ISessions(self.house).glasses_closed(self.session, self.session.glasses)


@pytest.fixture
def stage():
    clock = Clock()
    house = house_with(*PLUGINS, clock=clock)
    session = session_in(house)
    peers = {name: IApps(session).run(name) for name in (ACME, OTHER)}
    return Stage(clock, house, session, peers)


def test_the_managers_keep_their_promises(stage):
    assert verifyObject(ISpeaker, ISpeaker(stage.session))
    assert verifyObject(ILights, ILights(stage.session))


# -- sound


def test_a_sound_is_played_by_the_phone(stage):
    answer = stage.play(volume=0.5, stop_other_audio=True, track_id=2)

    assert answer is None
    assert stage.session.glasses.take() == [
        PlayAudio(
            session_id="ann@x.org",
            request_id="r1",
            app_id=ACME,
            package_name=ACME,
            audio_url=SONG,
            volume=0.5,
            stop_other_audio=True,
            track_id=2,
        )
    ]


@pytest.mark.parametrize(("asked", "told"), [(-3.0, 0.0), (7.0, 1.0), (None, None), (0.0, 0.0)])
def test_the_volume_is_what_it_can_be(stage, asked, told):
    stage.play(volume=asked)

    assert stage.session.glasses.take()[0].volume == told


def test_the_app_that_asked_hears_that_it_is_over(stage):
    stage.play("r1", ACME)
    stage.play("r2", OTHER)

    stage.answer(audio_play_response, AudioPlayResponse(request_id="r1", success=True, duration=2))

    assert stage.peers[ACME].take() == [
        AudioPlayResponse(request_id="r1", success=True, duration=2)
    ]
    assert stage.peers[OTHER].take() == []


def test_it_hears_so_once(stage):
    stage.play()
    answer = AudioPlayResponse(request_id="r1", success=False, error="no such file")

    stage.answer(audio_play_response, answer)
    stage.answer(audio_play_response, answer)

    assert stage.peers[ACME].take() == [answer]


def test_what_comes_after_a_minute_is_told_to_nobody(stage):
    stage.play()
    stage.clock.advance(SpeakerSettings().timeout)

    stage.answer(audio_play_response, AudioPlayResponse(request_id="r1", success=True))

    assert stage.peers[ACME].take() == []
    assert stage.clock.getDelayedCalls() == []


def refused(error):
    return AudioPlayResponse(request_id="r1", success=False, error=error)


def test_while_the_phone_is_away_nothing_is_played(stage):
    stage.leave()

    assert stage.play() == refused("Glasses not connected")
    assert stage.clock.getDelayedCalls()[1:] == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "", "song.mp3"])
def test_sounds_are_fetched_from_the_web_alone(stage, url):
    assert stage.play(audio_url=url) == refused("The address of the sound is none of the web")
    assert stage.session.glasses.take() == []


def test_another_apps_request_is_not_taken_over(stage):
    stage.play("r1", ACME)

    answer = stage.play("r1", OTHER)

    assert not answer.success
    stage.answer(audio_play_response, AudioPlayResponse(request_id="r1", success=True))
    assert len(stage.peers[ACME].take()) == 1
    assert stage.peers[OTHER].take() == []


def test_so_many_sounds_are_waited_for_and_no_more(stage):
    for number in range(SpeakerSettings().max_pending):
        assert stage.play(f"r{number}") is None

    assert not stage.play("one more").success


def test_an_app_can_end_its_sound(stage):
    stage.say(audio_stop_request, AudioStopRequest(track_id=2))
    stage.say(audio_stop_request, AudioStopRequest(), OTHER)

    assert stage.session.glasses.take() == [
        StopAudio(session_id="ann@x.org", app_id=ACME, track_id=2),
        StopAudio(session_id="ann@x.org", app_id=OTHER),
    ]


def test_a_long_complaint_is_cut(stage):
    stage.play()

    stage.answer(
        audio_play_response, AudioPlayResponse(request_id="r1", success=False, error="x" * 5000)
    )

    assert len(stage.peers[ACME].take()[0].error) == 1000


# -- lights


def test_a_light_is_switched_by_the_phone_and_the_app_that_asked_hears_of_it(stage):
    answer = stage.switch()

    assert answer is None
    assert stage.session.glasses.take() == [
        SwitchLight(
            session_id="ann@x.org",
            request_id="r1",
            app_id=ACME,
            package_name=ACME,
            action="on",
            color="red",
            ontime=1000,
        )
    ]
    done = RgbLedControlResponse(request_id="r1", success=True)
    stage.answer(rgb_led_control_response, done)
    assert (stage.peers[ACME].take(), stage.peers[OTHER].take()) == ([done], [])


def test_an_answer_to_nobody_is_told_to_all(stage):
    done = RgbLedControlResponse(request_id="r9", success=False, error="?")

    stage.answer(rgb_led_control_response, done)

    assert (stage.peers[ACME].take(), stage.peers[OTHER].take()) == ([done], [done])


def test_while_the_phone_is_away_there_is_no_light(stage):
    stage.leave()

    answer = stage.switch()

    assert (answer.success, answer.error) == (False, "Glasses not connected")


def test_so_many_lights_are_waited_for_and_no_more(stage):
    for number in range(LightsSettings().max_pending):
        assert stage.switch(f"r{number}") is None

    assert not stage.switch("one more").success


def test_whole_numbers_stay_whole_on_the_way():
    said = b'{"type":"rgb_led_control","requestId":"r","action":"on","ontime":1000,"offtime":0.5}'

    message = msgspec.json.decode(said, type=RgbLedControl)

    assert msgspec.json.encode(message) == said


# -- both


def test_an_app_that_stops_waits_for_nothing(stage):
    stage.play("r1", ACME)
    stage.switch("r1", ACME)
    stage.play("r2", OTHER)

    stage.session.announce(AppStopped(ACME, was_running=True))

    assert len(stage.clock.getDelayedCalls()) == 1


def test_nothing_is_waited_for_after_the_session(stage):
    stage.play()
    stage.switch()

    success_of(ISessions(stage.house).end(stage.session, "over"))

    assert stage.clock.getDelayedCalls() == []


# -- the network


def test_the_phone_shows_how_to_get_into_a_network(stage):
    stage.say(request_wifi_setup, RequestWifiSetup(reason="to stream"))
    stage.say(request_wifi_setup, RequestWifiSetup(), OTHER)

    assert stage.session.glasses.take() == [
        ShowWifiSetup(reason="to stream", app_package_name=ACME),
        ShowWifiSetup(app_package_name=OTHER),
    ]


def test_while_it_is_away_nothing_happens(stage):
    stage.leave()

    assert stage.say(request_wifi_setup, RequestWifiSetup()) is None


# -- speech


@attrs.frozen
class Speech:
    """Something said."""

    body: bytes
    content_type: str = "audio/mpeg"


@implementer(ISynthesiser)
class Engine:
    """Says what it was told."""

    def __init__(self, services):
        self.problem = None
        self.thinking = None

    def why_not(self):
        return None

    async def speak(self, text, voice, model, settings):
        if self.problem is not None:
            raise self.problem
        if self.thinking is not None:
            return await self.thinking
        return Speech(f"{text}|{voice}|{model}|{settings}".encode())


engine = ComponentFactory(ISynthesiser, Engine)


def said(house, **asked):
    call = FakeCall(house)
    call.asked = Spoken(**asked)
    return success_of(speak.handle(call))


def test_a_text_is_said_by_the_engine_that_is_installed():
    answer = said(
        house_with(engine, utterances),
        text="hello",
        voice_id="ann",
        model_id="m",
        voice_settings='{"speed":2}',
    )

    assert answer.body == b"hello|ann|m|{'speed': 2}"
    assert answer.content_type == "audio/mpeg"


def test_without_an_engine_there_is_a_reason():
    with pytest.raises(Denied) as denied:
        said(house_with(utterances), text="hello")

    assert (denied.value.status, denied.value.body["code"]) == (501, "NO_SYNTHESISER")


@pytest.mark.parametrize("settings", ["{", "[1]", "3", "[" * 3000])
def test_settings_that_are_no_object_are_refused(settings):
    with pytest.raises(Refused):
        said(house_with(engine, utterances), text="hello", voice_settings=settings)


def test_a_text_has_a_longest():
    with pytest.raises(Refused):
        said(house_with(engine, utterances), text="x" * (SpeakerSettings().max_text + 1))


@pytest.mark.parametrize(("where", "status"), [("app", 400), ("provider", 502)])
def test_an_engine_can_refuse(where, status):
    house = house_with(engine, utterances)
    ISynthesiser(house).problem = Refused("NO_VOICE", "no such voice", where=where)

    with pytest.raises(Denied) as denied:
        said(house, text="hello", voice_id="nobody")

    assert (denied.value.status, denied.value.body["code"]) == (status, "NO_VOICE")


def test_so_much_is_said_at_a_time_and_no_more():
    house = house_with(engine, utterances, sections=[SpeakerSettings(max_speeches=1)])
    thinking = ISynthesiser(house).thinking = Deferred()
    first = Deferred.fromCoroutine(IUtterances(house).say("one", None, None, {}))

    with pytest.raises(Denied) as denied:
        said(house, text="two")

    thinking.callback(Speech(b"one"))
    assert denied.value.status == 503
    assert success_of(first).body == b"one"
    ISynthesiser(house).thinking = None
    assert said(house, text="two").body.startswith(b"two")


def test_the_counter_keeps_its_promise():
    house = house_with(utterances)

    assert verifyObject(IUtterances, IUtterances(house))
