"""Reading subscription strings, and which events they want."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.glasses.stream_names import (
    MAX_LENGTH,
    MAX_SUBSCRIPTIONS,
    StreamName,
    echo,
    parse,
    read_list,
    wants,
)
from mentra.messages.gestures import TouchEvent
from mentra.messages.streams import (
    GESTURES,
    LOCATION_RATES,
    MICROPHONE_STREAMS,
    PERMISSIONS,
    STREAM_ALIASES,
    STREAM_TYPES,
    WILDCARDS,
    kind_of,
    permission_for,
)

languages = st.from_regex(r"[a-z]{2,3}-[A-Z]{2}", fullmatch=True)
valid = st.one_of(
    st.sampled_from(sorted(STREAM_TYPES | WILDCARDS | set(STREAM_ALIASES))),
    st.sampled_from(sorted(GESTURES)).map("touch_event:{}".format),
    languages.map("transcription:{}".format),
    languages.map("transcription:{}?hints=en%2Cde&no-language-identification=true".format),
    st.tuples(languages, languages).map(lambda pair: "translation:{}-to-{}".format(*pair)),
    st.sampled_from(["transcription:auto", "augmentos:*", "augmentos:all", "augmentos:brightness"]),
)


def read(own: str) -> StreamName:
    name = parse(own)
    assert name is not None, own
    return name


@given(st.text(max_size=MAX_LENGTH + 10) | st.text().map("transcription:en-US?{}".format))
def test_any_text_is_read_or_refused_and_never_raises(own):
    name = parse(own)

    assert name is None or name.own == own


@given(valid)
def test_a_valid_string_is_read_and_kept_as_it_was_written(own):
    name = read(own)

    assert name.own == own
    assert name.kind == kind_of(own)


@given(valid)
def test_a_reading_of_the_same_string_is_the_same(own):
    assert parse(own) == parse(own)


def test_every_stream_type_and_wildcard_can_be_subscribed_to():
    assert len(STREAM_TYPES | WILDCARDS) == 30
    for own in (STREAM_TYPES | WILDCARDS) - {"transcription"}:
        assert read(own) == StreamName(own, own)


def test_a_plain_transcription_is_one_of_american_english_under_its_own_name():
    assert read("transcription") == StreamName("transcription", "transcription", "en-US")


def test_the_old_name_of_dismissals_is_read_as_todays_and_kept():
    name = read("notification_dismissed")

    assert (name.own, name.kind) == ("notification_dismissed", "phone_notification_dismissed")


@pytest.mark.parametrize(
    "own",
    [
        "",
        "nonsense",
        "button_press:left",
        "button_press?x=1",
        "touch_event:",
        "touch_event:tickle",
        "transcription:",
        "transcription:en",
        "transcription:EN-us",
        "transcription:engl-US",
        "transcription:en-US\n",
        "transcription:all",
        "translation:en-US",
        "translation:en-US-to-",
        "translation:en-US-to-all",
        "translation:auto-to-en-US",
        "augmentos",
        "augmentos:",
        "augmentos:\ud800",
        "transcription:en-US?hints=" + "x" * MAX_LENGTH,
    ],
)
def test_what_is_no_stream_is_refused(own):
    assert parse(own) is None


def test_the_longest_string_is_read():
    own = "transcription:en-US?hints="
    own += "x" * (MAX_LENGTH - len(own))

    assert read(own).own == own


@pytest.mark.parametrize(
    ("own", "hints", "sure"),
    [
        ("transcription:en-US", (), False),
        ("transcription:en-US?", (), False),
        ("transcription:en-US?hints=ja,es", ("ja", "es"), False),
        ("transcription:en-US?hints=en%2Cde", ("en", "de"), False),
        ("transcription:auto?no-language-identification=true&hints=ja", ("ja",), True),
        ("transcription:en-US?no-language-identification=false", (), False),
        ("translation:es-ES-to-en-US?no-language-identification=true", (), True),
        ("transcription:en-US?hints=,,&other=%zz", (), False),
    ],
)
def test_options_are_decoded(own, hints, sure):
    name = read(own)

    assert (name.hints, name.no_language_identification) == (hints, sure)


def test_languages_are_read():
    assert read("transcription:auto").detail == "auto"
    assert read("transcription:yue-HK?hints=en").detail == "yue-HK"
    pair = read("translation:all-to-en-US")
    assert (pair.detail, pair.target) == ("all", "en-US")


@pytest.mark.parametrize(
    ("own", "event", "wanted"),
    [
        ("button_press", ("button_press", None, None), True),
        ("button_press", ("head_position", None, None), False),
        ("all", ("head_position", None, None), True),
        ("*", ("transcription", "fr-FR", None), True),
        ("*", ("audio_chunk", None, None), False),
        ("audio_chunk", ("audio_chunk", None, None), True),
        ("transcription:en-US", ("transcription", "en-US", None), True),
        ("transcription:en-US?hints=ja", ("transcription", "en-US", None), True),
        ("transcription:en-US", ("transcription", "fr-FR", None), False),
        ("transcription:en-US", ("transcription", None, None), False),
        ("transcription:en-US", ("translation", "en-US", "fr-FR"), False),
        ("transcription:auto", ("transcription", "fr-FR", None), True),
        ("transcription:auto?hints=fr", ("transcription", None, None), True),
        ("transcription", ("transcription", "en-US", None), True),
        ("transcription", ("transcription", "fr-FR", None), False),
        ("transcription", ("transcription", None, None), True),
        ("translation", ("translation", "es-ES", "en-US"), True),
        ("translation:es-ES-to-en-US", ("translation", "es-ES", "en-US"), True),
        ("translation:es-ES-to-en-US", ("translation", "es-ES", "fr-FR"), False),
        ("translation:es-ES-to-en-US", ("translation", "de-DE", "en-US"), False),
        ("translation:all-to-en-US", ("translation", "de-DE", "en-US"), True),
        ("translation:all-to-en-US", ("translation", "de-DE", "fr-FR"), False),
        ("location_stream", ("location_update", None, None), True),
        ("location_update", ("location_update", None, None), True),
        ("location_update", ("location_stream", None, None), False),
        ("touch_event", ("touch_event", "long_press", None), True),
        ("touch_event:long_press", ("touch_event", "long_press", None), True),
        ("touch_event:long_press", ("touch_event", "single_tap", None), False),
        ("touch_event:long_press", ("touch_event", None, None), False),
        ("augmentos:brightness", ("augmentos", "brightness", None), True),
        ("augmentos:brightness", ("augmentos", "headUpAngle", None), False),
        ("augmentos:*", ("augmentos", "brightness", None), True),
        ("augmentos:all", ("augmentos", "brightness", None), True),
    ],
)
def test_a_subscriber_gets_what_it_wants_and_nothing_else(own, event, wanted):
    assert wants(read(own), *event) is wanted


def test_a_wildcard_is_told_the_events_type_and_anybody_else_their_own_string():
    assert echo(read("*"), "VAD") == "VAD"
    assert echo(read("transcription:en-US?hints=ja"), "transcription").endswith("?hints=ja")


# -- lists


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=20) | valid,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        )
        | st.fixed_dictionaries(
            {"stream": st.just("location_stream") | st.text()},
            optional={"rate": st.sampled_from(LOCATION_RATES) | st.text() | st.lists(st.none())},
        )
    )
)
def test_any_list_is_read_and_every_entry_accounted_for(requested):
    found = read_list(requested)

    assert len(found.names) + found.invalid <= len(requested)
    assert all(parse(own) == name for own, name in found.names.items())
    assert found.rate is None or found.rate in LOCATION_RATES
    assert bool(found.invalid) == bool(found.example)


def test_the_last_location_rate_wins():
    found = read_list(
        [
            {"stream": "location_stream", "rate": "realtime"},
            {"stream": "location_stream", "rate": "high"},
            "location_update",
        ]
    )

    assert found.rate == "high"
    assert list(found.names) == ["location_stream", "location_update"]


def test_a_rate_that_is_none_leaves_the_stream():
    found = read_list([{"stream": "location_stream", "rate": "hourly"}])

    assert (list(found.names), found.rate) == (["location_stream"], None)


def test_objects_other_than_locations_are_dropped():
    found = read_list([{"stream": "button_press"}, 7, None, ["VAD"], "VAD"])

    assert (list(found.names), found.invalid) == (["VAD"], 4)


def test_no_more_than_so_many_entries_are_looked_at():
    requested = [f"augmentos:key{number}" for number in range(MAX_SUBSCRIPTIONS + 5)]

    found = read_list(requested)

    assert len(found.names) == MAX_SUBSCRIPTIONS
    assert found.invalid == 5


def test_what_is_told_of_an_invalid_entry_is_short_and_plain():
    assert len(read_list(["\u2603" * 10_000]).example) <= 80
    assert read_list(["caf\u00e9"]).example == "'caf\\xe9'"
    assert read_list([["x"] * 10_000]).example == "list"


# -- the tables


def test_permissions_are_those_of_real_streams():
    assert set(PERMISSIONS) <= STREAM_TYPES
    assert {one for one, word in PERMISSIONS.items() if word == "MICROPHONE"} >= MICROPHONE_STREAMS


@pytest.mark.parametrize(
    ("stream", "permission"),
    [
        ("audio_chunk", "MICROPHONE"),
        ("VAD", "MICROPHONE"),
        ("transcription:auto?hints=ja", "MICROPHONE"),
        ("translation:all-to-en-US", "MICROPHONE"),
        ("location_update", "LOCATION"),
        ("location_stream", "LOCATION"),
        ("calendar_event", "CALENDAR"),
        ("phone_notification", "READ_NOTIFICATIONS"),
        ("notification_dismissed", "READ_NOTIFICATIONS"),
        ("*", None),
        ("touch_event:single_tap", None),
        ("augmentos:brightness", None),
    ],
)
def test_a_stream_takes_the_permission_of_its_kind(stream, permission):
    assert permission_for(stream) == permission


def test_a_touch_is_spelt_with_underscores():
    text = b'{"type":"touch_event","device_model":"Mentra Live","gesture_name":"long_press"}'

    touch = msgspec.json.decode(text, type=TouchEvent)

    assert (touch.device_model, touch.gesture_name) == ("Mentra Live", "long_press")
    assert msgspec.json.encode(touch) == text
