"""Glasses and apps as they talk on the wire, handshakes and closes included."""

from typing import Any

import attrs
import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

import mentra.plugins.mentra_glasses as dropin
from mentra.extension import ConfigSection
from mentra.glasses.apps.routes import goodbye
from mentra.glasses.apps.routes import start_app as start_route
from mentra.house import House
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.stores import IAppStore
from mentra.testing.app_stage import ANN, app_named
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import FakeRequest, house_with, success_of
from mentra.testing.requests import FakeCall
from mentra.testing.wire import Line, MemoryPort

ACME = "com.acme"
SESSION_ID = f"{ANN}-{ACME}"
WING = [
    plugin
    for name, plugin in vars(dropin).items()
    if not name.startswith("_") and not isinstance(plugin, ConfigSection) and name != "sessions"
]


@attrs.define
class Talk:
    """Ann's glasses are on, and ACME exists."""

    clock: Clock
    house: House
    port: MemoryPort
    glasses: Line

    @property
    def calls(self) -> list[FakeRequest]:
        """Webhooks called."""
        http: Any = self.house.http
        return http.requests

    def app(self, **said: Any) -> Line:
        """A socket of ACME that says its first frame."""
        line = self.port.call().upgrade("/app-ws")
        first = {"sessionId": SESSION_ID, "packageName": ACME, "apiKey": "key"}
        line.say(type="tpa_connection_init", **(first | said))
        return line


@pytest.fixture
def talk(clock: Clock) -> Talk:
    """See :class:`Talk`."""
    house = house_with(*WING, clock=clock, parts={IPublicAddress: FakeAddress()})
    success_of(IAppStore(house).save(app_named(ACME, name="Acme", app_type="standard")))
    success_of(IAppStore(house).add_key(ACME, "key"))
    port = MemoryPort(house)
    talk = Talk(clock, house, port, port.glasses())
    clock.advance(0)
    talk.glasses.frames()
    return talk


def types(line: Line) -> list[str]:
    return [message["type"] for message in line.messages()]


def closing(line: Line) -> tuple[list[dict[str, Any]], int, str]:
    """What a line was told before it was closed, the close code and reason."""
    frames = line.frames()
    texts = [frame.json for frame in frames if frame.opcode == 1]
    [close] = [frame for frame in frames if frame.opcode == 8]
    return texts, close.close_code, close.payload[2:].decode()


def test_an_app_runs_from_webhook_to_close_as_the_sdk_knows_it(talk):
    talk.glasses.say(type="start_app", packageName=ACME)
    assert [call.url for call in talk.calls] == [f"https://{ACME}.test/webhook"]

    app = talk.app()

    ack, state = app.messages()
    assert (ack["type"], ack["sessionId"], ack["settings"]) == (
        "tpa_connection_ack", SESSION_ID, []
    )  # fmt: skip
    assert ack["mentraosSettings"] == ack["augmentosSettings"]
    assert ack["capabilities"] is None
    assert ack["config"]["name"] == "Acme"
    assert (state["type"], state["fullSnapshot"]) == ("device_state_update", True)
    assert state["state"]["connected"] is False
    assert ack["timestamp"].endswith("Z")
    assert "app_state_change" in types(talk.glasses)
    talk.calls[0].succeed()
    talk.glasses.say(type="stop_app", packageName=ACME)
    assert app.frames() == []
    talk.calls[1].succeed()
    texts, code, reason = closing(app)
    assert [(text["type"], text["reason"]) for text in texts] == [("app_stopped", "user_disabled")]
    assert (code, reason) == (1000, "App stopped")


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        ({"sessionId": f"bob@x.org-{ACME}"}, "SESSION_NOT_FOUND", "Session not found"),
        ({"apiKey": "guess"}, "INVALID_API_KEY", "Invalid API key"),
        ({}, "APP_NOT_STARTED", "App not started for this session"),
    ],
)
def test_a_refused_handshake_says_why_and_closes(talk, said, code, message):
    [text], close_code, _ = closing(talk.app(**said))

    assert (text["type"], text["code"], text["message"]) == ("tpa_connection_error", code, message)
    assert close_code == 1008


def test_a_session_id_that_is_none_is_only_closed(talk):
    texts, code, reason = closing(talk.app(sessionId="nonsense"))

    assert (texts, code, reason) == ([], 1008, "Invalid session ID format")


def test_what_comes_before_the_handshake_costs_nothing(talk):
    talk.glasses.say(type="start_app", packageName=ACME)
    app = talk.port.call().upgrade("/app-ws")
    app.say(type="subscription_update", packageName=ACME, subscriptions=[])

    [error] = app.messages()
    assert (error["type"], error["code"]) == ("tpa_connection_error", "SESSION_NOT_FOUND")

    app.say(type="tpa_connection_init", sessionId=SESSION_ID, packageName=ACME, apiKey="key")
    assert types(app) == ["tpa_connection_ack", "device_state_update"]


def test_an_app_that_never_shakes_hands_is_let_go(talk):
    app = talk.port.call().upgrade("/app-ws")

    talk.clock.advance(11.0)

    assert closing(app)[1] == 1008


def test_a_token_in_the_headers_needs_no_first_frame(talk):
    talk.glasses.say(type="start_app", packageName=ACME)
    headers = {"Authorization": f"Bearer app:{ACME}:key", "x-user-id": ANN}

    app = talk.port.call().upgrade("/ws/miniapp", headers)

    assert types(app) == ["tpa_connection_ack", "device_state_update"]


def test_a_bad_token_in_the_headers_never_opens(talk):
    refused = talk.port.call().upgrade("/app-ws", {"Authorization": "Bearer x", "x-user-id": ANN})

    assert refused.status == 401
    assert (refused.body["type"], refused.body["code"]) == ("tpa_connection_error", "JWT_INVALID")


def test_a_short_loss_is_not_noticed_by_the_wearer(talk):
    talk.glasses.say(type="start_app", packageName=ACME)
    talk.app().lose()
    talk.clock.advance(2.0)
    talk.glasses.frames()

    again = talk.app()

    assert types(again) == ["tpa_connection_ack", "device_state_update"]
    assert len(talk.calls) == 1


def test_a_newer_socket_takes_over_and_the_older_ones_close_starts_nothing(talk):
    talk.glasses.say(type="start_app", packageName=ACME)
    older = talk.app()
    older.frames()

    newer = talk.app()

    assert closing(older)[1] == 1000
    older.lose()
    talk.clock.advance(6.0)
    assert types(newer) == ["tpa_connection_ack", "device_state_update"]
    assert len(talk.calls) == 1


def test_an_http_start_waits_for_the_socket(talk):
    call = FakeCall(talk.house, {"package_name": ACME}, user_id=ANN)
    answers = []
    Deferred.fromCoroutine(start_route.handle(call)).addCallback(answers.append)
    assert answers == []

    talk.app()

    assert answers[0]["data"]["isRunning"]


def test_a_goodbye_closes_glasses_and_apps(talk):
    talk.glasses.say(type="start_app", packageName=ACME)
    app = talk.app()
    app.frames()

    success_of(goodbye.handle(FakeCall(talk.house, user_id=ANN)))

    texts, code, reason = closing(app)
    assert [text["type"] for text in texts] == ["app_stopped"]
    assert (code, reason) == (1000, "User session ended")
    assert closing(talk.glasses)[1] == 1000
