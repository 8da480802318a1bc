"""What is known of the glasses, who is told, and which apps fit."""

from typing import Any

import msgspec
import pytest

from mentra.config import load
from mentra.errors import ConfigError, Denied
from mentra.events import DeviceChanged
from mentra.extension import listener
from mentra.glasses.apps.manager import apps
from mentra.glasses.apps.wishes import drop_unfit_apps
from mentra.glasses.capabilities import FLAGS, DeviceSettings, profiles, profiles_component
from mentra.glasses.device import (
    MAX_TEXT,
    device_manager,
    device_state,
    glasses_battery_update,
    glasses_connection_state,
)
from mentra.glasses.session import UserSession
from mentra.house import House
from mentra.interfaces.glasses import IApps, IDevice, IRelay
from mentra.interfaces.profiles import IProfiles
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.device import (
    CapabilitiesUpdate,
    DeviceStateUpdate,
    GlassesBatteryUpdate,
    GlassesConnectionState,
)
from mentra.records import App, HardwareRequirement
from mentra.testing.glasses import NEIGHBOURS, FakeAddress, fake_device, fake_relay
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps

heard: list[DeviceChanged] = []


@listener(DeviceChanged)
def keep(event: DeviceChanged, session: Any) -> None:
    heard.append(event)


@pytest.fixture
def house() -> House:
    heard.clear()
    return house_with(device_manager, profiles_component, fake_apps, fake_relay, keep)


@pytest.fixture
def session(house: House) -> UserSession:
    return session_in(house)


@pytest.fixture
def app(session: UserSession) -> FakePeer:
    return IApps(session).run("com.acme.app")


def say(session: UserSession, status: str, raw: bytes = b"", **fields: Any) -> None:
    message = GlassesConnectionState(status=status, raw=raw, **fields)
    glasses_connection_state.handle(message, FakeContext(None, session=session))


def states(peer: FakePeer) -> list[dict[str, Any]]:
    return [one.state for one in peer.take() if isinstance(one, DeviceStateUpdate)]


def needing(*types: str, level: str = "REQUIRED") -> App:
    wanted = tuple(HardwareRequirement(type=one, level=level) for one in types)
    return App(package_name="com.acme.app", hardware_requirements=wanted)


# -- state


def test_a_snapshot_always_says_whether_and_which(session):
    assert IDevice(session).state() == {"connected": False, "modelName": None}


def test_a_snapshot_is_a_copy(session):
    IDevice(session).state()["modelName"] = "Mentra Live"

    assert IDevice(session).state()["modelName"] is None


def test_running_apps_are_told_what_changed_under_their_own_session_id(session, app):
    other = IApps(session).run("org.b")

    IDevice(session).update({"batteryLevel": 80, "connected": False})

    assert app.sent == [
        DeviceStateUpdate(session_id="ann@x.org-com.acme.app", state={"batteryLevel": 80})
    ]
    assert other.sent == [
        DeviceStateUpdate(session_id="ann@x.org-org.b", state={"batteryLevel": 80})
    ]


def test_nothing_new_is_told_to_nobody(session, app):
    IDevice(session).update({"modelName": "Mentra Live", "batteryLevel": 80})
    app.take()
    heard.clear()

    IDevice(session).update({"modelName": "Mentra Live", "batteryLevel": 80, "connected": True})

    assert app.sent == []
    assert heard == []


def test_what_is_told_to_be_unknown_and_was_is_no_news(session, app):
    IDevice(session).update({"wifiSsid": None, "modelName": None})

    assert app.sent == []


@pytest.mark.parametrize(
    ("model", "connected"), [("Mentra Live", True), ("", False), (None, False)]
)
def test_being_connected_is_inferred_from_the_model(session, model, connected):
    IDevice(session).update({"modelName": "Even Realities G1"})

    IDevice(session).update({"modelName": model})

    assert IDevice(session).state()["connected"] is connected


