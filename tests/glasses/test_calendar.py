"""What is in the wearer's calendar, and who is told."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.errors import Denied
from mentra.glasses.calendar import (
    MAX_TEXT,
    MAX_UPLOADED,
    calendar_event,
    calendar_manager,
    entry_of,
    post_calendar,
    subscriptions_for_calendar,
)
from mentra.glasses.relay import relay_manager
from mentra.glasses.subscriptions import subscriptions_manager
from mentra.interfaces.glasses import IApps, ISubscriptions
from mentra.interfaces.phone import ICalendar
from mentra.interfaces.stores import IAppStore
from mentra.messages.calendar import CalendarEvent
from mentra.messages.stamps import iso
from mentra.records import App, Permission
from mentra.testing.house import WALL_TIME, FakeContext, house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps

ANN = "ann@x.org"
ACME, NOSY = "com.acme", "org.nosy"
DINNER = {
    "eventId": "7",
    "title": "Dinner",
    "dtStart": "2025-06-01T18:00:00Z",
    "dtEnd": "2025-06-01T20:00:00Z",
    "timezone": "Europe/Berlin",
    "timeStamp": "2025-05-30T00:00:00Z",
}


class Stage:
    """A wearer with a calendar, and an app that may see it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.house = house_with(
            calendar_manager, subscriptions_for_calendar, relay_manager, subscriptions_manager,
            fake_apps, clock=self.clock,
        )  # fmt: skip
        for package, kinds in ((ACME, ("CALENDAR",)), (NOSY, ())):
            permissions = tuple(Permission(type=kind) for kind in kinds)
            app = App(package_name=package, permissions=permissions)
            success_of(IAppStore(self.house).save(app))
        self.session = session_in(self.house)

    def app(self, package_name: str = ACME, *streams: str) -> FakePeer:
        peer = IApps(self.session).run(package_name)
        ISubscriptions(self.session).update(package_name, list(streams or ["calendar_event"]))
        return peer

    def say(self, **fields: Any) -> None:
        raw = msgspec.json.encode({"type": "calendar_event", **fields})
        message = msgspec.convert(fields, CalendarEvent)
        msgspec.structs.force_setattr(message, "raw", raw)
        calendar_event.handle(message, FakeContext(self.house, session=self.session))

    def post(self, body: Any, user_id: str = ANN) -> Any:
        call = FakeCall(self.house, user_id=user_id)
        call.body = msgspec.json.decode(msgspec.json.encode(body), type=post_calendar.body)
        return msgspec.to_builtins(post_calendar.handle(call))

    def kept(self) -> list[str]:
        return [entry.title for entry in ICalendar(self.session).upcoming()]


def heard(peer: FakePeer) -> list[dict[str, Any]]:
    """Data of what an app was sent, all under the plain name."""
    frames = [msgspec.json.decode(one) for one in peer.take()]
    assert {one["streamType"] for one in frames} <= {"calendar_event"}
    return [one["data"] for one in frames]


def at(hours: float) -> str:
    """So many hours from now."""
    return iso(WALL_TIME + hours * 3600)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_the_manager_keeps_its_promise(stage):
    assert verifyObject(ICalendar, ICalendar(stage.session))


def test_an_entry_is_told_as_it_came_and_kept(stage):
    acme = stage.app()

    stage.say(**DINNER, place="home")

    assert heard(acme) == [{"type": "calendar_event", **DINNER, "place": "home"}]
    assert stage.kept() == ["Dinner"]


def test_the_other_spelling_is_told_in_the_first(stage):
    acme = stage.app()

    stage.say(
        id="7", title="Dinner", startDate=1_748_800_800_000, endDate="2025-06-01T20:00:00Z",
        timeZone="Europe/Berlin",
    )  # fmt: skip

    assert heard(acme) == [
        {
            "type": "calendar_event",
            "eventId": "7",
            "title": "Dinner",
            "dtStart": "2025-06-01T18:00:00.000Z",
            "dtEnd": "2025-06-01T20:00:00Z",
            "timezone": "Europe/Berlin",
            "timeStamp": "2025-06-01T12:00:00.000Z",
        }
    ]


def test_what_has_neither_id_nor_start_is_passed_on_and_not_kept(stage):
    acme = stage.app()

    stage.say(title="Some day")

    assert heard(acme) == [{"type": "calendar_event", "title": "Some day"}]
    assert stage.kept() == []


