"""What starting and stopping an app brings about, step by step."""

import msgspec
import pytest
from twisted.internet.defer import CancelledError

from mentra.errors import Refused
from mentra.events import AppRunning, AppStarting, AppStopped
from mentra.extension import listener
from mentra.glasses.apps.settings import AppsSettings
from mentra.glasses.apps.standing import STARTED
from mentra.interfaces.glasses import IDevice, ISettings
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.apps import AppStateChange
from mentra.messages.device import DeviceStateUpdate
from mentra.messages.session import AppConnectionAck, Pong
from mentra.messages.webhooks import SessionRequest, StopRequest
from mentra.records import HardwareRequirement
from mentra.testing.app_stage import ANN, AppStage, app_named, outcome_of, stage_with
from mentra.testing.house import success_of

ACME = "com.acme"
NEEDS_CAMERA = (HardwareRequirement(type="CAMERA"),)


def started(stage: AppStage) -> list[str]:
    return [request.url for request in stage.webhooks(SessionRequest)]


# -- what an app is sent


def test_an_app_is_first_acknowledged_and_then_told_of_the_glasses():
    tool = {"id": "t"}
    stage = stage_with(app_named(ACME, name="Acme", description="d", version="1", tools=(tool,)))
    ISettings(stage.session).of_apps[ACME] = [{"key": "k", "value": 1}]
    IDevice(stage.session).lacks = frozenset({"CAMERA"})
    IDevice(stage.session).update({"connected": True, "modelName": "Even Realities G1"})

    peer = stage.run(ACME)

    metres = {"metricSystemEnabled": True}
    config = {"name": "Acme", "description": "d", "version": "1", "settings": [], "tools": [tool]}
    assert peer.sent == [
        AppConnectionAck(
            session_id=f"{ANN}-{ACME}",
            settings=[{"key": "k", "value": 1}],
            mentraos_settings=metres,
            augmentos_settings=metres,
            config=config,
            capabilities={"hasCamera": False},
        ),
        DeviceStateUpdate(
            session_id=f"{ANN}-{ACME}",
            state={"connected": True, "modelName": "Even Realities G1"},
            full_snapshot=True,
        ),
    ]


def test_the_subscription_window_opens_after_the_acknowledgement():
    stage = stage_with(app_named(ACME))
    sent_before = []
    stage.subscriptions.began = lambda package_name: sent_before.extend(  # type: ignore[method-assign] # a fake's fake
        stage.apps._register.running[package_name].sent
    )

    stage.run(ACME)

    assert len(sent_before) == 2


def test_a_neighbours_bug_does_not_strand_the_app(logged_failures):
    stage = stage_with(app_named(ACME))
    stage.subscriptions.began = lambda package_name: 1 / 0  # type: ignore[method-assign] # a fake's fake

    waiter = stage.apps.start(ACME)
    stage.attach(ACME)

    assert success_of(waiter) == STARTED
    assert stage.session.glasses.sent[-1] == AppStateChange(session_id=ANN)
    assert logged_failures.pop()["log_failure"].check(ZeroDivisionError)


def test_when_the_acknowledgement_cannot_be_made_the_app_stays_as_it_was():
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)
    ISettings(stage.session).of_app = lambda package_name: 1 / 0

    with pytest.raises(ZeroDivisionError):
        stage.attach(ACME)

    assert stage.apps.state(ACME) == "connecting"


# -- the start webhook


def test_the_webhook_says_where_to_connect_under_both_names():
    stage = stage_with(app_named(ACME, public_url="https://acme.test/base/"))

    stage.apps.start(ACME)

    [request] = stage.webhooks()
    assert (request.method, request.url, request.timeout) == (
        "POST", "https://acme.test/base/webhook", 10.0
    )  # fmt: skip
    assert request.json == SessionRequest(
        session_id=f"{ANN}-{ACME}",
        user_id=ANN,
        timestamp="2025-06-01T12:00:00.000Z",
        mentraos_url="wss://mentra.test/app-ws",
        augmentos_url="wss://mentra.test/app-ws",
    )


def test_the_webhooks_body_is_spelt_as_the_sdk_reads_it():
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)

    body = msgspec.json.encode(stage.webhooks()[0].json)

    assert msgspec.json.decode(body) == {
        "type": "session_request",
        "sessionId": f"{ANN}-{ACME}",
        "userId": ANN,
        "timestamp": "2025-06-01T12:00:00.000Z",
        "mentraOSWebsocketUrl": "wss://mentra.test/app-ws",
        "augmentOSWebsocketUrl": "wss://mentra.test/app-ws",
    }


