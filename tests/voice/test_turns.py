"""Turn taking: what is said and typed, what is understood, thought and answered, in its order."""

import base64
from itertools import pairwise

import pytest

from mentra.errors import NotThere, Refused
from mentra.testing.engines import loud, quiet
from mentra.testing.house import WALL_TIME
from mentra.testing.llm import FakeLanguageModel
from mentra.testing.voice import FakeEngines, guest_token
from mentra.testing.wire import advance

TURN = ("transcript", "llm_response", "audio_chunk", "error", "conversation:interrupted")
SECOND = 32_000


def texts(frames) -> list[str]:
    return [one["data"]["text"] for one in frames]


def states(frames) -> list[str]:
    return [one["data"]["currentState"] for one in frames if one["type"] == "state:changed"]


def codes(frames) -> list[str]:
    return [one["data"]["code"] for one in frames if one["type"] == "error"]


def sound_of(frames) -> bytes:
    chunks = [one for one in frames if one["type"] == "audio_chunk"]
    return b"".join(base64.b64decode(one["data"]["audioData"]) for one in chunks)


def ask(stage, client, text: str = "what time is it") -> None:
    """Say something that is understood as *text*; the model has been asked then."""
    client.speak(loud(1000))
    client.say("end_utterance")
    stage.engines.stream.hear(text)


# -- a whole turn ----------------------------------------------------------------------------


def test_a_spoken_question_is_answered_in_text_and_sound(set_talk, clock):
    stage = set_talk()
    client = stage.connect()

    ask(stage, client)
    stage.engines.chat.say("It is ", "noon. ", "Have lunch.")
    stage.engines.chat.finish()
    advance(clock, 2)

    frames = client.take(*TURN)
    kinds = [one["type"] for one in frames]
    assert kinds[:2] == ["transcript", "llm_response"]
    assert set(kinds[2:]) == {"llm_response", "audio_chunk"}
    assert frames[0]["data"] == {"text": "what time is it", "isFinal": True}
    answers = [one["data"] for one in frames if one["type"] == "llm_response"]
    assert answers[-1]["text"] == "It is noon. Have lunch."
    assert [one["isFinal"] for one in answers[:-1]] == [False] * (len(answers) - 1)
    assert answers[-1]["isFinal"] is True
    chunks = [one["data"] for one in frames if one["type"] == "audio_chunk"]
    assert [one["sequenceNumber"] for one in chunks] == list(range(len(chunks)))
    assert [one["isLast"] for one in chunks] == [False] * (len(chunks) - 1) + [True]
    assert {one["turnId"] for one in chunks + answers} == {answers[0]["turnId"]}
    assert {(one["format"], one["sampleRate"]) for one in chunks} == {("pcm16", 16000)}
    assert sound_of(frames) == b"\1\0" * 8000 + b"\2\0" * 8000
    assert all(one["sessionId"] == client.session_id and one["timestamp"] for one in frames)


def test_states_are_told_as_they_change(set_talk, clock):
    stage = set_talk()
    client = stage.connect()

    ask(stage, client)
    stage.engines.chat.say("Noon.")
    stage.engines.chat.finish()
    advance(clock, 1)

    frames = client.take("state:changed")
    assert states(frames) == ["listening", "processing", "speaking", "idle"]
    assert [one["data"]["previousState"] for one in frames] == [
        "idle", "listening", "processing", "speaking",
    ]  # fmt: skip


def test_a_turn_begins_and_ends_with_how_long_it_took(set_talk, clock):
    stage = set_talk(engines=FakeEngines())
    stage.engines.utterances.slow = True
    client = stage.connect()

    client.speak(loud(1000))
    client.say("end_utterance")
    clock.advance(0.25)
    stage.engines.stream.hear("hello")
    clock.advance(0.5)
    stage.engines.chat.say("Hi.")
    stage.engines.chat.finish()
    clock.advance(0.125)
    stage.engines.utterances.pending[0].callback(stage.engines.utterances.sound())
    advance(clock, 1)

    begin, end = client.take("response_start", "response_end")
    assert begin["data"]["turnId"] == end["data"]["turnId"]
    assert end["data"]["metrics"] == {
        "asrLatencyMs": 250, "llmLatencyMs": 500, "ttsLatencyMs": 125, "totalLatencyMs": 875,
    }  # fmt: skip
    told = {one[1]: one[2] for one in stage.house.metrics.told if one[0] == "observe"}
    assert told["voice_asr"] == 0.25
    assert told["voice_total"] == 0.875


def test_every_connection_of_the_session_hears_it(set_talk, clock):
    stage = set_talk()
    client = stage.connect()
    other = stage.connect(sessionId=client.session_id)

    client.say("text", {"text": "hello"})
    stage.engines.chat.say("Hi.")
    stage.engines.chat.finish()
    advance(clock, 1)

    assert other.take() == client.take()
    assert sound_of([one.json for one in other.frames if one.opcode == 1])


# -- hearing ---------------------------------------------------------------------------------


