"""Two ways in for an app, the refusals, and the way out."""

import pytest
from zope.interface.verify import verifyObject

from mentra.errors import Denied, Dismissed
from mentra.glasses.apps.entrance import app_connection_init, app_path, ownership_release
from mentra.glasses.apps.settings import AppsSettings
from mentra.identity import Identity
from mentra.interfaces.glasses import ISettings
from mentra.interfaces.messaging import IPath
from mentra.messages import Fault
from mentra.messages.session import AppConnectionAck, AppConnectionInit, OwnershipRelease, Ping
from mentra.testing.app_stage import ANN, AppStage, app_named, outcome_of, stage_with
from mentra.testing.house import FakeContext
from mentra.testing.peers import FakePeer
from mentra.testing.requests import FakeUpgrade

ACME = "com.acme"
KEY = f"key-of-{ACME}"


def init(**fields: str) -> AppConnectionInit:
    known = {"session_id": f"{ANN}-{ACME}", "package_name": ACME, "api_key": KEY}
    return AppConnectionInit(**(known | fields))


def context_of(stage: AppStage, **peer: object) -> FakeContext:
    return FakeContext(stage.house, peer=FakePeer("app", **peer))


def knock(stage: AppStage, message: AppConnectionInit) -> Dismissed:
    """Send *message* on a new socket; why it was refused."""
    with pytest.raises(Dismissed) as refused:
        app_connection_init.handle(message, context_of(stage))
    return refused.value


def upgrade(stage: AppStage, **headers: str) -> object:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return app_path.admit(FakeUpgrade(named), stage.house)


def test_the_path_keeps_its_promises():
    assert verifyObject(IPath, app_path)
    assert app_path.urls == ("/app-ws", "/ws/miniapp")
    assert app_path.handshake == (AppConnectionInit,)


def test_the_bounds_are_those_of_the_configuration():
    settings = AppsSettings(max_frame=2048, max_queue=65_536, max_rate=7.0, max_waiting=3)
    limits = app_path.limits(stage_with(sections=[settings]).house)

    assert (limits.max_frame, limits.max_queue, limits.max_rate, limits.max_waiting) == (
        2048, 65_536, 7.0, 3
    )  # fmt: skip
    assert (limits.handshake_within, limits.pong_matters) == (5.0, False)


# -- the first frame


def test_an_app_that_was_started_proves_its_key_in_its_first_frame():
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)
    context = context_of(stage)

    app_connection_init.handle(init(), context)

    assert context.session is stage.session
    assert context.peer.identity == Identity(ANN, ACME)
    assert stage.apps.running() == {ACME: context.peer}


def test_hyphens_in_addresses_and_packages_confuse_nobody():
    stage = stage_with(app_named("com.acme-apps.one-two"))
    stage.apps.start("com.acme-apps.one-two")
    package_name = "com.acme-apps.one-two"

    refusal = knock(
        stage,
        init(
            session_id=f"jo-ann@x-y.org-{package_name}",
            package_name=package_name,
            api_key=f"key-of-{package_name}",
        ),
    )

    # understood, but it is nobody here
    assert refusal.code == "SESSION_NOT_FOUND"


@pytest.mark.parametrize(
    "session_id", ["", "nonsense", ACME, f"-{ACME}", f"{ANN}-com.other", f"{ANN}{ACME}"]
)
def test_a_session_id_that_is_none_is_refused_without_a_frame(session_id):
    refusal = knock(stage_with(app_named(ACME)), init(session_id=session_id))

    assert (refusal.close_code, refusal.reason, refusal.code) == (
        1008, "Invalid session ID format", None
    )  # fmt: skip


def test_a_user_without_a_session_is_not_found():
    refusal = knock(stage_with(app_named(ACME)), init(session_id=f"bob@x.org-{ACME}"))

    assert (refusal.close_code, refusal.code, refusal.message) == (
        1008, "SESSION_NOT_FOUND", "Session not found"
    )  # fmt: skip


