"""The small screen: each layout, narrow terminals, and text that means harm."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.admin.cells import cells
from mentra.admin.screen import ASCII, COLUMNS, LINES, ROWS, draw_box, ink_for, text_of
from mentra.sdk import layouts


@pytest.mark.parametrize(
    ("layout", "lines"),
    [
        (layouts.text_wall("one two three"), ["one two", "three"]),
        (layouts.text_wall("a\nb\nc\nd\ne"), ["a", "b", "c", "d", "e"]),
        (layouts.text_wall("a\nb\nc\nd\ne\nf"), ["a", "b", "c", "d", "e…"]),
        (layouts.double_text_wall("top", "bottom"), ["top", "", "", "bottom"]),
        (layouts.double_text_wall("1\n2\n3\n4", "a\nb\nc"), ["1", "2", "3…", "a", "b…"]),
        (layouts.reference_card("a long title", "text"), ["a long…", "text"]),
        (layouts.dashboard_card("12:00", "80%"), ["12:00   80%"]),
        (layouts.clear(), []),
        (layouts.bitmap("00" * 999), ["[a picture,"]),
        (layouts.bitmap_animation(["0", "1"]), ["[an animati"]),
        ({}, ["[no layout:"]),
        ({"layoutType": "hologram\x1b"}, ["[hologram l"]),
        ({"layoutType": "text_wall", "text": 5}, [""]),
        ({"layoutType": "bitmap_animation"}, ["[an animati"]),
    ],
)
def test_each_layout_has_its_lines(layout: dict[str, Any], lines: list[str]):
    assert text_of(layout, 11) == lines


def test_the_box_is_as_wide_as_the_display():
    box = draw_box(layouts.text_wall("hello"), "main", 80, LINES)

    assert len(box) == ROWS + 2
    assert box[0].startswith("┌ main ─")
    assert box[1] == "│ hello" + " " * (COLUMNS - 5) + " │"
    assert {cells(line) for line in box} == {COLUMNS + 4}


def test_a_narrow_terminal_gets_a_narrow_box():
    box = draw_box(layouts.text_wall("hello world"), "a very long title", 12, LINES)

    assert {cells(line) for line in box} == {12}
    assert "hello" in box[1]
    assert "world" in box[2]


anything = st.dictionaries(
    st.sampled_from(["layoutType", "text", "topText", "bottomText", "title", "leftText", "data"]),
    st.one_of(
        st.text(max_size=60),
        st.sampled_from(["text_wall", "double_text_wall", "reference_card", "dashboard_card"]),
        st.integers(),
        st.none(),
    ),
)


@given(anything, st.text(max_size=20), st.integers(5, 60))
def test_whatever_an_app_sends_the_box_keeps_its_shape(
    layout: dict[str, Any], title: str, columns: int
):
    box = draw_box(layout, title, columns, LINES)

    assert len(box) == ROWS + 2
    assert {cells(line) for line in box} == {min(columns, COLUMNS + 4)}
    assert "\x1b" not in "".join(box)


@pytest.mark.parametrize(
    ("encoding", "ink"),
    [("utf-8", LINES), ("ascii", ASCII), ("latin-1", ASCII), (None, ASCII), ("no such", ASCII)],
)
def test_a_terminal_gets_lines_it_can_show(encoding: str | None, ink: object):
    assert ink_for(encoding) is ink
