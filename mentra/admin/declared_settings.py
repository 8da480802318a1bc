"""The settings an app declares, as its author writes them into a file."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from mentra.errors import MentraError


class Declared(msgspec.Struct, tag_field="type", rename="camel"):
    """Base of what can be declared; unknown fields are kept as they are.  Source: docs/protocol."""


class Valued(Declared):
    """Base of what has a value."""

    key: str
    label: str


class Option(msgspec.Struct):
    """One of the choices."""

    label: str
    value: str | int | float | bool | None


class Toggle(Valued, tag="toggle"):
    """On or off."""

    default_value: bool | None = None


class Text(Valued, tag="text"):
    """A line."""

    default_value: str | None = None


class TextNoSaveButton(Valued, tag="text_no_save_button"):
    """Lines, kept as they are typed."""

    default_value: str | None = None
    max_lines: int | None = None


class Select(Valued, tag="select"):
    """One of several."""

    options: list[Option]
    default_value: str | int | float | bool | None = None


class SelectWithSearch(Valued, tag="select_with_search"):
    """One of many."""

    options: list[Option]
    default_value: str | int | float | bool | None = None


class Multiselect(Valued, tag="multiselect"):
    """Some of several."""

    options: list[Option]
    default_value: list[str | int | float | bool] | None = None


class Slider(Valued, tag="slider"):
    """A number between two."""

    min: float
    max: float
    default_value: float | None = None


class NumericInput(Valued, tag="numeric_input"):
    """A number."""

    default_value: float | None = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    placeholder: str | None = None


class TimePicker(Valued, tag="time_picker"):
    """A duration or time of day, seconds."""

    default_value: float | None = None
    show_seconds: bool | None = None


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


def read_settings(file: Path) -> tuple[dict[str, Any], ...]:
    """The declared settings in *file*: a JSON list, or an object with one under ``settings``.

    :raises MentraError: it cannot be read, or one of them is not as it must be.
    """
    try:
        written = msgspec.json.decode(file.read_bytes())
    except OSError as problem:
        raise MentraError(f"{file}: {problem.strerror}; name a file we can read") from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise MentraError(f"{file}: not JSON: {problem}; correct the file") from problem
    settings: Any = written.get("settings") if isinstance(written, dict) else written
    try:
        declared = msgspec.convert(settings, list[Anything])
    except msgspec.ValidationError as problem:
        raise MentraError(f"{file}: {problem} of the settings; correct the file") from problem
    _refuse_twins(file, declared)
    return tuple(settings)


def _refuse_twins(file: Path, declared: list[Any]) -> None:
    keys = Counter(one.key for one in declared if isinstance(one, Valued))
    for key, count in keys.items():
        if count > 1:
            raise MentraError(f"{file}: {count} settings have the key {key!r}; rename all but one")
        if not key:
            raise MentraError(f"{file}: a setting has an empty key; give it one")