def test_a_wrong_key_is_refused_and_fails_the_start_at_once():
    stage = stage_with(app_named(ACME))
    waiter = stage.apps.start(ACME)

    refusal = knock(stage, init(api_key="guess"))

    assert (refusal.close_code, refusal.code, refusal.message) == (
        1008, "INVALID_API_KEY", "Invalid API key"
    )  # fmt: skip
    assert outcome_of(waiter) == ("AUTHENTICATION", "Invalid API key")


def test_a_wrong_key_does_not_touch_the_running_connection():
    stage = stage_with(app_named(ACME))
    peer = stage.run(ACME)

    knock(stage, init(api_key="guess"))

    assert stage.apps.running() == {ACME: peer}
    assert peer.alive


def test_the_key_of_another_app_is_a_wrong_key():
    stage = stage_with(app_named(ACME), app_named("com.other"))
    stage.apps.start(ACME)

    assert knock(stage, init(api_key="key-of-com.other")).code == "INVALID_API_KEY"


def test_an_app_that_nobody_started_is_refused():
    refusal = knock(stage_with(app_named(ACME)), init())

    assert (refusal.close_code, refusal.code, refusal.message) == (
        1008, "APP_NOT_STARTED", "App not started for this session"
    )  # fmt: skip


def test_a_session_that_is_ending_takes_nobody():
    stage = stage_with(app_named(ACME))
    stage.session.ending = True

    refusal = knock(stage, init())

    assert (refusal.close_code, refusal.reason, refusal.code) == (1008, "Session ended", None)


def test_what_fails_by_our_fault_says_so(logged_failures):
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)
    ISettings(stage.session).of_app = lambda package_name: 1 / 0

    refusal = knock(stage, init())

    assert (refusal.close_code, refusal.code) == (1011, "INTERNAL_ERROR")
    assert "division" not in refusal.message
    assert logged_failures.pop()["log_failure"].check(ZeroDivisionError)


def test_a_second_handshake_on_one_socket_is_acknowledged_whatever_it_says():
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)
    context = context_of(stage)
    app_connection_init.handle(init(), context)
    context.peer.take()

    app_connection_init.handle(init(session_id="unknown-session-id", api_key=""), context)

    assert type(context.peer.sent[0]) is AppConnectionAck
    assert context.peer.alive
    assert stage.apps.running() == {ACME: context.peer}


def test_whatever_comes_before_the_handshake_is_answered_and_costs_nothing():
    stage = stage_with(app_named(ACME))

    answer = app_path.premature(Ping(), context_of(stage))

    assert isinstance(answer, Fault)
    assert (answer.code, answer.message) == ("SESSION_NOT_FOUND", "Session not found")


# -- system apps


def test_a_system_app_needs_its_key_and_its_address():
    stage = stage_with(app_named(ACME, system=True))
    stage.address.strict = True
    stage.apps.start(ACME)
    with pytest.raises(Dismissed, match="Invalid API key"):
        app_connection_init.handle(init(), context_of(stage, address="192.0.2.1"))
    stage.apps.start(ACME)
    with pytest.raises(Dismissed, match="Invalid API key"):
        app_connection_init.handle(init(api_key="guess"), context_of(stage, address="10.0.0.1"))
    stage.apps.start(ACME)

    app_connection_init.handle(init(), context_of(stage, address="10.0.0.1"))

    assert stage.apps.is_running(ACME)


def test_the_address_of_other_apps_does_not_matter():
    stage = stage_with(app_named(ACME))
    stage.address.strict = True
    stage.apps.start(ACME)

    app_connection_init.handle(init(), context_of(stage, address="192.0.2.1"))

    assert stage.apps.is_running(ACME)


# -- the token in the headers


def token(package_name: str = ACME, api_key: str = KEY) -> str:
    return f"Bearer app:{package_name}:{api_key}"


def test_no_authorization_means_that_the_first_frame_will_tell():
    stage = stage_with(app_named(ACME))

    assert upgrade(stage, x_user_id=ANN) is None


def test_a_token_needs_no_first_frame():
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)
    claim = upgrade(stage, authorization=token(), x_user_id=" Ann@X.org ", x_session_id="s")
    context = context_of(stage, identity=claim)

    app_path.opened(context)

    assert stage.apps.running() == {ACME: context.peer}
    assert context.peer.identity == Identity(ANN, ACME)