def test_the_inferred_field_is_told_too(session, app):
    IDevice(session).update({"modelName": "Mentra Live"})

    assert states(app) == [{"modelName": "Mentra Live", "connected": True}]


def test_what_is_said_of_the_connection_beats_what_could_be_inferred(session):
    IDevice(session).update({"modelName": "Mentra Live", "connected": False})

    assert IDevice(session).state() == {"connected": False, "modelName": "Mentra Live"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shoeSize", 42),
        ("batteryLevel", "full"),
        ("batteryLevel", True),
        ("charging", 1),
        ("modelName", ["Mentra Live"]),
        ("modelName", "x" * (MAX_TEXT + 1)),
        ("connected", None),
    ],
)
def test_what_no_glasses_have_is_left_out(session, app, name, value):
    IDevice(session).update({name: value, "serialNumber": "7"})

    assert states(app) == [{"serialNumber": "7"}]
    assert IDevice(session).state() == {
        "connected": False,
        "modelName": None,
        "serialNumber": "7",
    }


# -- arrival


def test_glasses_that_arrive_bring_their_capabilities(session, app):
    IDevice(session).update({"modelName": "Even Realities G1"})

    assert [type(one) for one in app.sent] == [DeviceStateUpdate, CapabilitiesUpdate]
    assert app.sent[1] == CapabilitiesUpdate(
        capabilities=profiles()["Even Realities G1"], model_name="Even Realities G1"
    )


def test_everybody_is_sent_the_same_capabilities(session, app):
    other = IApps(session).run("org.b")

    IDevice(session).update({"modelName": "Even Realities G1"})

    assert app.sent[1] is other.sent[1]


def test_an_unknown_model_can_do_nobody_knows_what(session, app):
    IDevice(session).update({"modelName": "Brilliant Frame"})

    assert app.sent[1] == CapabilitiesUpdate(capabilities=None, model_name="Brilliant Frame")


def test_arrival_is_announced_once_after_the_apps_were_told(session, app):
    IDevice(session).update({"modelName": "Mentra Live"})
    IDevice(session).update({"modelName": "Even Realities G1"})
    IDevice(session).update({"batteryLevel": 3})

    assert heard == [
        DeviceChanged({"modelName": "Mentra Live", "connected": True}, True, True),
        DeviceChanged({"modelName": "Even Realities G1"}, True, True),
        DeviceChanged({"batteryLevel": 3}, True, False),
    ]


def test_glasses_that_leave_are_a_state_and_no_capabilities(session, app):
    say(session, "CONNECTED", model_name="Mentra Live")
    app.take()
    heard.clear()

    say(session, "DISCONNECTED", model_name="Mentra Live")

    assert app.sent == [
        DeviceStateUpdate(
            session_id="ann@x.org-com.acme.app", state={"connected": False, "modelName": None}
        )
    ]
    assert heard == [DeviceChanged({"connected": False, "modelName": None}, False, False)]


def test_a_model_that_comes_back_arrives_again(session, app):
    say(session, "CONNECTED", model_name="Mentra Live")
    say(session, "DISCONNECTED")
    app.take()

    say(session, "RECONNECTED", model_name="Mentra Live")

    assert [type(one) for one in app.sent] == [DeviceStateUpdate, CapabilitiesUpdate]


def test_a_closed_app_costs_the_others_nothing(session, app):
    other = IApps(session).run("org.b")
    app.alive = False

    IDevice(session).update({"modelName": "Mentra Live"})

    assert len(other.sent) == 2


# -- what the phone says


def test_the_phone_tells_of_the_wifi_too(session):
    say(session, "CONNECTED", model_name="Mentra Live", wifi={"connected": True, "ssid": "home"})

    state = IDevice(session).state()
    assert (state["wifiConnected"], state["wifiSsid"]) == (True, "home")


def test_a_wifi_that_is_gone_has_no_name(session):
    say(session, "CONNECTED", model_name="Mentra Live", wifi={"connected": True, "ssid": "home"})

    say(session, "CONNECTED", model_name="Mentra Live", wifi={"connected": False})

    state = IDevice(session).state()
    assert (state["wifiConnected"], state["wifiSsid"]) == (False, None)


