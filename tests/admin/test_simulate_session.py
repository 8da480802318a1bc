"""Wearing simulated glasses: each command, what is seen, and how it ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mentra.admin.console import Scene
from mentra.admin.running import race
from mentra.admin.simulation import Quit, Simulation, SimulationFailed
from mentra.errors import MentraError, Refused
from mentra.sdk.glasses import GlassesClient
from mentra.sdk.microphone import Microphone
from mentra.speech.sound_files import wav_of
from tests.sdk.fake_cloud import FakeCloud, fake_cloud


class Watched:
    """A console that keeps what it is told; lines are typed beforehand."""

    def __init__(self, *lines: str, interactive: bool = False) -> None:
        self.interactive = interactive
        self.lines = lines
        self.scenes: list[Scene] = []
        self.notes: list[str] = []

    def show(self, scene: Scene) -> None:
        self.scenes.append(scene)

    def note(self, text: str) -> None:
        self.notes.append(text)

    async def commands(self) -> AsyncIterator[str]:
        for line in self.lines:
            yield line


def wear(
    *lines: str, before: Callable[[FakeCloud], Awaitable[None]] | None = None, **more: Any
) -> tuple[Watched, FakeCloud]:
    """Type *lines* into glasses at a small cloud, to the end."""
    console = Watched(*lines)

    async def scenario() -> FakeCloud:
        async with fake_cloud() as cloud:
            if before:
                await before(cloud)
            glasses = GlassesClient(cloud.url, "token", retry_seconds=0.0)
            simulation = Simulation(glasses, console, linger=0.0, **more)
            await simulation.run()
            await cloud.until(lambda: cloud.closes)
            return cloud

    return console, asyncio.run(scenario())


def said(cloud: FakeCloud) -> list[dict[str, Any]]:
    """What the glasses said after the greeting."""
    return cloud.from_glasses[1:]


@pytest.mark.parametrize(
    ("line", "frame"),
    [
        ("hello there", {"type": "local_transcription", "text": "hello there"}),
        ("  hello  ", {"text": "hello"}),
        ("//slash", {"type": "local_transcription", "text": "/slash"}),
        ("/button", {"type": "button_press", "pressType": "short"}),
        ("/button long", {"type": "button_press", "pressType": "long"}),
        ("/head up", {"type": "head_position", "position": "up"}),
        ("/head down", {"type": "head_position", "position": "down"}),
        ("/battery 50", {"type": "glasses_battery_update", "level": 50}),
        ("/move 52.5, 13.4", {"type": "location_update", "lat": 52.5, "lng": 13.4}),
    ],
)
def test_each_line_does_its_thing(line: str, frame: dict[str, Any]):
    _, cloud = wear(line)

    assert len(said(cloud)) == 1
    assert frame.items() <= said(cloud)[0].items()


def test_an_app_is_named_once():
    async def add(cloud: FakeCloud) -> None:
        cloud.webhooks = {"org.a": "http://127.0.0.1:1"}

    glasses_said = []

    async def scenario() -> None:
        console = Watched("/start org.a", "/stop", "/start")
        glasses = GlassesClient("http://127.0.0.1:1", "t")
        simulation = Simulation(glasses, console)
        glasses.start_app = lambda name: bool(glasses_said.append(("start", name))) or True  # type: ignore[method-assign] # watched in place of a server
        glasses.stop_app = lambda name: bool(glasses_said.append(("stop", name))) or True  # type: ignore[method-assign] # as above
        for line in console.lines:
            await simulation.obey(line)

    asyncio.run(scenario())
    assert glasses_said == [("start", "org.a"), ("stop", "org.a"), ("start", "org.a")]


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("/start", "which app?"),
        ("/dance", "not a command: /dance"),
        ("/battery full", "a level is 0 to 100"),
        ("/battery 101", "a level is 0 to 100"),
        ("/move there", "where to?"),
        ("/move 1 2 3", "where to?"),
        ("/wait long", "how many seconds?"),
        ("/help", "/expect TEXT"),
    ],
)
def test_what_makes_no_sense_is_answered_with_a_note(line: str, note: str):
    console, cloud = wear(line)

    assert any(note in one for one in console.notes)
    assert said(cloud) == []


async def wants_the_microphone(cloud: FakeCloud) -> None:
    """As soon as the glasses have said something."""

    async def when_there() -> None:
        await cloud.until(lambda: cloud.from_glasses)
        await cloud.to_glasses(
            {
                "type": "microphone_state_change",
                "isMicrophoneEnabled": True,
                "requiredData": ["pcm"],
            }
        )

    cloud._tasks.add(asyncio.ensure_future(when_there()))


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to wait for the end of a pause."""
    monkeypatch.setattr(Microphone.hear, "__defaults__", (100,))


def test_a_file_is_heard_by_the_microphone_and_silence_after_it(tmp_path: Path, brief: None):
    file = tmp_path / "a.wav"
    file.write_bytes(wav_of(b"ab" * 1600))

    _, cloud = wear(f"/mic {file}", before=wants_the_microphone)

    assert b"".join(cloud.audio) == b"ab" * 1600 + bytes(3200)
    assert [len(one) for one in cloud.audio] == [3200, 3200]


def test_what_is_said_aloud_is_said_by_a_voice_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, brief: None
):
    async def speak(text: str) -> tuple[bytes, int]:
        return text.encode() * 400, 16_000

    monkeypatch.setattr("mentra.admin.sound.speak", speak)

    _, cloud = wear("/say good day", before=wants_the_microphone)

    assert b"".join(cloud.audio).startswith(b"good day" * 400)


