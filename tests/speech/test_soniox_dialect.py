"""Soniox' protocol: what is asked, and what is made of its tokens."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.errors import Refused
from mentra.hearing import Recognition
from mentra.speech.soniox_dialect import (
    LONGEST_UTTERANCE,
    MOST_HINTS,
    MOST_TOKENS,
    SonioxDialect,
    configuration,
)


@pytest.fixture
def dialect():
    return SonioxDialect("wss://x", "k", {})


def token(text, start=0, end=100, *, final=False, **more):
    return {"text": text, "start_ms": start, "end_ms": end, "is_final": final, **more}


def message(*tokens, **more):
    return json.dumps({"tokens": tokens, **more})


INTO_SPANISH = {"translation": {"type": "one_way", "target_language": "es"}}
END = {"text": "<end>", "is_final": True}
FIN = {"text": "<fin>", "is_final": True}


def heard(dialect, *messages):
    return [(one.text, one.is_final) for said in messages for one in dialect.read(said)]


def configured(wanted, diarize=True):
    return configuration(wanted, key="k", model="stt-rt-v4", diarize=diarize)


def test_the_first_message_says_what_is_wanted():
    wanted = Recognition(language="en-US", hints=("Mentra", " "), translate_to="es-ES")

    assert configured(wanted) == {
        "api_key": "k", "model": "stt-rt-v4", "audio_format": "pcm_s16le", "sample_rate": 16000,
        "num_channels": 1, "language_hints": ["en"], "enable_language_identification": True,
        "enable_speaker_diarization": True, "enable_endpoint_detection": True,
        "context": {"terms": ["Mentra"]},
        "translation": {"type": "one_way", "target_language": "es"},
    }  # fmt: skip
    dialect = SonioxDialect("wss://x", "k", configured(wanted))
    assert json.loads(dialect.opening())["model"] == "stt-rt-v4"
    assert dialect.headers == {"Authorization": "Bearer k"}


def test_what_is_not_wanted_is_not_asked():
    asked = configuration(Recognition(language="auto"), key="", model="m", diarize=False)

    assert not {"api_key", "language_hints", "context", "translation"} & asked.keys()
    assert asked["enable_speaker_diarization"] is False
    assert SonioxDialect("wss://x", "", asked).headers == {}


def test_only_so_many_hints_are_sent():
    asked = configured(Recognition(language="en", hints=("x" * 500,) * 500))

    assert len(asked["context"]["terms"]) == MOST_HINTS
    assert max(map(len, asked["context"]["terms"])) == 100


def test_tokens_become_an_utterance_that_ends_at_its_endpoint(dialect):
    assert heard(
        dialect,
        message(token("How"), token("'re")),
        message(token("How", final=True), token(" are", 100, 200)),
        message(token(" are", 100, 200, final=True), token(" you", 200, 300, final=True), END),
        message(token(" Fine", 900, 950)),
    ) == [("How're", False), ("How are", False), ("How are you", True), ("Fine", False)]


def test_what_follows_an_endpoint_in_one_message_belongs_to_the_next(dialect):
    assert heard(dialect, message(token("Yes", final=True), END, token(" So", 300, 400))) == [
        ("Yes", True),
        ("So", False),
    ]


def test_finalizing_ends_it_as_well(dialect):
    assert heard(dialect, message(token("Yes", final=True), FIN)) == [("Yes", True)]


@pytest.mark.parametrize("marker", [END, FIN])
def test_an_end_of_nothing_is_nothing(dialect, marker):
    assert heard(dialect, message(marker), message(token("  ", final=True), marker)) == []


def test_the_same_again_is_no_news(dialect):
    same = message(token("Yes"))

    assert heard(dialect, same, same, message(total_audio_proc_ms=500)) == [("Yes", False)]


def test_times_words_speakers_and_languages_are_told(dialect):
    (one,) = dialect.read(
        message(
            token("Ho", 100, 200, confidence=0.5, speaker="2", language="es", final=True),
            token("la", 200, 300, confidence=1.0, speaker="2", language="es"),
        )
    )

    assert (one.start_ms, one.end_ms, one.speaker_id, one.language) == (100, 300, "2", "es")
    assert one.confidence == 0.75
    assert [(word.text, word.is_final) for word in one.words] == [("Ho", True), ("la", False)]


def test_a_translation_is_told_beside_the_text():
    dialect = SonioxDialect("wss://x", "k", INTO_SPANISH)
    spoken = token("Hello", final=True, translation_status="original", language="en")
    translated = {
        "text": "Hola", "is_final": True, "translation_status": "translation",
        "language": "es", "source_language": "en",
    }  # fmt: skip

    first, second, final = (
        one for said in (message(spoken), message(translated), message(END))
        for one in dialect.read(said)
    )  # fmt: skip

    assert (first.text, first.translation) == ("Hello", "")
    assert (second.text, second.translation, second.is_final) == ("Hello", "Hola", False)
    assert (final.text, final.translation, final.is_final) == ("Hello", "Hola", True)
    assert [word.text for word in final.words] == ["Hello"]


def test_a_translation_that_comes_too_late_is_not_taken_for_the_next_ones():
    dialect = SonioxDialect("wss://x", "k", INTO_SPANISH)
    late = {"text": "Hola", "is_final": True, "translation_status": "translation"}

    dialect.read(message(token("Hello", final=True), END, late))
    dialect.read(message(late))
    (one,) = dialect.read(message(token(" Bye", 500, 600, final=True)))

    assert (one.text, one.translation) == ("Bye", "")


def test_what_is_in_that_language_already_is_its_own_translation():
    dialect = SonioxDialect("wss://x", "k", INTO_SPANISH)

    (one,) = dialect.read(message(token("Hola", language="es", translation_status="none")))

    assert one.translation == "Hola"


def test_where_no_translation_is_wanted_there_is_none(dialect):
    (one,) = dialect.read(message(token("Hello")))

    assert one.translation is None


def test_languages_that_may_be_spoken_besides_are_hints_too():
    wanted = Recognition(language="en-US", languages=("es-ES", "en-GB", "de"))

    assert configured(wanted)["language_hints"] == ["en", "es", "de"]


def test_without_interim_results_there_are_finals_alone():
    dialect = SonioxDialect("wss://x", "k", {}, interim=False)

    assert heard(dialect, message(token("a")), message(token("a", final=True), END)) == [
        ("a", True)
    ]


def test_what_is_settled_without_the_server_is_not_heard_twice(dialect):
    dialect.read(message(token("Hello", 0, 100), token(" the", 100, 200)))

    (settled,) = dialect.settle()
    translated = {"text": "Hola", "is_final": True, "translation_status": "translation"}
    later = heard(
        dialect,
        message(
            token("Hello", 0, 100, final=True), token(" there", 100, 200, final=True), translated,
            token(" you", 300, 400, final=True), FIN,
        ),
    )  # fmt: skip

    assert (settled.text, settled.is_final) == ("Hello the", True)
    assert later == [("you", True)]


def test_an_endless_utterance_is_cut(dialect):
    long = token("x" * (LONGEST_UTTERANCE + 1), final=True)

    assert heard(dialect, message(long)) == [("x" * (LONGEST_UTTERANCE + 1), True)]


@pytest.mark.parametrize(
    ("code", "word", "retryable"),
    [
        (400, "INVALID_REQUEST", False),
        (401, "AUTHENTICATION_ERROR", False),
        (402, "PERMISSION_DENIED", False),
        (408, "TIMEOUT", True),
        (429, "RATE_LIMITED", True),
        (503, "SERVER_ERROR", True),
    ],
)
def test_an_error_is_told_without_its_text(dialect, code, word, retryable):
    with pytest.raises(Refused) as refused:
        dialect.read(message(error_code=code, error_message="secret"))

    refusal = refused.value
    assert (refusal.code, refusal.retryable, refusal.where) == (word, retryable, "provider")
    assert "secret" not in refusal.message


def test_an_end_nobody_asked_for_may_be_tried_again(dialect):
    with pytest.raises(Refused) as refused:
        dialect.read(message(finished=True))

    assert refused.value.retryable


@pytest.mark.parametrize(
    "said",
    ["", "{", "[]", "7", '{"tokens":7}', '{"tokens":[{"text":1}]}', '{"error_code":"x"}',
     '{"x":' + "[" * 100_000],
    ids=range(8),
)  # fmt: skip
def test_nonsense_is_a_bad_answer(dialect, said):
    with pytest.raises(Refused) as refused:
        dialect.read(said)

    assert refused.value.code == "BAD_ANSWER"


def test_too_much_at_once_is_a_bad_answer(dialect):
    with pytest.raises(Refused):
        dialect.read(message(*[token("a")] * (MOST_TOKENS + 1)))


NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TOKENS = st.fixed_dictionaries(
    {"text": st.text(max_size=5) | st.sampled_from(["<end>", "<fin>"]), "is_final": st.booleans()},
    optional={
        "start_ms": NUMBERS, "end_ms": NUMBERS, "confidence": NUMBERS,
        "speaker": st.none() | st.text(max_size=3) | st.integers(),
        "translation_status": st.sampled_from(["none", "original", "translation"]),
    },
)  # fmt: skip


@given(st.lists(st.lists(TOKENS, max_size=5) | st.just("settle"), max_size=8))
def test_whatever_a_server_says_times_and_confidence_make_sense(says):
    dialect = SonioxDialect("wss://x", "k", {})

    for said in says:
        results = dialect.settle() if said == "settle" else dialect.read(message(*said))
        for one in results:
            assert 0 <= one.start_ms <= one.end_ms
            assert one.confidence is None or 0 <= one.confidence <= 1
            assert one.text.strip() == one.text != ""
            for word in one.words:
                assert one.start_ms <= word.start_ms <= word.end_ms <= one.end_ms