def test_what_is_understood_so_far_is_shown(set_talk):
    stage = set_talk()
    client = stage.connect()

    client.speak(loud(500))
    stage.engines.stream.hear("what", final=False)
    stage.engines.stream.hear("what time", final=False)
    stage.engines.stream.hear("what time is it", end_ms=400)
    stage.engines.stream.hear("please", final=False)

    frames = client.take("transcript")
    assert texts(frames) == ["what", "what time", "what time is it", "what time is it please"]
    assert not any(one["data"]["isFinal"] for one in frames)


def test_sound_is_given_on_in_order_and_untouched(set_talk):
    stage = set_talk()
    client = stage.connect()
    sound = loud(300) + quiet(200) + loud(300)

    for number, at in enumerate(range(0, len(sound), 3200)):
        client.speak(sound[at : at + 3200], number)
    client.say("end_utterance")

    assert stage.engines.stream.sound == sound
    assert stage.engines.stream.wanted.language == "en-US"
    assert stage.engines.stream.finalized


def test_silence_before_speech_is_no_business_of_a_recogniser(set_talk):
    stage = set_talk()
    client = stage.connect()

    client.speak(quiet(2000) + loud(500))

    assert len(stage.engines.stream.sound) < SECOND


@pytest.mark.parametrize("how", ["end_utterance", "isLast", "an empty last piece", "silence"])
def test_an_utterance_ends_in_several_ways(set_talk, how):
    stage = set_talk()
    client = stage.connect()

    client.speak(loud(500), 0, **({"isLast": True} if how == "isLast" else {}))
    if how == "end_utterance":
        client.say("end_utterance")
    elif how == "an empty last piece":
        client.speak(b"", 1, isLast=True)
    elif how == "silence":
        client.speak(quiet(1000), 1)

    assert stage.engines.stream.finalized
    assert states(client.take())[-1] == "processing"


def test_the_servers_own_ear_tells_when_speech_begins_and_ends(set_talk):
    client = set_talk().connect()

    client.speak(quiet(500))
    before = client.take("vad")
    client.speak(loud(300), 1)
    during = client.take("vad")
    client.speak(quiet(780), 2)
    still = client.take("vad")
    client.speak(quiet(100), 3)

    assert before == still == []
    assert during[0]["data"] == {"status": "speech_start"}
    assert client.take("vad")[0]["data"] == {"status": "speech_end"}


def test_an_utterance_of_sixty_seconds_ends_by_itself(set_talk):
    stage = set_talk()
    client = stage.connect()

    for number in range(59):
        client.speak(loud(1000), number)
    before = stage.engines.stream.finalized[:]
    for number in range(59, 70):
        client.speak(loud(1000), number)
    advance(stage.clock, 21, 0.5)

    assert before == []
    assert len(stage.engines.stream.finalized) == 1
    assert len(stage.engines.stream.sound) == 60 * SECOND


def test_speech_that_comes_at_once_is_given_on_at_a_pace_and_waited_for(set_talk, clock):
    stage = set_talk()
    client = stage.connect()
    for number in range(50):
        client.speak(loud(1000), number)
    client.say("end_utterance")

    at_once = len(stage.engines.stream.sound)
    finalized = list(stage.engines.stream.finalized)
    advance(clock, 16, 0.5)

    assert at_once == 20 * SECOND
    assert finalized == []
    assert len(stage.engines.stream.sound) == 50 * SECOND
    assert len(stage.engines.stream.finalized) == 1
    advance(clock, 40, 0.5)
    assert codes(client.take()) == []
    stage.engines.stream.hear("a long story", end_ms=50_000)
    assert client.take("transcript")[-1]["data"]["isFinal"] is True


def test_silence_alone_is_not_understood_and_never_decoded(set_talk):
    stage = set_talk()
    client = stage.connect()

    client.speak(quiet(2000))
    client.say("end_utterance")

    frames = client.take("error", "transcript")
    assert codes(frames) == ["ASR_ERROR"]
    assert frames[0]["data"]["message"] == "Could not understand audio. Please try again."
    assert frames[0]["data"]["recoverable"] is True
    assert stage.engines.recognition.recogniser.streams == []


def test_the_end_of_nothing_is_not_understood(set_talk):
    client = set_talk().connect()

    client.say("end_utterance")

    assert codes(client.take()) == ["ASR_ERROR"]


def test_an_end_that_was_on_its_way_is_passed_over(set_talk):
    client = set_talk().connect()

    client.speak(quiet(500), isLast=True)
    client.say("end_utterance")

    assert codes(client.take()) == ["ASR_ERROR"]


def test_an_empty_result_is_not_understood(set_talk):
    stage = set_talk()
    client = stage.connect()

    client.speak(loud(500), isLast=True)
    stage.engines.stream.hear("", end_ms=500)
    stage.clock.advance(1.1)

    frames = client.take()
    assert codes(frames) == ["ASR_ERROR"]
    assert states(frames)[-2:] == ["error", "idle"]


def test_a_recogniser_that_never_answers_is_not_waited_for_long(set_talk, clock):
    stage = set_talk()
    client = stage.connect()
    client.speak(loud(500), isLast=True)

    clock.advance(10.4)
    before = codes(client.take())
    clock.advance(0.2)

    assert before == []
    assert codes(client.take()) == ["ASR_ERROR"]
    assert stage.engines.stream.closed


