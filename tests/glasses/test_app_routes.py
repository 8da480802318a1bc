"""Apps over HTTP: starting, stopping, installing, listing, and servers that register."""

import msgspec
import pytest
from twisted.internet.defer import Deferred

from mentra.errors import Denied
from mentra.extension import Access
from mentra.glasses.apps import routes
from mentra.glasses.apps.routes import Registration
from mentra.glasses.apps.wishes import start_app, stop_app
from mentra.interfaces.glasses import IRelay
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.apps import AppStateChange, StartApp, StopApp
from mentra.messages.webhooks import SessionRequest
from mentra.testing.app_stage import ANN, AppStage, app_named, stage_with
from mentra.testing.house import FakeContext, success_of
from mentra.testing.requests import FakeCall

ACME = "com.acme"
NOW = "2025-06-01T12:00:00.000Z"


def call_of(stage: AppStage, package_name: str = ACME, user_id: str = ANN) -> FakeCall:
    return FakeCall(stage.house, {"package_name": package_name}, user_id=user_id)


def answer_of(route, call: FakeCall) -> object:
    return json_of(success_of(route.handle(call)))


def json_of(answer: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(answer))


def refusal_of(route, call: FakeCall) -> tuple[int, dict[str, object]]:
    with pytest.raises(Denied) as denied:
        success_of(route.handle(call))
    return denied.value.status, denied.value.body


# -- start and stop


def test_a_start_answers_when_the_app_runs():
    stage = stage_with(app_named(ACME))
    answers = []
    Deferred.fromCoroutine(routes.start_app.handle(call_of(stage))).addCallback(answers.append)
    assert answers == []

    stage.attach(ACME)

    assert json_of(answers) == [
        {
            "success": True,
            "data": {
                "status": "started",
                "packageName": ACME,
                "isRunning": True,
                "appState": "running",
            },
        }
    ]


def test_a_start_that_failed_is_answered_with_success_and_says_that_nothing_runs():
    stage = stage_with(app_named(ACME))
    answers = []
    Deferred.fromCoroutine(routes.start_app.handle(call_of(stage))).addCallback(answers.append)

    stage.clock.advance(5.0)

    [answer] = json_of(answers)
    assert (answer["success"], answer["data"]["isRunning"]) == (True, False)
    assert answer["data"]["error"] == {
        "stage": "TIMEOUT", "message": "Connection timeout after 5000ms"
    }  # fmt: skip


def test_a_stop_answers_when_the_app_has_stopped():
    stage = stage_with(app_named(ACME))
    stage.run(ACME)
    answers = []
    Deferred.fromCoroutine(routes.stop_app.handle(call_of(stage))).addCallback(answers.append)
    assert answers == []

    stage.answer()

    data = {"status": "stopped", "packageName": ACME, "isRunning": False}
    assert answers == [{"success": True, "data": data}]


@pytest.mark.parametrize("route", [routes.start_app, routes.stop_app])
def test_without_a_session_nothing_starts_or_stops(route):
    stage = stage_with(app_named(ACME))

    assert refusal_of(route, call_of(stage, user_id="bob@x.org")) == (
        401, {"success": False, "message": "No active session found"}
    )  # fmt: skip


@pytest.mark.parametrize(
    "route", [routes.start_app, routes.stop_app, routes.install_app, routes.uninstall_app]
)
def test_an_app_that_does_not_exist_is_not_found(route):
    assert refusal_of(route, call_of(stage_with())) == (
        404, {"success": False, "message": "App not found"}
    )  # fmt: skip


def test_every_route_of_a_user_wants_a_users_token():
    everyones = {routes.register_app_server}
    for name, route in vars(routes).items():
        if type(route).__name__ == "Route":
            assert route.access is (Access.KEY if route in everyones else Access.USER), name


@pytest.mark.parametrize(
    ("route", "path"),
    [
        (routes.start_app, "/{package_name}/start"),
        (routes.stop_app, "/{package_name}/stop"),
        (routes.install_app, "/install/{package_name}"),
        (routes.uninstall_app, "/uninstall/{package_name}"),
    ],
)
def test_routes_are_mounted_twice(route, path):
    assert {f"/apps{path}", f"/api/apps{path}"} <= set(route.templates)


# -- by message


def test_the_wearer_starts_and_stops_apps_and_subscribers_hear_of_it():
    stage = stage_with(app_named(ACME))
    context = FakeContext(stage.house, stage.session)

    start_app.handle(StartApp(package_name=ACME, raw=b"{1}"), context)
    assert stage.apps.state(ACME) == "connecting"
    stop_app.handle(StopApp(package_name=ACME, raw=b"{2}"), context)

    assert stage.apps.state(ACME) == "stopping"
    assert IRelay(stage.session).relayed == [("start_app", b"{1}"), ("stop_app", b"{2}")]


