"""Notifications, date and time, reports and versions over HTTP."""

from typing import Any

import msgspec
import pytest
from zope.interface.verify import verifyObject

from mentra.errors import Denied
from mentra.glasses.custom import (
    custom_messages,
    set_datetime,
    subscriptions_for_custom_messages,
)
from mentra.glasses.notifications import post_dismissal, post_notification
from mentra.glasses.relay import relay_manager
from mentra.glasses.reports import MAX_FEEDBACK, post_feedback, report_error
from mentra.glasses.subscriptions import subscriptions_manager
from mentra.glasses.versions import (
    VersionsSettings,
    phone_versions,
    sdk_versions,
)
from mentra.interfaces.glasses import IApps, ISubscriptions
from mentra.interfaces.phone import ICustomMessages
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.custom import CustomMessage
from mentra.records import App, Permission
from mentra.testing.house import house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps

ANN = "ann@x.org"
ACME = "com.acme"
NOW = "2025-06-01T12:00:00.000Z"
NOTIFICATION = {"notificationId": "n1", "app": "Mail", "title": "Bob", "content": "Hello"}
DISMISSAL = {"notificationId": "n1", "notificationKey": "0|mail|1", "packageName": "com.mail"}
SUMMER = "2025-06-01T14:00:00+02:00"


class Stage:
    """Ann, and an app that may read her notifications."""

    def __init__(self) -> None:
        self.house = house_with(
            custom_messages, subscriptions_for_custom_messages, relay_manager,
            subscriptions_manager, fake_apps,
            sections=[VersionsSettings(phone_required="2.0.0", phone_recommended="2.1.0")],
        )  # fmt: skip
        permissions = (Permission(type="READ_NOTIFICATIONS"),)
        app = App(package_name=ACME, permissions=permissions)
        success_of(IAppStore(self.house).save(app))
        self.session = session_in(self.house)

    def app(self, *streams: str) -> FakePeer:
        peer = IApps(self.session).run(ACME)
        ISubscriptions(self.session).update(ACME, list(streams))
        return peer

    def call(self, route: Any, body: Any = None, user_id: str = ANN) -> Any:
        call = FakeCall(self.house, user_id=user_id)
        if route.body is not None:
            call.body = msgspec.json.decode(msgspec.json.encode(body), type=route.body)
        answer = route.handle(call)
        return msgspec.to_builtins(success_of(answer) if hasattr(answer, "send") else answer)

    def refusal(self, route: Any, body: Any, user_id: str = ANN) -> tuple[int, Any]:
        with pytest.raises(Denied) as denied:
            self.call(route, body, user_id)
        assert denied.value.body["success"] is False
        return denied.value.status, denied.value.body["message"]


def heard(peer: FakePeer) -> list[tuple[str, dict[str, Any]]]:
    frames = [msgspec.json.decode(one) for one in peer.take() if isinstance(one, bytes)]
    return [(one["streamType"], one["data"]) for one in frames]


@pytest.fixture
def stage() -> Stage:
    return Stage()


# -- notifications


def test_a_notification_is_told_to_the_subscribers(stage):
    app = stage.app("phone_notification")

    answer = stage.call(post_notification, NOTIFICATION | {"packageName": "com.mail", "x": 1})

    assert answer == {"success": True, "message": "Notification received", "timestamp": NOW}
    data = {"type": "phone_notification", **NOTIFICATION, "priority": "normal", "timestamp": NOW}
    assert heard(app) == [("phone_notification", data)]


@pytest.mark.parametrize(
    ("given", "told"), [("high", "high"), ("low", "low"), ("loud", "normal"), (None, "normal")]
)
def test_a_priority_that_is_none_is_normal(stage, given, told):
    app = stage.app("phone_notification")

    stage.call(post_notification, NOTIFICATION | {"priority": given, "timestamp": 7})

    [(_, data)] = heard(app)
    assert (data["priority"], data["timestamp"]) == (told, 7)


def test_a_dismissal_is_told_without_what_it_was(stage):
    app = stage.app("phone_notification_dismissed", "notification_dismissed")

    stage.call(post_dismissal, DISMISSAL)

    data = {
        "type": "phone_notification_dismissed", "notificationId": "n1",
        "notificationKey": "0|mail|1", "timestamp": NOW,
    }  # fmt: skip
    assert sorted(heard(app)) == [
        ("notification_dismissed", data), ("phone_notification_dismissed", data)
    ]  # fmt: skip


