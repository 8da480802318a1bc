"""Positions as phones write them, and as apps read them.  Source: docs/protocol/location.rst."""

from collections.abc import Mapping
from typing import Any, TypeGuard

import msgspec

from mentra.messages.location import LocationUpdate
from mentra.messages.stamps import iso
from mentra.records import Position

MOST = 1e9
"""No degrees and no metres on Earth are as many."""

_PLACES = ("location", "coords")
"""Objects that a position may be wrapped in; the second may be in the first."""


def position_of(said: Mapping[str, Any], now: float) -> Position | None:
    """The position in *said*, bare or wrapped; None if its numbers are no good.

    :param now: POSIX seconds.
    """
    for place in _PLACES:
        inner = said.get(place)
        said = inner if isinstance(inner, dict) else said
    lat = _degrees(said, ("lat", "latitude"), 90)
    lng = _degrees(said, ("lng", "longitude"), 180)
    if lat is None or lng is None:
        return None
    accuracy = said.get("accuracy")
    return Position(
        lat=lat,
        lng=lng,
        # phones say -1 for "no idea"
        accuracy=accuracy if _is_number(accuracy) and accuracy >= 0 else None,
        known_at=now,
    )


def data_of(position: Position, correlation_id: str | None = None) -> bytes:
    """What apps are told, JSON.

    :param correlation_id: of the poll that this answers.
    """
    data: dict[str, Any] = {
        "type": LocationUpdate.tag(),
        "lat": position.lat,
        "lng": position.lng,
        "accuracy": position.accuracy,
        "correlationId": correlation_id,
        "timestamp": iso(position.known_at),
    }
    return msgspec.json.encode({name: value for name, value in data.items() if value is not None})


def _degrees(said: Mapping[str, Any], names: tuple[str, ...], most: float) -> float | None:
    for name in names:
        value = said.get(name)
        if _is_number(value) and abs(value) <= most:
            return float(value)
    return None


def _is_number(value: Any) -> TypeGuard[float]:
    # compared and not converted, for JSON has integers that no float can hold
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MOST
