"""A conversation as OpenAI's chat completions spell it."""

from typing import Any

import msgspec

from mentra.llm.blocks import Image, Part, Result, Text, Use, system_of, turns_of
from mentra.messages.llm import ChatRequest, Tool


def body_of_request(model: str, request: ChatRequest, limit_key: str) -> dict[str, Any]:
    """What is sent.

    :param limit_key: what the server calls the bound on an answer's tokens.
    :raises Refused: ``INVALID_REQUEST``.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(request),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    given = {
        limit_key: request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": request.stop_sequences or None,
        "tools": [_tool(tool) for tool in request.tools] or None,
        "tool_choice": _choice(request),
    }
    return body | {name: value for name, value in given.items() if value is not None}


def _messages(request: ChatRequest) -> list[dict[str, Any]]:
    system = system_of(request)
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for role, parts in turns_of(request):
        if role == "assistant":
            messages.append(_assistant(parts))
            continue
        messages += [_result(part) for part in parts if isinstance(part, Result)]
        said = [part for part in parts if isinstance(part, Text | Image)]
        if said:
            messages.append({"role": "user", "content": _content(said)})
    return messages


def _assistant(parts: list[Part]) -> dict[str, Any]:
    text = "\n\n".join(part.text for part in parts if isinstance(part, Text))
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    calls = [_call(part) for part in parts if isinstance(part, Use)]
    if calls:
        message["tool_calls"] = calls
    return message


def _call(use: Use) -> dict[str, Any]:
    arguments = msgspec.json.encode(use.input).decode()
    function = {"name": use.name, "arguments": arguments}
    return {"id": use.id, "type": "function", "function": function}


def _result(result: Result) -> dict[str, Any]:
    said = f"Error: {result.output}" if result.is_error else result.output
    return {"role": "tool", "tool_call_id": result.id, "content": said}


def _content(parts: list[Text | Image]) -> Any:
    if all(isinstance(part, Text) for part in parts):
        # servers that know no blocks know this
        return "\n\n".join(part.text for part in parts if isinstance(part, Text))
    return [
        {"type": "text", "text": part.text}
        if isinstance(part, Text)
        else {"type": "image_url", "image_url": {"url": part.url}}
        for part in parts
    ]


def _tool(tool: Tool) -> dict[str, Any]:
    function = {
        "name": tool.name, "description": tool.description, "parameters": tool.input_schema,
    }  # fmt: skip
    return {"type": "function", "function": function}


def _choice(request: ChatRequest) -> Any:
    choice = request.tool_choice
    if choice is None or not request.tools:
        return None
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}
