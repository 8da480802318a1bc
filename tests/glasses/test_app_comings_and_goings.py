"""Apps across sessions, absences and restarts of their servers."""

import gc
import weakref

import msgspec
import pytest
from twisted.internet.defer import Deferred, fail

from mentra.errors import StoreError
from mentra.events import AppAway, AppRunning, AppStarting, AppStopped, DeviceChanged
from mentra.extension import listener
from mentra.glasses.apps.settings import AppsSettings
from mentra.interfaces.glasses import IApps, IDevice
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.webhooks import SessionRequest, StopRequest
from mentra.records import AppServer, HardwareRequirement
from mentra.testing.app_stage import ANN, AppStage, app_named, stage_with
from mentra.testing.house import session_in, success_of

ACME = "com.acme"
DASHBOARD = "system.augmentos.dashboard"
NEEDS_CAMERA = (HardwareRequirement(type="CAMERA"),)


def called(stage: AppStage) -> list[tuple[str, str]]:
    return [(request.json.session_id, type(request.json).__name__) for request in stage.webhooks()]


# -- what is remembered


def test_running_apps_are_remembered_and_stopped_ones_are_not():
    stage = stage_with(app_named("a"), app_named("b"))
    stage.run("a")
    stage.run("b")
    assert stage.remembered() == ("a", "b")

    stage.apps.stop("a")
    stage.answer()

    assert stage.remembered() == stage.session.user.running_apps == ("b",)


def test_the_dashboard_is_not_remembered_for_it_always_runs():
    stage = stage_with(app_named(DASHBOARD, app_type="system_dashboard"))
    assert stage.apps.loading() == (DASHBOARD,)

    stage.attach(DASHBOARD)

    assert stage.remembered() == ()


class SlowWrites:
    """A user store whose writes last until they are let go."""

    def __init__(self, users) -> None:
        self.real = users.set_running
        self.begun = []
        users.set_running = self.set_running

    def set_running(self, user_id, package_name, running):
        gate = Deferred()
        self.begun.append((package_name, running, gate))
        return gate.addCallback(lambda ignored: self.real(user_id, package_name, running))


def test_writes_follow_each_other_and_only_the_newest_of_a_kind_is_made():
    stage = stage_with(app_named("a"), app_named("b"))
    slow = SlowWrites(IUserStore(stage.house))
    stage.run("a")
    stage.run("b")
    for _ in range(3):
        stage.apps.stop("b")
        stage.answer()
        stage.run("b")
    assert [begun[:2] for begun in slow.begun] == [("a", True)]

    slow.begun[0][2].callback(None)
    slow.begun[1][2].callback(None)

    assert [begun[:2] for begun in slow.begun] == [("a", True), ("b", True)]
    assert stage.remembered() == ("a", "b")


def test_a_start_waits_for_no_write():
    stage = stage_with(app_named(ACME))
    SlowWrites(IUserStore(stage.house))

    stage.run(ACME)

    assert stage.apps.is_running(ACME)


def test_the_end_of_a_session_waits_for_its_writes():
    stage = stage_with(app_named(ACME))
    slow = SlowWrites(IUserStore(stage.house))
    stage.run(ACME)
    ended = []
    Deferred.fromCoroutine(end(stage)).addCallback(ended.append)
    assert ended == []

    slow.begun[0][2].callback(None)

    assert ended == [None]
    assert stage.remembered() == (ACME,)


async def end(stage: AppStage) -> None:
    await ISessions(stage.house).end(stage.session, "the test is over")


def test_a_write_that_fails_costs_no_other_write(logged_failures):
    stage = stage_with(app_named("a"), app_named("b"))
    users = IUserStore(stage.house)
    real, problems = users.set_running, [StoreError("the disk is full"), ValueError("a bug")]
    users.set_running = lambda *of: fail(problems.pop(0)) if problems else real(*of)

    for package_name in ("a", "b", "c"):
        if package_name == "c":
            stage.apps.stop("a")
            stage.answer()
        else:
            stage.run(package_name)

    stage.apps.start("a")
    stage.attach("a")
    assert stage.remembered() == ("a",)
    assert logged_failures.pop()["log_failure"].check(ValueError)


# -- what is restored


def test_what_ran_before_is_started_with_the_next_session_the_dashboard_first():
    stage = stage_with(
        app_named("a"),
        app_named("b"),
        app_named(DASHBOARD, app_type="system_dashboard"),
        ran_before=["a", "b"],
    )

    assert called(stage) == [
        (f"{ANN}-{DASHBOARD}", "SessionRequest"),
        (f"{ANN}-a", "SessionRequest"),
        (f"{ANN}-b", "SessionRequest"),
    ]


def test_nothing_is_started_before_the_glasses_were_answered():
    stage = stage_with(app_named(ACME), ran_before=[ACME])
    stage.end()
    stage.session = session_in(stage.house)
    stage.forget()
    assert stage.webhooks() == []

    stage.clock.advance(0)

    assert called(stage) == [(f"{ANN}-{ACME}", "SessionRequest")]