def test_a_recogniser_that_is_behind_is_no_mumbling(set_talk, clock):
    stage = set_talk()
    client = stage.connect()
    client.speak(loud(1000))
    client.say("end_utterance")
    stage.engines.stream.behind = 2.0

    clock.advance(12)

    *_, error, state = client.take("error", "state:changed")
    assert error["data"]["code"] == "ASR_ERROR"
    assert "More people speak" in error["data"]["message"]
    assert error["data"]["recoverable"] is True
    assert states([state]) == ["idle"]


def test_what_was_understood_counts_even_if_the_rest_never_comes(set_talk, clock):
    stage = set_talk()
    client = stage.connect()
    client.speak(loud(3000))
    stage.engines.stream.hear("good", end_ms=500)
    stage.engines.stream.hear("morning", final=False)
    client.say("end_utterance")

    clock.advance(13.1)

    assert client.take("transcript")[-1]["data"] == {"text": "good morning", "isFinal": True}


def test_results_that_come_late_are_waited_for(set_talk, clock):
    stage = set_talk()
    client = stage.connect()
    client.speak(loud(3000), isLast=True)
    stage.engines.stream.hear("good", end_ms=500)
    clock.advance(0.5)
    stage.engines.stream.hear("morning", end_ms=3000)

    assert client.take("transcript")[-1]["data"] == {"text": "good morning", "isFinal": True}


def test_results_that_were_there_before_the_end_are_not_waited_for(set_talk):
    stage = set_talk()
    client = stage.connect()
    client.speak(loud(1000))
    stage.engines.stream.hear("good morning", end_ms=900, confidence=0.75)

    client.say("end_utterance")

    assert client.take("transcript")[-1]["data"] == {
        "text": "good morning", "isFinal": True, "confidence": 0.75,
    }  # fmt: skip


def test_a_recogniser_that_fails_is_told(set_talk):
    stage = set_talk()
    client = stage.connect()
    client.speak(loud(500))

    stage.engines.stream.fail(message="it broke down")

    (error,) = client.take("error")
    assert error["data"] == {"code": "ASR_ERROR", "message": "it broke down", "recoverable": True}


def test_where_nobody_hears_the_reason_is_told_and_text_works(set_talk):
    engines = FakeEngines()
    engines.recognition.deaf = "pocketsphinx is not installed: pip install 'mentra[speech]'"
    stage = set_talk(engines=engines)
    client = stage.connect()

    client.speak(loud(500))
    client.say("text", {"text": "hello"})

    assert client.first["data"]["hears"] is False
    assert engines.recognition.deaf in client.first["data"]["notice"]
    (error,) = client.take("error")
    assert error["data"]["message"] == engines.recognition.deaf
    assert engines.chat.request.messages[-1].content == "hello"


# -- pieces of speech ------------------------------------------------------------------------


def test_a_repeated_number_is_dropped_and_a_gap_is_not_minded(set_talk):
    stage = set_talk()
    client = stage.connect()

    for number in (1, 2, 2, 1, 5, 5):
        client.speak(loud(200), number)

    assert len(stage.engines.stream.sound) == 3 * 6400


def test_a_client_that_counts_anew_is_heard(set_talk):
    stage = set_talk()
    client = stage.connect()

    for number in (*range(10), 0, 1):
        client.speak(loud(100), number)

    assert len(stage.engines.stream.sound) == 12 * 3200


def test_every_utterance_has_its_own_numbers(set_talk):
    stage = set_talk()
    client = stage.connect()

    for _ in range(2):
        client.speak(loud(500), 0, isLast=True)
        client.say("interruption")

    assert [len(one.sound) for one in stage.engines.recognition.recogniser.streams] == [16000] * 2


@pytest.mark.parametrize(
    "data",
    [
        {}, {"audioData": "AAAA"}, {"sequenceNumber": 0}, {"audioData": 7, "sequenceNumber": 0},
        {"audioData": "AAA", "sequenceNumber": 0}, {"audioData": "A A A A", "sequenceNumber": 0},
        {"audioData": "AA-_", "sequenceNumber": 0}, {"audioData": "AAAA\n", "sequenceNumber": 0},
        {"audioData": "AAAA", "sequenceNumber": -1}, {"audioData": "AAAA", "sequenceNumber": "1"},
        {"audioData": "AAAA", "sequenceNumber": 0},
        {"audioData": "AAA=", "sequenceNumber": 0, "sampleRate": 11025},
        {"audioData": "AAA=", "sequenceNumber": 0, "sampleRate": 0},
        {"audioData": "AAA=", "sequenceNumber": 0, "sampleRate": "16000"},
        {"audioData": "AAA=", "sequenceNumber": 0, "format": "mp3"},
        {"audioData": "AAA=", "sequenceNumber": 0, "format": "lc3"},
        {"audioData": "A" * 349_532, "sequenceNumber": 0},
    ],
)  # fmt: skip
def test_speech_that_cannot_be_understood_is_refused_and_changes_nothing(set_talk, data):
    client = set_talk().connect()

    client.say("audio_chunk", data)

    frames = client.take()
    assert codes(frames) == ["INVALID_MESSAGE"]
    assert states(frames) == []
    client.say("ping")
    assert [one["type"] for one in client.take()] == ["pong"]


def test_a_piece_of_256_kib_is_taken(set_talk):
    client = set_talk().connect()

    client.speak(quiet(8192))

    assert codes(client.take()) == []


