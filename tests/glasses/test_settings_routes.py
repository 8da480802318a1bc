"""Settings over HTTP: the user's own, and those of apps."""

import json
from typing import Any

import msgspec
import pytest

from mentra.errors import Denied, Refused
from mentra.extension import Access
from mentra.glasses.session import UserSession
from mentra.glasses.settings import app_routes, user_routes
from mentra.glasses.settings.app_routes import Entries
from mentra.glasses.settings.courier import settings_courier
from mentra.glasses.settings.keys import DEFAULTS
from mentra.glasses.settings.manager import settings_manager
from mentra.glasses.settings.section import SettingsSettings
from mentra.glasses.settings.user_routes import Changes, Value
from mentra.interfaces.glasses import IApps
from mentra.interfaces.services import IAuthRules
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.settings import AppSettingsUpdate, MentraosSettingsUpdate
from mentra.records import App, Permission
from mentra.testing.house import FakeAuthRules, house_with, session_in, success_of
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps

ANN = "ann@x.org"
NOW = "2025-06-01T12:00:00.000Z"
APP = "com.acme-corp.app"
DECLARED: tuple[dict[str, Any], ...] = (
    {"type": "group", "title": "Looks"},
    {"type": "toggle", "key": "on", "label": "On", "defaultValue": True},
    {"type": "text", "key": "t", "label": "T"},
    {"type": "titleValue", "label": "Version", "value": "1"},
)


@pytest.fixture
def rules() -> FakeAuthRules:
    return FakeAuthRules()


@pytest.fixture
def house(rules):
    made = house_with(
        settings_manager, settings_courier, fake_apps, parts={IAuthRules: rules},
        sections=[SettingsSettings(max_user=2000, max_app=2000, max_posts=2)],
    )  # fmt: skip
    app = App(
        package_name=APP,
        name="Acme",
        description="Does it.",
        version="1.2",
        public_url="https://acme.test/",
        settings=DECLARED,
        permissions=(Permission(type="CAMERA"),),
    )
    success_of(IAppStore(made).save(app))
    return made


@pytest.fixture
def session(house) -> UserSession:
    return session_in(house)


def call(house, route, body: object = None, user_id: str = ANN, **values: Any) -> Any:
    """The answer as clients read it."""
    values.setdefault("package_name", APP)
    headers = values.pop("headers", {})
    asked = FakeCall(house, values, user_id=user_id, body=body, headers=headers)
    return json.loads(msgspec.json.encode(success_of(route.handle(asked))))


def denial(house, route, **how: Any) -> tuple[int, dict[str, object]]:
    with pytest.raises(Denied) as denied:
        call(house, route, **how)
    return denied.value.status, denied.value.body


# -- the user's own


@pytest.mark.parametrize("route", [user_routes.put_user_settings, user_routes.post_user_settings])
def test_changes_are_merged_and_all_settings_answered(house, route):
    first = call(house, route, Changes(settings={"a.b": 1, "$c": None, "metric_system": True}))
    second = call(house, route, Changes(settings={"a.b": {"deep": [1]}}))

    assert first["data"] == {"settings": {"a.b": 1, "metric_system": True}}
    assert second == {
        "success": True,
        "data": {"settings": {"a.b": {"deep": [1]}, "metric_system": True}},
        "timestamp": NOW,
    }


def test_settings_are_there_with_and_without_a_session(house):
    call(house, user_routes.put_user_settings, Changes(settings={"a": 1}))
    without = call(house, user_routes.get_user_settings)

    session_in(house)

    expected = {"success": True, "data": {"settings": {"a": 1}}, "timestamp": NOW}
    assert without == call(house, user_routes.get_user_settings) == expected


def test_who_never_was_here_has_none(house):
    assert call(house, user_routes.get_user_settings, user_id="bob@x.org")["data"] == {
        "settings": {}
    }
    assert success_of(IUserStore(house).load("bob@x.org")) is None


