"""The dashboard as an app of the npm SDK."""

import pytest

from tests.sdk.npm.apps import AppSession, put_on
from tests.sdk.npm.conftest import SDKS

pytestmark = pytest.mark.slow
PACKAGE = "system.augmentos.dashboard"


@pytest.fixture(scope="module")
def dashboard(other_cloud):
    """The session of the dashboard, which starts with the user's."""
    app = other_cloud.app(SDKS[0], PACKAGE, appType="system_dashboard")
    phone = other_cloud.phone("dee-dee@ex-ample.org")
    phone.connect()
    session = AppSession(app, phone)
    session.told("session")
    return session


def corners(frame):
    return frame["layout"]["topText"], frame["layout"]["bottomText"]


def test_it_starts_with_the_session_and_fills_the_corners(dashboard):
    phone = dashboard.phone
    for method in ("setTopLeft", "setTopRight", "setBottomLeft", "setBottomRight"):
        dashboard.call(f"dashboard.system.{method}", method.removeprefix("set"))

    for _ in range(3):
        phone.take("display_event", view="dashboard")
    whole = corners(phone.take("display_event", view="dashboard"))

    assert whole == ("TopLeft\nBottomLeft", "TopRight\nBottomRight")


def test_apps_are_told_of_its_mode(other_cloud, dashboard):
    phone = dashboard.phone
    other = other_cloud.app(SDKS[1], "com.example.beside")
    other_cloud.install(other, phone)
    session = put_on(phone, other)
    session.listen("dashboard.content.onModeChange", name="mode")
    session.listen("events.onDashboardModeChange", name="event")
    session.call("dashboard.content.writeToExpanded", "all of it")

    dashboard.call("dashboard.system.setViewMode", "expanded")

    session.heard("mode", "expanded")
    session.heard("event", mode="expanded")
    assert session.call("dashboard.content.getCurrentMode") == "expanded"
    phone.settle()
    drawn = [one for one in phone.heard.all() if one.get("view") == "dashboard"]
    assert drawn[-1]["layout"]["text"].endswith("all of it")