def test_what_nobody_wants_to_hear_is_told(tmp_path: Path, brief: None):
    file = tmp_path / "a.wav"
    file.write_bytes(wav_of(b"ab"))

    console, _ = wear(f"/mic {file}")

    assert "the microphone is off: nobody wants to hear" in console.notes


def test_what_comes_first_waits_for_the_microphone_and_starts_the_app(tmp_path: Path, brief: None):
    file = tmp_path / "a.wav"
    file.write_bytes(wav_of(b"ab" * 1600))

    async def start(cloud: FakeCloud) -> None:
        async def when_started() -> None:
            await cloud.until(lambda: any(one["type"] == "start_app" for one in cloud.from_glasses))
            await cloud.to_glasses(
                {"type": "microphone_state_change", "requiredData": ["pcm"]}
                | {"isMicrophoneEnabled": True}
            )

        cloud._tasks.add(asyncio.ensure_future(when_started()))

    _, cloud = wear(before=start, app="org.a", first=(f"/mic {file}",))

    assert b"".join(cloud.audio).startswith(b"ab" * 1600)


def test_a_microphone_that_nobody_wants_is_not_waited_for_for_ever():
    with pytest.raises(SimulationFailed, match="nobody wants the microphone"):
        wear(first=("/say hello",), patience=0.2)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"no sound", "it is no WAV file")]
)
def test_a_file_that_cannot_be_heard_is_a_sentence(
    tmp_path: Path, content: bytes | None, words: str
):
    file = tmp_path / "a.wav"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(MentraError, match=words):
        wear(f"/mic {file}", before=wants_the_microphone)


def test_what_the_app_shows_can_be_expected():
    async def show(cloud: FakeCloud) -> None:
        async def when_there() -> None:
            await cloud.until(lambda: said(cloud))
            await cloud.to_glasses(
                {
                    "type": "display_event",
                    "view": "main",
                    "packageName": "org.a",
                    "layout": {"layoutType": "reference_card", "title": "T", "text": "to  be\nor"},
                }
            )

        cloud._tasks.add(asyncio.ensure_future(when_there()))

    console, _ = wear("ready", "/expect to be or", before=show)

    assert console.scenes[-1].title == "org.a"
    assert console.scenes[-1].layout["title"] == "T"


def test_a_dropped_connection_comes_back_by_itself():
    console = Watched(interactive=True)

    async def scenario() -> int:
        async with fake_cloud() as cloud:
            glasses = GlassesClient(cloud.url, "token", retry_seconds=0.0)
            simulation = Simulation(glasses, console)

            async def act() -> None:
                await glasses.until(lambda: glasses.connected)
                await simulation.obey("/drop")
                await glasses.until(lambda: not glasses.connected)
                await glasses.until(lambda: glasses.connected)

            await race(simulation.run(_never()), act())
            return len(cloud.headers)

    assert asyncio.run(scenario()) == 2
    assert console.notes[:2] == ["connected", "not connected"]
    assert console.notes[-1] == "connected"


async def _never() -> AsyncIterator[str]:
    await asyncio.Event().wait()
    yield ""


def test_the_dashboard_is_called_so():
    async def show(cloud: FakeCloud) -> None:
        async def when_there() -> None:
            await cloud.until(lambda: said(cloud))
            layout = {"layoutType": "text_wall", "text": "noon"}
            await cloud.to_glasses(
                {"type": "display_event", "view": "dashboard", "packageName": "x", "layout": layout}
            )

        cloud._tasks.add(asyncio.ensure_future(when_there()))

    console, _ = wear("/head up", "/expect noon", before=show)

    assert console.scenes[-1].title == "dashboard"


def test_what_is_expected_in_vain_fails_with_a_sentence():
    with pytest.raises(SimulationFailed, match="the display did not show: a miracle"):
        wear("/expect a   miracle", patience=0.05)


def test_a_script_without_a_server_fails_with_the_reason():
    async def scenario() -> None:
        glasses = GlassesClient("http://127.0.0.1:1", "t", retry_seconds=0.0)
        await Simulation(glasses, Watched("hello"), patience=0.05).run()

    with pytest.raises(SimulationFailed, match="not connected: cannot connect"):
        asyncio.run(scenario())


def test_a_terminal_without_a_server_says_that_it_went_nowhere():
    console = Watched(interactive=True)

    async def scenario() -> None:
        simulation = Simulation(GlassesClient("http://127.0.0.1:1", "t"), console)
        await simulation.obey("hello")

    asyncio.run(scenario())
    assert console.notes == ["not connected: that went nowhere"]


def test_quit_ends_before_the_rest():
    console, cloud = wear("one", "/quit", "two")

    assert [frame["text"] for frame in said(cloud)] == ["one"]
    assert console.notes[0] == "connected"


def test_a_refused_token_ends_it_with_a_sentence():
    async def refuse(cloud: FakeCloud) -> None:
        cloud.refuse = 401

    with pytest.raises(Refused, match="does not accept the token"):
        wear("hello", before=refuse)


def test_connection_and_microphone_are_told_once():
    async def scenario() -> Watched:
        console = Watched(interactive=True)
        async with fake_cloud() as cloud:
            glasses = GlassesClient(cloud.url, "token", retry_seconds=0.0)
            simulation = Simulation(glasses, console)

            async def act() -> None:
                await glasses.until(lambda: glasses.connected)
                for _ in range(2):
                    await cloud.to_glasses(
                        {"type": "microphone_state_change", "requiredData": ["pcm"]}
                    )
                await glasses.until(lambda: glasses.microphone_on)
                await simulation.obey("/quit")

            with pytest.raises(Quit):
                await race(simulation.run(_never()), act())
        return console

    console = asyncio.run(scenario())
    assert console.notes == ["connected", "microphone on"]
    assert "mic on" in console.scenes[-1].status
    assert console.scenes[-1].on
