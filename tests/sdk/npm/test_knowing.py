"""What apps of the npm SDK know: places, the device, settings, and what they keep."""

import pytest

from tests.sdk.npm.conftest import KEY
from tests.server.conftest import PATIENCE, wait_until

pytestmark = pytest.mark.slow


def test_where_the_wearer_is_now(session, phone):
    asked = []

    def phone_is_asked():
        asked.append(session.begin("location.getLatestLocation", {"accuracy": "realtime"}))
        session.settle()
        phone.settle()
        return [one for one in phone.heard.all() if one["type"] == "request_single_location"]

    wait_until(phone_is_asked, "what the test before this one said to be old")
    poll = phone.take("request_single_location", accuracy="realtime")
    phone.say("location_update", lat=1.5, lng=2.5, accuracy=3, correlationId=poll["correlationId"])
    here = asked[-1].result(PATIENCE)

    assert (here["lat"], here["lng"]) == (1.5, 2.5)


def test_where_the_wearer_was_a_moment_ago(session, phone):
    phone.say("location_update", lat=10.5, lng=20.5, accuracy=3)
    phone.settle()

    here = session.call("location.getLatestLocation", {"accuracy": "kilometer"})

    phone.settle()
    assert (here["lat"], here["lng"]) == (10.5, 20.5)
    assert not [one for one in phone.heard.all() if one["type"] == "request_single_location"]


def test_where_the_wearer_goes(session, phone):
    session.listen("location.subscribeToStream", {"accuracy": "realtime"}, name="moved")
    session.listen("on", "location_stream", name="stream")
    phone.take("set_location_tier", tier="realtime")

    phone.say("location_update", lat=4.5, lng=5.5, accuracy=1)

    session.heard("moved", lat=4.5)
    session.heard("stream", lat=4.5)
    session.call("location.unsubscribeFromStream")
    session.unlisten("stream")
    phone.take("set_location_tier", tier="reduced")


def test_the_state_of_the_device(session, phone):
    session.listen("device.state.batteryLevel.onChange", name="battery")
    session.listen("device.state.wifiSsid.onChange", name="ssid")

    phone.request("POST", "/api/client/device/state", {"batteryLevel": 34, "wifiSsid": "home"})

    session.heard("battery", 34)
    session.heard("ssid", "home")
    known = session.call("device.state.getSnapshot")
    assert (known["connected"], known["modelName"]) == (True, phone.glasses.model)
    phone.say("glasses_battery_update", level=33, charging=True)
    session.heard("battery", 33)
    assert session.get("device.state.charging.value") is True
    phone.request("POST", "/api/client/device/state", {"batteryLevel": 35, "wifiSsid": None})
    session.heard("battery", 35)


def test_other_glasses_can_do_other_things(session, phone):
    session.listen("events.onCapabilitiesUpdate")
    session.listen("onGlassesConnectionState", name="glasses")
    assert session.get("capabilities.hasCamera") is False

    phone.say("glasses_connection_state", modelName="Mentra Live", status="CONNECTED",
              wifi={"connected": True, "ssid": "home"})  # fmt: skip

    session.heard("events.onCapabilitiesUpdate", modelName="Mentra Live")
    session.heard("glasses", modelName="Mentra Live")
    assert session.get("capabilities.hasCamera") is True
    assert session.get("device.state.modelName.value") == "Mentra Live"
    assert session.call("getWifiStatus") == {"connected": True, "ssid": "home"}
    assert session.call("isWifiConnected") is True
    phone.say("glasses_connection_state", modelName=phone.glasses.model, status="CONNECTED")
    session.heard("events.onCapabilitiesUpdate", modelName=phone.glasses.model)
    assert session.call("getWifiStatus") is None


def change(phone, session, **values):
    changes = [{"key": key, "value": value} for key, value in values.items()]
    status, body = phone.request("POST", f"/appsettings/{session.app.package}", changes)
    assert status == 200, body


@pytest.fixture
def settings(session, phone):
    """Puts the app's settings back after the test."""
    yield
    change(phone, session, name="nobody", loud=False, size=5)
    session.settle()


def test_settings_have_their_defaults(session, settings):
    assert session.call("settings.get", "name") == "nobody"
    assert session.call("settings.get", "size", 7) == 5
    assert session.call("getSetting", "loud") is False
    assert session.call("settings.get", "other", "mine") == "mine"
    assert (session.call("settings.has", "name"), session.call("settings.has", "x")) == (
        True,
        False,
    )
    keys = [one["key"] for one in session.call("settings.getAll")]
    assert keys == [one["key"] for one in session.call("getSettings")] == ["name", "loud", "size"]
    assert session.call("settings.getSetting", "name")["value"] == "nobody"
    assert [one["value"] for one in session.call("settings.fetch")] == ["nobody", False, 5]


