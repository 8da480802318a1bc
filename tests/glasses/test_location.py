"""Where the wearer is: who is told, how exactly, and who asked."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.errors import Denied, Refused
from mentra.events import AppStopped, GlassesAttached
from mentra.glasses.location import routes
from mentra.glasses.location.manager import location_manager
from mentra.glasses.location.messages import (
    app_stopped_for_location,
    glasses_for_location,
    location_poll_request,
    location_update,
    subscriptions_for_location,
)
from mentra.glasses.location.polls import FRESH, MAX_OF_AN_APP
from mentra.glasses.location.positions import position_of
from mentra.glasses.location.section import LocationSettings
from mentra.glasses.relay import relay_manager
from mentra.glasses.subscriptions import subscriptions_manager
from mentra.identity import Identity
from mentra.interfaces.glasses import IApps, ISubscriptions
from mentra.interfaces.location import ILocation
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.location import (
    LocationPollRequest,
    LocationUpdate,
    RequestSingleLocation,
    SetLocationTier,
)
from mentra.messages.streams import LOCATION_RATES
from mentra.records import App, Permission, Position, Whereabouts
from mentra.testing.house import WALL_TIME, FakeContext, house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps
from tests.docs.tables import rows_of, words_of

ANN = "ann@x.org"
ACME, OTHER, NOSY = "com.acme", "org.other", "org.nosy"


class Stage:
    """A wearer who moves, and apps of which one may not know."""

    def __init__(self, known: Whereabouts | None = None, **settings: Any) -> None:
        self.clock = Clock()
        self.house = house_with(
            location_manager, app_stopped_for_location, glasses_for_location,
            subscriptions_for_location, relay_manager, subscriptions_manager, fake_apps,
            clock=self.clock, sections=[LocationSettings(**settings)],
        )  # fmt: skip
        for package in (ACME, OTHER, NOSY):
            kinds = ("BACKGROUND_LOCATION",) if package == NOSY else ("LOCATION",)
            permissions = tuple(Permission(type=kind) for kind in kinds)
            success_of(
                IAppStore(self.house).save(App(package_name=package, permissions=permissions))
            )
        success_of(IUserStore(self.house).create(ANN))
        if known is not None:
            success_of(IUserStore(self.house).save_whereabouts(ANN, known))
        self.session = session_in(self.house)
        self.session.announce(GlassesAttached(reconnected=False))
        self.location = ILocation(self.session)

    def app(self, package_name: str, *streams: Any) -> FakePeer:
        peer = IApps(self.session).run(package_name)
        if streams:
            self.want(package_name, *streams)
        return peer

    def want(self, package_name: str, *streams: Any) -> None:
        ISubscriptions(self.session).update(package_name, list(streams))

    def say(self, **fields: Any) -> None:
        """What the phone says, as the dialect makes it."""
        raw = msgspec.json.encode({"type": "location_update", **fields})
        message = msgspec.convert(fields, LocationUpdate)
        msgspec.structs.force_setattr(message, "raw", raw)
        location_update.handle(message, FakeContext(self.house, session=self.session))

    def poll(self, package_name: str, accuracy: Any = "high", correlation_id: str = "c1") -> None:
        message = LocationPollRequest(accuracy=accuracy, correlation_id=correlation_id)
        peer = FakePeer("app", Identity(ANN, package_name))
        context = FakeContext(self.house, session=self.session, peer=peer)
        location_poll_request.handle(message, context)

    def told(self, *kinds: type) -> list[Any]:
        """What the phone was told since the last call."""
        glasses: Any = self.session.glasses
        kinds = kinds or (SetLocationTier, RequestSingleLocation)
        return [one for one in glasses.take() if isinstance(one, kinds)]

    def tiers(self) -> list[str]:
        return [one.tier for one in self.told(SetLocationTier)]

    def asked(self) -> list[tuple[str, str]]:
        questions = self.told(RequestSingleLocation)
        return [(one.correlation_id, one.accuracy) for one in questions]

    def phone_leaves(self) -> None:
        ISessions(self.house).glasses_closed(self.session, self.session.glasses)

    def phone_returns(self) -> None:
        success_of(ISessions(self.house).glasses_opened(ANN, FakePeer("glasses", Identity(ANN))))
        self.session.announce(GlassesAttached(reconnected=True))

    def post(self, route: Any, body: bytes, **values: str) -> Any:
        call = FakeCall(self.house, values, user_id=ANN)
        call.body = msgspec.json.decode(body, type=route.body)
        return msgspec.to_builtins(route.handle(call))

    def stored(self) -> Whereabouts:
        return success_of(IUserStore(self.house).load(ANN)).whereabouts

    def end(self) -> None:
        success_of(ISessions(self.house).end(self.session, "over"))


def heard(peer: FakePeer) -> list[tuple[str, dict[str, Any]]]:
    """Stream type and data of what an app was sent."""
    frames = [msgspec.json.decode(one) for one in peer.take() if isinstance(one, bytes)]
    return [(one["streamType"], one["data"]) for one in frames]


def rate(one: str) -> dict[str, str]:
    return {"stream": "location_stream", "rate": one}


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_the_manager_keeps_its_promise(stage):
    assert verifyObject(ILocation, stage.location)


# -- updates


def test_subscribers_of_either_name_are_told_what_the_phone_said(stage):
    acme = stage.app(ACME, "location_update", rate("high"))
    other = stage.app(OTHER, "location_stream")

    stage.say(lat=52.5, lng=13.4, accuracy=4.5, altitude=34)

    data = {"type": "location_update", "lat": 52.5, "lng": 13.4, "accuracy": 4.5, "altitude": 34}
    assert sorted(stream for stream, _ in heard_and_checked(acme, data)) == [
        "location_stream", "location_update"
    ]  # fmt: skip
    assert heard(other) == [("location_stream", data)]


def heard_and_checked(peer: FakePeer, data: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    told = heard(peer)
    assert all(one == data for _, one in told)
    return told


def test_a_position_in_an_object_of_its_own_is_told_like_any_other(stage):
    acme = stage.app(ACME, "location_update")

    stage.say(location={"lat": 52.5, "lng": 13.4, "accuracy": 4.5})

    data = {
        "type": "location_update", "lat": 52.5, "lng": 13.4, "accuracy": 4.5,
        "timestamp": "2025-06-01T12:00:00.000Z",
    }  # fmt: skip
    assert heard(acme) == [("location_update", data)]


def test_who_lacks_the_permission_is_told_nothing(stage):
    nosy = stage.app(NOSY, "location_update", "*")

    stage.say(lat=1, lng=2)

    assert heard(nosy) == []


@pytest.mark.parametrize(
    "fields",
    [{}, {"lat": 1.0}, {"lat": 91.0, "lng": 1.0}, {"lat": 1.0, "lng": -180.5}, {"location": {}},
     {"location": {"lat": "1", "lng": 2}}, {"location": {"lat": True, "lng": 2}}],
)  # fmt: skip
def test_bad_numbers_are_refused_and_nobody_is_told(stage, fields):
    acme = stage.app(ACME, "location_update")

    with pytest.raises(Refused) as refused:
        stage.say(**fields)

    assert (refused.value.code, heard(acme)) == ("INVALID_LOCATION", [])
    assert stage.location.position() is None


numbers = st.none() | st.floats() | st.integers() | st.just(10**400) | st.booleans() | st.text()
names = st.sampled_from(["lat", "lng", "latitude", "longitude", "accuracy"])
places = st.dictionaries(names, numbers)


@given(st.dictionaries(st.sampled_from(["location", "coords"]), places | numbers) | places)
def test_whatever_a_phone_says_is_a_place_on_earth_or_none(said):
    position = position_of(said, 1.0)

    if position is not None:
        assert abs(position.lat) <= 90
        assert abs(position.lng) <= 180
        assert position.accuracy is None or 0 <= position.accuracy < math.inf


def test_an_accuracy_of_less_than_nothing_is_none():
    position = position_of({"coords": {"latitude": 1, "longitude": 2, "accuracy": -1}}, 7.0)

    assert position == Position(lat=1.0, lng=2.0, known_at=7.0)


# -- replay


def test_who_subscribes_is_told_the_last_known_position_once(stage):
    stage.say(lat=52.5, lng=13.4)
    acme = stage.app(ACME, "location_update")
    assert [(stream, data["lat"]) for stream, data in heard(acme)] == [("location_update", 52.5)]

    stage.want(ACME, "location_update", "button_press")

    assert heard(acme) == []


def test_the_position_of_the_last_session_is_known_in_the_next():
    known = Position(lat=1.5, lng=2.5, accuracy=9.0, known_at=WALL_TIME - 3600)
    stage = Stage(Whereabouts(position=known))

    acme = stage.app(ACME, rate("standard"))

    [(stream, data)] = heard(acme)
    assert (stream, data["lat"], data["timestamp"]) == (
        "location_stream", 1.5, "2025-06-01T11:00:00.000Z"
    )  # fmt: skip


# -- how exactly


def test_the_phone_is_told_the_highest_rate_of_all_apps_when_it_changes(stage):
    stage.app(ACME, rate("kilometer"))
    stage.app(OTHER, rate("realtime"), "location_update")
    stage.want(ACME, rate("high"))
    stage.want(OTHER, rate("standard"))
    stage.want(OTHER)
    stage.want(ACME, "location_update")

    assert stage.tiers() == ["kilometer", "realtime", "high", "reduced"]
    assert stage.location.tier() == "reduced"


def test_a_stopped_apps_rate_goes_with_it(stage):
    stage.app(ACME, rate("high"))
    stage.told()

    ISubscriptions(stage.session).remove(ACME)

    assert stage.tiers() == ["reduced"]


@given(st.lists(st.sampled_from(LOCATION_RATES), min_size=1, max_size=6))
def test_whatever_apps_want_the_phone_ends_up_knowing_the_highest(rates):
    stage = Stage()
    for number, one in enumerate(rates):
        stage.app((ACME, OTHER)[number % 2], rate(one))

    newest = [rates[-1], *rates[-2:-1]]
    highest = max(newest, key=LOCATION_RATES.index)
    assert ["reduced", *stage.tiers()][-1] == highest == stage.location.tier()


def test_a_phone_that_comes_back_is_told_again(stage):
    stage.app(ACME, rate("high"))
    stage.phone_leaves()

    stage.phone_returns()

    assert stage.tiers() == ["high"]


def test_a_phone_that_has_nothing_to_know_is_told_nothing(stage):
    stage.phone_leaves()
    stage.phone_returns()

    assert stage.told() == []


def test_a_phone_that_still_tells_for_the_last_session_is_told_to_stop():
    stage = Stage(Whereabouts(tier="realtime", rates={ACME: "realtime"}))
    stage.clock.advance(14.9)
    assert stage.told() == []

    stage.clock.advance(0.1)
    stage.clock.advance(30)

    assert stage.tiers() == ["reduced"]
    assert stage.stored() == Whereabouts()


def test_a_phone_whose_apps_came_back_is_not():
    stage = Stage(Whereabouts(tier="high"))
    stage.app(ACME, rate("high"))
    assert stage.tiers() == ["high"]

    stage.clock.advance(15)

    assert stage.told() == []


# -- polls


def test_a_poll_asks_the_phone_and_its_answer_goes_to_the_asker_alone(stage):
    acme, other = stage.app(ACME), stage.app(OTHER, "location_update")
    timers = len(stage.clock.getDelayedCalls())
    stage.poll(ACME)
    assert stage.asked() == [("c1", "high")]

    stage.say(lat=52.5, lng=13.4, correlationId="c1")

    data = {
        "type": "location_update", "lat": 52.5, "lng": 13.4, "correlationId": "c1",
        "timestamp": "2025-06-01T12:00:00.000Z",
    }  # fmt: skip
    assert heard(acme) == [("location_update", data)]
    assert heard(other) == []
    assert stage.location.position() is None
    assert len(stage.clock.getDelayedCalls()) == timers


def test_an_answer_may_be_wrapped_with_its_id(stage):
    acme = stage.app(ACME)
    stage.poll(ACME)

    stage.say(location={"lat": 1, "lng": 2, "correlationId": "c1"})

    assert [data["correlationId"] for _, data in heard(acme)] == ["c1"]


@pytest.mark.parametrize("accuracy", FRESH)
def test_a_position_that_is_fresh_enough_is_the_answer(stage, accuracy):
    acme = stage.app(ACME)
    stage.say(lat=52.5, lng=13.4)
    stage.clock.advance(FRESH[accuracy])
    stage.poll(ACME, accuracy)
    assert [(data["lat"], data["correlationId"]) for _, data in heard(acme)] == [(52.5, "c1")]

    stage.clock.advance(0.1)
    stage.poll(ACME, accuracy)

    assert heard(acme) == []
    assert stage.asked() == [("c1", accuracy)]


@pytest.mark.parametrize("accuracy", [None, "to the inch", 7])
def test_an_accuracy_that_is_none_is_the_lowest(stage, accuracy):
    stage.app(ACME)

    stage.poll(ACME, accuracy)

    assert stage.asked() == [("c1", "reduced")]


def test_after_fifteen_seconds_nobody_waits(stage):
    acme = stage.app(ACME, "location_update")
    stage.poll(ACME)
    stage.clock.advance(15)

    stage.say(lat=1, lng=2, correlationId="c1")

    assert [data["correlationId"] for _, data in heard(acme)] == ["c1"]
    assert stage.location.position() is not None


def test_two_apps_with_one_id_are_both_told(stage):
    acme, other = stage.app(ACME), stage.app(OTHER)
    stage.poll(ACME)
    stage.poll(OTHER)

    stage.say(lat=1, lng=2, correlationId="c1")

    assert (len(heard(acme)), len(heard(other))) == (1, 1)


def test_without_the_permission_nobody_asks(stage):
    stage.app(NOSY)

    with pytest.raises(Refused) as refused:
        stage.poll(NOSY)

    assert (refused.value.code, stage.asked()) == ("PERMISSION_DENIED", [])


def test_only_so_many_polls_of_an_app_wait(stage):
    stage.app(ACME)
    for number in range(MAX_OF_AN_APP):
        stage.poll(ACME, correlation_id=f"c{number}")

    with pytest.raises(Refused) as refused:
        stage.poll(ACME, correlation_id="one more")
    stage.poll(OTHER, correlation_id="another's")

    assert refused.value.code == "TOO_MANY_POLLS"
    assert refused.value.retryable


@pytest.mark.parametrize("correlation_id", ["", "x" * 201, "\ud800"])
def test_an_id_that_is_none_is_refused(stage, correlation_id):
    stage.app(ACME)

    with pytest.raises(Refused) as refused:
        stage.poll(ACME, correlation_id=correlation_id)

    assert (refused.value.code, stage.told()) == ("INVALID_POLL", [])


def test_a_stopped_app_waits_no_more(stage):
    acme = stage.app(ACME, "location_update")
    timers = len(stage.clock.getDelayedCalls())
    stage.poll(ACME)

    stage.session.announce(AppStopped(ACME, was_running=True))

    assert len(stage.clock.getDelayedCalls()) == timers
    stage.say(lat=1, lng=2, correlationId="c1")
    assert len(heard(acme)) == 1


def test_a_phone_that_was_away_is_asked_when_it_is_back(stage):
    stage.app(ACME)
    stage.phone_leaves()
    stage.poll(ACME)

    stage.phone_returns()

    assert stage.asked() == [("c1", "high")]


def test_a_page_says_how_old_an_answer_may_be():
    said = {
        words_of(row[0])[0]: float(row[1]) for row in rows_of("protocol/location.rst", "freshness")
    }

    assert said == dict(FRESH)


# -- over HTTP


@pytest.mark.parametrize(
    "body",
    [
        b'{"location":{"lat":52.5,"lng":13.4,"accuracy":4.5,"timestamp":1}}',
        b'{"coords":{"latitude":52.5,"longitude":13.4,"accuracy":4.5},"timestamp":1}',
        b'{"location":{"coords":{"latitude":52.5,"longitude":13.4,"accuracy":4.5},"timestamp":1}}',
        b'{"lat":52.5,"lng":13.4,"accuracy":4.5}',
    ],
)
def test_a_phone_may_say_it_over_http_in_any_spelling(stage, body):
    acme = stage.app(ACME, "location_update")

    answer = stage.post(routes.post_location, body)

    assert answer == {"success": True, "timestamp": "2025-06-01T12:00:00.000Z"}
    assert [(data["lat"], data["accuracy"]) for _, data in heard(acme)] == [(52.5, 4.5)]


def test_a_poll_can_be_answered_over_http(stage):
    acme, other = stage.app(ACME), stage.app(OTHER, "location_update")
    stage.poll(ACME)

    body = b'{"location":{"lat":52.5,"lng":13.4}}'
    answer = stage.post(routes.answer_location_poll, body, correlation_id="c1")

    assert (answer["success"], answer["resolved"]) == (True, True)
    assert [data["correlationId"] for _, data in heard(acme)] == ["c1"]
    assert heard(other) == []


def test_an_answer_to_nobody_is_an_ordinary_update(stage):
    other = stage.app(OTHER, "location_update")

    stage.post(routes.answer_location_poll, b'{"lat":1,"lng":2}', correlation_id="lost")

    assert ["correlationId" in data for _, data in heard(other)] == [False]


@pytest.mark.parametrize("route", [routes.post_location, routes.answer_location_poll])
@pytest.mark.parametrize("body", [b"{}", b'{"location":{"lat":"x","lng":1}}', b'{"coords":7}'])
def test_bad_numbers_over_http_are_a_bad_request(stage, route, body):
    with pytest.raises(Denied) as denied:
        stage.post(route, body, correlation_id="c1")

    assert (denied.value.status, denied.value.body["success"]) == (400, False)


# -- what is remembered


def test_the_last_position_is_written_now_and_then(stage):
    stage.say(lat=1, lng=2)
    stage.clock.advance(10)
    stage.say(lat=3, lng=4)
    assert stage.stored() == Whereabouts()

    stage.clock.advance(20)

    assert stage.stored().position == Position(lat=3.0, lng=4.0, known_at=WALL_TIME + 10)


def test_what_is_not_written_yet_is_written_when_the_session_ends(stage):
    stage.app(ACME, rate("high"))
    stage.say(lat=1, lng=2)

    stage.end()

    position = Position(lat=1.0, lng=2.0, known_at=WALL_TIME)
    assert stage.stored() == Whereabouts(position=position, rates={ACME: "high"}, tier="high")
    assert stage.clock.getDelayedCalls() == []


def test_a_sysadmin_can_have_positions_forgotten():
    stage = Stage(keep=False)
    stage.app(ACME, rate("high"))
    stage.say(lat=1, lng=2)

    stage.end()

    assert stage.stored() == Whereabouts(rates={ACME: "high"}, tier="high")


def test_what_was_kept_before_is_forgotten_too():
    known = Position(lat=1.5, lng=2.5, known_at=WALL_TIME)
    stage = Stage(Whereabouts(position=known), keep=False)
    acme = stage.app(ACME, "location_update")

    stage.end()

    assert heard(acme) == []
    assert stage.stored() == Whereabouts(rates={ACME: "reduced"})


def test_a_session_that_ends_with_polls_leaves_nothing_behind():
    stage = Stage(Whereabouts(tier="high"))
    stage.app(ACME)
    stage.poll(ACME)

    stage.end()

    assert stage.clock.getDelayedCalls() == []
