"""A server that is stopped, or dies, and comes back on what it kept."""

import signal

import pytest

from tests.sdk.npm.apps import put_on
from tests.sdk.npm.conftest import SDKS
from tests.server.conftest import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(params=SDKS, ids=["2", "3"])
def worn(other_cloud, request):
    """The session of an app that runs, and the phone."""
    name = "three" if request.param == SDKS[1] else "two"
    package = f"com.example.again-{name}"
    app = other_cloud.once(package, lambda: other_cloud.app(request.param, package))

    def first():
        phone = other_cloud.phone(f"ann-{name}@ex-ample.org")
        phone.connect()
        other_cloud.install(app, phone)
        return phone

    phone = other_cloud.once(name, first)
    return put_on(phone, app), phone


def change_name(session, phone, name):
    change = [{"key": "name", "value": name}]
    phone.request("POST", f"/appsettings/{session.app.package}", change)


def test_sessions_and_apps_come_back_when_the_glasses_do(other_cloud, worn):
    session, phone = worn
    change_name(session, phone, "Ann")

    other_cloud.running.stop()
    session.told("disconnected")
    other_cloud.start()
    phone.take("connection_ack")
    session.told("session")

    session.listen("onButtonPress")
    phone.say("button_press", buttonId="main", pressType="short")
    session.heard("onButtonPress")
    session.call("layouts.showTextWall", "here again")
    phone.shown("here again")
    assert session.call("settings.get", "name") == "Ann"


def test_they_come_back_after_a_server_that_died(other_cloud, worn):
    session, phone = worn
    change_name(session, phone, "Bea")

    other_cloud.running.stop(signal.SIGKILL)
    session.told("disconnected")
    other_cloud.start()
    phone.take("connection_ack")

    def shown():
        # called by the new server or by itself, whichever is sooner
        session.call("layouts.showTextWall", "alive")
        heard = [one["layout"].get("text") for one in phone.heard.all() if "layout" in one]
        return "alive" in heard

    wait_until(shown, "the app to be back")
    assert phone.is_running(session.app.package)
    assert session.call("settings.get", "name") == "Bea"
