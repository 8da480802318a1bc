"""Deepgram and Soniox, whole conversations with servers that speak their protocols."""

import json

import pytest
from twisted.logger import formatEvent, globalLogPublisher
from zope.interface.verify import verifyObject

from mentra.hearing import Recognition
from mentra.interfaces.network import IDial, IWebSocketClient
from mentra.interfaces.services import ISecretFiles
from mentra.interfaces.speech import IRecogniser, ITranslatingRecogniser
from mentra.speech.deepgram import Deepgram, DeepgramSettings
from mentra.speech.figures import engine_figures
from mentra.speech.soniox import Soniox, SonioxSettings
from mentra.testing.engine_contracts import (
    RecogniserTrial,
    keeps_the_promise_of_an_engine,
    recognises_as_promised,
    refuses_to_open,
    says_what_it_lacks,
    stepping,
)
from mentra.testing.engines import FakeListener
from mentra.testing.house import house_with, success_of
from mentra.testing.network import MemoryNetwork
from mentra.testing.secret_files import FakeSecretFiles
from mentra.testing.speech_servers import StubDeepgram, StubSoniox
from mentra.web.connection import PING_EVERY, SIGNS_OF_LIFE_WITHIN
from mentra.web.sockets import WebSocketClient

SPEECH = bytes(3 * 32_000)
ENGLISH = Recognition(language="en-US")
SECRETS = FakeSecretFiles({"key": "k3y"})


class Stage:
    """An engine, its server, and a network between them."""

    def __init__(self, clock, kind):
        self.clock = clock
        self.network = MemoryNetwork()
        deepgram = kind == "deepgram"
        self.server = StubDeepgram(clock) if deepgram else StubSoniox(clock, "k3y")
        self.network.serve("ears.lan:80", self.server)
        section = (
            DeepgramSettings(base_url="ws://ears.lan", key_file="key")
            if deepgram
            else SonioxSettings(url="ws://ears.lan/transcribe-websocket", key_file="key")
        )
        self.house = house_with(
            engine_figures,
            clock=clock,
            sections=(section,),
            parts={
                IDial: self.network,
                IWebSocketClient: WebSocketClient(self.network, clock),
                ISecretFiles: SECRETS,
            },
        )
        self.engine = (Deepgram if deepgram else Soniox)(self.house)
        self.listener = FakeListener()

    def open(self, wanted=ENGLISH):
        stream = self.engine.open(wanted, self.listener)
        self.step()
        return stream

    def step(self, seconds=0.0):
        self.clock.advance(seconds)
        self.network.pump()

    def clogged(self):
        self.network.cables[-1].clog()


@pytest.fixture(params=["deepgram", "soniox"])
def stage(request, clock):
    return Stage(clock, request.param)


@pytest.fixture
def deepgram(clock):
    return Stage(clock, "deepgram")


@pytest.fixture
def soniox(clock):
    return Stage(clock, "soniox")


def test_they_recognise_as_promised(stage):
    async def after_close():
        stage.step(5.0)

    trial = RecogniserTrial(
        recogniser=stage.engine,
        wanted=ENGLISH,
        speech=SPEECH,
        settle=stepping(lambda: stage.step(0.1)),
        after_close=after_close,
    )

    success_of(recognises_as_promised(trial))

    stage.step(10.0)
    assert stage.clock.getDelayedCalls() == []


def test_interim_results_grow_and_a_final_ends_them(stage):
    stream = stage.open()

    for _ in range(2):
        stream.write(bytes(32_000))
        stage.step()
    stream.finalize()
    stage.step()

    told = [(one.text, one.is_final) for one in stage.listener.results]
    assert told == [("one two", False), ("one two three four", False), ("one two three four", True)]
    stream.close()


def test_the_key_is_given_where_the_provider_wants_it(deepgram, soniox):
    deepgram.open().close()
    stream = soniox.open()

    assert deepgram.server.last.request.headers["authorization"] == "Token k3y"
    assert soniox.server.last.request.headers["authorization"] == "Bearer k3y"
    assert soniox.server.last.texts[0]["api_key"] == "k3y"
    stream.close()


def test_deepgram_is_asked_as_the_settings_say(deepgram):
    deepgram.open(Recognition(language="de-DE", hints=("Mentra",))).close()

    params = deepgram.server.last.request.params
    assert (params["language"], params["keyterm"]) == (["de-DE"], ["Mentra"])
    assert params["model"] == ["nova-3"]


