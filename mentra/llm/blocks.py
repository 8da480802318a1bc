"""What a turn says, read from the blocks that clients send.

Providers spell blocks in ways of their own; engines map from here.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import attrs
import msgspec

from mentra.errors import Refused
from mentra.messages.llm import ChatRequest, Turn


@attrs.frozen
class Text:
    """Words."""

    text: str


@attrs.frozen
class Image:
    """A picture: somewhere on the net, or here.

    :ivar url: as it came, ``https:`` or ``data:``.
    :ivar media_type: of a ``data:`` URL, e.g. ``image/png``; empty for others.
    :ivar base64: of a ``data:`` URL, its bytes; empty for others.
    """

    url: str
    media_type: str = ""
    base64: str = ""


@attrs.frozen
class Use:
    """The model called a tool."""

    id: str
    name: str
    input: dict[str, Any]


@attrs.frozen
class Result:
    """What a tool said."""

    id: str
    output: str
    is_error: bool


Part: TypeAlias = Text | Image | Use | Result


def invalid(what: str) -> Refused:
    """``INVALID_REQUEST``, because of *what*."""
    return Refused("INVALID_REQUEST", what, where="provider")


def parts_of(turn: Turn) -> list[Part]:
    """What *turn* says, block by block; empty texts are left out.

    :raises Refused: ``INVALID_REQUEST``: a block is none of those that a model can be told.
    """
    if isinstance(turn.content, str):
        return [Text(turn.content)] if turn.content else []
    parts = [_part(block) for block in turn.content]
    return [part for part in parts if part != Text("")]


def text_of(turn: Turn) -> str:
    """Its words alone, paragraphs apart."""
    return "\n\n".join(part.text for part in parts_of(turn) if isinstance(part, Text))


def system_of(request: ChatRequest) -> str:
    """What the model is to keep in mind: the system prompt, and turns of the role ``system``."""
    prompts = [request.system_prompt or ""]
    prompts += [text_of(turn) for turn in request.messages if turn.role == "system"]
    return "\n\n".join(prompt for prompt in prompts if prompt)


def turns_of(request: ChatRequest) -> Iterator[tuple[str, list[Part]]]:
    """Role (``user`` or ``assistant``) and parts of every turn that says something.

    :raises Refused: ``INVALID_REQUEST``.
    """
    for turn in request.messages:
        if turn.role == "system":
            continue
        parts = parts_of(turn)
        if parts:
            # a tool's results come from our side
            yield ("assistant" if turn.role == "assistant" else "user"), parts


def tool_names(request: ChatRequest) -> dict[str, str]:
    """Id of each tool call in the conversation to the tool's name."""
    return {
        part.id: part.name
        for turn in request.messages
        for part in parts_of(turn)
        if isinstance(part, Use)
    }


def _part(block: dict[str, Any]) -> Part:
    kind = block.get("type")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise invalid(f"a model cannot be told blocks of the type {kind!r:.40}")
    return read(block)


def _text(block: dict[str, Any]) -> Part:
    return Text(_words(block))


def _code(block: dict[str, Any]) -> Part:
    language = block.get("language")
    return Text(f"```{language if isinstance(language, str) else ''}\n{_words(block)}\n```")


def _words(block: dict[str, Any]) -> str:
    for key in ("text", "value"):
        if isinstance(block.get(key), str):
            return str(block[key])
    raise invalid(f"a block of the type {block['type']} has no text")


def _image(block: dict[str, Any]) -> Part:
    url = block.get("url")
    if not isinstance(url, str):
        raise invalid("an image has no url")
    if url.startswith(("https://", "http://")):
        return Image(url)
    head, _, data = url.partition(",")
    media_type, _, encoding = head.removeprefix("data:").partition(";")
    if not head.startswith("data:image/") or encoding != "base64" or not data:
        raise invalid("an image's url is neither https: nor data:image/...;base64,")
    return Image(url, media_type, data)


def _use(block: dict[str, Any]) -> Part:
    given = block.get("input", {})
    if not isinstance(given, dict):
        raise invalid("the input of a tool_use block is no object")
    return Use(_string(block, "toolCallId"), _string(block, "name"), given)


def _result(block: dict[str, Any]) -> Part:
    output = block.get("output", "")
    said = output if isinstance(output, str) else msgspec.json.encode(output).decode()
    return Result(_string(block, "toolCallId"), said, block.get("isError") is True)


def _string(block: dict[str, Any], key: str) -> str:
    found = block.get(key)
    if not isinstance(found, str) or not found:
        raise invalid(f"a block of the type {block['type']} has no {key}")
    return found


_READERS: dict[str, Callable[[dict[str, Any]], Part]] = {
    "text": _text,
    "code": _code,
    "image": _image,
    "tool_use": _use,
    "tool_result": _result,
}
