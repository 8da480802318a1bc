"""What was said lately: kept for half an hour, for the user's own apps."""

from typing import Any

import attrs
import msgspec
import pytest
from twisted.internet.task import Clock

from mentra.errors import Denied
from mentra.glasses.relay import relay_manager
from mentra.glasses.subscriptions import subscriptions_manager
from mentra.glasses.transcripts import (
    OVERHEAD,
    Period,
    TranscriptsSettings,
    local_transcription,
    transcript,
    transcripts_manager,
)
from mentra.interfaces.audio import ITranscripts
from mentra.interfaces.glasses import IApps
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore
from mentra.messages.audio import LocalTranscription
from mentra.records import App, Permission
from mentra.testing.house import WALL_TIME, FakeContext, house_with, session_in, success_of
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps

ACME, DEAF = "com.acme.app", "com.deaf.app"
PLUGINS = (subscriptions_manager, relay_manager, fake_apps, transcripts_manager)


@attrs.define
class Stage:
    """Ann, and apps that run for her."""

    clock: Clock
    house: Any
    session: Any

    def say(self, text: str, language: str = "en-US", **more: Any) -> None:
        """The phone recognised it."""
        fields = {"text": text, "isFinal": True, "speakerId": 1, **more}
        message = msgspec.json.decode(
            msgspec.json.encode(
                {"type": "local_transcription", "transcribeLanguage": language, **fields}
            ),
            type=LocalTranscription,
        )
        local_transcription.handle(message, FakeContext(self.house, self.session))

    def texts(self, language: str = "en-US", **period: Any) -> list[str]:
        return [one.text for one in ITranscripts(self.session).segments(language, **period)]

    def fetch(self, *, app: str = ACME, session_id: str | None = None, **query: str) -> Any:
        """What an app is answered."""
        asked = {"packageName": app, "apiKey": f"key of {app}", **query}
        call = FakeCall(
            self.house,
            values={"app_session_id": session_id or f"ann@x.org-{app}"},
            asked=msgspec.convert(asked, Period, strict=False),
        )
        return msgspec.to_builtins(transcript.handle(call))


def stage_with(clock: Clock, **settings: Any) -> Stage:
    house = house_with(*PLUGINS, clock=clock, sections=(TranscriptsSettings(**settings),))
    for package_name, permission in ((ACME, "MICROPHONE"), (DEAF, "CAMERA")):
        app = App(package_name=package_name, permissions=(Permission(type=permission),))
        success_of(IAppStore(house).save(app))
        success_of(IAppStore(house).add_key(package_name, f"key of {package_name}"))
    session = session_in(house)
    for package_name in (ACME, DEAF):
        IApps(session).run(package_name)
    return Stage(clock, house, session)


@pytest.fixture
def stage(clock: Clock) -> Stage:
    return stage_with(clock)


def test_finals_are_kept_by_language(stage):
    stage.say("good mor", isFinal=False)
    stage.say("good morning")
    stage.say("guten Morgen", "de-DE")

    assert stage.texts() == ["good morning"]
    assert stage.texts("de-DE") == ["guten Morgen"]
    assert stage.texts("fr-FR") == []


@pytest.mark.parametrize(
    ("text", "language", "more"),
    [
        ("", "en-US", {}),
        ("hello", "no language", {}),
        ("hello", "en-US", {"isFinal": False}),
    ],
)
def test_what_is_no_final_in_a_language_is_not_kept(stage, text, language, more):
    stage.say(text, language, **more)

    assert stage.texts(language) == []
    assert stage.clock.getDelayedCalls() == []


def test_after_half_an_hour_it_is_forgotten(stage):
    stage.say("one")
    stage.clock.advance(1000)
    stage.say("two")
    stage.clock.advance(800)
    then = stage.texts()
    stage.clock.advance(1)

    assert (then, stage.texts()) == (["one", "two"], ["two"])

    for _ in range(5):
        stage.clock.advance(300)
    # nobody asked, and it is gone all the same
    assert not ITranscripts(stage.session)._kept
    assert stage.clock.getDelayedCalls() == []


