"""Questions of the model, as the terminal shows and reads them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from mentra.messages.opencode import PermissionRequest
from mentra.opencode.answers import Question
from mentra.opencode.questions import PERMISSION


class _Told(msgspec.Struct, frozen=True):
    questions: tuple[Question, ...] = ()


def questions_of(asked: PermissionRequest) -> tuple[Question, ...]:
    """What the model wants to know; nothing if it is consent that is wanted."""
    if asked.permission != PERMISSION:
        return ()
    try:
        return msgspec.json.decode(asked.metadata_json, type=_Told).questions
    except (ValueError, RecursionError):
        return ()


def shown(question: Question) -> Iterator[str]:
    """The lines that ask it."""
    yield f"? {question.question}"
    for number, option in enumerate(question.options, 1):
        yield f"  {number}  {option.label}{': ' if option.description else ''}{option.description}"


def hint(question: Question) -> str:
    """What stands before the place to type."""
    if not question.options:
        return "  answer: "
    return "  numbers or words: " if question.multiple else "  number or words: "


def chosen(question: Question, line: str) -> list[str]:
    """What *line* answers: options by their numbers, or what is written; nothing if that is
    nothing."""
    words = line.replace(",", " ").split()
    labels: dict[str, Any] = {str(n): one.label for n, one in enumerate(question.options, 1)}
    if words and all(word in labels for word in words) and (len(words) == 1 or question.multiple):
        return [labels[word] for word in words]
    return [line.strip()] if line.strip() else []
