"""Plain output, a whole terminal, and leaving it as it was."""

import asyncio
import fcntl
import io
import os
import pty
import struct
import termios
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.admin.cells import cells
from mentra.admin.console import PlainConsole, Scene, TerminalConsole, compose, open_console
from mentra.admin.screen import LINES
from mentra.admin.simulation import COMMANDS
from mentra.sdk import layouts


def scene(text: str) -> Scene:
    return Scene(layouts.text_wall(text), "org.example.app", on=True, status="Simulated Glasses")


def plain(encoding: str = "utf-8") -> tuple[PlainConsole, io.BytesIO]:
    raw = io.BytesIO()
    return PlainConsole(io.StringIO(), io.TextIOWrapper(raw, encoding)), raw


def test_plain_output_has_the_display_once_for_each_change():
    console, raw = plain()

    console.show(scene("one"))
    console.show(scene("one"))
    console.show(scene("two"))

    printed = raw.getvalue().decode()
    assert printed.count("┌ org.example.app ─") == 2
    assert printed.count("one") == 1
    assert "\x1b" not in printed


def test_plain_output_survives_a_terminal_of_few_letters():
    console, raw = plain("ascii")

    console.show(scene("caf\u00e9"))
    console.note("ol\u00e9\x1b[2J\nsecond")

    printed = raw.getvalue().decode("ascii")
    assert "| caf? " in printed
    assert "- ol?[2J second\n" in printed


def test_a_terminal_has_display_status_notes_help_and_what_is_typed():
    lines = compose(scene("hello"), ["a note"], "typing", 80, 24, LINES)

    assert lines[0].startswith("┌ org.example.app")
    assert "hello" in lines[1]
    assert lines[7] == "● Simulated Glasses"
    assert lines[8] == "- a note"
    assert "Tab button" in lines[9]
    assert lines[10] == "say> typing"


def test_a_low_terminal_keeps_the_display_and_drops_old_notes():
    lines = compose(scene("hello"), ["old", "new"], "", 80, 11, LINES)

    assert "- new" in lines
    assert "- old" not in lines


def test_a_long_note_goes_on_in_the_next_line():
    lines = compose(scene("hello"), ["a note of several words"], "", 14, 24, LINES)

    assert lines[8:10] == ["- a note of", "  several"]


def test_a_high_terminal_has_room_for_the_help_on_commands():
    notes = COMMANDS.splitlines()

    lines = compose(scene("hello"), ["before", *notes], "", 80, 24, LINES)

    assert {f"- {note}" for note in notes} <= set(lines)


def test_a_long_line_shows_its_end():
    lines = compose(scene(""), [], "x" * 100 + "end", 20, 24, LINES)

    assert lines[-1].startswith("say> ")
    assert lines[-1].endswith("end")


@given(
    st.text(max_size=40),
    st.lists(st.text(alphabet="ab日 ", max_size=30), max_size=8),
    st.integers(1, 60),
    st.integers(1, 30),
)
def test_nothing_is_ever_wider_or_higher_than_the_terminal(
    typed: str, notes: list[str], columns: int, rows: int
):
    typed = "".join(letter for letter in typed if letter.isprintable())

    lines = compose(scene("some text"), notes, typed, columns, rows, LINES)

    assert len(lines) <= max(rows, 2)
    assert all(cells(line) <= max(columns, 6) for line in lines)


class Terminal:
    """A pseudo-terminal: ``keys`` types, ``screen`` reads what was drawn."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.stdin = os.fdopen(os.dup(self.slave), "r", encoding="utf-8")
        self.stdout = os.fdopen(os.dup(self.slave), "w", encoding="utf-8")

    def keys(self, typed: bytes) -> None:
        os.write(self.master, typed)

    def screen(self, end: str) -> str:
        """What was drawn, up to *end*."""
        drawn = b""
        while end.encode() not in drawn:
            drawn += os.read(self.master, 65_536)
        return drawn.decode()

    def close(self) -> None:
        for end in (self.stdin, self.stdout):
            end.close()
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TERM", "xterm")
    made = Terminal()
    yield made
    made.close()


def test_a_terminal_is_left_as_it_was_found(terminal: Terminal):
    before = termios.tcgetattr(terminal.slave)

    def fail_inside() -> None:
        with open_console(terminal.stdin, terminal.stdout) as console:
            assert isinstance(console, TerminalConsole)
            assert not termios.tcgetattr(terminal.slave)[3] & termios.ECHO
            raise LookupError

    with pytest.raises(LookupError):
        fail_inside()

    assert termios.tcgetattr(terminal.slave) == before
    assert terminal.screen("\x1b[?1049l").startswith("\x1b[?1049h")


def test_keys_of_a_terminal_arrive_as_commands(terminal: Terminal):
    async def type_in() -> list[str]:
        with open_console(terminal.stdin, terminal.stdout) as console:
            commands = console.commands()
            terminal.keys(b"\x1b[Ahi\r")
            return [await anext(commands), await anext(commands)]

    assert asyncio.run(type_in()) == ["/head up", "hi"]


def test_a_scene_is_drawn_from_the_top_left(terminal: Terminal):
    with open_console(terminal.stdin, terminal.stdout) as console:
        console.show(scene("hello"))
        console.note("noted")

    drawn = terminal.screen("- noted")
    assert "\x1b[H\x1b[K┌ org.example.app" in drawn


def test_nothing_is_cleared_behind_a_line_that_fills_the_terminal(terminal: Terminal):
    fcntl.ioctl(terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))

    with open_console(terminal.stdin, terminal.stdout) as console:
        console.note("noted")

    drawn = terminal.screen("- noted")
    assert "─┐\r" in drawn


def test_a_dumb_terminal_gets_plain_lines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TERM", "dumb")

    with open_console(terminal.stdin, terminal.stdout) as console:
        assert isinstance(console, PlainConsole)
