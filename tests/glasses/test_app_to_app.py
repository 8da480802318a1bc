"""Messages between users of one app: who gets them, and who never does."""

import json
from typing import Any

import attrs
import msgspec
import pytest

from mentra.errors import Denied, Refused
from mentra.events import AppRunning, AppStopped
from mentra.glasses.app_to_app import handlers
from mentra.glasses.app_to_app.exchange import exchange
from mentra.glasses.app_to_app.fellows import (
    app_runs_for_fellows,
    app_stopped_for_fellows,
    fellows,
    session_ends_for_fellows,
)
from mentra.glasses.app_to_app.routes import Discovery, discover_users
from mentra.glasses.app_to_app.section import AppToAppSettings
from mentra.glasses.session import UserSession
from mentra.interfaces.glasses import IApps
from mentra.interfaces.session import ISessions
from mentra.interfaces.shared import IAppToApp
from mentra.interfaces.stores import IAppStore
from mentra.messages.app_to_app import (
    AppBroadcast,
    AppDirect,
    AppDirectResponse,
    AppMessageReceived,
    AppRoomJoin,
    AppRoomLeave,
    AppRoomUpdated,
    AppUserDiscovery,
    AppUserJoined,
    AppUserLeft,
    RoomConfig,
    RoomData,
)
from mentra.records import App
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps

ANN, BOB, CAROL = "ann-1@x.org", "bob-2@x.org", "carol@x.org"
CHAT, OTHER = "org.x-y.chat", "org.other"
NOW = "2025-06-01T12:00:00.000Z"
BOUNDS = AppToAppSettings(
    max_waiting=2, max_payload=100, history=2, max_announced=3, max_rooms=3, max_rooms_per_user=2,
    max_metadata=64,
)  # fmt: skip


@attrs.define
class One:
    """One user's app."""

    house: Any
    session: UserSession
    package_name: str
    peer: FakePeer

    def say(self, message: Any) -> Any:
        handler = next(
            one for one in vars(handlers).values()
            if getattr(one, "message_type", None) is type(message)
        )  # fmt: skip
        return handler.handle(message, FakeContext(self.house, self.session, self.peer))

    def heard(self) -> list[Any]:
        return self.peer.take()

    def lose(self) -> None:
        """The socket closes, the app stays."""
        IApps(self.session).peers.pop(self.package_name)

    def stop(self) -> None:
        self.lose()
        self.session.announce(AppStopped(self.package_name, True))


@pytest.fixture
def house():
    return house_with(
        exchange, fellows, app_runs_for_fellows, app_stopped_for_fellows, session_ends_for_fellows,
        fake_apps, sections=[BOUNDS],
    )  # fmt: skip


def on(house, user_id: str, package_name: str = CHAT, how: str = "started") -> One:
    """An app that runs for a user."""
    session = ISessions(house).get(user_id) or session_in(house, user_id)
    peer = IApps(session).run(package_name)
    session.announce(AppRunning(package_name, how))
    return One(house, session, package_name, peer)


@pytest.fixture
def pair(house) -> tuple[One, One]:
    """Ann and Bob, who have heard that the other is there."""
    ann, bob = on(house, ANN), on(house, BOB)
    ann.heard()
    return ann, bob


def received(payload: Any, sender: str = ANN, room_id: str | None = None) -> AppMessageReceived:
    return AppMessageReceived(
        payload=payload, message_id="m", sender_user_id=sender,
        sender_session_id=f"{sender}-{CHAT}", room_id=room_id,
    )  # fmt: skip


def broadcast(payload: Any = "hi", room_id: str | None = None) -> AppBroadcast:
    return AppBroadcast(payload=payload, message_id="m", room_id=room_id)


def direct(target: str = BOB, payload: Any = "hi") -> AppDirect:
    return AppDirect(target_user_id=target, payload=payload, message_id="m")


def answer(error: str | None = None, target: str = BOB) -> AppDirectResponse:
    return AppDirectResponse(
        message_id="m", success=error is None, error=error, target_user_id=target
    )


# -- coming and going


def test_others_hear_who_comes_and_goes_once(house):
    ann = on(house, ANN)
    bob = on(house, BOB)
    house.clock.advance(1.0)
    bob.stop()

    session_id = f"{BOB}-{CHAT}"
    left_at = "2025-06-01T12:00:01.000Z"
    assert ann.heard() == [
        AppUserJoined(user_id=BOB, session_id=session_id, joined_at=NOW),
        AppUserLeft(user_id=BOB, session_id=session_id, left_at=left_at),
    ]
    assert bob.heard() == []