# -- the user's list


def test_an_app_is_installed_once():
    stage = stage_with(app_named(ACME))
    stage.forget()

    first = answer_of(routes.install_app, call_of(stage))

    assert first["success"]
    assert [install.package_name for install in stage.session.user.installs] == [ACME]
    assert stage.session.glasses.sent == [AppStateChange(session_id=ANN)]
    assert refusal_of(routes.install_app, call_of(stage)) == (
        400, {"success": False, "message": "App is already installed"}
    )  # fmt: skip


def test_somebody_without_a_session_can_install_too():
    stage = stage_with(app_named(ACME))

    answer_of(routes.install_app, call_of(stage, user_id="bob@x.org"))

    stored = success_of(IUserStore(stage.house).load("bob@x.org"))
    assert [install.package_name for install in stored.installs] == [ACME]


def test_uninstalling_stops_the_app_and_forgets_its_settings():
    stage = stage_with(app_named(ACME))
    answer_of(routes.install_app, call_of(stage))
    users = IUserStore(stage.house)
    success_of(users.save_app_settings(ANN, ACME, {"k": 1}))
    stage.run(ACME)
    stage.forget()
    answers = []
    Deferred.fromCoroutine(routes.uninstall_app.handle(call_of(stage))).addCallback(answers.append)

    stage.answer()

    assert answers[0]["success"]
    assert stage.apps.state(ACME) == "stopped"
    assert stage.session.user == success_of(users.load(ANN))
    assert (stage.session.user.installs, stage.session.user.app_settings) == ((), {})
    assert stage.session.glasses.sent[-1] == AppStateChange(session_id=ANN)


def test_what_is_not_installed_cannot_be_uninstalled():
    assert refusal_of(routes.uninstall_app, call_of(stage_with(app_named(ACME)))) == (
        400, {"success": False, "message": "App is not installed"}
    )  # fmt: skip


# -- the way out


def test_a_phone_that_says_goodbye_ends_its_session_at_once():
    stage = stage_with(app_named(ACME))
    peer = stage.run(ACME)

    answer = answer_of(routes.goodbye, call_of(stage))

    assert answer == {"success": True, "timestamp": NOW}
    assert ISessions(stage.house).get(ANN) is None
    assert peer.close_reason == "User session ended"


def test_goodbye_without_a_session_is_fine():
    assert answer_of(routes.goodbye, call_of(stage_with(), user_id="bob@x.org"))["success"]


# -- app servers


def registration(**fields: object) -> Registration:
    said = {"packageName": ACME, "apiKey": f"key-of-{ACME}", "webhookUrl": "https://n.test/hook"}
    return msgspec.convert(said | fields, Registration)


def test_a_server_that_registers_is_called_for_every_session_that_has_its_app():
    stage = stage_with(app_named(ACME))
    stage.run(ACME)
    stage.forget()
    call = FakeCall(stage.house, body=registration(serverUrls=["https://n.test"]))

    answer = answer_of(routes.register_app_server, call)

    [request] = stage.webhooks(SessionRequest)
    assert request.url == "https://n.test/hook"
    server = IAppStore(stage.house).app_server(ACME)
    assert answer == {"success": True, "registrationId": server.registration_id}
    assert server.server_urls == ("https://n.test",)


def test_a_server_keeps_its_registration():
    stage = stage_with(app_named(ACME))
    call = FakeCall(stage.house, body=registration())

    first, second = (answer_of(routes.register_app_server, call) for _ in range(2))

    assert first == second


def test_a_server_with_a_wrong_key_is_not_registered():
    stage = stage_with(app_named(ACME))
    stage.run(ACME)
    stage.forget()
    call = FakeCall(stage.house, body=registration(apiKey="guess"))

    answer = success_of(routes.register_app_server.handle(call))

    assert answer.status == 401
    assert stage.webhooks() == []
    assert IAppStore(stage.house).app_server(ACME) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhookUrl": "file:///etc/passwd"},
        {"webhookUrl": "https://"},
        {"webhookUrl": "https://x" + "x" * 2048},
        {"serverUrls": ["https://n.test"] * 17},
        {"packageName": 1},
    ],
)
def test_a_registration_has_its_bounds(wrong):
    with pytest.raises(msgspec.ValidationError):
        registration(**wrong)