def test_a_change_of_one_setting_is_told_to_all_who_wait_for_it(session, phone, settings):
    session.listen("settings.onChange")
    session.listen("settings.onValueChange", "name", name="value")
    session.listen("settings.onValueChange", "loud", name="other")
    session.listen("events.onSettingsUpdate")
    session.listen("events.onSettingChange", "name", name="setting")

    change(phone, session, name="Bo")

    session.heard("value", "Bo", "nobody")
    (changes,) = session.heard("settings.onChange")
    session.heard("events.onSettingsUpdate")
    session.heard("setting", "Bo", None)
    assert changes == {"name": {"oldValue": "nobody", "newValue": "Bo"}}
    assert session.call("settings.get", "size") == 5
    assert not [one for one in session.app.told.all() if one.get("as") == "other"]


def test_the_users_own_settings_and_their_changes(session, phone, settings):
    for name in ("onMentraosChange", "onMentraosSettingsChange", "onMentraosSettingChange"):
        session.listen(f"settings.{name}", "metricSystemEnabled", name=name)
    before = session.call("settings.getMentraOS", "metricSystemEnabled")

    for value in (True, False):
        phone.request(
            "POST", "/api/client/user/settings", {"settings": {"metric_system_enabled": value}}
        )
        if value:
            for name in ("onMentraosChange", "onMentraosSettingsChange", "onMentraosSettingChange"):
                session.heard(name, True, False)
            assert session.call("settings.getMentraosSetting", "metricSystemEnabled") is True

    session.heard("onMentraosChange", False, True)
    assert before is False


def test_the_users_own_settings_survive_a_change_of_the_apps(session, phone, settings):
    session.listen("settings.onValueChange", "name", name="value")
    brightness = session.call("settings.getMentraOS", "brightness")

    change(phone, session, name="Cy")

    session.heard("value", "Cy", "nobody")
    session.settle()
    assert session.call("settings.getMentraOS", "brightness") == brightness == 50


def test_subscriptions_that_depend_on_settings(session, phone, settings):
    session.do("subscribeBySettings", args=[["loud"]])
    session.listen("settings.onValueChange", "loud", name="loud")

    change(phone, session, loud=True)

    session.heard("loud", True, False)
    session.heard("subscribing")


def test_what_the_app_declares(session):
    declared = session.call("getConfig")

    assert (declared["name"], declared["version"]) == ("Remote", "1.0.0")
    assert [one["value"] for one in session.call("getDefaultSettings")] == ["nobody", False, 5]
    assert session.call("getSettingSchema", "size")["max"] == 9


def test_what_the_app_keeps(session, phone):
    key = "odd key/with.dots$"
    session.call("simpleStorage.set", key, "1")
    session.call("simpleStorage.setMultiple", {"b": "2", "c": "3"})
    session.call("simpleStorage.flush")
    url = f"/api/sdk/simple-storage/{phone.user_id}"
    bearer = f"{session.app.package}:{KEY}"

    assert phone.request("GET", url, token=bearer)[1]["data"] == {key: "1", "b": "2", "c": "3"}
    assert session.call("simpleStorage.get", key) == "1"
    assert session.call("simpleStorage.hasKey", "b") is True
    assert (session.call("simpleStorage.size"), session.call("simpleStorage.keys")) == (
        3, [key, "b", "c"],
    )  # fmt: skip
    assert session.call("simpleStorage.delete", key) is True
    assert session.call("simpleStorage.getAllData") == {"b": "2", "c": "3"}
    assert phone.request("GET", url, token=bearer)[1]["data"] == {"b": "2", "c": "3"}
    assert session.call("simpleStorage.clear") is True
    assert phone.request("GET", url, token=bearer)[1]["data"] == {}
    assert phone.request("GET", url, token=f"{session.app.package}:wrong")[0] == 401


def test_who_the_session_is(session, phone, cloud):
    package = session.app.package
    assert session.call("getSessionId") == f"{phone.user_id}-{package}"
    assert session.call("getPackageName") == package
    assert session.call("getServerUrl") == f"ws://127.0.0.1:{cloud.port}/app-ws"
    assert session.call("getHttpsServerUrl") == f"https://127.0.0.1:{cloud.port}"
    assert session.get("userId") == phone.user_id


def test_a_tool_of_the_app(session, phone):
    status, body = phone.request(
        "POST", f"/api/tools/apps/{session.app.package}/tool",
        {"toolId": "tell", "toolParameters": {"a": 1}, "userId": phone.user_id,
         "timestamp": "2026-01-01T00:00:00Z"},
    )  # fmt: skip

    assert (status, body["status"]) == (200, "success")
    assert '"a":1' in body["reply"]
    assert '"active":true' in body["reply"]


def test_the_health_of_the_app(session, phone):
    status, body = phone.request(
        "POST", "/api/app-uptime/app-pkg-health-check", {"packageName": session.app.package}
    )

    assert (status, body["success"]) == (200, True)
