"""The user's settings and those of the apps, resolved."""

import msgspec
import pytest

from mentra.glasses.session import UserSession
from mentra.glasses.settings.keys import DEFAULTS, with_rivals
from mentra.glasses.settings.manager import settings_manager
from mentra.glasses.settings.phone import request_settings
from mentra.interfaces.glasses import ISettings
from mentra.interfaces.stores import IAppStore
from mentra.messages.settings import RequestSettings, UserSettings
from mentra.records import App
from mentra.testing.house import FakeContext, house_with, session_in, success_of

APP = "com.acme.app"


@pytest.fixture
def house():
    return house_with(settings_manager)


@pytest.fixture
def session(house) -> UserSession:
    return session_in(house)


def declare(house, *settings) -> None:
    success_of(IAppStore(house).save(App(package_name=APP, settings=settings)))


def store(session: UserSession, **stored) -> None:
    session.remember(msgspec.structs.replace(session.user, app_settings={APP: stored}))


# -- the user's


def test_who_never_changed_anything_has_the_defaults(session):
    assert ISettings(session).mentraos() == {
        "useOnboardMic": False,
        "contextualDashboard": True,
        "headUpAngle": 20,
        "brightness": 50,
        "autoBrightness": False,
        "sensingEnabled": True,
        "alwaysOnStatusBar": False,
        "bypassVad": False,
        "bypassAudioEncoding": False,
        "metricSystemEnabled": False,
        "preferredMic": "auto",
        "userTimezone": None,
    }


def test_what_is_stored_beats_the_defaults(session):
    session.remember(msgspec.structs.replace(session.user, settings={"brightness": 7}))

    assert ISettings(session).mentraos() == {**DEFAULTS, "brightness": 7}


def known(session: UserSession, **stored) -> dict[str, object]:
    """What apps see that is not the default."""
    session.remember(msgspec.structs.replace(session.user, settings=stored))
    mentraos = ISettings(session).mentraos()
    return {key: value for key, value in mentraos.items() if DEFAULTS.get(key, ...) != value}


@pytest.mark.parametrize(
    ("stored", "name", "value"),
    [
        ("metric_system", "metricSystemEnabled", True),
        ("metric_system_enabled", "metricSystemEnabled", True),
        ("metricSystemEnabled", "metricSystemEnabled", True),
        ("contextual_dashboard", "contextualDashboard", False),
        ("head_up_angle", "headUpAngle", 45),
        ("brightness", "brightness", 7),
        ("auto_brightness", "autoBrightness", True),
        ("sensing_enabled", "sensingEnabled", False),
        ("always_on_status_bar", "alwaysOnStatusBar", True),
        ("bypass_vad_for_debugging", "bypassVad", True),
        ("bypass_audio_encoding_for_debugging", "bypassAudioEncoding", True),
        ("timezone", "userTimezone", "Europe/Berlin"),
        ("dashboard_height", "dashboardHeight", 4),
        ("dashboard_depth", "dashboardDepth", 2),
    ],
)
def test_what_phones_store_is_seen_by_apps_under_its_own_name(session, stored, name, value):
    assert known(session, **{stored: value}) == {name: value}


@pytest.mark.parametrize(
    "stored",
    [{"brightness": "bright"}, {"brightness": True}, {"metric_system": 1}, {"timezone": 2},
     {"preferred_mic": 3}, {"useOnboardMic": "yes"}, {"anything": {"else": []}}],
)  # fmt: skip
def test_what_is_of_the_wrong_kind_is_not_seen(session, stored):
    assert known(session, **stored) == {}


def test_the_microphone_of_the_glasses_in_use_is_the_preferred_one(session):
    everything = {
        "default_wearable": "Mentra Live",
        "preferred_mic": "phone",
        "preferred_mic:Mentra Live": "glasses",
        "preferred_mic:Vuzix Z100": "bluetooth",
    }

    assert known(session, **everything) == {"preferredMic": "glasses", "useOnboardMic": True}


def test_without_a_microphone_for_these_glasses_the_general_one_counts(session):
    assert known(session, preferred_mic="phone") == {"preferredMic": "phone"}


def test_an_older_phones_choice_of_microphone_counts_while_there_is_no_other(session):
    assert known(session, useOnboardMic=True) == {"useOnboardMic": True}


def test_a_change_takes_the_place_of_the_settings_other_names():
    stored = {"metric_system": True, "metricSystemEnabled": True, "other": 1}

    assert with_rivals({"metric_system_enabled": False}, stored) == {
        "metric_system": None, "metricSystemEnabled": None, "metric_system_enabled": False
    }  # fmt: skip


def test_older_and_newer_choices_of_a_microphone_replace_each_other():
    newer = {"preferred_mic": "phone", "preferred_mic:Mentra Live": "phone"}

    assert with_rivals({"useOnboardMic": True}, newer) == {
        "useOnboardMic": True, "preferred_mic": None, "preferred_mic:Mentra Live": None
    }  # fmt: skip
    assert with_rivals({"preferred_mic": "phone"}, {"useOnboardMic": True}) == {
        "preferred_mic": "phone", "useOnboardMic": None
    }  # fmt: skip


def test_an_older_phone_is_answered(session):
    answer = request_settings.handle(RequestSettings(), FakeContext(None, session=session))

    assert answer == UserSettings(session_id="ann@x.org", settings=dict(DEFAULTS))


# -- an app's


def test_an_app_nobody_knows_has_none(session):
    assert ISettings(session).of_app(APP) == []


def test_every_declared_field_is_there_and_the_default_is_the_value(house, session):
    declared = {
        "type": "slider",
        "key": "size",
        "label": "Size",
        "min": 1,
        "max": 9,
        "defaultValue": 4,
    }
    declare(house, declared)

    assert ISettings(session).of_app(APP) == [{**declared, "value": 4}]


def test_the_stored_value_beats_the_default_even_if_it_is_false(house, session):
    declare(house, {"type": "toggle", "key": "on", "label": "On", "defaultValue": True})
    store(session, on=False)

    assert ISettings(session).of_app(APP)[0]["value"] is False


def test_without_any_value_it_is_null(house, session):
    declare(house, {"type": "text", "key": "name", "label": "Name"})

    assert ISettings(session).of_app(APP) == [
        {"type": "text", "key": "name", "label": "Name", "value": None}
    ]


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "group", "title": "More"},
        {"type": "titleValue", "label": "Version", "value": "1"},
        {"type": "titleValue", "key": "version", "label": "Version", "value": "1"},
        {"type": "text", "key": "", "label": "Nameless"},
        {"type": "text", "key": 3, "label": "Number"},
    ],
)
def test_what_has_no_value_is_left_out(house, session, entry):
    declare(house, entry, {"type": "text", "key": "name", "label": "Name", "defaultValue": "a"})

    assert [one["key"] for one in ISettings(session).of_app(APP)] == ["name"]


def test_what_is_stored_and_not_declared_any_more_comes_last(house, session):
    declare(house, {"type": "text", "key": "name", "label": "Name", "defaultValue": "a"})
    store(session, old=[1, 2], name="b")

    assert ISettings(session).of_app(APP) == [
        {"type": "text", "key": "name", "label": "Name", "defaultValue": "a", "value": "b"},
        {"key": "old", "value": [1, 2]},
    ]


def test_the_declaration_is_not_touched(house, session):
    declare(house, {"type": "text", "key": "name", "label": "Name", "defaultValue": "a"})

    ISettings(session).of_app(APP)[0]["label"] = "changed"

    assert "value" not in IAppStore(house).get(APP).settings[0]
    assert IAppStore(house).get(APP).settings[0]["label"] == "Name"
