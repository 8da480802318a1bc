"""``mentra sessions``: who is on."""

from typing import Any

import click

from mentra.admin import configured
from mentra.admin.control import Control
from mentra.admin.listing import show_json, show_table
from mentra.config import Config
from mentra.errors import MentraError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@configured
def sessions(config: Config, as_json: bool) -> None:
    """Show who is on: apps, age and last sign of life."""
    told = Control(config.state_dir).ask("GET", "/sessions")
    if told is None:
        raise MentraError(
            f"no server runs with the state directory {config.state_dir}; "
            "start one, or name its own with --state-dir"
        )
    if as_json:
        show_json(told["sessions"])
        return
    show_table(("USER", "AGE", "LAST SEEN", "APPS"), map(_row, told["sessions"]))


def _row(session: dict[str, Any]) -> tuple[str, ...]:
    seen = session["lastSeen"]
    apps = ", ".join(
        name if state == "running" else f"{name} ({state})"
        for name, state in session["apps"].items()
    )
    return (
        session["userId"],
        duration(session["age"]),
        "away" if seen is None else f"{duration(seen)} ago",
        apps,
    )


def duration(seconds: float) -> str:
    """*seconds* for people: the two largest units."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