def test_the_oldest_gives_way_to_what_is_too_much(clock):
    stage = stage_with(clock, max_characters=1000)

    for number in range(9):
        stage.say(f"{number}" * 100)

    assert stage.texts() == [f"{number}" * 100 for number in (6, 7, 8)]
    assert OVERHEAD == 200


def test_a_text_of_any_length_is_bounded(clock):
    stage = stage_with(clock, max_characters=1000)

    stage.say("x" * 5000)

    assert [len(text) for text in stage.texts()] == [1000]


def test_where_nothing_is_to_be_kept_nothing_is(clock):
    stage = stage_with(clock, keep=0.0)

    stage.say("hello")

    assert stage.texts() == []


def test_it_ends_with_the_session(stage):
    stage.say("hello")
    transcripts = ITranscripts(stage.session)

    success_of(ISessions(stage.house).end(stage.session, "test"))
    transcripts.add("en-US", "too late")

    assert stage.clock.getDelayedCalls() == []
    assert transcripts.segments("en-US") == []


def test_an_engine_can_add_with_its_own_names(stage):
    ITranscripts(stage.session).add("en-US", "hello", result_id="utt_1", speaker_id="2")

    (segment,) = ITranscripts(stage.session).segments("en-US")

    assert (segment.result_id, segment.speaker_id) == ("utt_1", "2")


# -- over HTTP


def test_an_app_can_fetch_it(stage):
    stage.say("hello")
    stage.say("bonjour", "fr-FR", speakerId=None)

    answer = stage.fetch(duration="60")
    french = stage.fetch(duration="60", language="fr-FR")

    assert answer == {
        "language": "en-US",
        "segments": [
            {
                "resultId": "seg_1748779200000_1",
                "speakerId": "1",
                "text": "hello",
                "timestamp": "2025-06-01T12:00:00.000Z",
                "isFinal": True,
            }
        ],
    }
    assert french["segments"][0] == {
        "resultId": "seg_1748779200000_2",
        "text": "bonjour",
        "timestamp": "2025-06-01T12:00:00.000Z",
        "isFinal": True,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"duration": "15"}, ["two", "three"]),
        ({"duration": "0"}, ["three"]),
        ({"startTime": "2025-06-01T12:00:10Z"}, ["two", "three"]),
        ({"startTime": "2025-06-01T14:00:10.001+02:00"}, ["three"]),
        ({"startTime": str(int(WALL_TIME * 1000) + 20_000)}, ["three"]),
        ({"endTime": "2025-06-01T12:00:10"}, ["one", "two"]),
        ({"startTime": "2025-06-01T12:00:05Z", "endTime": "2025-06-01T12:00:15Z"}, ["two"]),
    ],
)
def test_a_part_of_it_can_be_had(stage, query, expected):
    for text in ("one", "two", "three"):
        stage.say(text)
        stage.clock.advance(10)
    stage.clock.rightNow -= 10

    assert [one["text"] for one in stage.fetch(**query)["segments"]] == expected


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"startTime": ""}, 400),
        ({"startTime": "yesterday"}, 400),
        ({"endTime": "9999-99-99"}, 400),
        ({"duration": "60", "apiKey": ""}, 401),
        ({"duration": "60", "apiKey": "wrong"}, 401),
        ({"duration": "60", "app": DEAF}, 403),
        ({"duration": "60", "session_id": f"bob@x.org-{ACME}"}, 404),
        ({"duration": "60", "session_id": f"ann@x.org-{DEAF}"}, 404),
        ({"duration": "60", "session_id": "ann@x.org"}, 404),
    ],
)
def test_nobody_else_can_and_not_without_a_period(stage, query, status):
    stage.say("secret")

    with pytest.raises(Denied) as caught:
        stage.fetch(**query)

    assert caught.value.status == status
    assert "secret" not in str(caught.value.body)


def test_an_app_that_stopped_cannot(stage):
    stage.say("secret")
    IApps(stage.session).stop(ACME)

    with pytest.raises(Denied) as caught:
        stage.fetch(duration="60")

    assert (caught.value.status, caught.value.body) == (404, {"error": "Session not found"})
