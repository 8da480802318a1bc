"""Live captions: what is heard becomes text for whoever subscribed."""

import json
from typing import Any

import attrs
import pytest
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.engines import engines
from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.glasses.audio.manager import audio_chunk, audio_manager
from mentra.glasses.audio.voice import voice_activity
from mentra.glasses.captions.events import (
    glasses_for_captions,
    glasses_left_for_captions,
    subscriptions_for_captions,
    voice_for_captions,
)
from mentra.glasses.captions.figures import caption_figures
from mentra.glasses.captions.manager import captions_manager
from mentra.glasses.captions.settings import CaptionsSettings
from mentra.glasses.relay import relay_manager
from mentra.glasses.subscriptions import subscriptions_manager
from mentra.glasses.transcripts import local_transcription, transcripts_manager
from mentra.hearing import Word
from mentra.interfaces.audio import ICaptions, ITranscripts
from mentra.interfaces.glasses import IApps, IMicrophone, ISubscriptions
from mentra.interfaces.session import ISessions
from mentra.interfaces.speech import IRecogniser, ITranslator, IVoiceDetection
from mentra.interfaces.stores import IAppStore
from mentra.messages import Fault
from mentra.messages.audio import AudioChunk, LocalTranscription, Vad
from mentra.records import App, Permission
from mentra.speech.recognition import recognition
from mentra.speech.settings import SpeechSettings
from mentra.speech.translation import TranslationSettings, translation
from mentra.testing.engines import (
    FakeRecogniser,
    FakeStream,
    FakeTranslatingRecogniser,
    FakeTranslator,
    FakeVoiceDetection,
    loud,
    quiet,
)
from mentra.testing.glasses import fake_microphone
from mentra.testing.house import WALL_TIME, FakeContext, house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.running_apps import fake_apps

ACME, OTHER, DEAF = "com.acme", "com.other", "com.deaf"
PLUGINS = (
    engines, recognition, translation, subscriptions_manager, relay_manager, fake_apps,
    fake_microphone, audio_manager, transcripts_manager, captions_manager, caption_figures,
    subscriptions_for_captions, voice_for_captions, glasses_left_for_captions,
    glasses_for_captions,
)  # fmt: skip


@attrs.define
class Stage:
    """Ann with her glasses, three apps, one recogniser and one translator."""

    clock: Clock
    house: Any
    session: Any
    recogniser: FakeRecogniser
    translator: FakeTranslator
    peers: dict[str, FakePeer]

    @property
    def captions(self) -> Any:
        return ICaptions(self.session)

    @property
    def context(self) -> FakeContext:
        return FakeContext(self.house, self.session, self.session.glasses)

    @property
    def stream(self) -> FakeStream:
        """The newest one."""
        return self.recogniser.streams[-1]

    def subscribe(self, *streams: str, app: str = ACME) -> None:
        """The app's new list, and the moment in which changes are gathered."""
        ISubscriptions(self.session).update(app, list(streams))
        self.clock.advance(0.5)

    def sound(self, *chunks: bytes) -> None:
        """It comes through the glasses' socket, all at once."""
        for data in chunks:
            audio_chunk.handle(AudioChunk(data=data), self.context)

    def speak(self, seconds: float, pcm: bytes | None = None) -> None:
        """In real time, 100 ms at a time."""
        for _ in range(round(seconds * 10)):
            self.sound(pcm or loud(100))
            self.clock.advance(0.1)

    def vad(self, status: bool) -> None:
        """The phone's voice detection."""
        voice_activity.handle(Vad(status=status, raw=b"{}"), self.context)

    def phone_recognised(self, text: str, language: str = "en-US") -> None:
        message = LocalTranscription(
            text=text, is_final=True, transcribe_language=language, raw=b'{"text":"phone"}'
        )
        local_transcription.handle(message, self.context)

    def told(self, app: str = ACME) -> list[dict[str, Any]]:
        """Frames of streams that the app got since the last call."""
        frames = self.peers[app].take()
        return [json.loads(one) for one in frames if isinstance(one, bytes)]

    def data(self, app: str = ACME) -> list[dict[str, Any]]:
        return [one["data"] for one in self.told(app)]

    def faults(self, app: str = ACME) -> list[Fault]:
        """Refusals that it got since the last call."""
        return [one for one in self.peers[app].take() if isinstance(one, Fault)]

    def dropped(self, why: str) -> float:
        """Seconds of sound that had to give way."""
        name = "mentra_captions_dropped_seconds_total"
        value = self.house.metrics.registry.get_sample_value(name, {"why": why})
        return value or 0.0

    def stages(self, name: str) -> list[float]:
        return [one[2] for one in self.house.metrics.told if one[:2] == ("observe", name)]


