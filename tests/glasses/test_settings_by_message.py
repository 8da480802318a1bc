"""Settings that phones change by message: kept, and told to every running app."""

import json
from typing import Any

import pytest

from mentra.events import UserSettingsChanged
from mentra.extension import listener
from mentra.glasses.session import UserSession
from mentra.glasses.settings.keys import DEFAULTS
from mentra.glasses.settings.manager import settings_manager
from mentra.glasses.settings.phone import (
    core_status_update,
    settings_update_request,
    wearable_changed,
    wearable_of_new_session,
)
from mentra.glasses.settings.section import SettingsSettings
from mentra.interfaces.glasses import IApps, IDevice, IRelay
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IUserStore
from mentra.messages.settings import (
    CoreStatusUpdate,
    MentraosSettingsUpdate,
    SettingsChanged,
    SettingsNotChanged,
    SettingsUpdateRequest,
)
from mentra.testing.glasses import fake_device, fake_relay
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.running_apps import fake_apps

ANN = "ann@x.org"
APP = "com.acme.app"

heard: list[UserSettingsChanged] = []


@listener(UserSettingsChanged)
def keep(event: UserSettingsChanged, session: Any) -> None:
    heard.append(event)


@pytest.fixture
def house():
    heard.clear()
    return house_with(
        settings_manager, fake_apps, fake_relay, fake_device, keep, wearable_changed,
        wearable_of_new_session, sections=[SettingsSettings(max_user=2000)],
    )  # fmt: skip


@pytest.fixture
def session(house) -> UserSession:
    return session_in(house)


def ask(session: UserSession, house, **fields: Any) -> object:
    raw = json.dumps({"type": "settings_update_request", **fields}).encode()
    message = SettingsUpdateRequest(settings=fields.get("settings"), raw=raw)
    answer = settings_update_request.handle(message, FakeContext(house, session))
    return success_of(answer)


def report(session: UserSession, house, status: object) -> None:
    message = CoreStatusUpdate(status=status, raw=b"{}")
    kept = core_status_update.handle(message, FakeContext(house, session))
    if kept is not None:
        success_of(kept)


def stored(house) -> dict[str, Any]:
    return success_of(IUserStore(house).load(ANN)).settings


def full(**changed: Any) -> dict[str, Any]:
    return {**DEFAULTS, **changed}


# -- settings_update_request


def test_an_older_phone_changes_settings_and_hears_all_of_them(session, house):
    answer = ask(session, house, settings={"brightness": 7, "mine": [1]})

    assert answer == SettingsChanged(
        message="Settings updated successfully", settings=full(brightness=7)
    )
    assert stored(house) == session.user.settings == {"brightness": 7, "mine": [1]}


def test_settings_may_stand_beside_the_type_too(session, house):
    ask(session, house, metricSystemEnabled=True, sessionId=ANN)

    assert stored(house) == {"metricSystemEnabled": True}


def test_every_running_app_hears_all_settings_once(session, house):
    apps = [IApps(session).run(name) for name in (APP, "org.other")]

    ask(session, house, settings={"brightness": 7, "headUpAngle": 30})

    for peer, name in zip(apps, (APP, "org.other"), strict=True):
        assert peer.sent == [
            MentraosSettingsUpdate(
                session_id=f"{ANN}-{name}", settings=full(brightness=7, headUpAngle=30)
            )
        ]


def test_apps_hear_nothing_of_what_is_no_news_to_them(session, house):
    peer = IApps(session).run(APP)

    ask(session, house, settings={"brightness": 50, "only_the_phones": 1})

    assert peer.sent == []


def test_listeners_hear_what_changed_and_nothing_else(session, house):
    ask(session, house, settings={"brightness": 7, "old": 1})
    ask(session, house, settings={"brightness": 7, "old": None})

    assert heard == [
        UserSettingsChanged({"brightness": 7, "old": 1}), UserSettingsChanged({"old": None})
    ]  # fmt: skip


def test_subscribers_hear_the_request_itself(session, house):
    ask(session, house, settings={})

    [(stream, raw)] = IRelay(session).relayed
    assert (stream, json.loads(raw)["type"]) == ("settings_update_request",) * 2


@pytest.mark.parametrize("settings", [{"": 1}, {"k" * 201: 1}, {"k": "v" * 3000}])
def test_what_cannot_be_kept_is_refused_and_changes_nothing(session, house, settings):
    answer = ask(session, house, settings=settings)

    assert isinstance(answer, SettingsNotChanged)
    assert stored(house) == {}


