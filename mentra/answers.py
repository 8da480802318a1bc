"""The shapes that JSON answers have in common, for what routes declare.

Routes that answer with a dict declare one of these; a test compares what they answer with it.
"""

from typing import Any, Generic, TypedDict, TypeVar

DataT = TypeVar("DataT")


class Done(TypedDict):
    """It was done; *message* says what."""

    success: bool
    message: str


class Found(TypedDict, Generic[DataT]):
    """What was asked for."""

    success: bool
    data: DataT


class Stamped(TypedDict):
    """It was done, and when; ISO 8601, UTC."""

    success: bool
    timestamp: str


class FoundNow(TypedDict, Generic[DataT]):
    """What was asked for, and when that was; ISO 8601, UTC."""

    success: bool
    data: DataT
    timestamp: str


class Success(TypedDict):
    """Whether it is so."""

    success: bool


class Settings(TypedDict):
    """Settings by their keys."""

    settings: dict[str, Any]
