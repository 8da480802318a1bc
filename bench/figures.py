"""From rounds to a table: medians, and ratios of the values of one and the same round."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Round = Mapping[str, Any]
"""What one run of a case came to: the load generator's object, or ``{"failure": sentence}``."""

Rounds = Mapping[str, Sequence[Round]]
"""Contestant to its rounds, in the order in which they were run."""


@dataclass(frozen=True)
class Column:
    """One figure of a case.

    :ivar key: where a round has it, or the microseconds of CPU whose inverse it is.
    :ivar per_cpu_second: the figure is how many of them a second of server CPU does.
    """

    title: str
    key: str
    per_cpu_second: bool = False
    decimals: int = 0
    compared: bool = True

    def value(self, result: Round) -> float | None:
        """The figure of a round, None if the round failed or has none."""
        found = result.get(self.key)
        if "failure" in result or not found:
            return None
        return 1e6 / found if self.per_cpu_second else float(found)


_TRAFFIC = (
    Column("per CPU-second", "cpu_us", per_cpu_second=True),
    Column("CPU us", "cpu_us", decimals=2, compared=False),
    Column("user us", "user_us", decimals=2, compared=False),
    Column("per second", "delivered_per_second", compared=False),
)
_COLUMNS = {
    "lat2k": (
        Column("p50 us", "p50_us", decimals=1),
        Column("p99 us", "p99_us"),
        Column("CPU us", "cpu_us", decimals=1, compared=False),
    ),
    "idle": (
        Column("KB each", "kb_per_connection", decimals=2),
        Column("KB before", "before_kb", compared=False),
    ),
    "accept": (
        Column("per CPU-second", "cpu_us", per_cpu_second=True),
        Column("CPU us", "cpu_us", decimals=1, compared=False),
        Column("per second", "accepts_per_second", compared=False),
    ),
    "start": (Column("seconds", "started_in", decimals=2, compared=False),),
}


def columns(case: str) -> Sequence[Column]:
    """The figures of a case; those of the traffic cases if it has none of its own."""
    return _COLUMNS.get(case, _TRAFFIC)


def middle(values: Sequence[float | None]) -> float | None:
    """The median of what is there."""
    found = [value for value in values if value is not None]
    return median(found) if found else None


def ratio(column: Column, ours: Sequence[Round], theirs: Sequence[Round]) -> float | None:
    """The median of same-round ratios: what slowed a whole round down cancels out."""
    pairs = [(column.value(a), column.value(b)) for a, b in zip(ours, theirs, strict=False)]
    return middle([a / b for a, b in pairs if a is not None and b is not None])


def spoilt(result: Round) -> bool:
    """Whether something went wrong in a round, so that its figures are not to be trusted."""
    troubles = ("errors", "refused", "resets", "missing")
    return "failure" in result or any(result.get(trouble) for trouble in troubles)


def table(case: str, what: str, rounds: Rounds, against: Sequence[str]) -> str:
    """The case as lines of text, one a contestant.

    :param against: the contestants to compare with, if they took part.
    """
    baselines = [name for name in against if name in rounds]
    head = [case, *(column.title for column in columns(case))]
    head += [title for title, _, _ in _ratios(case, baselines)]
    rows = [head, *(_row(case, name, rounds, baselines) for name in rounds)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = [_aligned(row, widths) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return f"{what}\n" + "\n".join(lines) + "\n"


def _ratios(case: str, baselines: Sequence[str]) -> Iterator[tuple[str, Column, str]]:
    compared = [column for column in columns(case) if column.compared]
    for column in compared:
        for name in baselines:
            label = f"{column.title.split()[0]} x {name}" if len(compared) > 1 else f"x {name}"
            yield label, column, name


def _row(case: str, name: str, rounds: Rounds, baselines: Sequence[str]) -> list[str]:
    own = rounds[name]
    bad = sum(map(spoilt, own))
    row = [f"{name} ({bad} of {len(own)} bad)" if bad else name]
    for column in columns(case):
        row.append(_number(middle([column.value(result) for result in own]), column.decimals))
    for _, column, other in _ratios(case, baselines):
        row.append(_number(ratio(column, own, rounds[other]), 2))
    return row


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:,.{decimals}f}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join(cells).rstrip()