def test_a_key_in_a_token_is_not_shown():
    claim = upgrade(stage_with(app_named(ACME)), authorization=token(), x_user_id=ANN)

    assert KEY not in repr(claim)


def test_a_token_with_a_wrong_key_is_refused_like_a_frame_with_one():
    stage = stage_with(app_named(ACME))
    waiter = stage.apps.start(ACME)
    claim = upgrade(stage, authorization=token(api_key="guess"), x_user_id=ANN)

    with pytest.raises(Dismissed, match="Invalid API key"):
        app_path.opened(context_of(stage, identity=claim))

    assert outcome_of(waiter) == ("AUTHENTICATION", "Invalid API key")


def test_without_a_token_nothing_happens_until_the_first_frame():
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)

    app_path.opened(context_of(stage))

    assert stage.apps.state(ACME) == "connecting"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"authorization": token()}, "MISSING_HEADERS"),
        ({"authorization": token(), "x_user_id": "  "}, "MISSING_HEADERS"),
        ({"authorization": token(), "x_session_id": f"{ANN}-{ACME}"}, "MISSING_HEADERS"),
        ({"authorization": "Bearer user:ann@x.org", "x_user_id": ANN}, "JWT_INVALID"),
        ({"authorization": "Bearer", "x_user_id": ANN}, "JWT_INVALID"),
        ({"authorization": "Basic abc", "x_user_id": ANN}, "JWT_INVALID"),
        (
            {"authorization": token(), "x_user_id": ANN, "x_package_name": "com.other"},
            "JWT_INVALID",
        ),
    ],
)
def test_bad_headers_are_refused_before_the_upgrade(headers, code):
    with pytest.raises(Denied) as refused:
        upgrade(stage_with(app_named(ACME)), **headers)

    body = refused.value.body
    assert refused.value.status == 401
    assert (body["type"], body["code"]) == ("tpa_connection_error", code)
    assert body["timestamp"] == "2025-06-01T12:00:00.000Z"
    assert body["message"]


# -- the way out


def entered(stage: AppStage) -> FakeContext:
    stage.apps.start(ACME)
    context = context_of(stage)
    app_connection_init.handle(init(), context)
    return context


def test_a_closed_socket_begins_the_grace():
    stage = stage_with(app_named(ACME))
    context = entered(stage)

    app_path.closed(context, 1006, "")

    assert stage.apps.state(ACME) == "grace_period"


def test_an_app_that_releases_its_session_leaves_for_good():
    stage = stage_with(app_named(ACME))
    context = entered(stage)

    ownership_release.handle(OwnershipRelease(reason="user_logout"), context)
    app_path.closed(context, 1000, "")

    assert stage.apps.state(ACME) == "stopped"


def test_an_app_that_obeys_the_webhook_after_it_came_by_itself_is_awaited():
    stage = stage_with(app_named(ACME))
    context = entered(stage)

    ownership_release.handle(OwnershipRelease(reason="switching_clouds"), context)
    app_path.closed(context, 1005, "")
    assert stage.apps.state(ACME) == "grace_period"
    app_connection_init.handle(init(), context_of(stage))

    assert stage.apps.is_running(ACME)


def test_an_app_that_goes_to_another_server_once_it_has_answered_is_gone():
    stage = stage_with(app_named(ACME))
    context = entered(stage)
    stage.answer()

    ownership_release.handle(OwnershipRelease(reason="switching_clouds"), context)
    app_path.closed(context, 1005, "")

    assert stage.apps.state(ACME) == "stopped"


def test_a_socket_that_never_proved_anything_closes_unnoticed():
    stage = stage_with(app_named(ACME))
    stage.apps.start(ACME)

    app_path.closed(context_of(stage), 1006, "")

    assert stage.apps.state(ACME) == "connecting"


def test_a_socket_that_closes_after_its_session_wakes_nothing():
    stage = stage_with(app_named(ACME))
    context = entered(stage)
    stage.end()

    app_path.closed(context, 1000, "")

    assert stage.session._facets == {}


def test_a_server_that_stops_tells_apps_nothing_that_would_end_their_session():
    stage = stage_with(app_named(ACME))

    assert app_path.farewell(entered(stage)) is None
