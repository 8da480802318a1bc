"""Every row of the table of an app's states: what happens, and what follows."""

from typing import Any

import pytest

from mentra.errors import Dismissed
from mentra.events import AppAway, AppRunning, AppStarting, AppStopped
from mentra.glasses.apps.standing import STARTED
from mentra.messages.apps import AppStateChange
from mentra.messages.apps import AppStopped as AppStoppedFrame
from mentra.messages.webhooks import SessionRequest, StopRequest
from mentra.testing.app_stage import AppStage, app_named, outcome_of, stage_with
from mentra.testing.house import success_of
from mentra.testing.peers import FakePeer

ACME = "com.acme"
STATES = (
    "stopped", "connecting", "running", "grace_period", "resurrecting", "dormant", "stopping"
)  # fmt: skip


def stage_in(state: str) -> AppStage:
    """ACME is in *state*, and what got it there is forgotten."""
    stage = stage_with(app_named(ACME, name="Acme"))
    stage.bring_to(state, ACME)
    assert stage.apps.state(ACME) == state
    stage.forget()
    return stage


def called(stage: AppStage) -> list[type[Any]]:
    return [type(request.json) for request in stage.webhooks()]


def told_phone(stage: AppStage) -> list[type[Any]]:
    return [type(frame) for frame in stage.session.glasses.sent]


# -- start


@pytest.mark.parametrize("state", ["stopped", "dormant"])
def test_a_start_calls_the_webhook_and_waits(state):
    stage = stage_in(state)

    stage.apps.start(ACME)

    assert stage.apps.state(ACME) == "connecting"
    assert called(stage) == [SessionRequest]
    assert stage.events == [AppStarting(ACME, "Acme", "background")]


@pytest.mark.parametrize("state", ["connecting", "resurrecting"])
def test_a_start_under_way_is_shared(state):
    stage = stage_in(state)

    waiter = stage.apps.start(ACME)

    assert (stage.apps.state(ACME), called(stage), stage.events) == (state, [], [])
    stage.attach(ACME)
    assert success_of(waiter) == STARTED


def test_starting_a_running_app_succeeds_and_sends_nothing():
    stage = stage_in("running")

    waiter = stage.apps.start(ACME)

    assert success_of(waiter) == STARTED
    assert (called(stage), stage.events, told_phone(stage)) == ([], [], [])


def test_a_start_in_grace_calls_the_webhook_at_once_and_ends_the_grace():
    stage = stage_in("grace_period")

    stage.apps.start(ACME)

    assert (stage.apps.state(ACME), called(stage)) == ("connecting", [SessionRequest])
    stage.attach(ACME)
    stage.clock.advance(60)
    assert stage.apps.state(ACME) == "running"
    assert called(stage) == [SessionRequest]


def test_a_start_while_stopping_waits_for_the_stop():
    stage = stage_in("stopping")
    waiter = stage.apps.start(ACME)
    assert (stage.apps.state(ACME), called(stage)) == ("stopping", [])

    stage.answer()

    assert (stage.apps.state(ACME), called(stage)) == ("connecting", [SessionRequest])
    stage.attach(ACME)
    assert success_of(waiter) == STARTED


# -- stop


def test_stopping_a_running_app_tells_server_app_and_phone():
    stage = stage_in("running")
    peer = stage.apps.running()[ACME]

    waiter = stage.apps.stop(ACME)

    assert (stage.apps.state(ACME), called(stage)) == ("stopping", [StopRequest])
    stage.answer()
    assert success_of(waiter) is None
    assert peer.sent == [AppStoppedFrame(reason="user_disabled")]
    assert (peer.close_code, peer.close_reason) == (1000, "App stopped")
    assert stage.events == [AppStopped(ACME, was_running=True)]
    assert told_phone(stage) == [AppStateChange]


@pytest.mark.parametrize("state", ["connecting", "grace_period", "resurrecting", "dormant"])
def test_a_stop_without_a_socket_keeps_the_app_away_for_good(state):
    stage = stage_in(state)
    stage.apps.stop(ACME)
    assert (stage.apps.state(ACME), called(stage)) == ("stopping", [StopRequest])

    stage.answer()
    stage.clock.advance(60)

    assert stage.apps.state(ACME) == "stopped"
    assert called(stage) == [StopRequest]
    assert [type(event) for event in stage.events] == [AppStopped]
    assert stage.remembered() == ()
    assert stage.clock.getDelayedCalls() == []