def test_one_key_is_written_read_and_deleted(house):
    put, get, delete = (
        user_routes.put_user_setting, user_routes.get_user_setting, user_routes.delete_user_setting
    )  # fmt: skip

    written = call(house, put, Value(value=[1, "x"]), key="a/b")
    read = call(house, get, key="a/b")
    deleted = call(house, delete, key="a/b")
    gone = call(house, get, key="a/b")

    assert written["data"] == {"key": "a/b", "value": [1, "x"]}
    assert read["data"] == {"key": "a/b", "value": [1, "x"], "exists": True}
    assert deleted["data"] == {"key": "a/b", "deleted": True}
    assert gone["data"] == {"key": "a/b", "value": None, "exists": False}


def test_null_deletes_a_key(house):
    call(house, user_routes.put_user_setting, Value(value=1), key="k")

    call(house, user_routes.put_user_setting, Value(value=None), key="k")

    assert not call(house, user_routes.get_user_setting, key="k")["data"]["exists"]


def test_running_apps_hear_of_what_was_changed_over_http(house, session):
    peer = IApps(session).run(APP)

    call(house, user_routes.put_user_setting, Value(value=True), key="metric_system")

    assert peer.sent == [
        MentraosSettingsUpdate(
            session_id=f"{ANN}-{APP}", settings={**DEFAULTS, "metricSystemEnabled": True}
        )
    ]


@pytest.mark.parametrize("settings", [{"": 1}, {"k" * 201: 1}, {"k": "v" * 3000}])
def test_settings_have_their_bounds(house, settings):
    with pytest.raises(Refused):
        call(house, user_routes.put_user_settings, Changes(settings=settings))


# -- an app's page


def test_an_apps_page_shows_what_it_declares_and_what_was_chosen(house):
    answer = call(house, app_routes.get_app_settings)

    assert answer == {
        "success": True,
        "userId": ANN,
        "name": "Acme",
        "description": "Does it.",
        "uninstallable": True,
        "webviewURL": None,
        "version": "1.2",
        "settings": [
            DECLARED[0],
            {**DECLARED[1], "selected": True},
            {**DECLARED[2], "selected": None},
            DECLARED[3],
        ],
        "permissions": [{"type": "CAMERA", "description": None}],
        "organization": None,
    }


def test_opening_the_page_makes_the_defaults_the_users_own(house):
    call(house, app_routes.get_app_settings)

    assert success_of(IUserStore(house).load(ANN)).app_settings == {APP: {"on": True}}


def test_a_choice_is_shown_instead_of_the_default(house):
    call(house, app_routes.post_app_settings, entries([{"key": "on", "value": False}]))

    shown = call(house, app_routes.get_app_settings)["settings"]

    assert [one.get("selected") for one in shown] == [None, False, None, None]


# -- changing it


def entries(written: object) -> Any:
    return msgspec.convert(written, Entries)


def test_the_running_app_hears_all_of_its_settings_and_then_the_users(house, session):
    peer = IApps(session).run(APP)

    answer = call(house, app_routes.post_app_settings, entries({"key": "t", "value": "hi"}))

    resolved = [{**DECLARED[1], "value": True}, {**DECLARED[2], "value": "hi"}]
    session_id = f"{ANN}-{APP}"
    assert answer == {"success": True, "message": "Settings updated successfully"}
    assert peer.sent == [
        AppSettingsUpdate(package_name=APP, session_id=session_id, settings=resolved),
        MentraosSettingsUpdate(session_id=session_id, settings=dict(DEFAULTS)),
    ]


def test_other_apps_and_other_users_hear_nothing(house, session):
    bob = session_in(house, "bob@x.org")
    others = [IApps(session).run("org.other"), IApps(bob).run(APP)]

    call(house, app_routes.post_app_settings, entries({"key": "t", "value": "hi"}))

    assert [one.sent for one in others] == [[], []]


def test_what_is_not_named_keeps_its_value(house):
    call(house, app_routes.post_app_settings, entries({"key": "t", "value": "hi"}))

    call(house, app_routes.post_app_settings, entries([{"key": "on", "value": False}]))

    user = success_of(IUserStore(house).load(ANN))
    assert user.app_settings == {APP: {"t": "hi", "on": False}}