def test_who_may_not_see_the_calendar_does_not(stage):
    stage.say(**DINNER)

    nosy = stage.app(NOSY, "calendar_event", "*")
    stage.say(**DINNER)

    assert heard(nosy) == []


# -- replay


def test_who_subscribes_is_told_what_is_kept_the_next_first(stage):
    for title, start in (("later", 5), ("next", 1), ("over", -3), ("just over", -2), ("now", -1)):
        stage.say(eventId=title, title=title, dtStart=at(start), dtEnd=at(start + 1.5))

    acme = stage.app()

    told = [data["title"] for data in heard(acme)]
    assert told == ["now", "next", "later", "just over", "over"]


def test_who_had_subscribed_already_is_not_told_again(stage):
    stage.say(**DINNER)
    acme = stage.app()
    acme.take()

    ISubscriptions(stage.session).update(ACME, ["calendar_event", "button_press"])

    assert heard(acme) == []


def test_an_entry_of_the_same_id_and_start_replaces_the_older(stage):
    stage.say(**DINNER)
    stage.say(**DINNER | {"title": "Supper"})
    stage.say(**DINNER | {"dtStart": "2025-06-08T18:00:00Z"})

    assert stage.kept() == ["Supper", "Dinner"]


def test_a_hundred_are_kept_what_is_over_goes_first(stage):
    for number in range(100 + 20):
        stage.say(eventId=f"{number}", title=f"{number}", dtStart=at(number - 30))

    kept = stage.kept()
    assert len(kept) == 100
    assert kept[0] == "30"
    assert kept[89] == "119"
    assert kept[90:] == [str(number) for number in range(29, 19, -1)]


# -- over HTTP


@pytest.mark.parametrize(
    "body",
    [
        {"events": [DINNER]},
        {"calendar": DINNER},
        {"calendar": [DINNER]},
        {"event": DINNER},
        DINNER,
        {"events": [None, 7, {"title": "no id"}, DINNER]},
    ],
)
def test_a_phone_may_post_its_calendar_in_any_form(stage, body):
    acme = stage.app()

    answer = stage.post(body)

    assert answer == {"success": True, "timestamp": "2025-06-01T12:00:00.000Z"}
    assert heard(acme) == [{"type": "calendar_event", **DINNER}]


def test_of_a_long_calendar_the_next_hundred_are_told(stage):
    acme = stage.app()
    events = [
        {"id": number, "title": f"{number}", "startDate": at(number)} for number in range(300)
    ]

    stage.post({"events": list(reversed(events))})

    assert [data["title"] for data in heard(acme)] == [str(number) for number in range(100)]
    assert len(stage.kept()) == 100


def test_an_empty_calendar_is_one(stage):
    assert stage.post({"events": []})["success"] is True


@pytest.mark.parametrize("body", [{}, {"events": 7}, {"title": "no id"}])
def test_no_calendar_is_a_bad_request(stage, body):
    with pytest.raises(Denied) as denied:
        stage.post(body)

    assert (denied.value.status, denied.value.body["success"]) == (400, False)


def test_without_a_session_there_is_no_calendar(stage):
    with pytest.raises(Denied) as denied:
        stage.post({"events": [DINNER]}, "bob@x.org")

    assert denied.value.status == 401


anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.lists(st.text())
    | st.just(10**400)
)
names = st.sampled_from(["eventId", "id", "title", "dtStart", "startDate", "dtEnd", "timeStamp"])


@given(st.dictionaries(names, anything) | anything)
def test_whatever_a_phone_says_is_an_entry_or_none(said):
    entry = entry_of(said, WALL_TIME)

    if entry is not None:
        assert entry.event_id
        assert entry.dt_start
        assert msgspec.json.decode(msgspec.json.encode(entry))["type"] == "calendar_event"
        assert max(map(len, msgspec.structs.astuple(entry))) <= MAX_TEXT


def test_of_a_very_long_upload_only_the_beginning_is_looked_at():
    stage = Stage()

    stage.post({"events": [*[{}] * MAX_UPLOADED, DINNER]})
    late = stage.kept()
    stage.post({"events": [*[{}] * (MAX_UPLOADED - 1), DINNER]})

    assert (late, stage.kept()) == ([], ["Dinner"])
