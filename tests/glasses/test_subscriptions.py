"""Each app's newest list wins; who gets an event is answered from it."""

from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher

from mentra.events import SubscriptionsChanged
from mentra.extension import listener
from mentra.glasses.apps.settings import AppsSettings
from mentra.glasses.stream_names import MAX_SUBSCRIPTIONS
from mentra.glasses.subscriptions import (
    MAX_REMEMBERED,
    subscription_update,
    subscriptions_manager,
)
from mentra.interfaces.glasses import IApps, ISubscriptions
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore
from mentra.messages.apps import AppStateChange
from mentra.messages.subscriptions import (
    StreamRejection,
    SubscriptionsRejected,
    SubscriptionUpdate,
)
from mentra.records import App, Permission
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.running_apps import fake_apps

ACME = "com.acme.app"
OTHER = "com.other.app"
GRACE = AppsSettings().subscription_grace


@attrs.define
class Stage:
    """A session whose apps a test commands."""

    clock: Clock
    house: Any
    session: Any
    heard: list[SubscriptionsChanged]

    @property
    def subscriptions(self) -> Any:
        return ISubscriptions(self.session)

    def allow(self, package_name: str, *permissions: str) -> None:
        app = App(
            package_name=package_name,
            permissions=tuple(Permission(type=one) for one in permissions),
        )
        success_of(IAppStore(self.house).save(app))

    def want(self, package_name: str, *streams: Any) -> tuple[StreamRejection, ...]:
        return self.subscriptions.update(package_name, list(streams))


def stage_with(clock: Clock) -> Stage:
    heard: list[SubscriptionsChanged] = []

    @listener(SubscriptionsChanged)
    def keep(event: SubscriptionsChanged, session: Any) -> None:
        heard.append(event)

    house = house_with(subscriptions_manager, fake_apps, keep, clock=clock)
    made = Stage(clock, house, session_in(house), heard)
    made.allow(ACME, "ALL")
    made.allow(OTHER, "ALL")
    return made


@pytest.fixture
def stage(clock: Clock) -> Stage:
    return stage_with(clock)


@pytest.fixture
def warnings() -> Iterator[list[LogEvent]]:
    found: list[LogEvent] = []

    def observe(event: LogEvent) -> None:
        if event["log_level"].name == "warn":
            found.append(event)

    globalLogPublisher.addObserver(observe)
    yield found
    globalLogPublisher.removeObserver(observe)


# -- lists


def test_a_list_replaces_the_one_before(stage):
    stage.want(ACME, "button_press", "head_position")

    stage.want(ACME, "head_position", "VAD")

    assert stage.subscriptions.of(ACME) == {"head_position", "VAD"}
    assert stage.subscriptions.everyone() == {ACME: {"head_position", "VAD"}}


def test_a_change_is_announced_once_with_before_and_after(stage):
    stage.want(ACME, "button_press")

    stage.want(ACME, "VAD")

    assert stage.heard == [
        SubscriptionsChanged(ACME, frozenset(), frozenset({"button_press"})),
        SubscriptionsChanged(ACME, frozenset({"button_press"}), frozenset({"VAD"})),
    ]


def test_the_glasses_are_told_of_a_change(stage):
    stage.want(ACME, "button_press")

    assert stage.session.glasses.sent == [AppStateChange(session_id="ann@x.org")]


def test_the_same_list_again_is_no_change(stage):
    stage.want(ACME, "button_press", "VAD")
    stage.session.glasses.take()
    version = stage.subscriptions.version

    stage.want(ACME, "VAD", "button_press")

    assert len(stage.heard) == 1
    assert stage.session.glasses.sent == []
    assert stage.subscriptions.version == version


def test_every_change_has_a_version_of_its_own(stage):
    versions = [stage.subscriptions.version]
    stage.want(ACME, "VAD")
    versions.append(stage.subscriptions.version)

    stage.subscriptions.remove(ACME)
    versions.append(stage.subscriptions.version)

    assert versions == sorted(set(versions))


def test_lists_of_two_apps_do_not_touch_each_other(stage):
    stage.want(ACME, "button_press")

    stage.want(OTHER, "VAD")

    assert stage.subscriptions.everyone() == {ACME: {"button_press"}, OTHER: {"VAD"}}