@pytest.mark.parametrize("rate", [8000, 24_000, 44_100, 48_000])
def test_speech_of_other_rates_is_resampled(set_talk, rate):
    stage = set_talk()
    client = stage.connect()
    tone = b"".join(
        (8000 if n // (rate // 200) % 2 else -8000).to_bytes(2, "little", signed=True)
        for n in range(rate)
    )

    for number in range(10):
        size = len(tone) // 10 & ~1
        client.speak(tone[number * size : (number + 1) * size], number, sampleRate=rate)

    heard = len(stage.engines.stream.sound) / SECOND
    assert 0.75 < heard <= 1.0


def test_speech_of_others_in_the_session_does_not_mix_with_it(set_talk):
    stage = set_talk()
    client = stage.connect()
    other = stage.connect(sessionId=client.session_id)

    client.speak(loud(500), 0)
    other.speak(loud(500), 0)
    client.speak(loud(500), 1)

    assert len(stage.engines.stream.sound) == SECOND


def test_fields_beside_the_type_and_wrapped_ones_are_speech_too(set_talk):
    stage = set_talk()
    client = stage.connect()
    encoded = base64.b64encode(loud(300)).decode()

    client.say("audio_chunk", audioData=encoded, sequenceNumber=0)
    client.say("message", {"type": "audio_chunk", "audioData": encoded, "sequenceNumber": 1})
    client.say("message", {"type": "end_utterance"})

    assert len(stage.engines.stream.sound) == 2 * 9600
    assert stage.engines.stream.finalized


# -- text ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text", {"text": "hello"}),
        ("message", {"text": "hello"}),
        ("message", {"type": "text", "text": "hello"}),
    ],
)
def test_text_takes_the_place_of_speech(set_talk, clock, kind, data):
    stage = set_talk()
    client = stage.connect()

    client.say(kind, data)
    stage.engines.chat.say("Hi.")
    stage.engines.chat.finish()
    advance(clock, 1)

    frames = client.take()
    assert states(frames) == ["listening", "processing", "speaking", "idle"]
    assert texts([one for one in frames if one["type"] == "llm_response"])[-1] == "Hi."
    end = next(one for one in frames if one["type"] == "response_end")
    assert "asrLatencyMs" not in end["data"]["metrics"]


@pytest.mark.parametrize("data", [None, {}, {"text": ""}, {"text": 7}, {"text": "x" * 16_385}])
def test_text_has_to_be_there(set_talk, data):
    client = set_talk().connect()

    client.say("text", data)

    assert codes(client.take()) == ["INVALID_MESSAGE"]


def test_text_takes_the_word_from_speech_that_is_not_complete(set_talk):
    stage = set_talk()
    client = stage.connect()
    client.speak(loud(500))

    client.say("text", {"text": "hello"})

    assert stage.engines.stream.closed
    assert states(client.take()) == ["listening", "processing"]


def test_text_interrupts_an_answer(set_talk):
    stage = set_talk()
    client = stage.connect()
    client.say("text", {"text": "one"})
    first = stage.engines.chat

    client.say("text", {"text": "two"})

    assert first.cancelled
    assert stage.engines.chat.request.messages[-1].content == "two"
    assert client.take("conversation:interrupted")[0]["data"] == {"turnIndex": 1}


# -- thinking --------------------------------------------------------------------------------


def test_the_model_is_told_who_it_is_and_what_was_said_before(set_talk, clock):
    stage = set_talk(model="m-1", system_prompt="Be brief.", max_tokens=7)
    client = stage.connect()
    for question, answer in (("one", "First."), ("two", "Second.")):
        client.say("text", {"text": question})
        stage.engines.chat.say(answer)
        stage.engines.chat.finish()
        advance(clock, 1)

    client.say("text", {"text": "three"})

    request = stage.engines.chat.request
    assert [(one.role, one.content) for one in request.messages] == [
        ("user", "one"), ("assistant", "First."), ("user", "two"), ("assistant", "Second."),
        ("user", "three"),
    ]  # fmt: skip
    assert (request.model, request.system_prompt, request.max_tokens) == ("m-1", "Be brief.", 7)


@pytest.mark.parametrize("bounds", [{"memory_turns": 1}, {"memory_characters": 12}])
def test_what_it_is_reminded_of_is_bounded(set_talk, clock, bounds):
    stage = set_talk(**bounds)
    client = stage.connect()
    for question, answer in (("one", "First."), ("two", "Second.")):
        client.say("text", {"text": question})
        stage.engines.chat.say(answer)
        stage.engines.chat.finish()
        advance(clock, 1)

    client.say("text", {"text": "three"})

    told = [one.content for one in stage.engines.chat.request.messages]
    assert told == ["two", "Second.", "three"]


def test_a_growing_answer_is_shown_at_a_pace(set_talk, clock):
    stage = set_talk()
    client = stage.connect()
    client.say("text", {"text": "count"})

    for n in range(20):
        stage.engines.chat.say(f"{n} ")
        clock.advance(0.01)

    shown = texts(client.take("llm_response"))
    assert 2 <= len(shown) <= 4
    assert all(later.startswith(earlier) for earlier, later in pairwise(shown))