def test_an_app_that_only_lost_its_connection_neither_left_nor_came(pair, house):
    ann, bob = pair

    bob.lose()
    on(house, BOB, how="reconnected")

    assert ann.heard() == []


def test_whose_session_ends_has_left(pair, house):
    ann, bob = pair

    success_of(ISessions(house).end(bob.session, "over"))

    assert [type(one) for one in ann.heard()] == [AppUserLeft]


def test_what_an_older_session_left_behind_gives_way(house):
    ann = on(house, ANN)
    IAppToApp(house).came(session_in(house_with(fake_apps), ANN), CHAT)

    assert IAppToApp(house).member(ann.session, CHAT) is None
    assert ann.say(broadcast()) is None
    assert len(IAppToApp(house).others(CHAT, BOB)) == 1


def test_in_a_crowd_only_those_who_care_hear_of_it(house):
    ann, bob, carol = (on(house, one) for one in (ANN, BOB, CAROL))
    for one in (ann, bob, carol):
        one.heard()
    ann.say(AppUserDiscovery())
    on(house, "dora@x.org")

    on(house, "emil@x.org")

    assert [len(one.heard()) for one in (ann, bob, carol)] == [2, 1, 1]


# -- broadcasts


def test_a_broadcast_reaches_all_other_users_of_the_app(house):
    ann, bob, carol = (on(house, one) for one in (ANN, BOB, CAROL))
    for one in (ann, bob, carol):
        one.heard()

    ann.say(broadcast({"deep": [1, None]}))

    assert bob.heard() == carol.heard() == [received({"deep": [1, None]})]
    assert ann.heard() == []


def test_nothing_reaches_another_app_of_anybody(house):
    ann, others = on(house, ANN), [on(house, one, OTHER) for one in (ANN, BOB)]

    ann.say(broadcast())
    refused = ann.say(direct())
    ann.say(AppRoomJoin(room_id="r"))
    ann.stop()

    assert refused == answer("The user has no running app")
    for one in others:
        assert not any(isinstance(said, AppMessageReceived) for said in one.heard())
        assert IAppToApp(house).others(OTHER, ANN)


def test_the_sender_is_who_the_socket_says(pair):
    ann, bob = pair
    written = {
        "type": "app_broadcast_message", "payload": 1, "messageId": "m", "senderUserId": CAROL,
        "packageName": OTHER, "sessionId": "x",
    }  # fmt: skip

    ann.say(msgspec.json.decode(json.dumps(written), type=AppBroadcast))

    [got] = bob.heard()
    assert (got.sender_user_id, got.sender_session_id) == (ANN, f"{ANN}-{CHAT}")


def test_a_replaced_socket_has_no_say_any_more(pair, house):
    ann, bob = pair
    on(house, ANN, how="replaced")

    ann.say(broadcast())
    assert ann.say(direct()) is None

    assert bob.heard() == []


def test_what_is_too_long_reaches_nobody(pair):
    ann, bob = pair

    with pytest.raises(Refused) as refused:
        ann.say(broadcast("x" * 100))

    assert refused.value.code == "PAYLOAD_TOO_LARGE"
    assert bob.heard() == []


def test_the_last_broadcasts_are_kept_while_somebody_is_there(pair, house):
    ann, bob = pair
    for number in range(3):
        ann.say(broadcast(number))

    kept = [one.payload for one in IAppToApp(house).history(CHAT)]
    ann.stop()
    bob.stop()

    assert kept == [1, 2]
    assert IAppToApp(house).history(CHAT) == ()


# -- to one user


def test_a_message_to_one_user_reaches_that_user_alone(house):
    ann, bob, carol = (on(house, one) for one in (ANN, BOB, CAROL))
    for one in (ann, bob, carol):
        one.heard()

    told = ann.say(direct(" Bob-2@X.org"))

    assert told == answer(target=" Bob-2@X.org")
    assert (bob.heard(), carol.heard()) == ([received("hi")], [])


@pytest.mark.parametrize("target", [CAROL, "nobody@x.org", ""])
def test_who_does_not_have_the_app_on_is_not_reached(pair, house, target):
    session_in(house, CAROL)

    assert pair[0].say(direct(target)) == answer("The user has no running app", target)


def test_a_message_that_is_too_long_is_answered_with_a_reason(pair):
    told = pair[0].say(direct(payload="x" * 100))

    assert (told.success, told.error) == (False, "A payload has at most 100 bytes")


