"""What is typed becomes lines: keys, editing, pasted text, pipes."""

import asyncio
import os

import pytest

from mentra.admin.keyboard import MAX_LINE, LineEditor, lines_from


@pytest.mark.parametrize(
    ("typed", "lines", "left"),
    [
        (b"hello\r", ["hello"], ""),
        (b"hello\nworld\nagain", ["hello", "world"], "again"),
        (b"helo\x7flo\n", ["hello"[:3] + "lo"], ""),
        (b"no\x15yes\n", ["yes"], ""),
        (b"one two\x17\n", ["one"], ""),
        (b"\x7f\x7f\n", [""], ""),
        (b"\t", ["/button"], ""),
        (b"\x1b[Z", ["/button long"], ""),
        (b"\x1b[A\x1b[B", ["/head up", "/head down"], ""),
        (b"\x1bOA\x1bOB", ["/head up", "/head down"], ""),
        (b"\x01\x18", ["/start", "/stop"], ""),
        (b"\x04", ["/quit"], ""),
        (b"a\x04", [], "a"),
        (b"half\t said\n", ["/button", "half said"], ""),
        (b"a\x1b[3~\x1b[1;5Cb\x1b[200~c", [], "abc"),
        ("grüße 日本\n".encode(), ["grüße 日本"], ""),
        (b"\xff\n", ["\ufffd"], ""),
        (b"a\x00\x07b", [], "ab"),
    ],
)
def test_keys_are_commands_and_letters_are_text(typed: bytes, lines: list[str], left: str):
    editor = LineEditor()

    assert editor.feed(typed) == lines
    assert editor.text == left


@pytest.mark.parametrize("typed", [b"\x1b[1;5A!\r", "ü日\r".encode(), b"\x1bOA\r"])
def test_what_arrives_in_pieces_is_the_same(typed: bytes):
    whole, piecewise = LineEditor(), LineEditor()

    expected = whole.feed(typed)
    lines = [line for byte in typed for line in piecewise.feed(bytes([byte]))]

    assert lines == expected
    assert piecewise.text == whole.text


def test_a_line_has_an_end():
    editor = LineEditor()

    editor.feed(b"x" * (MAX_LINE + 50))

    assert len(editor.text) == MAX_LINE


def test_lines_are_read_from_a_pipe_to_its_end():
    read, write = os.pipe()
    os.write(write, "one\r\ntwo ü\n\nthree".encode())
    os.close(write)

    async def collect() -> list[str]:
        return [line async for line in lines_from(read)]

    assert asyncio.run(collect()) == ["one", "two ü", "", "three"]
    os.close(read)


def test_a_pipe_that_stays_open_does_not_hold_up_the_end():
    read, write = os.pipe()

    async def first() -> str:
        lines = lines_from(read)
        os.write(write, b"one\n")
        return await anext(lines)

    assert asyncio.run(first()) == "one"
    os.close(write)
