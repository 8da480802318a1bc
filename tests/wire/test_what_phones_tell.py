"""A phone tells where its wearer is, and apps write on the dashboard: on the wire."""

import json
from typing import Any

import attrs
import msgspec
import pytest
from twisted.internet.task import Clock

from mentra.house import House
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.stores import IAppStore
from mentra.records import App, Permission
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import success_of
from mentra.testing.wire import Line, MemoryPort

ACME, BOARD = "com.acme.maps", "system.augmentos.dashboard"
KEY = "k" * 64


@attrs.define
class Stage:
    """A house with a maps app and a dashboard app, and a person with glasses on."""

    clock: Clock
    house: House
    port: MemoryPort
    glasses: Line

    def app(self, package_name: str = ACME, *streams: Any) -> Line:
        """The app, running and subscribed as an SDK does it."""
        if package_name != BOARD:
            self.glasses.say(type="start_app", packageName=package_name)
            self.clock.advance(0)
        webhooks = [json.loads(msgspec.json.encode(one.json)) for one in self.house.http.requests]
        session_id = next(
            one["sessionId"] for one in webhooks if one["sessionId"].endswith(package_name)
        )
        line = self.port.call().upgrade("/app-ws")
        line.say(
            type="tpa_connection_init", sessionId=session_id, packageName=package_name, apiKey=KEY
        )
        for wanted in ([], list(streams)):
            line.say(type="subscription_update", packageName=package_name, subscriptions=wanted)
        self.clock.advance(2)
        line.frames()
        self.glasses.frames()
        return line

    def told(self, kind: str) -> list[dict[str, Any]]:
        """What the phone was told of one type, without the time."""
        found = [one for one in self.glasses.messages() if one["type"] == kind]
        return [{name: value for name, value in one.items() if name != "timestamp"}
                for one in found]  # fmt: skip


@pytest.fixture
def stage(open_port, clock: Clock) -> Stage:
    house, port = open_port(parts={IPublicAddress: FakeAddress()})
    permissions = (Permission(type="LOCATION"), Permission(type="CALENDAR"))
    for package, kind in ((ACME, "background"), (BOARD, "system_dashboard")):
        app = App(
            package_name=package, public_url="http://127.0.0.1:7010/", app_type=kind,
            permissions=permissions,
        )  # fmt: skip
        success_of(IAppStore(house).save(app))
        success_of(IAppStore(house).add_key(package, KEY))
    glasses = port.glasses("ann-marie@x.org")
    clock.advance(0)
    glasses.frames()
    return Stage(clock, house, port, glasses)


def test_the_dashboard_from_its_app_and_another_to_the_glasses(stage: Stage):
    board, acme = stage.app(BOARD), stage.app()

    board.say(type="dashboard_system_update", packageName=BOARD, section="topLeft", content="9:41")
    acme.say(
        type="dashboard_content_update", packageName=ACME, sessionId="doubled-doubled",
        content="200 m", modes=["main", "expanded"], timestamp="2025-06-01T12:00:00.000Z",
    )  # fmt: skip
    board.say(type="dashboard_mode_change", packageName=BOARD, mode="expanded")

    drawn = stage.told("display_event")
    assert {(one["view"], one["packageName"]) for one in drawn} == {("dashboard", BOARD)}
    assert [one["layout"] for one in drawn] == [
        {"layoutType": "double_text_wall", "topText": "9:41", "bottomText": "\n"},
        {"layoutType": "double_text_wall", "topText": "9:41", "bottomText": "\n200 m"},
        {"layoutType": "text_wall", "text": "9:41 | \n200 m"},
    ]
    for line, package in ((acme, ACME), (board, BOARD)):
        [changed] = line.messages()
        assert (changed["type"], changed["mode"]) == ("dashboard_mode_changed", "expanded")
        assert changed["sessionId"] == f"ann-marie@x.org-{package}"


def test_a_location_is_polled_as_the_sdk_does_it(stage: Stage):
    acme = stage.app()

    acme.say(type="subscription_update", packageName=ACME, subscriptions=["location_update"])
    acme.say(
        type="location_poll_request", packageName=ACME, sessionId="", accuracy="high",
        correlationId="poll_1",
    )  # fmt: skip
    asked = stage.told("request_single_location")
    stage.glasses.say(
        type="location_update", lat=52.5, lng=13.4, accuracy=5, correlationId="poll_1",
        timestamp=1_748_779_200_000,
    )  # fmt: skip
    acme.say(type="subscription_update", packageName=ACME, subscriptions=[])

    assert asked == [
        {"type": "request_single_location", "accuracy": "high", "correlationId": "poll_1"}
    ]
    [answer] = acme.messages()
    assert (answer["type"], answer["streamType"]) == ("data_stream", "location_update")
    assert answer["sessionId"] == f"ann-marie@x.org-{ACME}"
    assert answer["data"]["correlationId"] == "poll_1"
    assert (answer["data"]["lat"], answer["data"]["lng"]) == (52.5, 13.4)


def test_a_rate_is_told_to_the_phone_and_its_positions_to_the_app(stage: Stage):
    acme = stage.app(ACME)

    acme.say(
        type="subscription_update", packageName=ACME,
        subscriptions=[{"stream": "location_stream", "rate": "realtime"}, "calendar_event"],
    )  # fmt: skip
    tiers = stage.told("set_location_tier")
    stage.glasses.say(type="location_update", location={"lat": 1.5, "lng": 2.5})
    stage.glasses.say(type="calendar_event", id="7", title="Dinner", startDate="2025-06-01")

    assert tiers == [
        {"type": "set_location_tier", "sessionId": "ann-marie@x.org", "tier": "realtime"}
    ]
    position, entry = acme.messages()
    assert (position["streamType"], position["data"]["lat"]) == ("location_stream", 1.5)
    assert (entry["streamType"], entry["data"]["eventId"]) == ("calendar_event", "7")


def test_refusals_cost_neither_side_its_connection(stage: Stage):
    acme = stage.app()

    stage.glasses.say(type="location_update", lat=100, lng=0)
    acme.say(type="location_poll_request", accuracy="high", correlationId="")
    acme.say(type="dashboard_content_update", content="x" * 5000, modes=["main"])

    assert [one["code"] for one in stage.told("connection_error")] == ["INVALID_LOCATION"]
    assert [one["code"] for one in acme.messages()] == ["INVALID_POLL", "CONTENT_TOO_LONG"]
    assert [line.is_cut for line in (stage.glasses, acme)] == [False, False]