class SilentModel(FakeLanguageModel):
    """Tells nothing until it is done."""

    def chat(self, request, told=None, **how):
        return super().chat(request, lambda chunk: None, **how)


def test_an_answer_that_comes_in_one_piece_is_an_answer(set_talk, clock):
    stage = set_talk(engines=FakeEngines(model=SilentModel()))
    client = stage.connect()
    client.say("text", {"text": "hello"})

    stage.engines.chat.say("Hi.")
    stage.engines.chat.finish()
    advance(clock, 1)

    assert texts(client.take("llm_response"))[-1] == "Hi."


@pytest.mark.parametrize("after", ["nothing", "half an answer"])
def test_a_model_that_fails_is_told_as_the_protocol_has_it(set_talk, clock, after):
    stage = set_talk()
    client = stage.connect()
    client.say("text", {"text": "hello"})
    if after == "half an answer":
        stage.engines.chat.say("I think. ", "That ")

    stage.engines.chat.fail("RATE_LIMITED", "the key is sk-123")
    advance(clock, 3)

    frames = client.take()
    assert codes(frames) == ["PROCESSING_ERROR"]
    error = next(one for one in frames if one["type"] == "error")
    assert error["data"]["message"] == "Failed to process request"
    assert states(frames)[-2:] == ["error", "idle"]
    assert frames.index(error) > max(
        (n for n, one in enumerate(frames) if one["type"] in ("audio_chunk", "llm_response")),
        default=-1,
    )


@pytest.mark.parametrize("after", ["nothing", "half an answer"])
def test_a_model_that_hangs_is_given_up(set_talk, clock, after):
    stage = set_talk(answer_timeout=5.0, speak=False)
    client = stage.connect()
    client.say("text", {"text": "hello"})
    if after == "half an answer":
        clock.advance(4)
        stage.engines.chat.say("I think")

    clock.advance(4.9)
    before = codes(client.take())
    clock.advance(0.2)

    assert before == []
    assert codes(client.take()) == ["PROCESSING_ERROR"]
    assert stage.engines.chat.cancelled


def test_a_model_that_says_nothing_has_failed(set_talk):
    stage = set_talk()
    client = stage.connect()
    client.say("text", {"text": "hello"})

    stage.engines.chat.finish()

    assert codes(client.take()) == ["PROCESSING_ERROR"]


def test_a_model_that_does_not_stop_is_stopped(set_talk):
    stage = set_talk(speak=False)
    client = stage.connect()
    client.say("text", {"text": "hello"})

    stage.engines.chat.say("x" * 20_000)
    with pytest.raises(Refused):
        stage.engines.chat.say("x")
    stage.engines.chat.fail()

    assert codes(client.take()) == ["PROCESSING_ERROR"]


def test_a_model_that_is_not_there_is_told(set_talk):
    stage = set_talk(engine="nonsense")
    client = stage.connect()

    client.say("text", {"text": "hello"})

    assert codes(client.take()) == ["PROCESSING_ERROR"]


def test_a_model_that_cannot_work_is_told(set_talk):
    stage = set_talk()
    stage.engines.model.why_not = "no key"
    client = stage.connect()

    client.say("text", {"text": "hello"})

    assert codes(client.take()) == ["PROCESSING_ERROR"]
    assert stage.engines.model.chats == []


# -- speaking --------------------------------------------------------------------------------


def test_the_first_sentence_is_spoken_while_the_rest_is_thought(set_talk, clock):
    stage = set_talk(voice="ann")
    client = stage.connect()
    client.say("text", {"text": "hello"})

    stage.engines.chat.say("Hello there. ", "How are")
    advance(clock, 1)

    assert stage.engines.utterances.said == ["Hello there."]
    assert stage.engines.utterances.voices == ["ann"]
    chunks = client.take("audio_chunk")
    assert sound_of(chunks)
    assert not any(one["data"]["isLast"] for one in chunks)


def test_sound_is_sent_in_pieces_of_one_length_at_a_pace(set_talk, clock):
    stage = set_talk(chunk=0.1, pace=2.0)
    stage.engines.utterances.milliseconds = 1050
    client = stage.connect()
    client.say("text", {"text": "hello"})
    stage.engines.chat.say("Hi.")
    stage.engines.chat.finish()

    at_once = client.take("audio_chunk")
    advance(clock, 0.26, 0.01)
    soon = client.take("audio_chunk")
    advance(clock, 1)

    sizes = [len(base64.b64decode(one["data"]["audioData"])) for one in at_once + soon]
    assert (len(at_once), len(soon)) == (1, 5)
    assert sizes == [3200] * 6
    assert len(sound_of(client.take("audio_chunk"))) == 32 * 1050 - 6 * 3200


@pytest.mark.parametrize("milliseconds", [200, 400, 1])
def test_the_last_piece_is_the_last_whatever_the_length(set_talk, clock, milliseconds):
    stage = set_talk()
    stage.engines.utterances.milliseconds = milliseconds
    client = stage.connect()
    client.say("text", {"text": "hello"})
    stage.engines.chat.say("Hi.")
    stage.engines.chat.finish()
    advance(clock, 1)

    chunks = client.take("audio_chunk")
    assert [one["data"]["isLast"] for one in chunks].index(True) == len(chunks) - 1
    assert len(sound_of(chunks)) == 32 * milliseconds