def test_an_app_that_goes_is_forgotten_and_that_is_announced(stage):
    stage.want(ACME, "button_press")

    stage.subscriptions.remove(ACME)

    assert stage.subscriptions.of(ACME) == frozenset()
    assert stage.subscriptions.matching("button_press") == ()
    assert stage.heard[-1] == SubscriptionsChanged(ACME, frozenset({"button_press"}), frozenset())


def test_an_app_that_goes_without_a_list_is_no_news(stage):
    stage.subscriptions.began(ACME)

    stage.subscriptions.remove(ACME)
    stage.subscriptions.remove(OTHER)

    assert stage.heard == []


def test_invalid_entries_are_dropped_and_named_once_for_an_app(stage, warnings):
    stage.want(ACME, "nonsense", 7, "VAD")
    stage.want(ACME, "nonsense", "VAD")
    stage.want(OTHER, "nonsense", "VAD")

    assert stage.subscriptions.everyone() == {ACME: {"VAD"}, OTHER: {"VAD"}}
    assert [event["package_name"] for event in warnings] == [ACME, OTHER]
    assert (warnings[0]["count"], warnings[0]["example"]) == (2, "'nonsense'")


def test_an_app_has_no_more_than_so_many_subscriptions(stage):
    stage.want(ACME, *(f"augmentos:key{number}" for number in range(MAX_SUBSCRIPTIONS + 1)))

    assert len(stage.subscriptions.of(ACME)) == MAX_SUBSCRIPTIONS


# -- location rates


@pytest.mark.parametrize(
    ("streams", "rate"),
    [
        ((), None),
        (("button_press",), None),
        (("location_stream",), "reduced"),
        (("location_update",), "reduced"),
        (({"stream": "location_stream", "rate": "high"},), "high"),
        (({"stream": "location_stream", "rate": "high"}, "location_update"), "high"),
    ],
)
def test_the_location_rate_is_the_one_asked_for(stage, streams, rate):
    stage.want(ACME, *streams)

    assert stage.subscriptions.rate(ACME) == rate


def test_a_list_without_location_ends_its_rate(stage):
    stage.want(ACME, {"stream": "location_stream", "rate": "high"})

    stage.want(ACME, "VAD")

    assert stage.subscriptions.rate(ACME) is None


def test_another_rate_alone_is_a_change(stage):
    stage.want(ACME, {"stream": "location_stream", "rate": "high"})

    stage.want(ACME, {"stream": "location_stream", "rate": "realtime"})

    assert len(stage.heard) == 2
    assert stage.subscriptions.rate(ACME) == "realtime"


def test_a_location_that_may_not_be_had_has_no_rate(stage):
    stage.allow(ACME, "MICROPHONE")

    stage.want(ACME, {"stream": "location_stream", "rate": "high"})

    assert stage.subscriptions.rate(ACME) is None


# -- permissions


def test_what_an_app_may_not_have_is_left_out_and_the_rest_applied(stage):
    stage.allow(ACME, "CALENDAR", "BACKGROUND_LOCATION")

    rejected = stage.want(ACME, "audio_chunk", "location_update", "calendar_event", "VAD", "*")

    assert stage.subscriptions.of(ACME) == {"calendar_event", "*"}
    assert [(one.stream, one.required_permission) for one in rejected] == [
        ("audio_chunk", "MICROPHONE"),
        ("location_update", "LOCATION"),
        ("VAD", "MICROPHONE"),
    ]


def test_an_app_that_nobody_knows_gets_only_what_takes_no_permission(stage):
    rejected = stage.want("com.unheard.of", "button_press", "audio_chunk")

    assert stage.subscriptions.of("com.unheard.of") == {"button_press"}
    assert len(rejected) == 1


def test_a_stream_listed_twice_is_rejected_once(stage):
    stage.allow(ACME)

    assert len(stage.want(ACME, "VAD", "VAD")) == 1


# -- empty lists


def test_the_sdks_early_empty_list_is_not_believed(stage):
    stage.want(ACME, "audio_chunk")
    stage.subscriptions.began(ACME)

    stage.want(ACME)

    assert stage.subscriptions.of(ACME) == {"audio_chunk"}


