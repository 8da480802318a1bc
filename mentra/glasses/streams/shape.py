"""How deep JSON is: what just could be read might be too deep to be written again."""

from typing import Any

MAX_DEPTH = 8
"""Levels of objects and lists in what is passed on."""


def is_deep(value: Any) -> bool:
    """Whether *value* has more than ``MAX_DEPTH`` levels."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        inner = (
            one for each in level for one in (each.values() if isinstance(each, dict) else each)
        )
        level = [one for one in inner if isinstance(one, dict | list)]
    return bool(level)