def test_one_app_that_fails_hinders_no_other():
    stage = stage_with(app_named("a", public_url=""), app_named("b"), ran_before=["a", "b"])
    stage.clock.advance(1.0)

    stage.attach("b")

    assert stage.apps.state("a") == "stopped"
    assert stage.apps.is_running("b")


def test_an_app_that_is_gone_is_forgotten_not_started():
    stage = stage_with(app_named(ACME), ran_before=[ACME])
    stage.end()
    users, apps = IUserStore(stage.house), IAppStore(stage.house)
    real, apps.get = apps.get, lambda package_name: None

    stage.session = session_in(stage.house)
    stage.clock.advance(0)

    apps.get = real
    assert success_of(users.load(ANN)).running_apps == ()
    assert stage.apps.state(ACME) == "stopped"


def test_a_session_that_ends_at_once_restores_nothing():
    stage = stage_with(app_named(ACME), ran_before=[ACME])
    stage.end()
    stage.session = session_in(stage.house)
    stage.forget()

    stage.end()
    stage.clock.advance(1.0)

    assert stage.webhooks() == []
    assert stage.clock.getDelayedCalls() == []


def test_somebody_whose_list_is_empty_is_given_the_apps_of_the_house():
    stage = stage_with(
        app_named("a"), app_named("b"), sections=[AppsSettings(preinstalled=("a", "gone", "b"))]
    )

    stored = success_of(IUserStore(stage.house).load(ANN))
    assert [install.package_name for install in stored.installs] == ["a", "b"]
    assert stage.session.user.installs == stored.installs


def test_somebody_who_has_a_list_keeps_it():
    stage = stage_with(app_named("a"), app_named("b"))
    success_of(IUserStore(stage.house).install(ANN, "b"))
    stage.end()
    settings = stage.house.settings(AppsSettings)
    stage.house._sections[AppsSettings] = msgspec.structs.replace(settings, preinstalled=("a",))

    stage.session = session_in(stage.house)
    stage.clock.advance(0)

    assert [install.package_name for install in stage.session.user.installs] == ["b"]


def test_a_user_who_starts_an_app_twice_in_a_row_is_told_everything_once():
    stage = stage_with(app_named(ACME))
    stage.run(ACME)
    stage.lose(ACME)
    stage.clock.advance(5.0)
    stage.answer(StopRequest)
    stage.attach(ACME)
    stage.apps.stop(ACME)
    stage.answer()

    assert stage.events == [
        AppStarting(ACME, ACME, "background"),
        AppRunning(ACME, "started"),
        AppAway(ACME),
        AppStopped(ACME, was_running=True),
        AppStarting(ACME, ACME, "background"),
        AppRunning(ACME, "started"),
        AppStopped(ACME, was_running=True),
    ]


# -- absences


def test_sleeping_apps_are_brought_back_one_after_another():
    stage = stage_with(app_named("a"), app_named("b"))
    stage.run("a")
    stage.run("b")
    stage.phone_leaves()
    stage.lose("a")
    stage.lose("b")
    stage.clock.advance(5.0)
    stage.forget()

    stage.phone_returns()

    assert called(stage) == [(f"{ANN}-a", "StopRequest")]
    stage.answer(StopRequest)
    stage.attach("a")
    assert stage.apps.state("b") == "resurrecting"
    stage.answer(StopRequest)
    stage.clock.advance(5.0)
    assert (stage.apps.state("a"), stage.apps.state("b")) == ("running", "stopped")


def test_sleeping_apps_sleep_on_when_the_phone_leaves_again():
    stage = stage_with(app_named("a"), app_named("b"))
    for package_name in ("a", "b"):
        stage.run(package_name)
    stage.phone_leaves()
    stage.lose("a")
    stage.lose("b")
    stage.clock.advance(5.0)
    stage.phone_returns()
    stage.phone_leaves()

    stage.answer(StopRequest)
    stage.attach("a")

    assert stage.apps.state("b") == "dormant"
    stage.phone_returns()
    assert stage.apps.state("b") == "resurrecting"


@pytest.mark.parametrize(
    ("change", "stage_name"),
    [
        ({"enabled": False}, "WEBHOOK"),
        ({"hardware_requirements": NEEDS_CAMERA}, "HARDWARE_CHECK"),
    ],
)
def test_an_app_that_may_not_run_any_more_is_not_brought_back(change, stage_name):
    stage = stage_with(app_named(ACME))
    stage.run(ACME)
    success_of(IAppStore(stage.house).save(app_named(ACME, **change)))
    IDevice(stage.session).lacks = frozenset({"CAMERA"})
    stage.lose(ACME)
    stage.forget()

    stage.clock.advance(5.0)
    waiter = stage.apps.start(ACME)
    stage.answer()

    assert success_of(waiter).error.stage == stage_name
    assert [request.json for request in stage.webhooks(SessionRequest)] == []
    assert (stage.apps.state(ACME), stage.remembered()) == ("stopped", ())
    assert stage.clock.getDelayedCalls() == []


