"""The user's settings and those of the apps, resolved."""

import msgspec
import pytest

from mentra.glasses.session import UserSession
from mentra.glasses.settings import DEFAULTS, request_settings, settings_manager
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
    }


def test_what_is_stored_beats_the_defaults(session):
    session.remember(msgspec.structs.replace(session.user, settings={"brightness": 7}))

    assert ISettings(session).mentraos() == {**DEFAULTS, "brightness": 7}


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
