"""The settings an app declares, as its author writes them into a file."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from mentra.errors import MentraError
from mentra.glasses.settings.declared import Anything, Valued


def read_settings(file: Path) -> tuple[dict[str, Any], ...]:
    """The declared settings in *file*: a JSON list, or an object with one under ``settings``.

    :raises MentraError: it cannot be read, or one of them is not as it must be.
    """
    written = read_json(file)
    return checked_settings(file, written.get("settings") if isinstance(written, dict) else written)


def read_json(file: Path) -> Any:
    """What is in *file*.

    :raises MentraError: it cannot be read, or is no JSON.
    """
    try:
        return msgspec.json.decode(file.read_bytes())
    except OSError as problem:
        raise MentraError(f"{file}: {problem.strerror}; name a file we can read") from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise MentraError(f"{file}: not JSON: {problem}; correct the file") from problem


def checked_settings(file: Path, settings: Any) -> tuple[dict[str, Any], ...]:
    """*settings*, out of *file*, if they can be declared.

    :raises MentraError: one of them is not as it must be.
    """
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