def test_a_message_waits_for_an_app_that_lost_its_connection(pair, house):
    ann, bob = pair
    bob.lose()
    assert [ann.say(direct(payload=number)) for number in (1, 2)] == [None, None]
    house.clock.advance(14.0)

    back = on(house, BOB, how="reconnected")

    assert back.heard() == [received(1), received(2)]
    assert ann.heard() == [answer(), answer()]
    assert house.clock.getDelayedCalls() == []


def test_it_does_not_wait_for_ever(pair, house):
    ann, bob = pair
    bob.lose()
    ann.say(direct())

    house.clock.advance(15.0)

    assert ann.heard() == [answer("The user's app is away")]
    assert on(house, BOB, how="reconnected").heard() == []


def test_only_so_many_wait(pair):
    ann, bob = pair
    bob.lose()

    told = [ann.say(direct()) for _ in range(3)]

    assert told == [None, None, answer("The user's app is away")]


def test_what_waits_for_an_app_that_stops_is_answered_at_once(pair, house):
    ann, bob = pair
    bob.lose()
    ann.say(direct())

    bob.session.announce(AppStopped(CHAT, True))

    assert answer("The user has no running app") in ann.heard()
    assert house.clock.getDelayedCalls() == []


def test_what_an_app_sent_ends_with_it(pair, house):
    ann, bob = pair
    bob.lose()
    ann.say(direct())

    success_of(ISessions(house).end(ann.session, "over"))

    assert house.clock.getDelayedCalls() == []
    back = on(house, BOB, how="reconnected")
    assert not any(isinstance(one, AppMessageReceived) for one in back.heard())


# -- rooms


def update(what: str, count: int, **data: Any) -> AppRoomUpdated:
    return AppRoomUpdated(
        room_id="r", update_type=what, room_data=RoomData(member_count=count, **data)
    )


def test_who_joins_a_room_is_announced_there(pair):
    ann, bob = pair
    ann.say(AppRoomJoin(room_id="r", room_config=RoomConfig(max_users=5, metadata={"a": 1})))
    first = ann.heard()

    bob.say(AppRoomJoin(room_id="r"))

    data = {"max_users": 5, "metadata": {"a": 1}}
    assert first == [update("user_joined", 1, **data)]
    assert ann.heard() == [
        AppUserJoined(user_id=BOB, session_id=f"{BOB}-{CHAT}", joined_at=NOW, room_id="r"),
        update("user_joined", 2, **data),
    ]
    assert bob.heard() == [update("user_joined", 2, **data)]


@pytest.mark.parametrize("how", ["leave", "stop"])
def test_who_leaves_a_room_is_announced_there(pair, how):
    ann, bob = pair
    for one in pair:
        one.say(AppRoomJoin(room_id="r"))
    ann.heard()

    if how == "leave":
        bob.say(AppRoomLeave(room_id="r"))
    else:
        bob.stop()

    assert ann.heard()[:2] == [
        AppUserLeft(user_id=BOB, session_id=f"{BOB}-{CHAT}", left_at=NOW, room_id="r"),
        update("user_left", 1),
    ]


def test_a_broadcast_in_a_room_stays_there(house):
    ann, bob, carol = (on(house, one) for one in (ANN, BOB, CAROL))
    for one in (ann, bob):
        one.say(AppRoomJoin(room_id="r"))
    for one in (ann, bob, carol):
        one.heard()

    ann.say(broadcast(room_id="r"))

    assert (bob.heard(), carol.heard()) == ([received("hi", room_id="r")], [])


def test_who_is_not_in_a_room_does_not_talk_there(pair):
    ann, bob = pair
    bob.say(AppRoomJoin(room_id="r"))
    bob.heard()

    with pytest.raises(Refused) as refused:
        ann.say(broadcast(room_id="r"))

    assert refused.value.code == "NOT_IN_ROOM"
    assert bob.heard() == []


def test_a_full_room_is_not_entered(pair):
    ann, bob = pair
    ann.say(AppRoomJoin(room_id="r", room_config=RoomConfig(max_users=1)))
    ann.heard()

    bob.say(AppRoomJoin(room_id="r"))

    assert (ann.heard(), bob.heard()) == ([], [])