def test_a_system_app_is_told_the_nearer_address():
    stage = stage_with(app_named(ACME, system=True))

    stage.apps.start(ACME)

    assert stage.webhooks()[0].json.mentraos_url == "ws://local.test/app-ws"


def test_a_failing_webhook_is_called_twice_a_second_apart():
    stage = stage_with(app_named(ACME))
    waiter = stage.apps.start(ACME)
    stage.refuse()
    stage.clock.advance(0.9)
    assert len(stage.webhooks()) == 1
    stage.clock.advance(0.1)
    assert len(stage.webhooks()) == 2

    stage.answer(status=500)

    assert outcome_of(waiter) == ("WEBHOOK", "Webhook failed: HTTP status 500")
    assert stage.apps.state(ACME) == "stopped"
    assert stage.session.glasses.sent[-1] == AppStateChange(
        session_id=ANN, error="Webhook failed: HTTP status 500"
    )
    assert stage.clock.getDelayedCalls() == []


def test_a_webhook_that_fails_once_may_still_succeed():
    stage = stage_with(app_named(ACME))
    waiter = stage.apps.start(ACME)
    stage.refuse()
    stage.clock.advance(1.0)

    stage.attach(ACME)
    stage.answer()

    assert success_of(waiter) == STARTED


def test_the_webhook_is_not_called_again_once_the_app_is_there():
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)
    stage.refuse()

    stage.attach(ACME)
    stage.clock.advance(10.0)

    assert len(stage.webhooks()) == 1


def test_the_webhook_is_not_called_again_once_the_start_has_failed():
    stage = stage_with(app_named(ACME), sections=[AppsSettings(webhook_backoff=20.0)])
    stage.apps.start(ACME)
    stage.refuse()

    stage.clock.advance(5.0)
    stage.clock.advance(60.0)

    assert len(stage.webhooks()) == 1


def test_a_decided_start_lets_go_of_its_webhook():
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)

    stage.clock.advance(5.0)

    answer = stage.webhooks()[0].answer
    assert answer.called
    assert stage.clock.getDelayedCalls() == []


def test_a_connected_app_may_answer_its_webhook_in_its_own_time():
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)

    stage.attach(ACME)
    stage.clock.advance(9.0)

    assert not stage.webhooks()[0].answer.called
    stage.answer()
    assert stage.apps.is_running(ACME)


def test_an_app_without_a_url_cannot_be_called():
    stage = stage_with(app_named(ACME, public_url=""))

    waiter = stage.apps.start(ACME)
    stage.clock.advance(1.0)

    assert outcome_of(waiter) == ("WEBHOOK", "Webhook failed: the app has no URL")


def test_an_app_whose_webhook_failed_is_tried_again_with_the_next_session():
    stage = stage_with(app_named(ACME), ran_before=[ACME])
    stage.refuse()
    stage.clock.advance(1.0)
    stage.refuse()

    assert stage.apps.state(ACME) == "stopped"
    assert stage.remembered() == (ACME,)


# -- starts that are refused


def test_an_app_that_does_not_exist_is_not_started():
    stage = stage_with()

    waiter = stage.apps.start(ACME)

    assert outcome_of(waiter) == ("WEBHOOK", "App com.acme not found")
    assert stage.events == []
    assert stage.session.glasses.sent == [
        AppStateChange(session_id=ANN, error="App com.acme not found")
    ]


def test_a_disabled_app_is_not_started():
    stage = stage_with(app_named(ACME, enabled=False))

    assert outcome_of(stage.apps.start(ACME)) == ("WEBHOOK", "App com.acme is disabled")
    assert stage.webhooks() == []


@pytest.mark.parametrize(
    ("things", "text"),
    [
        (
            ["CAMERA"],
            "This app requires a camera which is not available on your connected glasses",
        ),
        (
            ["CAMERA", "WIFI"],
            "This app requires the following hardware which is not available on your connected "
            "glasses: camera, wifi",
        ),
    ],
)
def test_an_app_whose_hardware_is_missing_is_not_started(things, text):
    wanted = tuple(HardwareRequirement(type=thing) for thing in things)
    wanted += (HardwareRequirement(type="SPEAKER", level="OPTIONAL"),)
    stage = stage_with(app_named(ACME, hardware_requirements=wanted))
    IDevice(stage.session).lacks = frozenset({*things, "SPEAKER"})

    waiter = stage.apps.start(ACME)

    error = success_of(waiter).error
    assert (error.stage, error.message) == ("HARDWARE_CHECK", text)
    assert [one["type"] for one in error.details["missingRequired"]] == things
    assert [one["type"] for one in error.details["missingOptional"]] == ["SPEAKER"]
    assert stage.webhooks() == []


