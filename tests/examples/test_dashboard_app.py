"""The sample dashboard, on a real phone's words."""

import asyncio
import importlib.util
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.fake_cloud import PATIENCE, FakeCloud, fake_cloud

PACKAGE = "system.augmentos.dashboard"
FILE = Path(__file__).parents[2] / "examples" / "dashboard_app" / "dashboard.py"
NOON = datetime(2025, 6, 1, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def dashboard() -> Any:
    """The example as a module; it is in no package."""
    spec = importlib.util.spec_from_file_location("example_dashboard", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Wearer:
    """A cloud with the dashboard running, and what it has in its corners."""

    def __init__(self, cloud: FakeCloud) -> None:
        self.cloud = cloud

    def corners(self) -> dict[str, str]:
        filled = [one for one in self.cloud.from_apps if one["type"] == "dashboard_system_update"]
        return {one["section"]: one["content"] for one in filled}

    async def sees(self, **corners: str) -> None:
        await self.cloud.until(lambda: corners.items() <= self.corners().items())

    async def tells(self, stream: str, **data: Any) -> None:
        event = {"type": "data_stream", "streamType": stream, "data": data}
        await self.cloud.to_app(event)


def worn(module: Any, act: Callable[[Wearer], Awaitable[None]], **settings: Any) -> None:
    """Run *act* with a wearer of the dashboard."""

    async def scenario() -> None:
        app = module.Dashboard(PACKAGE, "key", port=0, now=lambda: NOON)
        async with fake_cloud() as cloud:
            cloud.ack["mentraosSettings"] = {"userTimezone": "Europe/Berlin", **settings}
            await app.start()
            url = f"http://127.0.0.1:{app.port}"
            await cloud.post(f"{url}/webhook", cloud.session_request(PACKAGE))
            try:
                async with asyncio.timeout(PATIENCE):
                    await act(Wearer(cloud))
                    await cloud.post(f"{url}/webhook", cloud.stop_request(PACKAGE))
                assert app.sessions == {}
            finally:
                await app.stop()

    asyncio.run(scenario())


def test_the_time_is_the_wearers(dashboard):
    worn(dashboard, lambda wearer: wearer.sees(topLeft="14:00", bottomLeft=""))


@pytest.mark.parametrize("zone", ["Nowhere/Else", "", None, 7])
def test_a_time_zone_that_is_none_is_the_servers(dashboard, zone):
    here = f"{NOON.astimezone():%H:%M}"

    worn(dashboard, lambda wearer: wearer.sees(topLeft=here), userTimezone=zone)


def test_battery_calendar_and_notifications_are_in_their_corners(dashboard):
    async def act(wearer: Wearer) -> None:
        await wearer.cloud.until(lambda: "phone_notification" in wearer.cloud.lists()[-1])
        state = {"batteryLevel": 80, "charging": True}
        await wearer.cloud.to_app({"type": "device_state_update", "state": state})
        for number, start in enumerate(("2025-06-01T17:00:00Z", "2025-06-01T15:30:00Z",
                                        "2025-06-01T09:00:00Z", "some day")):  # fmt: skip
            await wearer.tells("calendar_event", eventId=f"{number}", title=f"No. {number}",
                               dtStart=start)  # fmt: skip
        await wearer.tells("phone_notification", notificationId="n1", title="Bob", content="Hi\n!")

        await wearer.sees(topRight="80%+", bottomLeft="17:30 No. 1", bottomRight="Bob: Hi !")

        await wearer.tells("phone_notification_dismissed", notificationId="n1")
        await wearer.sees(bottomRight="")

    worn(dashboard, act)


def test_without_name_and_key_it_says_what_is_missing(dashboard, monkeypatch):
    monkeypatch.delenv("PACKAGE_NAME", raising=False)
    monkeypatch.setenv("MENTRAOS_API_KEY", "key")

    with pytest.raises(SystemExit, match="PACKAGE_NAME"):
        dashboard.main()