def test_who_is_in_a_room_can_change_what_it_is_like(pair):
    ann, bob = pair
    for one in pair:
        one.say(AppRoomJoin(room_id="r"))
    for one in pair:
        one.heard()

    ann.say(AppRoomJoin(room_id="r", room_config=RoomConfig(is_private=True)))
    ann.say(AppRoomJoin(room_id="r"))

    assert ann.heard() == bob.heard() == [update("config_changed", 2, is_private=True)]


def test_an_empty_room_is_forgotten(pair):
    ann, _ = pair
    ann.say(AppRoomJoin(room_id="r", room_config=RoomConfig(max_users=1)))
    ann.say(AppRoomLeave(room_id="r"))
    ann.heard()

    ann.say(AppRoomJoin(room_id="r"))

    assert ann.heard() == [update("user_joined", 1)]


def test_rooms_are_the_apps_own(house):
    ann, bob = on(house, ANN), on(house, BOB, OTHER)
    ann.say(AppRoomJoin(room_id="r"))
    ann.heard()

    bob.say(AppRoomJoin(room_id="r"))

    assert ann.heard() == []
    assert bob.heard() == [update("user_joined", 1)]


def test_there_are_only_so_many_rooms(pair):
    ann, bob = pair
    for room_id in ("1", "2"):
        ann.say(AppRoomJoin(room_id=room_id))
    bob.say(AppRoomJoin(room_id="3"))

    for one, room_id in ((ann, "3"), (bob, "4")):
        with pytest.raises(Refused) as refused:
            one.say(AppRoomJoin(room_id=room_id))
        assert refused.value.code == "TOO_MANY_ROOMS"


def test_what_is_said_of_a_room_is_bounded(pair):
    config = RoomConfig(metadata={"a": "x" * 100})

    with pytest.raises(Refused):
        pair[0].say(AppRoomJoin(room_id="r", room_config=config))


def test_leaving_a_room_one_is_not_in_is_nothing(pair):
    pair[0].say(AppRoomLeave(room_id="none"))

    assert pair[0].heard() == pair[1].heard() == []


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (AppRoomJoin, {}),
        (AppRoomJoin, {"roomId": ""}),
        (AppRoomJoin, {"roomId": "r" * 201}),
        (AppRoomJoin, {"roomId": "r", "roomConfig": {"maxUsers": 0}}),
        (AppBroadcast, {"payload": 1, "messageId": "m" * 201}),
        (AppDirect, {"payload": 1}),
    ],
)
def test_what_is_no_message_is_none(kind, fields):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": kind.tag(), **fields}, kind)


# -- who is there, by HTTP


def discover(house, bearer: str | None = "key", **asked: Any) -> Any:
    success_of(IAppStore(house).save(App(package_name=CHAT)))
    success_of(IAppStore(house).add_key(CHAT, "key"))
    body = msgspec.convert({"packageName": CHAT, "userId": ANN, **asked}, Discovery)
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    return discover_users.handle(FakeCall(house, body=body, headers=headers))


@pytest.mark.parametrize("bearer", ["key", f"{CHAT}:key"])
def test_an_app_finds_its_other_users(pair, house, bearer):
    on(house, CAROL, OTHER)

    assert discover(house, bearer) == {
        "users": [{"userId": BOB, "sessionId": f"{BOB}-{CHAT}", "joinedAt": NOW}],
        "totalUsers": 1,
        "timestamp": NOW,
    }


def test_who_asked_cares_who_is_there(pair, house):
    discover(house, userId=ANN.upper())

    assert pair[0].session is not None
    assert IAppToApp(house).member(pair[0].session, CHAT).active


@pytest.mark.parametrize(
    ("asked", "bearer", "status", "error"),
    [
        ({}, None, 401, "Missing or invalid Authorization header"),
        ({"packageName": ""}, "key", 400, "packageName is required"),
        ({"packageName": "org.none"}, "key", 401, "Invalid packageName"),
        ({}, "guess", 401, "Invalid API key"),
        ({}, "org.other:key", 401, "Invalid API key"),
        ({"userId": CAROL}, "key", 404, "No active session found for user"),
        ({"userId": ""}, "key", 404, "No active session found for user"),
    ],
)
def test_whoever_may_not_ask_is_told_why(pair, house, asked, bearer, status, error):
    with pytest.raises(Denied) as denied:
        discover(house, bearer, **asked)

    assert (denied.value.status, denied.value.body) == (status, {"error": error})


def test_an_app_does_not_learn_who_is_there_without_it(pair, house):
    on(house, CAROL, OTHER)

    with pytest.raises(Denied) as denied:
        discover(house, userId=CAROL)

    assert denied.value.status == 404