def test_glasses_that_nobody_knows_fit_everything():
    stage = stage_with(app_named(ACME, hardware_requirements=NEEDS_CAMERA))

    stage.apps.start(ACME)

    assert stage.apps.state(ACME) == "connecting"


def test_a_session_has_so_many_apps_and_no_more():
    stage = stage_with(
        app_named("a"), app_named("b"), sections=[AppsSettings(max_apps_per_session=1)]
    )
    stage.run("a")

    waiter = stage.apps.start("b")

    assert outcome_of(waiter) == ("CONNECTION", "No more than 1 apps can run at a time")
    assert stage.apps.state("b") == "stopped"


def test_a_wrong_key_fails_the_start_that_waits_for_it():
    stage = stage_with(app_named(ACME))
    waiter = stage.apps.start(ACME)

    stage.apps.key_refused(ACME)

    assert outcome_of(waiter) == ("AUTHENTICATION", "Invalid API key")
    assert stage.clock.getDelayedCalls() == []


def test_a_wrong_key_does_nothing_to_an_app_that_runs():
    stage = stage_with(app_named(ACME))
    stage.run(ACME)

    stage.apps.key_refused(ACME)

    assert stage.apps.is_running(ACME)


# -- one app in the foreground


@pytest.mark.parametrize("state", ["connecting", "running", "grace_period", "dormant"])
def test_a_foreground_app_is_stopped_before_another_starts(state):
    stage = stage_with(app_named("old", app_type="standard"), app_named("new", app_type="standard"))
    stage.bring_to(state, "old")
    stage.forget()

    stage.apps.start("new")

    assert stage.apps.state("old") == "stopping"
    assert stage.apps.loading() == ("new",)
    assert started(stage) == []
    stage.answer(StopRequest)
    assert stage.apps.state("old") == "stopped"
    assert started(stage) == ["https://new.test/webhook"]


@pytest.mark.parametrize(
    ("running", "new"),
    [("standard", "background"), ("background", "standard"), ("system_dashboard", "standard")],
)
def test_only_foreground_apps_make_room_for_foreground_apps(running, new):
    stage = stage_with(app_named("old", app_type=running), app_named("new", app_type=new))
    stage.run("old")

    stage.apps.start("new")

    assert stage.apps.is_running("old")
    assert stage.apps.state("new") == "connecting"


def test_of_two_foreground_apps_that_wait_for_a_third_to_stop_the_later_wins():
    stage = stage_with(*(app_named(name, app_type="standard") for name in ("a", "b", "c")))
    stage.run("a")
    first = stage.apps.start("b")
    second = stage.apps.start("c")

    stage.answer()
    stage.attach("c")

    assert outcome_of(first) == ("CONNECTION", "App stopped")
    assert success_of(second) == STARTED
    assert list(stage.apps.running()) == ["c"]


def test_the_socket_of_an_app_still_waiting_for_room_is_taken():
    stage = stage_with(app_named("old", app_type="standard"), app_named("new", app_type="standard"))
    stage.run("old")
    waiter = stage.apps.start("new")

    stage.forget()
    stage.attach("new")
    stage.answer()

    assert success_of(waiter) == STARTED
    assert started(stage) == []
    assert list(stage.apps.running()) == ["new"]
    assert stage.events == [
        AppStarting("new", "new", "standard"),
        AppRunning("new", "started"),
        AppStopped("old", was_running=True),
    ]


# -- stops


def test_a_stop_goes_from_server_to_lists_to_socket_to_listeners_to_phone():
    order = []

    @listener(AppStopped)
    def look(event, session):
        order.append(
            (
                list(stage.subscriptions.told),
                [frame.tag() for frame in peer.sent],
                peer.close_code,
                session.user.running_apps,
                stage.apps.state(ACME),
                list(session.glasses.sent),
            )
        )

    stage = stage_with(app_named(ACME), plugins=[look])
    peer = stage.run(ACME)
    stage.forget()
    stage.apps.stop(ACME)
    assert (order, peer.sent, stage.subscriptions.told) == ([], [], [])

    stage.answer()

    assert order == [([("remove", ACME)], ["app_stopped"], 1000, (), "stopped", [])]
    assert stage.session.glasses.sent == [AppStateChange(session_id=ANN)]


