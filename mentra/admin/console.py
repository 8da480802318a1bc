"""Where a simulation is watched and steered: a terminal, or plain lines through pipes."""

import asyncio
import os
import signal
import termios
import tty
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TextIO

import attrs

from mentra.admin.cells import cells, cut, wrap
from mentra.admin.keyboard import HELP, LineEditor, lines_from
from mentra.admin.screen import COLUMNS, Ink, draw_box, ink_for, one_line

MAX_NOTES = 100
"""More than any terminal has rows for."""

_BULLET = "- "
_PROMPT = "say> "
_ENTER = "\x1b[?1049h\x1b[?7l"
_LEAVE = "\x1b[?7h\x1b[?1049l"


@attrs.frozen
class Scene:
    """What there is to see.

    :ivar title: which view it is.
    :ivar on: whether the glasses are connected.
    :ivar status: one line.
    """

    layout: dict[str, Any]
    title: str
    on: bool
    status: str


class Console(Protocol):
    """Shows scenes and notes, and has commands typed into it."""

    interactive: bool

    def show(self, scene: Scene) -> None:
        """This is what there is to see now."""

    def note(self, text: str) -> None:
        """Something worth telling happened."""

    def commands(self) -> AsyncIterator[str]:
        """The lines as they are typed, until the end of the input."""


class PlainConsole:
    """Prints the display each time it changes, and reads lines."""

    interactive = False

    def __init__(self, stdin: TextIO, out: TextIO) -> None:
        self._stdin = stdin
        self._out = out
        self._ink = ink_for(out.encoding)
        self._last: list[str] = []

    def show(self, scene: Scene) -> None:
        """Print the display if it is another now."""
        box = draw_box(scene.layout, scene.title, COLUMNS + 4, self._ink)
        if box != self._last:
            self._last = box
            self._print(*box)

    def note(self, text: str) -> None:
        """Print it."""
        self._print(f"{_BULLET}{one_line(text)}")

    def commands(self) -> AsyncIterator[str]:
        """The lines of the input."""
        return lines_from(self._stdin.fileno())

    def _print(self, *lines: str) -> None:
        encoding = self._out.encoding or "ascii"
        text = "".join(f"{line}\n" for line in lines)
        self._out.write(text.encode(encoding, "replace").decode(encoding))
        self._out.flush()


class TerminalConsole:
    """Has the whole terminal: the display above, notes and what is typed below."""

    interactive = True

    def __init__(self, descriptor: int, out: TextIO) -> None:
        self._descriptor = descriptor
        self._out = out
        self._ink = ink_for(out.encoding)
        self._editor = LineEditor()
        self._notes: deque[str] = deque(maxlen=MAX_NOTES)
        self._scene = Scene({"layoutType": "clear_view"}, "", on=False, status="connecting")

    def show(self, scene: Scene) -> None:
        """Draw it."""
        self._scene = scene
        self._draw()

    def note(self, text: str) -> None:
        """Write it below the display, where the last few stay."""
        self._notes.append(one_line(text))
        self._draw()

    async def commands(self) -> AsyncIterator[str]:
        """What is typed and which keys are pressed, as commands."""
        loop = asyncio.get_running_loop()
        typed: asyncio.Queue[bytes] = asyncio.Queue()
        loop.add_reader(self._descriptor, lambda: typed.put_nowait(self._read()))
        loop.add_signal_handler(signal.SIGWINCH, self._draw)
        try:
            while data := await typed.get():
                lines = self._editor.feed(data)
                self._draw()
                for line in lines:
                    yield line
        finally:
            loop.remove_reader(self._descriptor)
            loop.remove_signal_handler(signal.SIGWINCH)

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, 4096)
        except OSError:
            return b""

    def _size(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self._out.fileno())
        except OSError:
            columns = rows = 0
        # a terminal that does not know its size says zero
        return columns or 80, rows or 24

    def _draw(self) -> None:
        columns, rows = self._size()
        frame = compose(self._scene, list(self._notes), self._editor.text, columns, rows, self._ink)
        encoding = self._out.encoding or "ascii"
        # a line is cleared before it is drawn: afterwards the cursor may stand on its last letter
        body = "\r\n".join(f"\x1b[K{line}" for line in frame)
        body = body.encode(encoding, "replace").decode(encoding)
        self._out.write(f"\x1b[H{body}\x1b[J\x1b[{len(frame)};{cells(frame[-1]) + 1}H")
        self._out.flush()


def compose(
    scene: Scene, notes: list[str], typed: str, columns: int, rows: int, ink: Ink
) -> list[str]:
    """The lines of a terminal of this size; the last one is where the cursor stands."""
    columns, rows = max(columns, 6), max(rows, 2)
    lamp = ink.on if scene.on else ink.off
    box = draw_box(scene.layout, scene.title, columns, ink)
    status = cut(f"{lamp} {one_line(scene.status)}", columns)
    while cells(_PROMPT + typed) >= columns and typed:
        typed = typed[1:]
    prompt = cut(_PROMPT + typed, columns - 1)
    # what there is no room for goes: first the oldest notes, then the help, then the box's end
    room = rows - len(box) - 3
    help_line = [cut(HELP, columns)] if room >= 0 else []
    told = [line for note in notes for line in _paragraph(note, columns)]
    shown = told[-room:] if room > 0 else []
    above = [*box, status, *shown, *help_line]
    return [*above[: rows - 1], prompt]


def _paragraph(note: str, columns: int) -> list[str]:
    first, *more = wrap(note, columns - len(_BULLET))
    return [_BULLET + first, *(" " * len(_BULLET) + line for line in more)]


@contextmanager
def open_console(stdin: TextIO, stdout: TextIO) -> Iterator[Console]:
    """The console that fits: a terminal's if both ends are one, and back as it was afterwards."""
    if not (stdin.isatty() and stdout.isatty()) or os.environ.get("TERM", "dumb") == "dumb":
        yield PlainConsole(stdin, stdout)
        return
    descriptor = stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        stdout.write(_ENTER)
        yield TerminalConsole(descriptor, stdout)
    finally:
        stdout.write(_LEAVE)
        stdout.flush()
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