@pytest.mark.parametrize("state", ["connecting", "resurrecting"])
def test_a_stop_fails_the_pending_start_at_once(state):
    stage = stage_in(state)
    waiter = stage.apps.start(ACME)

    stage.apps.stop(ACME)

    assert outcome_of(waiter) == ("CONNECTION", "App stopped")


@pytest.mark.parametrize("state", ["stopped", "stopping"])
def test_a_stop_of_what_stops_already_does_nothing(state):
    stage = stage_in(state)

    stage.apps.stop(ACME)

    assert (stage.apps.state(ACME), called(stage), stage.events) == (state, [], [])


# -- a valid init


@pytest.mark.parametrize("state", ["connecting", "resurrecting"])
def test_a_socket_that_was_waited_for_runs(state):
    stage = stage_in(state)
    waiter = stage.apps.start(ACME)

    peer = stage.attach(ACME)

    assert stage.apps.running() == {ACME: peer}
    assert success_of(waiter) == STARTED
    assert stage.events == [AppRunning(ACME, "started")]
    assert told_phone(stage) == [AppStateChange]


@pytest.mark.parametrize("state", ["grace_period", "dormant"])
def test_a_socket_that_comes_back_runs_without_a_webhook_and_keeps_its_subscriptions(state):
    stage = stage_in(state)

    stage.attach(ACME)
    stage.clock.advance(30)

    assert (stage.apps.state(ACME), called(stage)) == ("running", [])
    assert stage.subscriptions.told == [("began", ACME)]
    assert stage.events == [AppRunning(ACME, "reconnected")]


def test_a_second_socket_replaces_the_first_whose_close_starts_nothing():
    stage = stage_in("running")
    older = stage.apps.running()[ACME]

    newer = stage.attach(ACME)
    stage.apps.detach(ACME, older)

    assert stage.apps.running() == {ACME: newer}
    assert (older.close_code, older.sent) == (1000, [])
    assert [type(frame).__name__ for frame in newer.sent] == [
        "AppConnectionAck", "DeviceStateUpdate"
    ]  # fmt: skip
    assert stage.subscriptions.told == [("began", ACME)]
    assert stage.events == [AppRunning(ACME, "replaced")]
    assert told_phone(stage) == []


@pytest.mark.parametrize("state", ["stopping", "stopped"])
def test_a_socket_that_nobody_waits_for_is_refused(state):
    stage = stage_in(state)

    with pytest.raises(Dismissed) as refused:
        stage.attach(ACME)

    assert (refused.value.close_code, refused.value.code) == (1008, "APP_NOT_STARTED")
    assert refused.value.message == "App not started for this session"
    assert stage.apps.state(ACME) == state


# -- the socket closes


def test_a_lost_socket_begins_the_grace_and_nobody_but_listeners_hears_of_it():
    stage = stage_in("running")

    stage.lose(ACME)

    assert stage.apps.state(ACME) == "grace_period"
    assert stage.apps.running() == {}
    assert stage.events == [AppAway(ACME)]
    assert (called(stage), told_phone(stage), stage.subscriptions.told) == ([], [], [])


def test_after_an_ownership_release_a_lost_socket_is_the_end_but_the_next_session_has_it_back():
    stage = stage_in("running")
    peer = stage.apps.running()[ACME]
    stage.apps.release(ACME, peer)
    assert stage.apps.state(ACME) == "running"

    stage.apps.detach(ACME, peer)
    stage.clock.advance(60)

    assert (stage.apps.state(ACME), called(stage)) == ("stopped", [])
    assert stage.subscriptions.told[-1] == ("remove", ACME)
    assert stage.events == [AppStopped(ACME, was_running=True)]
    assert stage.remembered() == (ACME,)


def test_the_next_handshake_takes_an_ownership_release_back():
    stage = stage_in("running")
    stage.apps.release(ACME, stage.apps.running()[ACME])

    peer = stage.attach(ACME)
    stage.apps.detach(ACME, peer)

    assert stage.apps.state(ACME) == "grace_period"


def test_an_app_that_closes_when_it_hears_of_the_stop_gets_no_grace():
    stage = stage_with(app_named(ACME))
    peer = stage.run(ACME)
    peer.take()
    stage.apps.stop(ACME)

    stage.apps.detach(ACME, peer)
    stage.answer()

    assert (stage.apps.state(ACME), peer.sent, peer.close_code) == ("stopped", [], None)
    assert AppAway(ACME) not in stage.events


