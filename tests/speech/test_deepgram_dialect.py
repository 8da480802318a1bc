"""Deepgram's protocol: what is asked, and what is made of its messages."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.errors import Refused
from mentra.hearing import Recognition
from mentra.speech.deepgram_dialect import (
    LONGEST_HINT,
    LONGEST_UTTERANCE,
    MOST_HINTS,
    DeepgramDialect,
    listen_url,
)


@pytest.fixture
def dialect():
    return DeepgramDialect("wss://x/v1/listen", "k")


def results(text, start=0.0, end=1.0, *, final=False, speech_final=False, **more):
    count = max(1, len(text.split()))
    each = (end - start) / count
    words = [
        {
            "word": word.lower(), "punctuated_word": word, "confidence": 0.8, "speaker": 1,
            "start": start + each * number, "end": start + each * (number + 1),
        }
        for number, word in enumerate(text.split())
    ]  # fmt: skip
    return json.dumps(
        {
            "type": "Results",
            "start": start,
            "duration": end - start,
            "is_final": final,
            "speech_final": speech_final,
            "channel": {"alternatives": [{"transcript": text, "confidence": 0.8, "words": words}]},
            **more,
        }
    )


def heard(dialect, *messages):
    return [(one.text, one.is_final) for message in messages for one in dialect.read(message)]


def test_the_url_says_what_is_wanted():
    wanted = Recognition(language="en-US", hints=("Mentra", " ", "x" * 500) + ("a",) * 100)

    url = listen_url(
        "wss://x/", wanted, model="nova-3", endpointing=0.3, utterance_end=1.0, diarize=True
    )

    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    terms = asked.pop("keyterm")
    assert (parts.scheme, parts.netloc, parts.path) == ("wss", "x", "/v1/listen")
    assert asked == {
        "model": ["nova-3"], "language": ["en-US"], "encoding": ["linear16"],
        "sample_rate": ["16000"], "channels": ["1"], "interim_results": ["true"],
        "smart_format": ["true"], "endpointing": ["300"], "utterance_end_ms": ["1000"],
        "diarize": ["true"],
    }  # fmt: skip
    assert terms[:2] == ["Mentra", "x" * LONGEST_HINT]
    assert len(terms) == MOST_HINTS - 1


def test_older_models_have_keywords_and_auto_is_several_languages():
    wanted = Recognition(language="auto", hints=("Mentra",))

    url = listen_url(
        "wss://x", wanted, model="nova-2", endpointing=0.3, utterance_end=1.0, diarize=False
    )

    asked = parse_qs(urlsplit(url).query)
    assert (asked["keywords"], asked["language"]) == (["Mentra"], ["multi"])
    assert "diarize" not in asked


def test_a_key_goes_into_the_header_or_nowhere(dialect):
    assert dialect.headers == {"Authorization": "Token k"}
    assert DeepgramDialect("wss://x", "").headers == {}


def test_an_utterance_grows_until_it_is_final(dialect):
    assert heard(
        dialect,
        results("Hello"),
        results("Hello there", final=True),
        results("how are", 1, 2),
        results("how are you?", 1, 2, final=True, speech_final=True),
        results("Fine", 3, 4),
    ) == [
        ("Hello", False),
        ("Hello there", False),
        ("Hello there how are", False),
        ("Hello there how are you?", True),
        ("Fine", False),
    ]


def test_times_words_and_speakers_are_told(dialect):
    (interim,) = dialect.read(results("Hello there", 1.5, 2.5))

    assert (interim.start_ms, interim.end_ms, interim.speaker_id) == (1500, 2500, "1")
    assert interim.confidence == pytest.approx(0.8)
    assert [(one.text, one.start_ms, one.end_ms) for one in interim.words] == [
        ("Hello", 1500, 2000),
        ("there", 2000, 2500),
    ]
    assert not interim.words[0].is_final


def test_the_end_of_an_utterance_in_noise_makes_it_final(dialect):
    assert heard(
        dialect, results("Hello", final=True), '{"type":"UtteranceEnd","last_word_end":1.0}'
    )[-1] == ("Hello", True)
    assert heard(dialect, '{"type":"UtteranceEnd","last_word_end":1.0}') == []


def test_finalizing_makes_it_final(dialect):
    assert heard(dialect, results("Hello", final=True, from_finalize=True)) == [("Hello", True)]


def test_silence_is_not_heard(dialect):
    assert heard(dialect, results(""), results("", final=True, speech_final=True)) == []


def test_without_interim_results_there_are_finals_alone():
    dialect = DeepgramDialect("wss://x", "k", interim=False)

    assert heard(
        dialect,
        results("Hello"),
        results("Hello", final=True),
        results("", 1, 2, speech_final=True, final=True),
    ) == [("Hello", True)]


def test_what_is_settled_without_the_server_is_not_heard_twice(dialect):
    dialect.read(results("Hello there", 0, 1))

    (settled,) = dialect.settle()
    later = heard(dialect, results("Hello there you", 0, 1.5, final=True, speech_final=True))

    assert (settled.text, settled.is_final, settled.end_ms) == ("Hello there", True, 1000)
    assert later == [("you", True)]
    assert list(dialect.settle()) == []


def test_an_endless_utterance_is_cut(dialect):
    long = "word " * (LONGEST_UTTERANCE // 5 + 1)

    assert heard(dialect, results(long.strip(), final=True))[-1][1] is True


def test_the_language_found_is_told(dialect):
    message = json.loads(results("Hola"))
    message["channel"]["alternatives"][0]["languages"] = ["es", "en"]

    (interim,) = dialect.read(json.dumps(message))

    assert interim.language == "es"


@pytest.mark.parametrize(
    "message", ['{"type":"Metadata"}', '{"type":"SpeechStarted"}', '{"type":"Whatever"}']
)
def test_what_says_nothing_is_nothing(dialect, message):
    assert heard(dialect, message) == []


def test_an_error_is_told_without_its_text(dialect):
    with pytest.raises(Refused) as refused:
        dialect.read('{"type":"Error","variant":"DATA-0000 <b>","description":"secret"}')

    assert refused.value.message == "deepgram reports an error (DATA-0000b)"
    assert refused.value.retryable


@pytest.mark.parametrize(
    "message",
    ["", "{", "[]", "7", '{"type":7}', '{"type":"Results"}', '{"type":"Results","channel":7}',
     '{"type":"Results","channel":{"alternatives":[{"transcript":1}]}}',
     '{"type":"Results","x":' + "[" * 100_000],
)  # fmt: skip
def test_nonsense_is_a_bad_answer(dialect, message):
    with pytest.raises(Refused) as refused:
        dialect.read(message)

    assert refused.value.code == "BAD_ANSWER"


NUMBERS = st.floats(allow_nan=True) | st.floats(-1e9, 1e9)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
WORD = st.fixed_dictionaries(
    {"word": st.text(max_size=5), "start": NUMBERS, "end": NUMBERS},
    optional={"confidence": NUMBERS, "speaker": st.integers(-3, 3), "punctuated_word": st.text()},
)
RESULTS = st.fixed_dictionaries(
    {
        "type": st.just("Results"),
        "channel": st.fixed_dictionaries(
            {
                "alternatives": st.lists(
                    st.fixed_dictionaries(
                        {"transcript": st.text(max_size=8), "words": st.lists(WORD, max_size=3)}
                    ),
                    max_size=2,
                )
            }
        )
        | ANYTHING,
    },
    optional={"start": NUMBERS, "duration": NUMBERS, "is_final": st.booleans(),
              "speech_final": st.booleans()},
)  # fmt: skip


@given(st.lists(RESULTS | ANYTHING | st.just({"type": "UtteranceEnd"}), max_size=6))
def test_whatever_a_server_says_times_and_confidence_make_sense(messages):
    dialect, codes = DeepgramDialect("wss://x", "k"), set()

    for message in messages:
        try:
            for one in dialect.read(json.dumps(message)):
                assert 0 <= one.start_ms <= one.end_ms
                assert one.confidence is None or 0 <= one.confidence <= 1
                assert one.text.strip() == one.text != ""
                assert all(word.start_ms <= word.end_ms for word in one.words)
        except Refused as refused:
            codes.add(refused.code)

    assert codes <= {"BAD_ANSWER"}
