"""Text as a terminal lays it out: in cells, of which a character fills none, one or two."""

import re
import unicodedata
from collections.abc import Iterator

MAX_MARKS = 4
"""Accents kept on one character; further ones are dropped."""

_SKIN_TONES = range(0x1F3FB, 0x1F400)
_LINE_BREAKS = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")
_JOINING_JAMO = range(0x1160, 0x1200)


def clean(text: str) -> str:
    """*text* without anything that could move a cursor or change a terminal's mind.

    Line breaks of every kind become ``\\n``, tabs a space; control and formatting characters,
    variation selectors and skin tones (whose width terminals disagree on) go.
    """
    text = _LINE_BREAKS.sub("\n", text).replace("\t", " ")
    return "".join(character for character in text if character == "\n" or _is_seen(character))


def _is_seen(character: str) -> bool:
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn", "Co"):
        return False
    point = ord(character)
    return not (0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF or point in _SKIN_TONES)


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me") or ord(character) in _JOINING_JAMO:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cells(text: str) -> int:
    """How many cells *text* fills: one line, cleaned."""
    return sum(map(_cells_of, text))


def _clusters(text: str) -> Iterator[str]:
    """*text* in pieces that stay together: a character and the marks on it."""
    cluster, marks = "", 0
    for character in text:
        if _cells_of(character):
            if cluster:
                yield cluster
            cluster, marks = character, 0
        elif cluster and marks < MAX_MARKS:
            cluster, marks = cluster + character, marks + 1
    if cluster:
        yield cluster


def cut(text: str, width: int) -> str:
    """As much of the start of *text* as *width* cells hold."""
    kept, left = "", width
    for cluster in _clusters(text):
        left -= cells(cluster)
        if left < 0:
            break
        kept += cluster
    return kept


def fit(text: str, width: int) -> str:
    """*text* in exactly *width* cells: cut, or padded with spaces."""
    kept = cut(text, width)
    return kept + " " * (width - cells(kept))


def wrap(text: str, width: int) -> list[str]:
    """*text*, cleaned, in lines of at most *width* cells: broken at spaces, and within a word only
    if a whole line does not hold it."""
    return [
        line for paragraph in clean(text).split("\n") for line in _wrap_paragraph(paragraph, width)
    ]


def _wrap_paragraph(paragraph: str, width: int) -> Iterator[str]:
    line = ""
    for number, word in enumerate(paragraph.split(" ")):
        longer = f"{line} {word}" if number else word
        if cells(longer) <= width:
            line = longer
            continue
        if line.strip():
            yield line
        # as cut leaves it, or else what is cut off cannot be told by its length
        line = "".join(_clusters(word))
        while cells(line) > width:
            # where not even one character fits, it goes: nothing may overflow
            start = cut(line, width) or next(_clusters(line))
            if cells(start) <= width:
                yield start
            line = line[len(start) :]
    yield line