def test_an_app_that_comes_while_its_server_hears_of_the_stop_is_not_called_again():
    stage = stage_with(app_named(ACME))
    stage.run(ACME)
    stage.lose(ACME)
    stage.clock.advance(5.0)
    stage.forget()

    stage.attach(ACME)
    stage.clock.advance(30.0)

    assert stage.apps.is_running(ACME)
    assert stage.webhooks() == []
    assert stage.subscriptions.told == [("began", ACME)]
    assert stage.events == [AppRunning(ACME, "reconnected")]


# -- other glasses


def test_apps_that_do_not_fit_the_new_glasses_are_stopped():
    stage = stage_with(app_named("a", hardware_requirements=NEEDS_CAMERA), app_named("b"))
    stage.run("a")
    stage.run("b")
    IDevice(stage.session).lacks = frozenset({"CAMERA"})

    stage.session.announce(DeviceChanged({"modelName": "G1"}, connected=True, arrived=True))

    assert (stage.apps.state("a"), stage.apps.state("b")) == ("stopping", "running")


def test_a_change_of_the_battery_stops_nothing():
    stage = stage_with(app_named("a", hardware_requirements=NEEDS_CAMERA))
    stage.run("a")
    IDevice(stage.session).lacks = frozenset({"CAMERA"})

    stage.session.announce(DeviceChanged({"batteryLevel": 3}, connected=True, arrived=False))

    assert stage.apps.is_running("a")


# -- an app's server comes back


def register(stage: AppStage) -> None:
    server = AppServer(
        package_name=ACME, webhook_url="https://new.test/hook", registration_id="r", registered_at=0
    )
    success_of(IAppStore(stage.house).register_server(server))


@pytest.mark.parametrize("state", ["running", "grace_period"])
def test_a_server_that_came_back_is_called_where_it_registered(state):
    stage = stage_with(app_named(ACME))
    stage.bring_to(state, ACME)
    stage.forget()
    register(stage)

    stage.apps.recover(ACME)
    stage.apps.recover(ACME)

    [request] = stage.webhooks()
    assert (request.url, type(request.json)) == ("https://new.test/hook", SessionRequest)


@pytest.mark.parametrize("state", ["stopped", "connecting", "resurrecting", "dormant", "stopping"])
def test_a_server_that_came_back_is_not_called_for_other_apps(state):
    stage = stage_with(app_named(ACME))
    stage.bring_to(state, ACME)
    stage.forget()

    stage.apps.recover(ACME)

    assert stage.webhooks() == []


def test_an_app_that_changes_its_socket_to_recover_is_not_taken_for_gone():
    stage = stage_with(app_named(ACME))
    peer = stage.run(ACME)
    stage.apps.recover(ACME)

    # what the SDK does with a second request for one session
    stage.apps.release(ACME, peer)
    stage.apps.detach(ACME, peer)
    assert stage.apps.state(ACME) == "grace_period"
    stage.attach(ACME)

    assert stage.apps.is_running(ACME)


def test_once_recovered_a_release_is_a_release_again():
    stage = stage_with(app_named(ACME))
    peer = stage.run(ACME)
    stage.apps.recover(ACME)
    stage.refuse()

    stage.apps.release(ACME, peer)
    stage.apps.detach(ACME, peer)

    assert stage.apps.state(ACME) == "stopped"


def test_an_app_without_a_url_is_called_where_its_server_registered():
    stage = stage_with(app_named(ACME, public_url=""))
    register(stage)

    stage.apps.start(ACME)

    assert stage.webhooks()[0].url == "https://new.test/hook"


# -- plugins that interfere


def test_a_listener_may_think_better_of_a_start():
    @listener(AppStarting)
    def veto(event, session):
        IApps(session).stop(event.package_name)

    stage = stage_with(app_named(ACME), plugins=[veto])

    waiter = stage.apps.start(ACME)
    stage.answer()

    assert success_of(waiter).error.message == "App stopped"
    assert stage.apps.state(ACME) == "stopped"
    assert stage.clock.getDelayedCalls() == []


def test_an_ended_session_is_collected_apps_and_all():
    stage = stage_with(app_named("a"), app_named("b"))
    stage.run("a")
    stage.apps.start("b")
    watched = weakref.ref(stage.session), weakref.ref(stage.apps)

    stage.end()
    stage.session = None  # type: ignore[assignment] # let go of
    stage.house.http.requests.clear()
    gc.collect()

    assert [one() for one in watched] == [None, None]
    assert stage.clock.getDelayedCalls() == []


def test_nothing_starts_in_a_session_that_ended():
    stage = stage_with(app_named(ACME))
    manager = stage.apps
    stage.end()

    waiter = manager.start(ACME)

    assert success_of(waiter).error.message == "Session ended"