@pytest.mark.parametrize("missing", NOTIFICATION)
def test_a_notification_needs_all_four(stage, missing):
    told = stage.refusal(post_notification, NOTIFICATION | {missing: None})

    assert told == (400, "notificationId, app, title and content are required")


@pytest.mark.parametrize("missing", DISMISSAL)
def test_a_dismissal_needs_all_three(stage, missing):
    told = stage.refusal(post_dismissal, DISMISSAL | {missing: ["x"]})

    assert told == (400, "notificationId, notificationKey and packageName are required")


@pytest.mark.parametrize(
    ("route", "body"), [(post_notification, NOTIFICATION), (post_dismissal, DISMISSAL)]
)
def test_without_a_session_nobody_is_told(stage, route, body):
    assert stage.refusal(route, body, "bob@x.org") == (401, "No active session found")


# -- date and time


def update(text: str) -> CustomMessage:
    return CustomMessage(action="update_datetime", payload={"datetime": text, "section": "topLeft"})


def test_the_manager_keeps_its_promise(stage):
    assert verifyObject(ICustomMessages, ICustomMessages(stage.session))


def test_the_time_is_told_bare_to_who_wants_custom_messages(stage):
    app = stage.app("custom_message")

    answer = stage.call(set_datetime, {"userId": " Ann@X.org", "datetime": SUMMER})

    assert answer == {"success": True, "userId": ANN, "datetime": SUMMER}
    assert app.sent == [update(SUMMER)]


def test_nobody_else_is_told_the_time(stage):
    app = stage.app("button_press")

    stage.call(set_datetime, {"userId": ANN, "datetime": SUMMER})

    assert app.sent == []


def test_who_subscribes_later_is_told_the_last_time_once(stage):
    for text in ("2025-06-01T13:00:00Z", SUMMER):
        stage.call(set_datetime, {"userId": ANN, "datetime": text})

    app = stage.app("custom_message")
    ISubscriptions(stage.session).update(ACME, ["custom_message", "button_press"])

    assert app.sent == [update(SUMMER)]


@pytest.mark.parametrize(
    "body",
    [{}, {"userId": ANN}, {"datetime": SUMMER}, {"userId": ANN, "datetime": "soon"},
     {"userId": ANN, "datetime": 7}, {"userId": 7, "datetime": SUMMER}],
)  # fmt: skip
def test_what_is_no_time_is_a_bad_request(stage, body):
    assert stage.refusal(set_datetime, body)[0] == 400


def test_nobody_sets_the_time_of_others(stage):
    told = stage.refusal(set_datetime, {"userId": "bob@x.org", "datetime": SUMMER})

    assert told == (403, "That is another user")


def test_without_a_session_there_is_no_time_to_set(stage):
    told = stage.refusal(set_datetime, {"userId": "bob@x.org", "datetime": SUMMER}, "bob@x.org")

    assert told == (404, "User session not found")


# -- reports


def test_feedback_is_kept_also_without_a_session(stage):
    assert stage.call(post_feedback, {"feedback": "good"}, "bob@x.org") == {"success": True}

    [kept] = IUserStore(stage.house).feedback
    assert (kept.user_id, kept.text) == ("bob@x.org", "good")


@pytest.mark.parametrize("feedback", [None, 7, "", " \n", "x" * (MAX_FEEDBACK + 1)])
def test_what_is_no_feedback_is_a_bad_request(stage, feedback):
    assert stage.refusal(post_feedback, {"feedback": feedback})[0] == 400
    assert IUserStore(stage.house).feedback == []


@pytest.mark.parametrize("report", [{}, {"error": "x" * 10_000}, ["a"], "text", None, 7])
def test_any_report_of_an_error_is_taken(stage, report):
    assert stage.call(report_error, report) == {"success": True}


# -- versions


def test_versions_are_those_of_the_configuration(stage):
    assert stage.call(phone_versions) == {
        "success": True,
        "data": {"required": "2.0.0", "recommended": "2.1.0"},
        "timestamp": NOW,
    }
    assert stage.call(sdk_versions) == {
        "success": True,
        "data": {"required": "0.0.0", "latest": "2.1.29"},
        "timestamp": NOW,
    }
