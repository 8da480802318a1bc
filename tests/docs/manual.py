"""Reads the examples in README.rst and docs/: code blocks, and comments that say how to run them.

A comment right before a ``code-block`` says what becomes of it:

``.. file: NAME``                      it is written to that file
``.. add to: NAME``                    it is appended to that file
``.. not run here: REASON``            it is only read
``.. run as: COMMAND``                 this is run in its place
``.. in the background until: URL``    it is started, and runs until the page ends
``.. restart: COMMAND``                the background command is started anew before this one

A ``console`` block without a comment is run; a line without ``$`` or ``>`` is what it prints, with
``...`` for anything.  A ``python`` block without a comment is executed.
"""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import attrs

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    ROOT / "README.rst",
    *sorted((ROOT / "docs").rglob("*.rst")),
)
NOTES = ("file", "add to", "not run here", "run as", "in the background until", "restart")

_NOTE = re.compile(rf"\.\. ({'|'.join(NOTES)}): (.+)")
_BLOCK = re.compile(r"( *)\.\. (?:code-block|literalinclude):: (\S+)")


@attrs.frozen
class Block:
    """A code block.

    :ivar notes: what the comments before it say.
    :ivar line: where it begins.
    """

    language: str
    text: str
    notes: dict[str, str]
    line: int

    @property
    def is_run(self) -> bool:
        """Whether it is a command that can be run here."""
        return self.language == "console" and "not run here" not in self.notes

    @property
    def commands(self) -> list[str]:
        """What is typed, a whole command each."""
        if "run as" in self.notes:
            return [self.notes["run as"]]
        typed: list[str] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                typed.append(line[2:])
            elif line.startswith("> "):
                typed[-1] += f"\n{line[2:]}"
        return typed

    @property
    def printed(self) -> list[str]:
        """The lines it prints."""
        if "run as" in self.notes:
            return []
        return [one for one in self.text.splitlines() if one and one[:2] not in ("$ ", "> ")]


@attrs.frozen
class Page:
    """A page of the manual."""

    path: Path
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        """Its path from the top of the repository."""
        return str(self.path.relative_to(ROOT))


def pages() -> list[Page]:
    """Every page, README first."""
    return [Page(path, tuple(blocks_of(path.read_text("utf-8")))) for path in PAGES]


def blocks_of(text: str) -> Iterator[Block]:
    """The code blocks in *text*."""
    lines = text.splitlines()
    notes: dict[str, str] = {}
    for number, line in enumerate(lines):
        if note := _NOTE.fullmatch(line.strip()):
            notes[note[1]] = note[2]
        elif block := _BLOCK.fullmatch(line):
            yield Block(block[2], _body(lines[number + 1 :], len(block[1])), notes, number + 1)
            notes = {}
        elif line.strip():
            notes = {}


def _body(lines: list[str], indent: int) -> str:
    inside = []
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        inside.append(line)
    options = 0
    while options < len(inside) and inside[options].strip().startswith(":"):
        options += 1
    return textwrap.dedent("\n".join(inside[options:])).strip("\n")
