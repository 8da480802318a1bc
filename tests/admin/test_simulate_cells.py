"""How text fills a terminal's cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.admin.cells import cells, clean, cut, fit, wrap


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("日本", 4), ("e\u0301", 1), ("\uff21", 2), ("한국", 4), ("", 0), ("🙂", 2)],
)
def test_wide_characters_fill_two_cells_and_accents_none(text: str, width: int):
    assert cells(text) == width


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[2Jboo", "[2Jboo"),
        ("a\r\nb\rc\u2028d\x85e\x0bf", "a\nb\nc\nd\ne\nf"),
        ("a\tb", "a b"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\x9b31m", "31m"),
        ("a\x00\x07\x7fb", "ab"),
        ("👍🏽", "👍"),
        ("❤\ufe0f", "❤"),
        ("\ud800x", "x"),
    ],
)
def test_what_could_change_the_terminal_goes(text: str, left: str):
    assert clean(text) == left


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("the quick brown fox", 10, ["the quick", "brown fox"]),
        ("", 10, [""]),
        ("a\n\nb", 10, ["a", "", "b"]),
        ("supercalifragilistic ok", 8, ["supercal", "ifragili", "stic ok"]),
        ("日本語です", 5, ["日本", "語で", "す"]),
        ("hi 日本語です", 6, ["hi", "日本語", "です"]),
        ("  indented", 20, ["  indented"]),
        ("exactly ten", 11, ["exactly ten"]),
        ("日", 1, [""]),
        ("\u0300abc", 2, ["ab", "c"]),
    ],
)
def test_lines_break_at_spaces_and_never_inside_a_wide_character(
    text: str, width: int, lines: list[str]
):
    assert wrap(text, width) == lines


@given(st.text(), st.integers(1, 12))
def test_no_line_is_ever_too_wide(text: str, width: int):
    assert all(cells(line) <= width for line in wrap(text, width))


@given(st.text(), st.integers(2, 12))
def test_wrapping_loses_nothing_but_spaces(text: str, width: int):
    def letters(written: str) -> str:
        # accents without a letter, or too many of them, are lost by design
        return "".join(one for one in written if cells(one) and one not in " \n")

    assert letters("".join(wrap(text, width))) == letters(clean(text))


@given(st.text(), st.integers(0, 12))
def test_fitting_fills_exactly(text: str, width: int):
    assert cells(fit(clean(text).replace("\n", ""), width)) == width


def test_a_pile_of_accents_is_cut_down():
    assert cut("e" + "\u0301" * 1000 + "f", 2) == "e" + "\u0301" * 4 + "f"