@pytest.mark.parametrize("state", STATES)
def test_a_socket_that_is_not_the_current_one_closes_unnoticed(state):
    stage = stage_in(state)

    stage.apps.detach(ACME, FakePeer("app"))

    assert (stage.apps.state(ACME), stage.events) == (state, [])


# -- starts that come to nothing


@pytest.mark.parametrize("state", ["connecting", "resurrecting"])
def test_an_app_that_never_connects_is_stopped_and_forgotten(state):
    stage = stage_in(state)
    waiter = stage.apps.start(ACME)

    stage.clock.advance(5.0)

    assert outcome_of(waiter) == ("TIMEOUT", "Connection timeout after 5000ms")
    assert (stage.apps.state(ACME), stage.remembered()) == ("stopped", ())
    assert stage.events == [AppStopped(ACME, False, "Connection timeout after 5000ms")]
    assert AppStateChange in told_phone(stage)


@pytest.mark.parametrize("state", ["running", "grace_period"])
def test_the_failure_of_a_webhook_whose_app_is_there_is_ignored(state):
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)
    stage.attach(ACME)
    if state == "grace_period":
        stage.lose(ACME)

    stage.refuse(SessionRequest)
    stage.clock.advance(1.0)

    assert stage.apps.state(ACME) == state
    assert len(stage.webhooks()) == 1


def test_an_app_that_stays_away_is_called_anew_like_a_stop_and_a_start():
    stage = stage_in("grace_period")

    stage.clock.advance(5.0)

    assert (stage.apps.state(ACME), called(stage)) == ("resurrecting", [StopRequest])
    stage.refuse(StopRequest)
    assert called(stage) == [StopRequest, SessionRequest]
    assert stage.subscriptions.told == [("remove", ACME)]
    assert stage.events == [
        AppStopped(ACME, was_running=True), AppStarting(ACME, "Acme", "background")
    ]  # fmt: skip
    assert stage.remembered() == (ACME,)


def test_an_app_that_cannot_be_brought_back_is_gone_and_the_phone_hears_it():
    stage = stage_in("resurrecting")
    stage.session.glasses.take()

    stage.clock.advance(5.0)

    assert (stage.apps.state(ACME), stage.remembered()) == ("stopped", ())
    assert [frame.tag() for frame in stage.session.glasses.sent] == [
        "app_state_change", "app_stopped"
    ]  # fmt: skip


def test_an_app_lost_while_the_phone_is_away_sleeps_until_it_is_back():
    stage = stage_with(app_named(ACME))
    stage.run(ACME)
    stage.phone_leaves()
    stage.lose(ACME)
    stage.clock.advance(5.0)
    assert (stage.apps.state(ACME), called(stage)) == ("dormant", [SessionRequest])

    stage.phone_returns()

    assert stage.apps.state(ACME) == "resurrecting"
    assert called(stage) == [SessionRequest, StopRequest]


# -- the session ends


@pytest.mark.parametrize("state", STATES)
def test_the_end_of_the_session_is_the_end_of_every_app_and_leaves_no_timer(state):
    stage = stage_in(state)
    remembered = stage.remembered()

    stage.end()

    assert called(stage) == []
    assert stage.clock.getDelayedCalls() == []
    # what was being stopped stays stopped, everything else comes back with the next session
    assert stage.remembered() == (() if state == "stopping" else remembered)


@pytest.mark.parametrize("state", ["running", "stopping"])
def test_the_end_of_the_session_closes_sockets(state):
    stage = stage_with(app_named(ACME))
    peer = stage.run(ACME)
    if state == "stopping":
        stage.apps.stop(ACME)
    peer.take()

    stage.end()

    assert peer.sent == [AppStoppedFrame(reason="system_stop")]
    assert (peer.close_code, peer.close_reason) == (1000, "User session ended")


@pytest.mark.parametrize("state", ["connecting", "resurrecting", "stopping"])
def test_the_end_of_the_session_fails_pending_starts(state):
    stage = stage_in(state)
    waiter = stage.apps.start(ACME)

    stage.end()

    assert outcome_of(waiter) == ("CONNECTION", "Session ended")


def test_the_end_of_the_session_ends_a_wait_for_a_stop():
    stage = stage_in("stopping")
    waiter = stage.apps.stop(ACME)

    stage.end()

    assert success_of(waiter) is None
