"""Settings as stored: one JSON text per owner, whatever their keys and values."""

from collections.abc import Mapping
from typing import Any

import msgspec

from mentra.errors import StoreError

_decoder = msgspec.json.Decoder(dict[str, Any])


def merged(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """*settings* with *changes* put in; a change to None deletes its key."""
    return {key: value for key, value in {**settings, **changes}.items() if value is not None}


def to_text(settings: Mapping[str, Any]) -> str:
    """The JSON text of *settings*.

    :raises StoreError: a value is not JSON.
    """
    try:
        return msgspec.json.encode(settings).decode()
    except (TypeError, ValueError, OverflowError, RecursionError) as problem:
        raise StoreError(f"settings must be JSON: {problem}") from None


def from_text(text: str) -> dict[str, Any]:
    """The settings in what :func:`to_text` made."""
    return _decoder.decode(text)