def test_a_list_after_the_early_empty_one_is_what_counts(stage):
    stage.want(ACME, "audio_chunk")
    stage.subscriptions.began(ACME)
    stage.want(ACME)

    stage.want(ACME, "VAD")
    stage.clock.advance(GRACE)

    assert stage.subscriptions.of(ACME) == {"VAD"}
    assert stage.clock.getDelayedCalls() == []


def test_an_early_empty_list_is_believed_when_nothing_follows(stage):
    stage.want(ACME, "audio_chunk")
    stage.subscriptions.began(ACME)
    stage.clock.advance(1)
    stage.want(ACME)
    stage.session.glasses.take()

    stage.clock.advance(GRACE - 1.01)
    before = stage.subscriptions.of(ACME)
    stage.clock.advance(0.01)

    assert before == {"audio_chunk"}
    assert stage.subscriptions.of(ACME) == frozenset()
    assert stage.session.glasses.sent == [AppStateChange(session_id="ann@x.org")]


def test_an_honest_later_empty_list_clears_at_once(stage):
    stage.subscriptions.began(ACME)
    stage.want(ACME, "audio_chunk")
    stage.clock.advance(GRACE)

    stage.want(ACME)

    assert stage.subscriptions.of(ACME) == frozenset()


def test_a_list_of_rejected_streams_is_no_empty_list(stage):
    stage.want(ACME, "audio_chunk")
    stage.allow(ACME)
    stage.subscriptions.began(ACME)

    stage.want(ACME, "audio_chunk")

    assert stage.subscriptions.of(ACME) == frozenset()


def test_a_reconnection_puts_a_waiting_empty_list_off(stage):
    stage.want(ACME, "audio_chunk")
    stage.subscriptions.began(ACME)
    stage.want(ACME)
    stage.clock.advance(5)

    stage.subscriptions.began(ACME)
    stage.clock.advance(GRACE - 0.01)
    before = stage.subscriptions.of(ACME)
    stage.clock.advance(0.01)

    assert (before, stage.subscriptions.of(ACME)) == ({"audio_chunk"}, frozenset())


def test_nothing_waits_for_an_app_that_is_gone(stage):
    stage.want(ACME, "audio_chunk")
    stage.subscriptions.began(ACME)
    stage.want(ACME)

    stage.subscriptions.remove(ACME)

    assert stage.clock.getDelayedCalls() == []


def test_nothing_waits_after_the_session(stage):
    stage.want(ACME, "audio_chunk")
    stage.subscriptions.began(ACME)
    stage.want(ACME)
    kept = stage.subscriptions

    success_of(ISessions(stage.house).end(stage.session, "test"))
    kept.update(OTHER, ["VAD"])
    kept.began(OTHER)
    kept.update(OTHER, [])

    assert stage.clock.getDelayedCalls() == []


steps = st.lists(
    st.one_of(
        st.tuples(st.just("list"), st.sets(st.sampled_from(["VAD", "all", "audio_chunk"]))),
        st.tuples(st.just("began"), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([0.5, 3.0, 7.0, GRACE])),
    ),
    max_size=25,
)


@given(steps)
def test_the_newest_list_wins_in_whatever_order_things_happen(steps):
    clock = Clock()
    stage = stage_with(clock)
    newest, shown, believed_at = frozenset(), frozenset(), 0.0
    for step, detail in steps:
        if step == "list":
            stage.want(ACME, *sorted(detail))
            newest = frozenset(detail)
            shown = newest if newest or clock.seconds() >= believed_at else shown
        elif step == "began":
            stage.subscriptions.began(ACME)
            believed_at = clock.seconds() + GRACE
        else:
            clock.advance(detail)
            shown = newest if clock.seconds() >= believed_at else shown
        assert stage.subscriptions.of(ACME) == shown

    clock.advance(GRACE)

    assert stage.subscriptions.of(ACME) == newest
    assert clock.getDelayedCalls() == []
    for earlier, later in zip(stage.heard, stage.heard[1:], strict=False):
        assert earlier.after == later.before


# -- who gets an event


def matches(stage: Stage, *event: str | None) -> set[tuple[str, str]]:
    pairs = stage.subscriptions.matching(*event)
    assert len(set(pairs)) == len(pairs)
    return set(pairs)