# -- core_status_update

STATUS = {
    "core_info": {
        "force_core_onboard_mic": True,
        "contextual_dashboard_enabled": False,
        "metric_system_enabled": True,
        "sensing_enabled": False,
        "always_on_status_bar_enabled": True,
        "bypass_vad_for_debugging": True,
        "bypass_audio_encoding_for_debugging": True,
    },
    "connected_glasses": {"model_name": "Even Realities G1", "head_up_angle": 33},
    "glasses_settings": {
        "brightness": 12,
        "auto_brightness": True,
        "dashboard_height": 4,
        "dashboard_depth": 5,
    },
}
SEEN = {
    "useOnboardMic": True,
    "contextualDashboard": False,
    "metricSystemEnabled": True,
    "sensingEnabled": False,
    "alwaysOnStatusBar": True,
    "bypassVad": True,
    "bypassAudioEncoding": True,
    "headUpAngle": 33,
    "brightness": 12,
    "autoBrightness": True,
    "dashboardHeight": 4,
    "dashboardDepth": 5,
}


@pytest.mark.parametrize(
    "status", [STATUS, {"status": STATUS}, json.dumps(STATUS), json.dumps({"status": STATUS})]
)
def test_settings_in_a_phones_status_are_kept_and_told(session, house, status):
    peer = IApps(session).run(APP)

    report(session, house, status)

    assert [one.settings for one in peer.sent] == [full(**SEEN)]
    assert stored(house)["head_up_angle"] == 33


def test_the_angle_may_stand_with_the_glasses_settings(session, house):
    report(session, house, {
        "core_info": {}, "connected_glasses": {}, "glasses_settings": {"head_up_angle": 12},
    })  # fmt: skip

    assert stored(house) == {"head_up_angle": 12}


def test_the_same_status_again_changes_nothing(session, house):
    report(session, house, STATUS)
    peer = IApps(session).run(APP)

    again = core_status_update.handle(CoreStatusUpdate(status=STATUS), FakeContext(house, session))

    assert again is None
    assert peer.sent == []


def test_what_a_status_leaves_out_keeps_its_value(session, house):
    ask(session, house, settings={"brightness": 7})

    report(session, house, {"core_info": {"sensing_enabled": False}, "connected_glasses": {}})

    assert stored(house) == {"brightness": 7, "sensing_enabled": False}


def test_of_two_ways_to_write_the_newer_wins(session, house):
    ask(session, house, settings={"metric_system": False, "preferred_mic": "phone"})

    report(session, house, STATUS)

    assert "preferred_mic" not in stored(house)
    assert session.user.settings["metric_system"] is True
    assert session.user.settings["useOnboardMic"] is True


@pytest.mark.parametrize(
    "status",
    [None, 1, "no json", "[" * 5000, [], {}, {"core_info": {}}, {"connected_glasses": {}},
     {"core_info": [], "connected_glasses": {}},
     {"core_info": {"sensing_enabled": "no"}, "connected_glasses": {"head_up_angle": True}}],
)  # fmt: skip
def test_a_status_that_says_nothing_changes_nothing_and_is_passed_on(session, house, status):
    report(session, house, status)

    assert stored(house) == {}
    assert IRelay(session).relayed == [("core_status_update", b"{}")]


# -- the model that the phone was paired with


def test_glasses_that_were_paired_are_known_but_not_connected(session, house):
    ask(session, house, settings={"default_wearable": "Mentra Live"})

    assert IDevice(session).fields == {"connected": False, "modelName": "Mentra Live"}


def test_a_new_session_knows_what_the_phone_was_paired_with(house):
    users = IUserStore(house)
    success_of(users.create("bob@x.org"))
    success_of(users.save_settings("bob@x.org", {"default_wearable": "Vuzix Z100"}))

    bob = session_in(house, "bob@x.org")

    assert IDevice(bob).fields["modelName"] == "Vuzix Z100"


@pytest.mark.parametrize("model", [None, "", 7])
def test_what_is_no_model_is_not_taken_for_one(session, house, model):
    ask(session, house, settings={"default_wearable": model})

    assert IDevice(session).fields["modelName"] is None


def test_nothing_of_one_users_settings_reaches_another_users_apps(session, house):
    bob = session_in(house, "bob@x.org")
    peer = IApps(bob).run(APP)

    ask(session, house, settings={"brightness": 7})

    assert peer.sent == []
    assert bob.user.settings == {}
    assert ISessions(house).get(ANN) is session