def stage_with(
    *,
    detector: bool = True,
    translator: str = "fake",
    recogniser: FakeRecogniser | None = None,
    **settings: Any,
) -> Stage:
    clock, translating = Clock(), FakeTranslator()
    recogniser = recogniser or FakeRecogniser(languages=("en", "de"))
    detection = EngineFactory(IVoiceDetection, "webrtc", lambda services: FakeVoiceDetection())
    house = house_with(
        *PLUGINS,
        EngineFactory(IRecogniser, "fake", lambda services: recogniser),
        EngineFactory(ITranslator, "fake", lambda services: translating),
        *([detection] if detector else []),
        clock=clock,
        sections=(
            SpeechSettings(recognisers=("fake",), caption_budget=0.0),
            TranslationSettings(engine=translator),
            CaptionsSettings(**{"finish_within": 1.5, **settings}),
        ),
    )
    for package_name, permission in ((ACME, "MICROPHONE"), (OTHER, "MICROPHONE"), (DEAF, "CAMERA")):
        app = App(package_name=package_name, permissions=(Permission(type=permission),))
        success_of(IAppStore(house).save(app))
    session = session_in(house)
    peers = {name: IApps(session).run(name) for name in (ACME, OTHER, DEAF)}
    return Stage(clock, house, session, recogniser, translating, peers)


@pytest.fixture
def stage() -> Stage:
    return stage_with()


def test_it_keeps_its_promises(stage):
    assert verifyObject(ICaptions, stage.captions)


# -- what an app is sent -----------------------------------------------------------------------


