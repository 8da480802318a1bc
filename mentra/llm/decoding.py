"""JSON that a provider sends, into what its engine understands."""

from typing import Any, TypeVar

import msgspec

from mentra.errors import Refused
from mentra.llm.answering import unexpected

StructT = TypeVar("StructT")

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def event_of(kind: type[StructT], data: str) -> StructT:
    """The data of an event.

    :raises Refused: ``SERVER_ERROR``: it is something else.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except _UNREADABLE as problem:
        raise unexpected("the answer has an event that makes no sense") from problem


def body_of(kind: type[StructT], body: bytes) -> StructT | None:
    """A whole body; None if it is something else."""
    try:
        return msgspec.json.decode(body, type=kind)
    except _UNREADABLE:
        return None


def broke_off(name: str) -> Refused:
    """``NETWORK_ERROR``: the answer has no end."""
    return Refused(
        "NETWORK_ERROR", f"{name} broke off in the middle of its answer",
        where="provider", retryable=True,
    )  # fmt: skip


class Problem(msgspec.Struct, frozen=True):
    """The error objects of providers, as far as they agree."""

    message: str | None = None
    type: str | None = None
    code: Any = None
    status: str | None = None
    details: Any = None


def problem_of(error: Any) -> Problem | None:
    """An error object, or a text that stands in its place; None if it is something else."""
    if isinstance(error, str):
        return Problem(message=error)
    try:
        return msgspec.convert(error, Problem)
    except msgspec.ValidationError:
        return None