def test_what_waits_to_be_spoken_is_bounded(set_talk, clock):
    stage = set_talk()
    stage.engines.utterances.milliseconds = 4000
    client = stage.connect()
    client.say("text", {"text": "hello"})

    stage.engines.chat.say("One. Two. Three. Four. Five. Six. Seven. ")
    at_once = len(stage.engines.utterances.said)
    advance(clock, 3)

    assert at_once == 3
    assert 3 < len(stage.engines.utterances.said) < 7


@pytest.mark.parametrize("problem", [NotThere("no"), Refused("ENGINE_UNAVAILABLE", "no")])
def test_where_nobody_speaks_answers_are_text(set_talk, clock, problem):
    stage = set_talk()
    stage.engines.utterances.problem = problem
    client = stage.connect()
    client.say("text", {"text": "hello"})

    stage.engines.chat.say("Hi. ", "How are you?")
    stage.engines.chat.finish()
    advance(clock, 1)

    frames = client.take()
    assert codes(frames) == []
    assert texts([one for one in frames if one["type"] == "llm_response"])[-1] == "Hi. How are you?"
    assert states(frames) == ["listening", "processing", "idle"]
    assert [one["type"] for one in frames][-2:] == ["response_end", "state:changed"]


def test_answers_are_text_alone_where_that_is_wanted(set_talk):
    stage = set_talk(speak=False)
    client = stage.connect()
    client.say("text", {"text": "hello"})

    stage.engines.chat.say("Hi.")
    stage.engines.chat.finish()

    assert client.first["data"]["speaks"] is False
    assert client.take("audio_chunk") == []
    assert stage.engines.utterances.said == []


@pytest.mark.parametrize("code", ["ENGINE_FAILED", "RATE_LIMITED", "SPEECH_FAILED"])
def test_an_answer_that_cannot_be_spoken_goes_on_as_text(set_talk, clock, code):
    stage = set_talk()
    stage.engines.utterances.problem = Refused(code, "no")
    client = stage.connect()
    client.say("text", {"text": "hello"})

    stage.engines.chat.say("Hi. ", "How are you? ")
    advance(clock, 1)
    stage.engines.chat.say("I am well.")
    stage.engines.chat.finish()
    advance(clock, 1)

    frames = client.take()
    answers = [one["data"] for one in frames if one["type"] == "llm_response"]
    assert answers[-1]["text"] == "Hi. How are you? I am well."
    assert answers[-1]["isFinal"] is True
    assert [one["type"] for one in frames][-4:] == [
        "llm_response", "error", "response_end", "state:changed",
    ]  # fmt: skip
    assert codes(frames) == ["PROCESSING_ERROR"]
    assert [one["data"]["recoverable"] for one in frames if one["type"] == "error"] == [True]
    assert states(frames) == ["listening", "processing", "idle"]
    assert stage.house.metrics.registry.get_sample_value(
        "mentra_voice_turns_total", {"outcome": "answered"}
    )


def test_a_synthesiser_that_fails_after_an_answer_is_complete_ends_the_turn(set_talk, clock):
    stage = set_talk()
    stage.engines.utterances.slow = True
    client = stage.connect()
    client.say("text", {"text": "hello"})
    stage.engines.chat.say("Hi.")
    stage.engines.chat.finish()

    stage.engines.utterances.pending[0].errback(Refused("ENGINE_FAILED", "no"))
    advance(clock, 1)

    frames = client.take()
    assert codes(frames) == ["PROCESSING_ERROR"]
    assert states(frames)[-1] == "idle"


def test_sound_that_was_made_before_a_synthesiser_failed_is_heard_to_its_end(set_talk, clock):
    stage = set_talk()
    stage.engines.utterances.slow = True
    client = stage.connect()
    client.say("text", {"text": "hello"})
    stage.engines.chat.say("Hi. ", "How are you? ", "Well.")
    stage.engines.chat.finish()

    first, *_ = stage.engines.utterances.pending
    first.callback(stage.engines.utterances.sound())
    stage.engines.utterances.pending[-1].errback(Refused("ENGINE_FAILED", "no"))
    advance(clock, 2)

    frames = client.take()
    chunks = [one["data"]["isLast"] for one in frames if one["type"] == "audio_chunk"]
    assert sound_of(frames) == b"\1\0" * 8000
    assert chunks == [False] * (len(chunks) - 1) + [True]
    assert codes(frames) == ["PROCESSING_ERROR"]
    assert states(frames)[-1] == "idle"


def test_a_sentence_without_words_is_passed_over(set_talk, clock):
    stage = set_talk()
    stage.engines.utterances.problem = Refused("NOTHING_TO_SAY", "no words")
    client = stage.connect()
    client.say("text", {"text": "hello"})
    stage.engines.chat.say("--- ... ")
    stage.engines.utterances.problem = None

    stage.engines.chat.say("Hi there.")
    stage.engines.chat.finish()
    advance(clock, 2)

    frames = client.take()
    assert codes(frames) == []
    assert sound_of(frames)


