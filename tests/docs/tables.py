"""Reads the ``list-table`` of a page by its ``:name:``."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from tests.docs.manual import ROOT

_WORD = re.compile(r"``([^`]+)``")


@cache
def rows_of(page: str, name: str) -> tuple[tuple[str, ...], ...]:
    """The cells of a table of docs/*page*, the header row left out."""
    lines = (ROOT / "docs" / page).read_text("utf-8").splitlines()
    begin = lines.index(f"   :name: {name}")
    rows = list(_rows(lines[begin:]))
    has_header = "   :header-rows: 1" in lines[begin : begin + 4]
    return tuple(rows[1:] if has_header else rows)


def _rows(lines: list[str]) -> Iterator[tuple[str, ...]]:
    cells: list[str] = []
    for line in lines:
        if line and not line.startswith(" "):
            break
        if line.startswith("   * - "):
            if cells:
                yield tuple(cells)
            cells = [line[7:].strip()]
        elif line.startswith("     -"):
            cells.append(line[6:].strip())
        elif cells and line.strip():
            cells[-1] = f"{cells[-1]} {line.strip()}".strip()
    if cells:
        yield tuple(cells)


def words_of(cell: str) -> list[str]:
    """What stands in double backquotes."""
    return _WORD.findall(cell)


def first_words(page: str, name: str) -> list[str]:
    """What stands in double backquotes in the first column."""
    return [word for row in rows_of(page, name) for word in words_of(row[0])]


def headings() -> set[str]:
    """Every title in docs/, in lower case."""
    found = set()
    for path in Path(ROOT / "docs").rglob("*.rst"):
        lines = path.read_text("utf-8").splitlines()
        for title, below in pairwise(lines):
            if title and re.fullmatch(r"([=\-~^])\1{2,}", below) and len(below) >= len(title):
                found.add(title.lower())
    return found
