"""Simulated glasses with someone who wears them: commands in, pictures out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mentra.admin.asked import Asked
from mentra.admin.console import Console, Scene
from mentra.admin.running import race
from mentra.admin.sound import sound_of_file, sound_of_text
from mentra.errors import MentraError
from mentra.sdk.glasses import GlassesClient
from mentra.sdk.seen import Draw

PATIENCE = 30.0
"""Seconds that a script waits for a connection, or for what it expects."""

COMMANDS = """\
TEXT             say it, as the phone recognises it (//TEXT for a slash)
/say TEXT        say it aloud, into the microphone
/mic FILE.wav    have the microphone hear a file
/start [APP]     start an app; the last one named if none is
/stop [APP]      stop it
/button [long]   press the button
/head up|down    move the head
/battery LEVEL   tell the battery's level, percent
/move LAT LNG    be somewhere else, degrees north and east
/drop            lose the connection; it comes back by itself
/wait SECONDS    do nothing for a while
/expect TEXT     wait until the display shows TEXT; fail after 30 seconds
/quit            end"""


class SimulationFailed(MentraError):
    """What a script expected did not happen."""


class Quit(Exception):
    """The wearer has had enough."""


class Simulation:
    """Glasses, a console, and what is typed there.

    :param app: package that ``/start`` and ``/stop`` mean when they name none.
    :param language: of what is said.
    :param first: commands to begin with, once somebody wants the microphone.
    :param linger: seconds to go on watching after the input's end.
    """

    def __init__(
        self,
        glasses: GlassesClient,
        console: Console,
        *,
        app: str = "",
        language: str = "en-US",
        first: Sequence[str] = (),
        linger: float = 2.0,
        patience: float = PATIENCE,
    ) -> None:
        self._glasses = glasses
        self._console = console
        self._app = app
        self._language = language
        self._first = first
        self._linger = linger
        self._patience = patience
        self._told = (False, False, "")
        self._commands: dict[str, Callable[[str], bool | Awaitable[None]]] = {
            "/battery": self._battery,
            "/button": self._button,
            "/drop": self._drop,
            "/expect": self._expect,
            "/head": self._head,
            "/help": self._help,
            "/mic": self._play_file,
            "/move": self._move,
            "/quit": self._quit,
            "/say": self._say_aloud,
            "/start": self._start,
            "/stop": self._stop,
            "/wait": self._wait,
        }
        Asked(glasses, console.note)
        glasses.watch(self._changed)

    async def run(self, lines: AsyncIterator[str] | None = None) -> None:
        """Connect, and do what is typed, until ``/quit`` or the input's end.

        :param lines: what to do in place of what is typed.
        :raises MentraError: the server will not have these glasses, or a script failed.
        """
        self._changed()
        await race(self._glasses.run(), self._wear(lines or self._console.commands()))

    async def obey(self, line: str) -> None:
        """Do what one line says.

        :raises Quit: it says so.
        :raises SimulationFailed: it expected something else.
        """
        word, _, rest = line.strip().partition(" ")
        command = self._commands.get(word, self._say if _is_speech(word) else self._unknown)
        outcome = command(rest.strip() if word in self._commands else line.strip())
        if isinstance(outcome, bool):
            if not outcome:
                self._console.note("not connected: that went nowhere")
        else:
            await outcome

    # -- what is typed

    async def _wear(self, lines: AsyncIterator[str]) -> None:
        try:
            if self._first:
                await self._wanted()
            for line in self._first:
                await self.obey(line)
            async for line in lines:
                if not line.strip():
                    continue
                if not self._console.interactive:
                    await self._connected()
                await self.obey(line)
            await self._wait(str(self._linger))
        except Quit:
            return

    async def _connected(self) -> None:
        with self._in_time(lambda: f"not connected: {self._glasses.problem or 'no answer'}"):
            async with asyncio.timeout(self._patience):
                await self._glasses.until(lambda: self._glasses.connected)

    async def _wanted(self) -> None:
        """Wait until somebody wants the microphone; the app, if one is named, is started for it."""
        await self._connected()
        glasses = self._glasses
        if self._app and not glasses.microphone_on:
            glasses.start_app(self._app)
        with self._in_time(lambda: "nobody wants the microphone: start an app that does"):
            async with asyncio.timeout(self._patience):
                await glasses.until(lambda: glasses.microphone_on)

    @contextmanager
    def _in_time(self, sentence: Callable[[], str]) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise SimulationFailed(sentence()) from None

    def _say(self, line: str) -> bool:
        return self._glasses.speak(line.removeprefix("/"), self._language)

    async def _say_aloud(self, text: str) -> None:
        await self._hear(await sound_of_text(text))

    async def _play_file(self, name: str) -> None:
        await self._hear(await asyncio.to_thread(sound_of_file, Path(name)))

    async def _hear(self, sound: bytes) -> None:
        if not self._glasses.microphone_on:
            self._console.note("the microphone is off: nobody wants to hear")
        if not await self._glasses.microphone.hear(sound):
            self._console.note("not connected: not all of that was heard")

    def _start(self, package_name: str) -> bool:
        return self._with_app(package_name, self._glasses.start_app)

    def _stop(self, package_name: str) -> bool:
        return self._with_app(package_name, self._glasses.stop_app)

    def _with_app(self, package_name: str, act: Callable[[str], bool]) -> bool:
        self._app = package_name or self._app
        if not self._app:
            self._console.note("which app? /start PACKAGE")
            return True
        return act(self._app)

    def _button(self, how: str) -> bool:
        return self._glasses.press_button(long=how == "long")

    def _head(self, where: str) -> bool:
        return self._glasses.move_head(up=where != "down")

    def _battery(self, level: str) -> bool:
        if not level.isdecimal() or int(level) > 100:
            self._console.note("a level is 0 to 100")
            return True
        return self._glasses.report_battery(int(level))

    def _move(self, where: str) -> bool:
        try:
            lat, lng = map(float, where.replace(",", " ").split())
        except ValueError:
            self._console.note("where to? /move 52.5 13.4")
            return True
        return self._glasses.move(lat, lng)

    def _drop(self, _: str) -> bool:
        return self._glasses.lose_connection()

    async def _wait(self, seconds: str) -> None:
        try:
            await asyncio.sleep(float(seconds))
        except ValueError:
            self._console.note("how many seconds? /wait 1.5")

    async def _expect(self, text: str) -> None:
        wanted = " ".join(text.split())

        def shown() -> bool:
            seen = self._glasses.visible
            return seen is not None and wanted in " ".join(seen.text.split())

        with self._in_time(lambda: f"the display did not show: {wanted}"):
            async with asyncio.timeout(self._patience):
                await self._glasses.until(shown)

    async def _help(self, _: str) -> None:
        for line in COMMANDS.splitlines():
            self._console.note(line)

    async def _quit(self, _: str) -> None:
        raise Quit

    def _unknown(self, line: str) -> bool:
        self._console.note(f"not a command: {line.partition(' ')[0]}; /help lists them")
        return True

    # -- what is seen

    def _changed(self) -> None:
        glasses, now = self._glasses, self._state()
        connected, microphone, problem = now
        if now != self._told:
            was_connected, had_microphone, _ = self._told
            self._told = now
            if connected != was_connected:
                self._console.note("connected" if connected else "not connected")
            if microphone != had_microphone:
                self._console.note(f"microphone {'on' if microphone else 'off'}")
            if problem:
                self._console.note(problem)
        seen = glasses.visible
        self._console.show(
            Scene(
                layout=seen.layout if seen else {"layoutType": "clear_view"},
                title=_title(seen),
                on=connected,
                status=self._status(),
            )
        )

    def _state(self) -> tuple[bool, bool, str]:
        return self._glasses.connected, self._glasses.microphone_on, self._glasses.problem

    def _status(self) -> str:
        glasses = self._glasses
        return " · ".join(
            (
                glasses.model,
                "connected" if glasses.connected else "connecting",
                f"mic {'on' if glasses.microphone_on else 'off'}",
                f"head {'up' if glasses.looking_up else 'down'}",
            )
        )


def _title(seen: Draw | None) -> str:
    # whoever draws the dashboard is of no interest: everybody writes on it
    if seen is None or seen.view == "dashboard":
        return seen.view if seen else ""
    return seen.package_name


def _is_speech(word: str) -> bool:
    return not word.startswith("/") or word.startswith("//")
