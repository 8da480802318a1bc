"""What an app may declare as its settings, and which values fit.

Source: docs/protocol/settings.rst.  Unknown fields of a declaration are kept as they are.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

MAX_TEXT = 100_000
"""Longest text that is a value, characters."""

Choice = str | int | float | bool | None


class Declared(msgspec.Struct, tag_field="type", rename="camel"):
    """Base of what can be declared."""


class Valued(Declared):
    """Base of what has a value."""

    key: str
    label: str

    def fits(self, value: Any) -> bool:
        """Whether *value* can be chosen."""
        raise NotImplementedError


class Option(msgspec.Struct):
    """One of the choices."""

    label: str
    value: Choice


class Toggle(Valued, tag="toggle"):
    """On or off."""

    default_value: bool | None = None

    def fits(self, value: Any) -> bool:
        """True or false."""
        return isinstance(value, bool)


class Text(Valued, tag="text"):
    """A line."""

    default_value: str | None = None

    def fits(self, value: Any) -> bool:
        """Text."""
        return isinstance(value, str) and len(value) <= MAX_TEXT


class TextNoSaveButton(Text, tag="text_no_save_button"):
    """Lines, kept as they are typed."""

    max_lines: int | None = None


class Select(Valued, tag="select"):
    """One of several."""

    options: list[Option]
    default_value: Choice = None

    def fits(self, value: Any) -> bool:
        """One of the options' values."""
        return _is_among(value, self.options)


class SelectWithSearch(Select, tag="select_with_search"):
    """One of many."""


class Multiselect(Valued, tag="multiselect"):
    """Some of several."""

    options: list[Option]
    default_value: list[str | int | float | bool] | None = None

    def fits(self, value: Any) -> bool:
        """A list of options' values."""
        return (
            isinstance(value, list)
            and len(value) <= len(self.options)
            and all(_is_among(one, self.options) for one in value)
        )


class Slider(Valued, tag="slider"):
    """A number between two."""

    min: float
    max: float
    default_value: float | None = None

    def fits(self, value: Any) -> bool:
        """A number within the bounds."""
        return _is_number(value) and self.min <= value <= self.max


class NumericInput(Valued, tag="numeric_input"):
    """A number."""

    default_value: float | None = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    placeholder: str | None = None

    def fits(self, value: Any) -> bool:
        """A number within what bounds there are; the step is for the keyboard alone."""
        least = -math.inf if self.min is None else self.min
        most = math.inf if self.max is None else self.max
        return _is_number(value) and least <= value <= most


class TimePicker(Valued, tag="time_picker"):
    """A duration or time of day, seconds."""

    default_value: float | None = None
    show_seconds: bool | None = None

    def fits(self, value: Any) -> bool:
        """Seconds, not negative."""
        return _is_number(value) and value >= 0


class Group(Declared, tag="group"):
    """A heading."""

    title: str


class TitleValue(Declared, tag="titleValue"):
    """A fact that cannot be changed."""

    label: str
    value: Any


Anything = (
    Toggle | Text | TextNoSaveButton | Select | SelectWithSearch | Multiselect | Slider
    | NumericInput | TimePicker | Group | TitleValue
)  # fmt: skip

VALUELESS = frozenset({"group", "titleValue"})
"""Declared entries that only arrange the others: they have no value."""


def has_value(declared: Mapping[str, Any]) -> bool:
    """Whether the entry is one that a value belongs to."""
    key = declared.get("key")
    return isinstance(key, str) and key != "" and declared.get("type") not in VALUELESS


def misfits(declared: Iterable[Mapping[str, Any]], changes: Mapping[str, Any]) -> list[str]:
    """Keys in *changes* whose value their declaration does not allow.

    None, which is "back to the default", always fits, and so does what is not declared.
    """
    wanted = {one["key"]: one for one in declared if has_value(one)}
    return [
        key
        for key, value in changes.items()
        if value is not None and key in wanted and not _fits(wanted[key], value)
    ]


def _fits(declared: Mapping[str, Any], value: Any) -> bool:
    try:
        read: Any = msgspec.convert(declared, Anything)
    except msgspec.ValidationError:
        return True  # older than this check; nobody knows what was meant
    return bool(read.fits(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_among(value: Any, options: Iterable[Option]) -> bool:
    # 1, 1.0 and True are equal in Python and three things in JSON, where 1 and 1.0 are one
    return any(
        one.value == value and isinstance(one.value, bool) is isinstance(value, bool)
        for one in options
    )
