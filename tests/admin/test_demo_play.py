"""The acts of the demo, with our own app at a small cloud."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest

from mentra.admin.play import PACKAGE, Play, Progress, _is_understood
from mentra.admin.running import race
from mentra.admin.simulation import Simulation
from mentra.sdk.captions import Captions
from mentra.sdk.glasses import GlassesClient
from mentra.sdk.microphone import Microphone
from tests.admin.test_simulate_session import Watched
from tests.sdk.fake_cloud import PATIENCE, FakeCloud, fake_cloud


@attrs.define
class Stage:
    play: Play
    cloud: FakeCloud
    console: Watched


@asynccontextmanager
async def stage(console: Watched | None = None) -> AsyncIterator[Stage]:
    app, console = Captions(PACKAGE, "key", port=0), console or Watched(interactive=True)
    async with fake_cloud() as cloud, asyncio.timeout(PATIENCE):
        await app.start()
        cloud.webhooks[PACKAGE] = f"http://127.0.0.1:{app.port}"
        glasses = GlassesClient(cloud.url, "token", retry_seconds=0.0)
        simulation = Simulation(glasses, console, app=PACKAGE)
        try:
            yield Stage(Play(simulation, glasses, console, Progress()), cloud, console)
        finally:
            await app.stop()


async def nothing() -> AsyncIterator[str]:
    await asyncio.Event().wait()
    yield ""


async def begin(on: Stage) -> None:
    """Play every act once."""
    await race(on.play.simulation.run(nothing()), on.play.once())


def in_order(notes: list[str], *wanted: str) -> bool:
    """Whether *wanted* are among *notes*, in this order."""
    rest = iter(notes)
    return all(any(text in note for note in rest) for text in wanted)


def test_every_act_is_told_in_its_turn():
    async def scenario() -> list[str]:
        async with stage() as on:
            await begin(on)
            return on.console.notes

    notes = asyncio.run(scenario())

    assert in_order(
        notes,
        "said: Hello from the glasses.",
        "the app showed what was said",
        f"{PACKAGE} has a photo taken",
        "photo taken and delivered: ",
        "the app has the photo",
        "the dashboard showed the app's line",
        "not connected",
        "connected",
        "said: And we are back.",
        "captions went on after the connection was lost",
    ), notes


def test_what_is_said_aloud_goes_into_the_microphone_and_is_given_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("mentra.admin.play.HEARING", 0.05)
    monkeypatch.setattr(Microphone.hear, "__defaults__", (0,))

    async def scenario() -> tuple[bytes, list[str]]:
        async with stage() as on:
            on.play.spoken = b"ab" * 1600
            wanted = asyncio.create_task(wants_the_microphone(on))
            await begin(on)
            await wanted
            return b"".join(on.cloud.audio), on.console.notes

    sound, notes = asyncio.run(scenario())

    assert sound == b"ab" * 1600
    assert in_order(
        notes,
        "said aloud, into the microphone: ",
        "the display did not show what was said aloud",
        "said: Hello from the glasses.",
    ), notes


async def wants_the_microphone(on: Stage) -> None:
    await on.cloud.until(lambda: on.cloud.glasses is not None and on.cloud.lists())
    await on.cloud.to_glasses({"type": "microphone_state_change", "requiredData": ["pcm"]})


@pytest.mark.parametrize(
    ("text", "enough"),
    [
        ("the weather is very nice today", True),
        ("The weather, his very nice two day", True),
        ("the wetter", False),
        ("Captions are on.", False),
    ],
)
def test_most_of_what_is_said_aloud_has_to_be_understood(text: str, enough: bool):
    assert _is_understood(text) is enough


def test_what_was_seen_is_what_was_told():
    async def scenario() -> list[tuple[str, str]]:
        async with stage() as on:
            await begin(on)
            return [(one.title, one.layout.get("text", "")) for one in on.console.scenes]

    seen = asyncio.run(scenario())

    assert (PACKAGE, "Hello from the glasses.") in seen
    assert ("dashboard", "Captions: 1 so far") in seen
    assert seen[-1] == (PACKAGE, "Hello from the glasses.\nAnd we are back.")


def test_the_connection_is_really_another_one():
    async def scenario() -> int:
        async with stage() as on:
            await begin(on)
            return len(on.cloud.headers)

    assert asyncio.run(scenario()) == 2


def test_what_did_not_happen_is_what_was_waited_for():
    async def scenario() -> str:
        async with stage() as on:
            glasses = on.play.glasses
            glasses.camera.broken = "CAMERA_CAPTURE_FAILED"
            await race(
                begin(on),
                glasses.until(
                    lambda: glasses.visible is not None and "No " in glasses.visible.text
                ),
            )
            return on.play.progress.step

    assert asyncio.run(scenario()) == "the glasses did not bring the photo to the app"


class Impatient(Watched):
    """Waits no longer for the photo once it is known that there will be none."""

    play: Play

    def note(self, text: str) -> None:
        super().note(text)
        if text.startswith("no photo: "):
            self.play.patience = 0.0
        elif text.startswith("the glasses did not "):
            self.play.patience = None


def test_who_watches_is_told_what_did_not_happen_and_sees_the_rest():
    async def scenario() -> list[str]:
        console = Impatient(interactive=True)
        async with stage(console) as on:
            console.play = on.play
            on.play.glasses.camera.broken = "CAMERA_CAPTURE_FAILED"
            await begin(on)
            return console.notes

    notes = asyncio.run(scenario())

    assert in_order(
        notes,
        "no photo: CAMERA_CAPTURE_FAILED",
        "the glasses did not bring the photo to the app",
        "the dashboard showed the app's line",
        "captions went on after the connection was lost",
    ), notes
    assert "the app has the photo" not in notes


def test_somebody_else_s_app_need_not_take_photos():
    async def scenario() -> tuple[int, list[str]]:
        async with stage() as on:
            on.play.own_app = False
            await begin(on)
            return len(on.play.glasses.camera.orders), on.console.notes

    photos, notes = asyncio.run(scenario())

    assert photos == 0
    assert notes[-1] == "captions went on after the connection was lost"