def test_the_stop_webhook_is_called_once_and_its_failure_stops_nothing():
    stage = stage_with(app_named(ACME))
    stage.run(ACME)
    waiter = stage.apps.stop(ACME)
    [request] = stage.webhooks(StopRequest)
    assert (request.url, request.timeout) == ("https://com.acme.test/webhook", 5.0)
    assert request.json == StopRequest(
        session_id=f"{ANN}-{ACME}",
        user_id=ANN,
        reason="user_disabled",
        timestamp="2025-06-01T12:00:00.000Z",
    )

    stage.refuse()
    stage.clock.advance(60)

    assert success_of(waiter) is None
    assert len(stage.webhooks(StopRequest)) == 1


def test_a_stopping_app_gets_no_more_data():
    stage = stage_with(app_named(ACME))
    stage.run(ACME)

    stage.apps.stop(ACME)

    assert stage.apps.running() == {}
    assert not stage.apps.is_running(ACME)


def test_an_app_that_was_removed_meanwhile_can_still_be_stopped():
    stage = stage_with(app_named(ACME))
    stage.run(ACME)
    success_of(IAppStore(stage.house).remove(ACME))

    waiter = stage.apps.stop(ACME)
    stage.answer()

    assert success_of(waiter) is None
    assert len(stage.webhooks(StopRequest)) == 1


def test_an_app_stopped_while_it_waits_for_room_was_never_heard_of():
    stage = stage_with(app_named("old", app_type="standard"), app_named("new", app_type="standard"))
    stage.run("old")
    stage.apps.start("new")

    stage.apps.stop("new")
    stage.answer()

    assert [event for event in stage.events if event.package_name == "new"] == []


def test_the_last_wish_counts_when_an_app_is_stopped_started_and_stopped():
    stage = stage_with(app_named(ACME))
    stage.run(ACME)
    stage.apps.stop(ACME)
    waiter = stage.apps.start(ACME)

    stage.apps.stop(ACME)
    stage.answer()

    assert outcome_of(waiter) == ("CONNECTION", "App stopped")
    assert stage.apps.state(ACME) == "stopped"


def test_somebody_who_no_longer_waits_disturbs_nobody():
    stage = stage_with(app_named(ACME))
    impatient, patient = stage.apps.start(ACME), stage.apps.start(ACME)
    impatient.addErrback(lambda failure: failure.trap(CancelledError))
    impatient.cancel()

    stage.attach(ACME)

    assert success_of(patient) == STARTED


# -- sending


@pytest.mark.parametrize(
    ("state", "reason", "retryable"),
    [
        ("stopping", "App is being stopped", False),
        ("grace_period", "Connection lost, waiting for reconnection", True),
        ("resurrecting", "App is restarting", True),
        ("connecting", "App is still connecting", True),
        ("dormant", "Connection not available for messaging", False),
        ("stopped", "Connection not available for messaging", False),
    ],
)
def test_sending_to_an_app_that_does_not_run_is_refused_with_the_reason(state, reason, retryable):
    stage = stage_with(app_named(ACME))
    stage.bring_to(state, ACME)

    with pytest.raises(Refused) as refused:
        stage.apps.send(ACME, Pong())

    assert (refused.value.code, refused.value.message, refused.value.retryable) == (
        "APP_NOT_REACHABLE", reason, retryable
    )  # fmt: skip


def test_a_running_app_is_sent_what_it_is_sent():
    stage = stage_with(app_named(ACME))
    peer = stage.run(ACME)

    stage.apps.send(ACME, Pong())

    assert peer.sent[-1] == Pong()


def test_a_dead_socket_found_when_sending_begins_the_grace():
    stage = stage_with(app_named(ACME))
    peer = stage.run(ACME)
    peer.alive = False

    with pytest.raises(Refused, match="Connection not available for messaging"):
        stage.apps.send(ACME, Pong())

    assert stage.apps.state(ACME) == "grace_period"


# -- the list of running apps


def test_running_is_live_in_order_of_attachment_and_cannot_be_changed():
    stage = stage_with(app_named("a"), app_named("b"))
    running = stage.apps.running()
    stage.run("a")
    stage.run("b")

    stage.attach("a")

    assert list(running) == ["b", "a"]
    with pytest.raises(TypeError):
        running["c"] = None


def test_a_start_and_a_stop_are_remembered_as_the_last_sign_of_activity():
    stage = stage_with(app_named(ACME))
    users = IUserStore(stage.house)
    success_of(users.install(ANN, ACME))
    stage.run(ACME)
    assert success_of(users.load(ANN)).installs[0].last_active_at is not None