def test_soniox_translates_between_languages_that_it_knows(soniox):
    assert verifyObject(ITranslatingRecogniser, soniox.engine)
    pairs = [("en-US", "es-ES"), ("auto", "de"), ("tlh", "en"), ("en", "tlh"), ("en", "auto")]

    assert [soniox.engine.translates(*pair) for pair in pairs] == [True, True, False, False, False]


def test_soniox_is_asked_to_translate_on_the_way(soniox):
    stream = soniox.open(Recognition(language="auto", translate_to="es-ES"))

    configured = soniox.server.last.texts[0]
    assert configured["translation"] == {"type": "one_way", "target_language": "es"}
    assert "language_hints" not in configured
    stream.close()


def test_closing_ends_the_sound_in_the_protocols_own_way(deepgram, soniox):
    for stage in (deepgram, soniox):
        stream = stage.open()
        stream.write(SPEECH)
        stream.close()
        stage.step()

    assert deepgram.server.last.texts[-1] == {"type": "CloseStream"}
    assert soniox.server.last.received[-1] == b""
    assert deepgram.server.last.ended[0] == soniox.server.last.ended[0] == 1000


def test_a_pause_of_a_minute_is_survived(stage):
    stream = stage.open()
    for _ in range(60):
        stage.step(1.0)

    stream.write(SPEECH)
    stream.finalize()
    stage.step()

    assert stage.listener.problems == []
    assert stage.listener.text == "one two three four five six"
    kinds = [one.get("type", "").lower() for one in stage.server.last.texts]
    assert kinds.count("keepalive") >= 6
    stream.close()


# -- what goes wrong


def test_a_wrong_key_is_told_and_not_shown(soniox):
    soniox.server.key = "another"

    soniox.open()

    (problem,) = soniox.listener.problems
    assert (problem.code, problem.retryable) == ("AUTHENTICATION_ERROR", False)
    assert "k3y" not in problem.message


@pytest.mark.parametrize("status", [401, 402, 429, 500])
def test_a_refused_upgrade_is_told(stage, status):
    stage.server.refusals.append((status, {}))

    stage.open()

    assert [one.retryable for one in stage.listener.problems] == [status in (429, 500)]


def test_a_rest_that_was_asked_for_is_kept_by_all_streams(stage):
    stage.server.refusals.append((429, {"Retry-After": "20"}))
    stage.open()

    refuses_to_open(stage.engine, "en", "RATE_LIMITED", stage.engine.name, "20 s")

    stage.step(20.0)
    stage.open().close()
    assert len(stage.server.connections) == 2


def test_a_server_that_takes_all_and_says_nothing_is_given_up(stage):
    stream = stage.open()
    stage.server.is_hung = True

    for _ in range(20):
        stream.write(bytes(32_000))
        stage.step(1.0)

    assert [(one.code, one.retryable) for one in stage.listener.problems] == [("TIMEOUT", True)]
    stage.step(10.0)
    assert stage.clock.getDelayedCalls() == []


def test_one_that_does_not_even_answer_pings_is_given_up(stage):
    stage.open()

    for _ in range(int(SIGNS_OF_LIFE_WITHIN / PING_EVERY) + 1):
        stage.clock.advance(PING_EVERY)

    assert [one.code for one in stage.listener.problems] == ["CONNECTION_LOST"]


def test_a_connection_that_never_comes_about_is_given_up(stage):
    stage.network.hang("ears.lan:80")
    stream = stage.engine.open(ENGLISH, stage.listener)
    stream.write(SPEECH)

    for _ in range(10):
        stage.step(1.0)

    assert [(one.code, one.retryable) for one in stage.listener.problems] == [("TIMEOUT", True)]
    assert stage.clock.getDelayedCalls() == []


def test_half_an_answer_and_the_end_is_a_failure(stage):
    stream = stage.open()
    stream.write(SPEECH)
    stage.step()

    stage.server.last.sendMessage(b'{"type":"Results","tok', False)
    stage.step()

    assert [one.code for one in stage.listener.problems] == ["BAD_ANSWER"]


@pytest.mark.parametrize("code", [1011, 1000, 4000])
def test_a_close_in_mid_sentence_is_a_failure(stage, code):
    stream = stage.open()
    stream.write(SPEECH)
    stage.step()

    stage.server.last.end(code)
    stage.step()

    assert [(one.code, one.retryable) for one in stage.listener.problems] == [
        ("CONNECTION_LOST", True)
    ]
    assert not stage.listener.finals