def test_every_subscriber_is_found_under_its_own_string(stage):
    stage.want(ACME, "transcription:en-US?hints=ja", "transcription:fr-FR", "VAD")
    stage.want(OTHER, "transcription:en-US", "transcription:auto", "transcription")

    assert matches(stage, "transcription", "en-US") == {
        (ACME, "transcription:en-US?hints=ja"),
        (OTHER, "transcription:en-US"),
        (OTHER, "transcription:auto"),
        (OTHER, "transcription"),
    }


def test_translations_are_matched_by_both_languages(stage):
    stage.want(ACME, "translation:es-ES-to-en-US", "translation:all-to-en-US")
    stage.want(OTHER, "translation:de-DE-to-en-US", "translation")

    assert matches(stage, "translation", "es-ES", "en-US") == {
        (ACME, "translation:es-ES-to-en-US"),
        (ACME, "translation:all-to-en-US"),
        (OTHER, "translation"),
    }


def test_wildcards_are_told_the_type_once(stage):
    stage.want(ACME, "all", "*", "button_press")
    stage.want(OTHER, "all")

    assert matches(stage, "button_press") == {(ACME, "button_press"), (OTHER, "button_press")}


def test_a_location_goes_out_under_both_names(stage):
    stage.want(ACME, "location_update", {"stream": "location_stream", "rate": "high"})

    assert matches(stage, "location_update") == {
        (ACME, "location_update"),
        (ACME, "location_stream"),
    }


def test_the_old_name_of_dismissals_is_echoed_as_written(stage):
    stage.want(ACME, "notification_dismissed")

    assert matches(stage, "phone_notification_dismissed") == {(ACME, "notification_dismissed")}
    assert matches(stage, "notification_dismissed") == {(ACME, "notification_dismissed")}


def test_a_touch_is_told_once_and_by_its_gesture_to_whoever_named_it(stage):
    stage.want(ACME, "touch_event", "touch_event:long_press", "*")
    stage.want(OTHER, "touch_event", "touch_event:single_tap")

    assert matches(stage, "touch_event", "long_press") == {
        (ACME, "touch_event:long_press"),
        (OTHER, "touch_event"),
    }


def test_answers_are_remembered_until_a_list_changes(stage):
    stage.want(ACME, "VAD")
    first = stage.subscriptions.matching("VAD")
    again = stage.subscriptions.matching("VAD")

    stage.want(OTHER, "VAD")

    assert again is first
    assert matches(stage, "VAD") == {(ACME, "VAD"), (OTHER, "VAD")}


def test_remembered_answers_are_bounded(stage):
    stage.want(ACME, "transcription:auto")

    for number in range(3 * MAX_REMEMBERED):
        stage.subscriptions.matching("transcription", f"language {number}")

    assert len(stage.subscriptions._matches) <= MAX_REMEMBERED


# -- the handler


def tell(stage: Stage, peer: FakePeer, *streams: Any) -> Any:
    context = FakeContext(stage.house, stage.session, peer)
    return subscription_update.handle(SubscriptionUpdate(subscriptions=list(streams)), context)


def test_an_update_without_rejections_has_no_answer(stage):
    peer = IApps(stage.session).run(ACME)

    answer = tell(stage, peer, "VAD")

    assert answer is None
    assert stage.subscriptions.of(ACME) == {"VAD"}


def test_all_rejections_of_an_update_come_in_one_answer(stage):
    stage.allow(ACME)
    peer = IApps(stage.session).run(ACME)

    answer = tell(stage, peer, "audio_chunk", "transcription:en-US", "button_press")

    assert answer == SubscriptionsRejected(
        message="Some subscriptions were rejected due to missing permissions",
        details=[
            StreamRejection(
                stream=stream,
                required_permission="MICROPHONE",
                message=f"To subscribe to {stream}, add the MICROPHONE permission in the "
                "developer console",
            )
            for stream in ("audio_chunk", "transcription:en-US")
        ],
    )
    assert stage.subscriptions.of(ACME) == {"button_press"}


def test_the_last_words_of_a_replaced_socket_do_not_count(stage):
    older = IApps(stage.session).run(ACME)
    newer = IApps(stage.session).run(ACME)
    tell(stage, newer, "audio_chunk")

    tell(stage, older, "VAD")

    assert stage.subscriptions.of(ACME) == {"audio_chunk"}
