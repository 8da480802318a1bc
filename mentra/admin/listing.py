"""How commands show lists: columns for people, JSON for scripts."""

from collections.abc import Iterable, Sequence
from typing import Any

import click
import msgspec


def show_json(data: object) -> None:
    """Print *data* as one line of JSON."""
    click.echo(msgspec.json.encode(data).decode())


def show_table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print *rows* under *headings*, in columns; nothing but a dash where there is nothing."""
    lines = [tuple(headings), *(tuple(_cell(one) for one in row) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(headings))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _cell(value: Any) -> str:
    text = "-" if value in (None, "") else str(value)
    # whatever a name has in it, it is one line and moves no cursor
    return "".join(one if one.isprintable() else "?" for one in text)