def test_an_interim_caption_and_the_final_one_have_the_same_id_and_all_their_fields(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.sound(loud(1000))

    stage.stream.hear("hello", final=False, start_ms=100, end_ms=600, confidence=0.5)
    word = Word(text="hello", start_ms=100, end_ms=900, confidence=0.9)
    stage.stream.hear(
        "hello there", start_ms=100, end_ms=950, confidence=0.93, speaker_id="1", words=(word,)
    )

    interim, final = stage.told()
    assert interim["streamType"] == final["streamType"] == "transcription:en-US"
    utterance_id = interim["data"]["utteranceId"]
    assert utterance_id.startswith(f"utt_{int(WALL_TIME * 1000) + 500}_")
    assert final["data"] == {
        "type": "transcription",
        "text": "hello there",
        "isFinal": True,
        "utteranceId": utterance_id,
        "transcribeLanguage": "en-US",
        "detectedLanguage": "en",
        "startTime": 100,
        "endTime": 950,
        "duration": 850,
        "speakerId": "1",
        "provider": "fake",
        "confidence": 0.93,
        "metadata": {
            "provider": "fake",
            "fake": {
                "tokens": [
                    {
                        "text": "hello",
                        "startMs": 100,
                        "endMs": 900,
                        "confidence": 0.9,
                        "isFinal": True,
                    }
                ]
            },
            "latencyMs": {"recogniser": 0.0},
        },
    }
    assert (interim["data"]["text"], interim["data"]["isFinal"]) == ("hello", False)


def test_the_next_utterance_has_another_id(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    for text in ("one", "two"):
        stage.stream.hear(text)

    first, second = stage.data()

    assert first["utteranceId"] != second["utteranceId"]


def test_each_subscriber_is_told_once_under_its_own_string(stage):
    stage.subscribe("transcription:en-US?hints=de", "transcription", "transcription:auto")
    stage.subscribe("*", "transcription:en-GB", app=OTHER)
    stage.subscribe("transcription:en-US", app=DEAF)
    stage.vad(True)

    stage.stream.hear("hello")

    assert len(stage.recogniser.streams) == 1
    assert sorted(one["streamType"] for one in stage.told()) == [
        "transcription",
        "transcription:auto",
        "transcription:en-US?hints=de",
    ]
    told = {
        one["streamType"]: one["data"]["transcribeLanguage"]
        for one in stage.told(OTHER)
        if one["streamType"] != "VAD"
    }
    assert told == {"transcription": "en-GB", "transcription:en-GB": "en-GB"}
    assert stage.told(DEAF) == []


def test_permissions_are_looked_at_when_a_caption_is_delivered(stage):
    stage.subscribe("transcription:en-US", "transcription:en-GB")
    stage.vad(True)
    stage.stream.hear("before")
    before = len(stage.told())

    success_of(IAppStore(stage.house).save(App(package_name=ACME, permissions=())))
    stage.stream.hear("after")

    assert before == 2
    assert stage.told() == []


def test_one_stream_is_opened_for_a_language_with_the_hints_of_all(stage):
    stage.subscribe("transcription:en-US?hints=ja,es")
    stage.subscribe("transcription:en-GB?hints=fr", "transcription:de-DE", app=OTHER)

    stage.vad(True)

    german, english = sorted(
        (one.wanted for one in stage.recogniser.streams), key=lambda one: one.language
    )
    assert german.language == "de-DE"
    assert (english.language, english.languages) == ("en-GB", ("en-US", "es", "fr", "ja"))


def test_whoever_wants_any_language_gets_the_plain_one_if_nobody_names_another(stage):
    stage.subscribe("transcription:auto")
    stage.vad(True)

    stage.stream.hear("hello")

    assert stage.stream.wanted.language == "en-US"
    assert [one["streamType"] for one in stage.told()] == ["transcription:auto"]


def test_an_interim_that_comes_to_nothing_ends_as_it_was_shown(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.stream.hear("", final=False)
    stage.stream.hear("hm", final=False)

    stage.stream.hear("", final=True)
    stage.stream.hear("", final=True)

    assert [(one["text"], one["isFinal"]) for one in stage.data()] == [("hm", False), ("hm", True)]


def test_an_interim_that_the_engine_left_as_it_was_ends_when_the_next_utterance_begins(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.stream.hear("one", final=False, start_ms=0, end_ms=500)

    stage.stream.hear("two", final=False, start_ms=900, end_ms=1500)

    first, left, second = stage.data()
    assert (left["text"], left["isFinal"]) == ("one", True)
    assert left["utteranceId"] == first["utteranceId"] != second["utteranceId"]


def test_what_was_said_is_kept_for_a_while(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.stream.hear("so far", final=False)
    stage.stream.hear("so far so good", speaker_id="2")

    (segment,) = ITranscripts(stage.session).segments("en-US")

    assert (segment.text, segment.speaker_id) == ("so far so good", "2")
    assert segment.result_id == stage.data()[-1]["utteranceId"]


def test_every_caption_is_measured_and_knows_how_long_it_took(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.speak(1)
    stage.clock.advance(0.25)

    stage.stream.hear("hello", final=False, end_ms=1000)
    stage.stream.hear("hello", end_ms=500)

    assert stage.stages("recogniser") == [pytest.approx(0.35)]
    assert stage.stages("recogniser_final") == [pytest.approx(0.85)]
    assert stage.stages("caption") == [0.0, 0.0]
    assert len(stage.stages("fed")) == 10
    latencies = [one["metadata"]["latencyMs"]["recogniser"] for one in stage.data()]
    assert latencies == [350.0, 850.0]


# -- when somebody speaks ----------------------------------------------------------------------


def test_nothing_is_heard_until_somebody_subscribes(stage):
    stage.vad(True)
    stage.speak(1)

    assert stage.session.built(ICaptions) is None
    assert stage.recogniser.streams == []


def test_what_is_said_in_the_moment_after_subscribing_is_heard_too(stage):
    ISubscriptions(stage.session).update(ACME, ["transcription:en-US", "transcription:de-DE"])
    stage.speak(0.4)
    before = len(stage.recogniser.streams)

    stage.speak(0.4)

    assert before == 0
    assert [one.sound for one in stage.recogniser.streams] == [loud(800), loud(800)]


def test_who_subscribes_while_somebody_speaks_hears_the_rest(stage):
    stage.vad(True)

    stage.subscribe("transcription:en-US")
    stage.sound(loud(100))

    assert stage.stream.sound == loud(100)


def test_before_the_phone_hears_a_voice_the_newest_50_pieces_are_kept(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.vad(False)
    stage.clock.advance(2)
    for number in range(60):
        stage.sound(bytes([number, 0]) * 160)

    stage.vad(True)

    assert [one[0] for one in stage.stream.written] == list(range(10, 60))


def test_of_long_pieces_ten_seconds_are_kept(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.vad(False)
    stage.clock.advance(2)
    stage.sound(*[quiet(400)] * 40)

    stage.vad(True)

    assert len(stage.stream.sound) == 10 * 32_000


def test_when_the_voice_ends_the_recogniser_has_the_last_word(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.sound(loud(500))
    stage.stream.hear("hel", final=False)

    stage.vad(False)
    finalized = list(stage.stream.finalized)
    stage.stream.hear("hello", final=True)

    assert finalized == [1]
    assert stage.stream.closed
    said = [(one["text"], one["isFinal"]) for one in stage.data()]
    assert said == [("hel", False), ("hello", True)]
    assert ICaptions(stage.session).languages == ()


def test_a_recogniser_that_owes_more_than_one_sentence_is_waited_for(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.sound(loud(500))
    stage.vad(False)
    stage.stream.is_owing = True

    stage.stream.hear("one", final=True, end_ms=200)
    stage.stream.is_owing = False
    stage.stream.hear("two", final=True, start_ms=300, end_ms=500)

    assert [one["text"] for one in stage.data()] == ["one", "two"]
    assert stage.stream.closed


def test_a_recogniser_that_is_behind_may_take_longer_but_not_for_ever(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.sound(loud(500))
    stage.vad(False)
    stage.stream.is_owing = True

    stage.clock.advance(CaptionsSettings().finish_behind - 1)
    is_waited_for = stage.stream.is_open
    stage.stream.hear("late", final=True)
    stage.clock.advance(1)

    assert is_waited_for
    assert [one["text"] for one in stage.data()] == ["late"]
    assert stage.stream.closed


def test_one_that_has_nothing_to_say_at_last_is_let_go(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.sound(loud(500))
    stage.vad(False)
    stage.stream.is_owing = True
    stage.clock.advance(CaptionsSettings().finish_within * 2)

    stage.stream.is_owing = False
    stage.clock.advance(CaptionsSettings().finish_within)

    assert stage.stream.closed


def test_a_recogniser_without_a_last_word_leaves_the_interim_as_the_final(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.stream.hear("hel", final=False)
    stage.vad(False)

    stage.clock.advance(1.5)

    interim, final = stage.data()
    assert stage.stream.closed
    assert (final["text"], final["isFinal"]) == ("hel", True)
    assert final["utteranceId"] == interim["utteranceId"]
    assert [one.text for one in ITranscripts(stage.session).segments("en-US")] == ["hel"]


def test_who_goes_on_before_it_has_ended_is_heard_in_the_same_stream(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.sound(loud(20))
    stage.vad(False)
    stage.sound(quiet(20))

    stage.vad(True)
    stage.sound(loud(40))
    stage.clock.advance(5)

    assert len(stage.recogniser.streams) == 1
    assert stage.stream.written == [loud(20), quiet(20), loud(40)]
    assert stage.stream.is_open


def test_without_a_word_of_the_phone_speech_opens_a_stream_and_silence_ends_it(stage):
    stage.subscribe("transcription:en-US")
    stage.speak(1, quiet(100))
    in_silence = len(stage.recogniser.streams)

    stage.speak(1)
    stage.speak(3.1, quiet(100))

    assert in_silence == 0
    # what came before it is heard too, or the first word would lack its beginning
    assert stage.stream.sound.startswith(quiet(1000) + loud(1000))
    assert stage.stream.finalized
    assert stage.captions.languages == ("en",)
    stage.clock.advance(1.5)
    assert stage.captions.languages == ()


def test_speech_in_short_pieces_opens_a_stream_too(stage):
    stage.subscribe("transcription:en-US")

    for _ in range(10):
        stage.sound(loud(10))

    assert stage.stream.sound == loud(100)


def test_sound_that_just_stops_ends_the_stream_too(stage):
    stage.subscribe("transcription:en-US")
    stage.speak(1)

    stage.clock.advance(2.5)
    before = list(stage.stream.finalized)
    stage.clock.advance(0.6)

    assert before == []
    assert stage.stream.finalized == [10]


def test_without_a_detector_the_first_sound_opens_a_stream():
    stage = stage_with(detector=False)
    stage.subscribe("transcription:en-US")

    stage.speak(0.1, quiet(100))

    assert stage.stream.sound == quiet(100)


def test_a_phone_that_sends_silence_too_is_not_asked_whether_somebody_speaks(stage):
    stage.subscribe("transcription:en-US", "audio_chunk")
    IMicrophone(stage.session).bypass_vad = True
    stage.vad(True)
    stage.vad(False)

    stage.speak(1)

    assert stage.stream.sound == loud(1000)
    assert stage.stream.finalized == []


def test_a_phone_that_goes_over_to_sending_silence_is_believed_no_longer(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.speak(1)

    IMicrophone(stage.session).bypass_vad = True
    stage.speak(3.2, quiet(100))

    assert stage.stream.finalized


def test_a_phone_that_says_nobody_speaks_is_not_believed_against_all_evidence(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.vad(False)
    stage.clock.advance(2)

    stage.speak(4.9)
    before = len(stage.recogniser.running)
    stage.speak(0.2)

    assert before == 0
    assert len(stage.stream.sound) == 51 * 3200
    assert stage.stream.is_open


# -- the phone's own recognition ---------------------------------------------------------------


def test_what_the_phone_recognises_is_not_recognised_here(stage):
    stage.subscribe("transcription:en-US", "transcription:de-DE")
    stage.vad(True)
    english = next(one for one in stage.recogniser.streams if one.wanted.language == "en-US")
    english.hear("hel", final=False)

    stage.phone_recognised("hello")
    stage.speak(5)

    assert english.closed
    assert stage.captions.languages == ("de",)
    assert [one["text"] for one in stage.data()] == ["hel", "hel", "phone"]


def test_a_while_after_the_phone_has_stopped_it_is_recognised_here_again(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.phone_recognised("hello")
    stage.clock.advance(9)
    stage.phone_recognised("again")

    stage.clock.advance(9.9)
    before = stage.captions.languages
    stage.clock.advance(0.2)
    stage.sound(loud(100))

    assert before == ()
    assert stage.stream.sound == loud(100)


# -- languages that nobody recognises ----------------------------------------------------------


def test_a_language_that_nobody_recognises_is_refused_once_with_what_to_do(stage):
    stage.subscribe("transcription:xx-XX", "transcription:en-US")
    (fault,) = stage.faults()

    stage.subscribe("transcription:xx-XX", "transcription:de-DE")
    stage.vad(True)
    stage.clock.advance(300)

    assert fault.code == "UNKNOWN_LANGUAGE"
    assert "Nobody here recognises xx-XX: fake does not speak it" in fault.message
    assert "[speech] languages" in fault.message
    assert (fault.where, fault.retryable) == ("provider", False)
    assert stage.faults() == []
    assert stage.faults(OTHER) == []


def test_who_subscribes_to_it_later_is_told_too(stage):
    stage.subscribe("transcription:xx-XX")
    stage.subscribe("transcription:xx-XX", app=OTHER)

    assert len(stage.faults()) == len(stage.faults(OTHER)) == 1


def test_who_subscribes_to_it_anew_is_told_anew(stage):
    stage.subscribe("transcription:xx-XX")
    stage.subscribe("transcription:en-US")
    stage.subscribe("transcription:xx-XX")

    assert len(stage.faults()) == 2


def test_an_engine_that_is_not_installed_is_named_with_what_to_install(stage):
    stage.recogniser.lacking = "pocketsphinx is not installed: pip install mentra[speech]"

    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.sound(loud(100))

    (fault,) = stage.faults()
    assert "pip install mentra[speech]" in fault.message


def test_more_languages_than_allowed_are_refused():
    stage = stage_with(max_languages=1)

    stage.subscribe("transcription:de-DE", "transcription:en-US")
    stage.vad(True)

    assert [one.wanted.language for one in stage.recogniser.streams] == ["de-DE"]
    assert [one.code for one in stage.faults()] == ["TOO_MANY_LANGUAGES"]


def test_it_can_be_switched_off():
    stage = stage_with(enabled=False)

    stage.subscribe("transcription:en-US", "transcription:xx-XX")
    stage.vad(True)
    stage.speak(1)

    assert stage.recogniser.streams == []
    assert stage.faults() == []


# -- failures ----------------------------------------------------------------------------------


def break_down(stage: Stage, **how: Any) -> None:
    """The engine fails, as often as it takes until nobody takes over any more."""
    while stage.recogniser.running:
        stage.stream.fail(**how)


def test_after_a_failure_it_is_tried_again_with_the_sound_of_meanwhile(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.speak(1)
    stage.stream.hear("one", final=False)
    stage.recogniser.refusal = Refused("DOWN", "it is down", retryable=True)
    stage.stream.fail()

    stage.speak(4)
    stage.recogniser.refusal = None
    stage.clock.advance(26)
    stage.clock.advance(60)

    assert [(one["text"], one["isFinal"]) for one in stage.data()] == [
        ("one", False),
        ("one", True),
    ]
    assert stage.stream.is_open


def test_sound_while_it_is_tried_again_is_kept(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.recogniser.refusal = Refused("DOWN", "it is down", retryable=True)
    stage.stream.fail()
    stage.recogniser.refusal = None

    stage.speak(4.9)
    before = len(stage.recogniser.streams)
    stage.speak(0.3)

    assert before == 1
    assert stage.stream.sound == loud(5200)
    assert stage.faults() == []


def test_all_that_is_said_until_a_later_attempt_goes_well_is_kept(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.recogniser.refusal = Refused("ENGINE_BUSY", "it has no room", retryable=True)
    stage.stream.fail()

    stage.speak(14)
    stage.recogniser.refusal = None
    stage.speak(2)

    assert stage.stream.sound == loud(16_000)
    assert stage.dropped("failed") == 0


def test_an_engine_that_works_again_is_asked_as_soon_as_it_is_not_left_alone_any_more(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.recogniser.refusal = Refused("DOWN", "it is down", retryable=True)
    stage.stream.fail()

    stage.speak(20)
    stage.recogniser.refusal = None
    told = [one.code for one in stage.faults()]
    # it is left alone for 30 s since its third failure, which was after 5
    stage.speak(SpeechSettings().cool_down + 5 + CaptionsSettings().retry_after - 20)
    stage.stream.hear("hello")

    assert told == ["ENGINE_UNAVAILABLE"]
    assert stage.stream.sound.startswith(loud(30_000))
    assert [one["text"] for one in stage.data()] == ["hello"]


def test_speech_that_gives_way_while_nothing_works_is_counted(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.recogniser.refusal = Refused("ENGINE_BUSY", "it has no room", retryable=True)
    stage.stream.fail()

    stage.speak(29)
    before = stage.dropped("failed")
    stage.speak(2)

    # given up after 30 s
    assert before == 0
    assert stage.dropped("failed") == pytest.approx(30, abs=1)


def test_silence_that_gives_way_is_counted_apart(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.vad(False)
    stage.clock.advance(2)
    before = stage.dropped("silence")

    stage.sound(*[quiet(100)] * 60)

    assert (before, stage.dropped("silence")) == (0, pytest.approx(1))
    assert stage.dropped("failed") == 0


def test_what_was_said_while_it_was_tried_again_is_finished_after_all(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.recogniser.refusal = Refused("DOWN", "it is down", retryable=True)
    stage.stream.fail()
    stage.recogniser.refusal = None

    stage.speak(2)
    stage.vad(False)
    stage.clock.advance(4)

    assert stage.stream.sound == loud(2000)
    assert stage.stream.finalized == [20]


def test_three_times_it_is_tried_again_and_then_the_apps_are_told(stage):
    stage.subscribe("transcription:en-US")
    stage.recogniser.refusal = Refused("DOWN", "it is down", where="provider", retryable=True)
    attempts = stage.recogniser.open
    tried: list[float] = []

    def counting(wanted: Any, listener: Any) -> Any:
        tried.append(stage.clock.seconds())
        return attempts(wanted, listener)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeRecogniser, "open", lambda self, *how: counting(*how))
        stage.vad(True)
        for _ in range(29):
            stage.clock.advance(1)
        before = stage.faults()
        stage.clock.advance(2)

    # the engine's own circuit opened at the third
    assert tried == [0.5, 5.5, 15.5]
    assert before == []
    (fault,) = stage.faults()
    assert fault.retryable
    assert fault.where == "provider"


def test_when_it_works_again_captions_go_on_by_themselves(stage):
    stage.subscribe("transcription:en-US")
    stage.recogniser.refusal = Refused("DOWN", "it is down", retryable=True)
    stage.vad(True)
    for _ in range(600):
        stage.clock.advance(1)
    stage.recogniser.refusal = None

    for _ in range(100):
        stage.clock.advance(1)
    stage.sound(loud(100))
    stage.stream.hear("back")

    frames = stage.peers[ACME].take()
    assert stage.stream.sound == loud(100)
    assert [type(one) for one in frames] == [Fault, bytes]


def test_an_engine_with_too_much_to_do_is_given_time(stage):
    stage.subscribe("transcription:en-US")
    source_retries = stage.captions._sources["en"].retries
    busy = Refused("RATE_LIMITED", "too many", retryable=True)

    waits = [source_retries.after(busy) for _ in range(6)]

    assert waits == [5, 10, 20, 40, 60, 60]


def test_after_ten_failures_only_a_look_begins_anew(stage):
    stage.subscribe("transcription:en-US")
    retries = stage.captions._sources["en"].retries
    problem = Refused("DOWN", "it is down", retryable=True)

    waits = [retries.after(problem) for _ in range(10)]
    hopeless = retries.is_hopeless
    retries.rested()

    assert waits == [5, 10, 15, None, 5, 10, 15, None, 5, None]
    assert hopeless
    assert not retries.is_hopeless


def test_a_failure_at_the_last_words_costs_nothing_but_these(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.stream.hear("hel", final=False)
    stage.recogniser.refusal = Refused("DOWN", "it is down", retryable=True)
    stage.vad(False)

    stage.stream.fail()

    assert [one["isFinal"] for one in stage.data()] == [False, True]
    assert stage.faults() == []


# -- ends --------------------------------------------------------------------------------------


def test_when_nobody_subscribes_any_more_nothing_is_heard(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.speak(1)

    stage.subscribe("button_press")
    stage.sound(loud(100))

    for _ in range(2):
        stage.clock.advance(10)  # as long as the last seconds of sound are kept

    assert stage.stream.closed
    assert len(stage.stream.written) == 10
    assert stage.clock.getDelayedCalls() == []


def test_a_language_goes_when_its_last_subscriber_goes(stage):
    stage.subscribe("transcription:en-US")
    stage.subscribe("transcription:de-DE", app=OTHER)
    stage.vad(True)

    ISubscriptions(stage.session).remove(OTHER)
    stage.clock.advance(0.5)

    assert stage.captions.languages == ("en",)


def test_when_the_glasses_stay_away_the_stream_ends(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.speak(1)

    ISessions(stage.house).glasses_closed(stage.session, stage.session.glasses)
    stage.clock.advance(9)
    for_a_moment = stage.captions.languages
    stage.clock.advance(1)
    stage.clock.advance(1.5)

    assert for_a_moment == ("en",)
    assert stage.stream.closed


def test_glasses_that_are_back_at_once_are_heard_on(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    ISessions(stage.house).glasses_closed(stage.session, stage.session.glasses)
    stage.clock.advance(5)

    peer = FakePeer("glasses")
    success_of(ISessions(stage.house).glasses_opened("ann@x.org", peer))
    glasses_for_captions.heard(None, stage.session)
    stage.clock.advance(30)
    stage.sound(loud(100))

    assert len(stage.recogniser.streams) == 1
    assert stage.stream.sound == loud(100)


def test_a_voice_without_any_sound_is_not_waited_for_for_ever(stage):
    stage.subscribe("transcription:en-US")
    stage.vad(True)
    stage.speak(1)

    for _ in range(7):
        stage.clock.advance(60)

    assert stage.stream.closed
    assert stage.captions.languages == ()


@pytest.mark.parametrize("doing", ["speaking", "finishing", "failing", "muted"])
def test_nothing_is_left_of_it_when_the_session_ends(stage, doing):
    stage.subscribe("transcription:en-US", "translation:en-US-to-es-ES")
    stage.vad(True)
    stage.speak(1)
    stage.stream.hear("hello", final=False)
    if doing == "finishing":
        stage.vad(False)
    elif doing == "failing":
        stage.recogniser.refusal = Refused("DOWN", "it is down", retryable=True)
        stage.stream.fail()
    elif doing == "muted":
        stage.phone_recognised("hello")

    success_of(ISessions(stage.house).end(stage.session, "test"))

    assert stage.recogniser.running == []
    assert [one.is_cancelled for one in stage.translator.asked if not one.answer.called] == []
    assert stage.clock.getDelayedCalls() == []


# -- translation -------------------------------------------------------------------------------


def test_a_translation_has_all_its_fields(stage):
    stage.subscribe("translation:en-US-to-es-ES")
    stage.vad(True)
    stage.stream.hear("hello", start_ms=0, end_ms=850, confidence=0.9, speaker_id="1")

    stage.translator.asked[0].succeed("hola")

    (frame,) = stage.told()
    assert frame["streamType"] == "translation:en-US-to-es-ES"
    data = frame["data"]
    assert data.pop("utteranceId")
    assert data == {
        "type": "translation",
        "text": "hola",
        "originalText": "hello",
        "isFinal": True,
        "startTime": 0,
        "endTime": 850,
        "duration": 850,
        "speakerId": "1",
        "transcribeLanguage": "en-US",
        "detectedLanguage": "en",
        "translateLanguage": "es-ES",
        "didTranslate": True,
        "provider": "fake",
        "confidence": 0.9,
    }
    assert (stage.translator.asked[0].source, stage.translator.asked[0].target) == (
        "en-US",
        "es-ES",
    )


def test_each_pair_is_translated_once_whoever_wants_it(stage):
    stage.subscribe("translation:en-US-to-es-ES", "translation:all-to-es-MX")
    stage.subscribe("translation:en-GB-to-es-ES", "translation", app=OTHER)
    stage.vad(True)
    stage.stream.hear("hello")

    (asked,) = stage.translator.asked
    asked.succeed("hola")

    assert sorted(one["streamType"] for one in stage.told()) == [
        "translation:all-to-es-MX",
        "translation:en-US-to-es-ES",
    ]
    other = [one["streamType"] for one in stage.told(OTHER)]
    assert other.count("translation:en-GB-to-es-ES") == 1
    assert other.count("translation") == 1


def test_of_interims_the_newest_is_translated_and_every_final(stage):
    stage.subscribe("translation:en-US-to-es-ES")
    stage.vad(True)
    for text in ("a", "b", "c"):
        stage.stream.hear(text, final=False)
    asked = stage.translator.asked

    asked[0].succeed("A")
    stage.stream.hear("d", final=True)
    stage.stream.hear("e", final=True)
    asked[2].succeed("D")
    asked[3].succeed("E")

    assert [one.text for one in asked] == ["a", "c", "d", "e"]
    assert asked[1].is_cancelled
    assert [one["text"] for one in stage.data()] == ["A", "D", "E"]


def test_a_final_that_cannot_be_translated_is_told_as_it_was_said(stage):
    stage.subscribe("translation:en-US-to-es-ES")
    stage.vad(True)
    for text in ("hello", "world"):
        stage.stream.hear(text)
        stage.translator.asked[-1].fail()

    frames = stage.peers[ACME].take()

    told = [json.loads(one)["data"] for one in frames if isinstance(one, bytes)]
    assert [(one["text"], one["didTranslate"]) for one in told] == [
        ("hello", False),
        ("world", False),
    ]
    assert [one.code for one in frames if isinstance(one, Fault)] == ["TRANSLATION_FAILED"]


def test_a_translator_far_behind_gets_no_longer_and_longer_queue(stage):
    stage.subscribe("translation:en-US-to-es-ES")
    stage.vad(True)

    for number in range(30):
        stage.stream.hear(f"sentence {number}")

    told = stage.data()
    assert [one["text"] for one in told] == [f"sentence {number}" for number in range(1, 10)]
    assert len(stage.translator.asked) == 1


def test_the_same_language_is_no_translation(stage):
    stage.subscribe("translation:en-US-to-en-GB")
    stage.vad(True)
    stage.speak(1)

    assert stage.recogniser.streams == []


def test_what_is_in_the_wanted_language_already_is_told_as_it_is(stage):
    stage.subscribe("translation:all-to-en-US", "transcription:en-US")
    stage.vad(True)

    stage.stream.hear("Hello!")

    said = {one["streamType"]: one["data"] for one in stage.told()}
    assert said["translation:all-to-en-US"]["text"] == "Hello!"
    assert said["translation:all-to-en-US"]["didTranslate"] is False
    assert stage.translator.asked == []


def test_a_recogniser_may_translate_on_the_way(stage):
    stage.subscribe("translation:en-US-to-es-ES")
    stage.vad(True)

    stage.stream.hear("hello", translation="hola")

    assert stage.stream.wanted.translate_to == "es"
    assert [one["text"] for one in stage.data()] == ["hola"]
    assert stage.translator.asked == []


def test_one_that_is_still_at_it_is_waited_for_until_the_end(stage):
    stage.subscribe("translation:en-US-to-es-ES")
    stage.vad(True)

    stage.stream.hear("hel", final=False, translation="")
    stage.stream.hear("hello", final=False, translation="hola")
    assert [one["text"] for one in stage.data()] == ["hola"]
    assert stage.translator.asked == []
    stage.stream.hear("hello", translation="")

    assert [one.text for one in stage.translator.asked] == ["hello"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["translation:en-US-to-es-ES"], 0),
        (["translation:en-US-to-fr-FR"], 1),
        # one language on the way is all that there is
        (["translation:en-US-to-es-ES", "translation:en-US-to-fr-FR"], 2),
    ],
)
def test_no_translator_is_missed_where_the_recogniser_translates(names, told):
    recogniser = FakeTranslatingRecogniser()
    stage = stage_with(translator="", recogniser=recogniser)

    stage.subscribe(*names)

    assert [one.code for one in stage.faults()] == ["NO_TRANSLATOR"] * told


def test_without_a_translator_the_subscriber_is_told_what_to_set():
    stage = stage_with(translator="")

    stage.subscribe("translation:en-US-to-es-ES", "transcription:en-US")

    (fault,) = stage.faults()
    assert fault.code == "NO_TRANSLATOR"
    assert "set translation.engine" in fault.message


def test_a_translators_bug_costs_that_text_alone(stage, logged_failures):
    stage.subscribe("translation:en-US-to-es-ES")
    stage.vad(True)
    stage.stream.hear("hello")
    stage.stream.hear("world")

    stage.translator.asked[0].answer.errback(RuntimeError("oh"))
    stage.translator.asked[1].succeed("mundo")

    assert [one["text"] for one in stage.data()] == ["mundo"]
    assert len(logged_failures) == 1
    logged_failures.clear()