def test_a_bug_of_a_synthesiser_is_logged_and_told(set_talk, logged_failures):
    stage = set_talk()
    stage.engines.utterances.problem = LookupError("oh")
    client = stage.connect()
    client.say("text", {"text": "hello"})

    stage.engines.chat.say("Hi. ")
    stage.engines.chat.finish()

    assert codes(client.take()) == ["PROCESSING_ERROR"]
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_a_synthesiser_that_is_busy_is_asked_again(set_talk, clock):
    stage = set_talk()
    stage.engines.utterances.problem = Refused("TOO_MANY_SPEECHES", "busy", retryable=True)
    client = stage.connect()
    client.say("text", {"text": "hello"})
    stage.engines.chat.say("Hi.")
    stage.engines.chat.finish()

    clock.advance(0.5)
    stage.engines.utterances.problem = None
    advance(clock, 1)

    frames = client.take()
    assert codes(frames) == []
    assert sound_of(frames)


# -- interruptions ---------------------------------------------------------------------------


def bring_to(stage, client, state: str) -> None:
    """Have the conversation in *state*, with everything that may be going on in it."""
    stage.engines.utterances.slow = state == "waiting for a voice"
    if state == "idle":
        return
    client.speak(loud(500))
    if state == "listening":
        return
    client.say("end_utterance")
    if state == "understanding":
        return
    stage.engines.stream.hear("hello")
    if state == "thinking":
        return
    stage.engines.chat.say("One sentence. ", "Another one. ", "And")
    if state == "speaking at the end":
        stage.engines.chat.finish()


STATES = ("idle", "listening", "understanding", "thinking", "waiting for a voice", "speaking",
          "speaking at the end")  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_an_interruption_stops_everything_at_once(set_talk, clock, state):
    stage = set_talk()
    client = stage.connect()
    bring_to(stage, client, state)
    client.take()

    client.say("interruption", {"turnIndex": 7})
    at_once = client.take()
    for chat in stage.engines.model.chats:
        chat.say("more. ")
    advance(clock, 20)

    assert [one["data"] for one in at_once if one["type"] == "conversation:interrupted"] == [
        {"turnIndex": 7}
    ]
    assert client.take(*TURN, "response_end", "vad") == []
    assert states(at_once) == ([] if state == "idle" else ["interrupted", "idle"])
    assert all(one.closed for one in stage.engines.recognition.recogniser.streams)
    assert all(one.cancelled or state == STATES[-1] for one in stage.engines.model.chats)
    assert stage.engines.utterances.cancelled == (state == "waiting for a voice")


@pytest.mark.parametrize("data", [None, {}, {"turnIndex": None}])
def test_without_an_index_it_is_the_turn_that_was_interrupted(set_talk, data):
    stage = set_talk()
    client = stage.connect()
    client.say("text", {"text": "one"})
    client.say("text", {"text": "two"})
    client.take()

    client.say("interruption", data)

    assert client.take("conversation:interrupted")[0]["data"] == {"turnIndex": 2}


def test_an_index_may_stand_beside_the_type(set_talk):
    client = set_talk().connect()

    client.say("interruption", turnIndex=3)

    assert client.take("conversation:interrupted")[0]["data"] == {"turnIndex": 3}


def test_after_an_interruption_the_next_question_is_answered(set_talk, clock):
    stage = set_talk()
    client = stage.connect()
    bring_to(stage, client, "speaking")
    client.say("interruption")
    client.take()

    ask(stage, client, "and now")
    stage.engines.chat.say("Now.")
    stage.engines.chat.finish()
    advance(clock, 1)

    assert [one.content for one in stage.engines.chat.request.messages] == [
        "hello", "One sentence. Another one. And ...", "and now",
    ]  # fmt: skip
    chunks = client.take("audio_chunk")
    assert [one["data"]["sequenceNumber"] for one in chunks] == list(range(len(chunks)))


def test_speech_while_an_answer_is_given_waits_for_an_interruption(set_talk):
    stage = set_talk()
    client = stage.connect()
    bring_to(stage, client, "speaking")
    client.take()

    client.speak(loud(500), 1)
    ignored = client.take("state:changed", "error")
    client.say("interruption")
    client.speak(loud(500), 2)

    assert ignored == []
    assert states(client.take()) == ["interrupted", "idle", "listening"]


@pytest.mark.parametrize("state", ["thinking", "waiting for a voice", "speaking"])
def test_a_voice_interrupts_an_answer_where_that_is_wanted(set_talk, clock, state):
    stage = set_talk(interrupt_by_voice=True)
    client = stage.connect()
    bring_to(stage, client, state)
    chat, first = stage.engines.chat, stage.engines.stream
    client.take()

    client.speak(quiet(400), 1)
    before = client.take("state:changed", "error", "conversation:interrupted")
    for number in range(2, 8):
        client.speak(loud(50), number)
    after = client.take()
    advance(clock, 1)

    assert before == []
    assert chat.cancelled
    kinds = [one["type"] for one in after]
    stop = kinds.index("conversation:interrupted")
    assert not {"audio_chunk", "llm_response"} & set(kinds[stop:])
    assert states(after) == ["interrupted", "idle", "listening"]
    assert kinds.count("conversation:interrupted") == 1
    assert stage.engines.stream is not first
    assert loud(300) in b"".join(stage.engines.stream.written)