def test_a_broken_connection_is_a_failure(stage):
    stream = stage.open()
    stream.write(SPEECH)

    stage.network.cables[-1].cut()

    assert [one.code for one in stage.listener.problems] == ["CONNECTION_LOST"]


def test_memory_stays_bounded_while_the_server_does_not_read(stage):
    stream = stage.open()
    stage.clogged()

    for _ in range(1000):
        stream.write(bytes(3200))

    assert stream._socket.queued <= 320_000
    lost = stage.house.metrics.registry.get_sample_value(
        "mentra_engine_dropped_seconds_total", {"engine": stage.engine.name}
    )
    assert lost == pytest.approx(90.0, abs=0.2)
    stream.close()


def test_a_session_ended_by_soniox_may_be_begun_again(soniox):
    soniox.open()

    soniox.server.fail(soniox.server.last, 503)
    soniox.step()

    assert [(one.code, one.retryable) for one in soniox.listener.problems] == [
        ("SERVER_ERROR", True)
    ]


def test_no_key_and_nothing_said_is_in_the_log(stage):
    events = []
    globalLogPublisher.addObserver(events.append)

    stream = stage.open()
    stream.write(SPEECH)
    stage.step()
    stage.server.last.say({"type": "Error", "error_code": 400, "error_message": "k3y one two"})
    stage.server.refusals.append((401, {}))
    stage.step()
    stage.engine.open(ENGLISH, FakeListener())
    stage.step(1.0)

    globalLogPublisher.removeObserver(events.append)
    told = "".join(str(formatEvent(event)) + str(event) for event in events)
    assert len(stage.listener.problems) == 1
    assert "k3y" not in told
    assert "one two" not in told


# -- configuration


def engine_with(kind, section, clock, files=SECRETS):
    return kind(
        house_with(engine_figures, clock=clock, sections=(section,), parts={ISecretFiles: files})
    )


@pytest.mark.parametrize(
    ("kind", "section", "setting", "address"),
    [
        (Deepgram, DeepgramSettings(), "deepgram.key_file", "wss://api.deepgram.com"),
        (
            Soniox, SonioxSettings(), "soniox.key_file",
            "wss://stt-rt.soniox.com/transcribe-websocket",
        ),
    ],
)  # fmt: skip
def test_without_a_key_they_say_which_setting_it_takes(kind, section, setting, address, clock):
    engine = engine_with(kind, section, clock)

    keeps_the_promise_of_an_engine(engine, IRecogniser)
    says_what_it_lacks(engine, setting)
    refuses_to_open(engine, "en", "ENGINE_UNAVAILABLE", setting)
    assert engine.addresses() == (address,)


@pytest.mark.parametrize(
    ("kind", "section"),
    [
        (Deepgram, DeepgramSettings(base_url="ws://10.0.0.1:8080")),
        (Soniox, SonioxSettings(url="ws://10.0.0.1:8080/x")),
    ],
)
def test_a_server_of_ones_own_needs_no_key(kind, section, clock):
    assert engine_with(kind, section, clock).unavailable() is None


@pytest.mark.parametrize(
    ("kind", "section"),
    [(Deepgram, DeepgramSettings(key_file="gone")), (Soniox, SonioxSettings(key_file="gone"))],
)
def test_a_key_that_cannot_be_read_is_named(kind, section, clock):
    says_what_it_lacks(engine_with(kind, section, clock), "gone")


def test_a_key_from_the_environment_will_do(clock):
    engine = engine_with(Soniox, SonioxSettings(api_key="from there"), clock)

    assert engine.unavailable() is None


@pytest.mark.parametrize(
    ("language", "known"), [("en", True), ("en-US", True), ("EN-gb", True), ("auto", True),
                            ("tlh", False), ("", False)],
)  # fmt: skip
def test_languages_are_those_of_the_setting(language, known, clock):
    section = DeepgramSettings(languages=("en", "pt-BR", "auto"))

    assert engine_with(Deepgram, section, clock).speaks(language) is known


def test_a_region_of_the_setting_stands_for_itself_and_its_language(clock):
    engine = engine_with(Deepgram, DeepgramSettings(languages=("pt-BR",)), clock)

    assert [engine.speaks(one) for one in ("pt-BR", "pt", "pt-PT")] == [True, True, False]


def test_hints_reach_soniox(soniox):
    stream = soniox.open(Recognition(language="en", hints=("Mentra",)))

    assert json.loads(soniox.server.last.received[0])["context"] == {"terms": ["Mentra"]}
    stream.close()