def test_the_connection_is_relayed_as_it_came(session):
    say(session, "CONNECTED", b'{"type":"glasses_connection_state","extra":1}')

    assert IRelay(session).relayed == [
        ("glasses_connection_state", b'{"type":"glasses_connection_state","extra":1}')
    ]


def battery(session: UserSession, level: float, charging: bool = False) -> None:
    message = GlassesBatteryUpdate(level=level, charging=charging, raw=b"{}")
    glasses_battery_update.handle(message, FakeContext(None, session=session))


def test_the_battery_is_kept_and_relayed(session):
    battery(session, 80.0, True)

    state = IDevice(session).state()
    assert (state["batteryLevel"], state["charging"]) == (80, True)
    assert isinstance(state["batteryLevel"], int)
    assert IRelay(session).relayed == [("glasses_battery_update", b"{}")]


@pytest.mark.parametrize("level", [-1.0, 101.0])
def test_a_level_that_is_none_is_not_kept(session, level):
    battery(session, level)

    assert "batteryLevel" not in IDevice(session).state()


# -- what fits


def test_what_the_glasses_lack_is_missing(session):
    IDevice(session).update({"modelName": "Even Realities G1"})

    lacking = IDevice(session).missing(needing("CAMERA", "DISPLAY", "WIFI"))

    assert lacking == ("CAMERA", "WIFI")


def test_what_is_optional_is_never_missing(session):
    IDevice(session).update({"modelName": "Even Realities G1"})

    assert IDevice(session).missing(needing("CAMERA", level="OPTIONAL")) == ()


@pytest.mark.parametrize("model", [None, "Mentra Nex"])
def test_as_long_as_nobody_knows_everything_fits(session, model):
    IDevice(session).update({"modelName": model})

    assert IDevice(session).missing(needing("CAMERA")) == ()


@pytest.mark.parametrize("kind", ["MICROPHONE", "EXIST", "SMELL"])
def test_the_phone_has_a_microphone_and_unknown_wishes_count_as_met(session, kind):
    IDevice(session).update({"modelName": "Vuzix Z100"})

    assert IDevice(session).missing(needing(kind)) == ()


# -- profiles


@pytest.mark.parametrize(
    "model",
    [
        "Demo Glasses",
        "Even Realities G1",
        "Even Realities G2",
        "Mentra Live",
        "Mentra Mach1",
        "None",
        "Simulated Glasses",
        "Vuzix Z100",
    ],
)
def test_every_profile_answers_for_all_hardware(model):
    profile = profiles()[model]

    assert profile["modelName"] == model
    for flag in (*FLAGS.values(), "hasMicrophone"):
        assert isinstance(profile[flag], bool), flag
        detail = flag.removeprefix("has").lower()
        if detail != "wifi" and not profile[flag]:
            assert profile[detail] is None, flag
    assert profile["power"] == {"hasExternalBattery": False}


def test_no_profile_is_unheard_of():
    assert len(profiles()) == 8


PAPER = {"modelName": "Paper Glasses", "paper": {"ply": 2}} | dict.fromkeys(
    (*FLAGS.values(), "hasMicrophone"), False
)