def test_what_interrupted_an_answer_is_the_next_question(set_talk, clock):
    stage = set_talk(interrupt_by_voice=True)
    client = stage.connect()
    bring_to(stage, client, "speaking")

    client.speak(loud(500), 1, isLast=True)
    stage.engines.stream.hear("stop", end_ms=500)
    stage.engines.chat.say("Yes.")
    stage.engines.chat.finish()
    advance(clock, 1)

    frames = client.take()
    assert texts([one for one in frames if one["type"] == "llm_response"])[-1] == "Yes."
    assert states(frames)[-1] == "idle"


@pytest.mark.parametrize("sound", [quiet(3000), loud(60) + quiet(1000)])
def test_neither_silence_nor_a_click_interrupts_an_answer(set_talk, sound):
    stage = set_talk(interrupt_by_voice=True)
    client = stage.connect()
    bring_to(stage, client, "speaking")
    client.take()

    client.speak(sound, 1)

    assert client.take("conversation:interrupted", "state:changed", "error") == []


def test_what_comes_behind_a_question_does_not_interrupt_it(set_talk):
    stage = set_talk(interrupt_by_voice=True)
    client = stage.connect()
    bring_to(stage, client, "understanding")
    client.take()

    client.speak(loud(500), 1)

    assert client.take("conversation:interrupted", "state:changed", "error") == []


# -- saying it again -------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["idle", "listening", "understanding"])
def test_speech_can_be_taken_back(set_talk, clock, state):
    stage = set_talk()
    client = stage.connect()
    bring_to(stage, client, state)

    client.say("retry_asr")
    acknowledged = client.take("asr_retry_acknowledged")
    clock.advance(30)

    assert acknowledged[0]["data"]["message"]
    assert codes(client.take()) == []
    client.speak(loud(500))
    assert states(client.take())[-1] == "listening"


def test_an_answer_is_not_taken_back(set_talk):
    stage = set_talk()
    client = stage.connect()
    bring_to(stage, client, "thinking")

    client.say("retry_asr")

    assert not stage.engines.chat.cancelled
    assert client.take("asr_retry_acknowledged")


# -- the end ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_a_client_that_goes_in_the_midst_leaves_nothing(set_talk, clock, state):
    stage = set_talk()
    stage.connect().line.lose()
    clock.advance(61)
    before = len(clock.getDelayedCalls())
    client = stage.connect()
    bring_to(stage, client, state)

    client.line.lose()
    clock.advance(61)

    assert stage.sessions.all() == ()
    assert all(one.closed for one in stage.engines.recognition.recogniser.streams)
    assert all(one.cancelled or state == STATES[-1] for one in stage.engines.model.chats)
    assert len(clock.getDelayedCalls()) <= before


def test_an_answer_goes_on_for_those_who_are_still_there(set_talk, clock):
    stage = set_talk()
    client = stage.connect()
    other = stage.connect(sessionId=client.session_id)
    bring_to(stage, client, "thinking")

    client.line.lose()
    stage.engines.chat.say("Hi.")
    stage.engines.chat.finish()
    advance(clock, 1)

    assert texts(other.take("llm_response"))[-1] == "Hi."


# -- guests ----------------------------------------------------------------------------------


def test_engines_work_for_guests_for_so_long_and_no_longer(set_talk, clock):
    stage = set_talk(guest_seconds=10.0)
    guest = stage.connect(guest_token(WALL_TIME * 1000))
    guest.say("text", {"text": "one"})
    clock.advance(12)
    stage.engines.chat.say("Hi.")
    stage.engines.chat.finish()
    advance(clock, 1)

    guest.say("text", {"text": "two"})
    guest.speak(loud(500))
    refused = codes(guest.take())
    stage.connect().say("text", {"text": "three"})
    advance(clock, 3600, 20)

    assert refused == ["RATE_LIMITED", "RATE_LIMITED"]
    assert [one.request.messages[-1].content for one in stage.engines.model.chats] == [
        "one", "three",
    ]  # fmt: skip


def test_a_new_token_gives_a_guest_no_more_time(set_talk, clock):
    stage = set_talk(guest_seconds_each=10.0)
    first = stage.connect(guest_token(WALL_TIME * 1000))
    first.say("text", {"text": "one"})
    clock.advance(12)
    first.say("interruption")

    again = stage.connect(guest_token(WALL_TIME * 1000).replace("3f25", "4f25"))
    again.say("text", {"text": "two"})
    again_elsewhere = stage.connect(guest_token(WALL_TIME * 1000), host="192.0.2.7")
    again_elsewhere.say("text", {"text": "three"})

    assert codes(again.take()) == ["RATE_LIMITED"]
    assert codes(again_elsewhere.take()) == []


def test_a_guests_allowance_grows_by_itself(set_talk, clock):
    stage = set_talk(guest_seconds=3600.0, guest_seconds_each=3600.0)
    guest = stage.connect(guest_token(WALL_TIME * 1000))
    guest.say("text", {"text": "one"})
    for _ in range(20):
        clock.advance(4)
        stage.engines.chat.say("Hm ")
        guest.say("pong")
    guest.say("interruption")
    guest.take()

    guest.say("text", {"text": "two"})

    assert codes(guest.take()) == []