def test_the_apps_server_is_told_whether_the_app_runs_or_not(house):
    call(house, app_routes.post_app_settings, entries({"key": "t", "value": "hi"}))

    [request] = house.http.requests
    assert (request.method, request.url) == ("POST", "https://acme.test/settings")
    assert json.loads(msgspec.json.encode(request.json)) == {
        "userIdForSettings": ANN,
        "settings": [{**DECLARED[1], "value": True}, {**DECLARED[2], "value": "hi"}],
    }


def test_that_a_server_does_not_answer_is_nobodys_trouble(house):
    for _ in range(3):
        call(house, app_routes.post_app_settings, entries({"key": "t", "value": "hi"}))

    first, second = house.http.requests
    first.fail()
    second.succeed(500)
    call(house, app_routes.post_app_settings, entries({"key": "t", "value": "hi"}))

    assert len(house.http.requests) == 3


def test_servers_are_told_no_more_once_the_house_is_closed(house):
    call(house, app_routes.post_app_settings, entries({"key": "t", "value": "hi"}))

    house.stopService()

    assert house.http.requests[0].answer.called


def test_a_value_that_a_setting_may_not_have_is_refused_and_changes_nothing(house):
    with pytest.raises(Refused):
        call(house, app_routes.post_app_settings,
             entries([{"key": "t", "value": "hi"}, {"key": "on", "value": "yes"}]))  # fmt: skip

    assert success_of(IUserStore(house).load(ANN)) is None
    assert house.http.requests == []


@pytest.mark.parametrize(
    "body",
    [{"value": 1}, {"key": "", "value": 1}, {"key": "k"}, [1], "x", [{"key": 1, "value": 2}],
     [{"key": "k", "value": 1}] * 1001],
)  # fmt: skip
def test_a_body_that_is_none_is_refused(body):
    with pytest.raises(msgspec.ValidationError):
        entries(body)


@pytest.mark.parametrize(
    "route",
    [
        app_routes.get_app_settings,
        app_routes.post_app_settings,
        app_routes.get_app_settings_for_sdk,
    ],
)
def test_an_app_that_does_not_exist_is_not_found(house, route):
    body = entries({"key": "t", "value": "hi"})

    assert denial(house, route, body=body, package_name="org.none")[0] == 404
    assert {f"/{one}/" in "".join(route.templates) for one in ("appsettings", "tpasettings")} == {
        True
    }


# -- what SDKs fetch


def fetched(house, bearer: str) -> Any:
    headers = {"Authorization": f"Bearer {bearer}"}
    return call(house, app_routes.get_app_settings_for_sdk, user_id=None, headers=headers)


@pytest.mark.parametrize("bearer", [ANN, f"{ANN}-{APP}", "Ann@X.org"])
def test_an_sdk_fetches_by_user_id_or_session_id(house, bearer):
    call(house, app_routes.post_app_settings, entries({"key": "t", "value": "hi"}))

    answer = fetched(house, bearer)

    assert answer == {
        "success": True,
        "settings": [{**DECLARED[1], "value": True}, {**DECLARED[2], "value": "hi"}],
    }


def test_of_a_user_nobody_knows_nothing_is_told_and_none_is_made(house):
    with pytest.raises(Denied) as denied:
        fetched(house, "bob@x.org")

    assert denied.value.status == 404
    assert success_of(IUserStore(house).all()) == ()


def test_without_a_bearer_there_is_nothing_to_fetch(house):
    assert denial(house, app_routes.get_app_settings_for_sdk)[0] == 401


def test_routes_without_proof_can_be_switched_off(house, rules):
    call(house, app_routes.post_app_settings, entries({"key": "t", "value": "hi"}))
    rules.bare_email_routes = False

    with pytest.raises(Denied) as denied:
        fetched(house, ANN)

    assert denied.value.status == 403


def test_every_other_route_wants_a_users_token():
    for module in (app_routes, user_routes):
        for name, one in vars(module).items():
            if type(one).__name__ == "Route" and one is not app_routes.get_app_settings_for_sdk:
                assert one.access is Access.USER, name
