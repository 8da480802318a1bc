"""What happens in the demo: someone speaks, takes a photo, looks up and loses the connection."""

import asyncio
import re
from collections.abc import Callable, Coroutine

import attrs

from mentra.admin.children import Child
from mentra.admin.console import Console
from mentra.admin.simulation import Simulation
from mentra.admin.sound import SPOKEN
from mentra.sdk.glasses import GlassesClient

PACKAGE = "org.example.captions"
SENTENCES = (
    "Hello from the glasses.",
    "Everything I say goes through your own server,",
    "and a small app shows it here.",
)
LAST = "And we are back."
"""Said when the connection was lost and found again."""

PAUSE = 2.5
"""Seconds between two events that somebody is to follow."""

HEARING = 12.0
"""Seconds from the end of speech until it is given up to be understood; busy machines are slow."""

PATIENCE = 10.0
"""Seconds that somebody is left waiting for one."""


@attrs.define
class Progress:
    """What is being waited for, in case it never comes.

    :ivar step: what has not happened yet, a sentence.
    :ivar children: the programs started so far.
    """

    step: str = "starting"
    children: list[Child] = attrs.field(factory=list)

    def last_words(self) -> str:
        """What the children wrote last, for whoever wants to know why."""
        return "".join(f"\n{one.name}: {one.last_words()}" for one in self.children)


class _Missed(Exception):
    """Something did not happen in time."""


@attrs.define
class Play:
    """Each act ends when it can be seen on the glasses, and says so.

    :param own_app: whether the app is ours, which takes photos and writes on the dashboard; one of
        somebody else's need only show what is said.
    :param spoken: sound of :data:`SPOKEN`, for the microphone; None: nobody says anything aloud.
    :param pause: seconds between two events.
    :param patience: seconds for each event, after which it is told that it did not happen, and the
        next act begins; None: as long as it takes.
    """

    simulation: Simulation
    glasses: GlassesClient
    console: Console
    progress: Progress
    own_app: bool = True
    spoken: bytes | None = None
    pause: float = 0.0
    patience: float | None = None

    async def once(self) -> None:
        """Every act, the first one cut short."""
        await self._begin()
        await self._acts(SENTENCES[:1])

    async def on_and_on(self) -> None:
        """Every act; then whoever watches has the glasses."""
        await self._begin()
        await self._acts(SENTENCES)
        self.console.note("now type what you say; Ctrl-C ends")
        await asyncio.Event().wait()

    async def _acts(self, sentences: tuple[str, ...]) -> None:
        if self.spoken is not None:
            # before the phone recognises anything, for then the server does not
            await self._act(self._speech(self.spoken))
        await self._act(self._captions(sentences))
        if self.own_app:
            await self._act(self._photo())
            await self._act(self._dashboard())
        await self._act(self._reconnect())

    async def _act(self, act: Coroutine[None, None, None]) -> None:
        try:
            await act
        except _Missed:
            self.console.note(self.progress.step)

    async def _begin(self) -> None:
        glasses = self.glasses
        await glasses.until(lambda: glasses.connected)
        self.progress.step = "the app did not start"
        await self.simulation.obey("/start")
        await glasses.until(lambda: glasses.microphone_on or self._is_of_the_app())

    async def _speech(self, sound: bytes) -> None:
        await asyncio.sleep(self.pause)
        self.progress.step = "nobody wanted to hear what was said aloud"
        await self.glasses.until(lambda: self.glasses.microphone_on)
        self.console.note(f"said aloud, into the microphone: {SPOKEN}")
        await self.glasses.microphone.hear(sound)
        await self._until(
            "the display did not show what was said aloud",
            lambda: self._is_of_the_app() and _is_understood(self._text()),
            HEARING,
        )
        self.console.note("the server understood what was said aloud")

    async def _captions(self, sentences: tuple[str, ...]) -> None:
        for sentence in sentences:
            await asyncio.sleep(self.pause)
            await self._say(sentence, "the display did not show what was said")
        self.console.note("the app showed what was said")

    async def _photo(self) -> None:
        await asyncio.sleep(self.pause)
        camera = self.glasses.camera
        self.console.note("the wearer presses the button: the app is to take a photo")
        await self.simulation.obey("/button")
        await self._until("the app did not ask for a photo", lambda: bool(camera.orders))
        await self._until(
            "the glasses did not bring the photo to the app", lambda: bool(camera.delivered)
        )
        size = f"{len(camera.picture):,} bytes"
        await self._until(
            "the display did not show that the app has the photo",
            lambda: self._is_of_the_app() and size in self._text(),
        )
        self.console.note("the app has the photo")

    async def _dashboard(self) -> None:
        await asyncio.sleep(self.pause)
        self.console.note("the wearer looks up: the app has written on the dashboard")
        await self.simulation.obey("/head up")
        try:
            await self._until(
                "the dashboard did not show the app's line",
                lambda: self._view() == "dashboard" and "Captions: " in self._text(),
            )
            await asyncio.sleep(self.pause)
        finally:
            await self.simulation.obey("/head down")
        self.console.note("the dashboard showed the app's line")

    async def _reconnect(self) -> None:
        await asyncio.sleep(self.pause)
        glasses = self.glasses
        self.console.note("the glasses lose their connection")
        await self.simulation.obey("/drop")
        await self._until("the connection was not lost", lambda: not glasses.connected)
        await self._until("the glasses did not connect again", lambda: glasses.connected)
        await self._say(LAST, "the display showed nothing more after the connection was lost")
        self.console.note("captions went on after the connection was lost")

    async def _say(self, sentence: str, otherwise: str) -> None:
        self.console.note(f"said: {sentence}")
        await self.simulation.obey(sentence)
        await self._until(otherwise, lambda: self._is_of_the_app() and sentence in self._text())

    async def _until(
        self, otherwise: str, holds: Callable[[], bool], patience: float | None = None
    ) -> None:
        self.progress.step = otherwise
        try:
            async with asyncio.timeout(patience or self.patience):
                await self.glasses.until(holds)
        except TimeoutError:
            raise _Missed from None

    def _is_of_the_app(self) -> bool:
        visible = self.glasses.visible
        return visible is not None and visible.package_name == PACKAGE

    def _view(self) -> str:
        return self.glasses.visible.view if self.glasses.visible else ""

    def _text(self) -> str:
        return self.glasses.visible.text if self.glasses.visible else ""


def _is_understood(text: str) -> bool:
    """Whether most of what is said aloud is in *text*; recognisers err."""
    words, seen = SPOKEN.split(), re.findall(r"\w+", text.lower())
    return 2 * sum(word in seen for word in words) > len(words)