def test_a_sysadmin_can_describe_further_glasses_and_describe_known_ones_anew(tmp_path):
    camera = profiles()["Mentra Live"] | {"hasCamera": False, "camera": None}
    for name, profile in {"paper": PAPER, "live": camera}.items():
        (tmp_path / f"{name}.json").write_bytes(msgspec.json.encode(profile))
    (tmp_path / "README").write_text("no profile")
    house = house_with(profiles_component, sections=[DeviceSettings(profiles=str(tmp_path))])

    found = IProfiles(house)

    assert found.of("Paper Glasses") == PAPER
    assert found.of("Mentra Live") == camera
    assert found.of("Vuzix Z100") == profiles()["Vuzix Z100"]
    assert (found.of("Nobody's"), found.of(None)) == (None, None)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "mine.json is no profile"),
        (b"[]", "mine.json is no profile"),
        (b'{"modelName":"x"}', "hasCamera"),
        (msgspec.json.encode(PAPER | {"modelName": ""}), "modelName"),
        (b" " * 70_000, "70000 bytes"),
        (b"[" * 50_000, "mine.json is no profile"),
    ],
)
def test_a_file_that_is_no_profile_is_named_before_anything_listens(tmp_path, content, problem):
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "mine.json").write_bytes(content)
    (tmp_path / "mentra.toml").write_text(f'[device]\nprofiles = "{folder}"\n')

    with pytest.raises(ConfigError, match=problem):
        load(environ={}, cwd=tmp_path)


@pytest.mark.parametrize("folder", ["profiles", "/no/such/folder"])
def test_a_folder_that_cannot_be_read_is_named_too(tmp_path, folder):
    (tmp_path / "mentra.toml").write_text(f'[device]\nprofiles = "{folder}"\n')

    with pytest.raises(ConfigError, match=folder):
        load(environ={}, cwd=tmp_path)


# -- what is remembered


def test_models_are_remembered_once_each(house, session):
    for model in ("Mentra Live", "Paper Glasses", "Mentra Live", None):
        IDevice(session).update({"modelName": model})

    stored = success_of(IUserStore(house).load("ann@x.org"))
    assert stored.glasses_models == session.user.glasses_models == ("Mentra Live", "Paper Glasses")


def test_a_session_ends_when_its_models_are_stored(house, session):
    assert success_of(ISessions(house).end(session, "over")) is None


# -- over HTTP


def post(house: House, body: bytes, user_id: str = "ann@x.org") -> Any:
    call = FakeCall(house, user_id=user_id)
    call.body = msgspec.json.decode(body, type=device_state.body)
    return msgspec.to_builtins(device_state.handle(call))


def test_the_phone_can_say_it_over_http(house, session, app):
    answer = post(house, b'{"connected":true,"modelName":"Vuzix Z100","batteryLevel":80,"x":1}')

    assert answer == {
        "success": True,
        "appliedState": {
            "isGlassesConnected": True,
            "isPhoneConnected": True,
            "modelName": "Vuzix Z100",
            "capabilities": profiles()["Vuzix Z100"],
        },
        "timestamp": "2025-06-01T12:00:00.000Z",
    }
    assert states(app) == [{"connected": True, "modelName": "Vuzix Z100", "batteryLevel": 80}]


def test_over_http_glasses_that_leave_keep_their_model_and_what_it_can_do(house, session):
    post(house, b'{"modelName":"Vuzix Z100"}')

    applied = post(house, b'{"connected":false}')["appliedState"]

    assert (applied["isGlassesConnected"], applied["modelName"]) == (False, "Vuzix Z100")
    assert applied["capabilities"] == profiles()["Vuzix Z100"]


def test_without_a_session_there_is_no_device(house, session):
    with pytest.raises(Denied) as denied:
        post(house, b"{}", "bob@x.org")

    assert denied.value.status == 401
    assert denied.value.body["error"] == "No active session found"


def test_other_glasses_stop_an_app_that_needs_what_they_lack():
    neighbours = [one for one in NEIGHBOURS if one is not fake_device]
    house = house_with(
        device_manager,
        profiles_component,
        apps,
        drop_unfit_apps,
        *neighbours,
        parts={IPublicAddress: FakeAddress()},
    )
    success_of(IAppStore(house).save(needing("CAMERA")))
    session = session_in(house)
    IDevice(session).update({"modelName": "Mentra Live"})
    IApps(session).start("com.acme.app")
    assert IApps(session).state("com.acme.app") == "connecting"

    IDevice(session).update({"modelName": "Even Realities G1"})

    assert IApps(session).state("com.acme.app") == "stopped"
