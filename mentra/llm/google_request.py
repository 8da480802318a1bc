"""A conversation as Google's Gemini API spells it."""

from collections import OrderedDict
from typing import Any

from mentra.llm.blocks import Image, Part, Result, Text, Use, system_of, tool_names, turns_of
from mentra.messages.llm import ChatRequest

NO_SIGNATURE = "skip_thought_signature_validator"
"""What stands in place of the signature of a call that somebody else made, or long ago."""
MOST_SIGNATURES = 256
MAX_SIGNATURE = 32_768


class Signatures:
    """What the API gives with a tool call and wants back with its result.

    The newest are kept in memory, and only for as long as the process lives.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[str, str] = OrderedDict()

    def keep(self, call_id: str, signature: str) -> None:
        """Of the call *call_id*; what is absurdly long is forgotten."""
        if len(signature) <= MAX_SIGNATURE:
            self._held[call_id] = signature
        while len(self._held) > MOST_SIGNATURES:
            self._held.popitem(last=False)

    def of(self, call_id: str) -> str | None:
        """That of the call *call_id*, if it is known."""
        return self._held.get(call_id)


def body_of_request(model: str, request: ChatRequest, signatures: Signatures) -> dict[str, Any]:
    """What is sent.

    :raises Refused: ``INVALID_REQUEST``.
    """
    names = tool_names(request)
    signed = _Signed(signatures, wanted="gemini-2" not in model)
    contents = [
        {
            "role": "model" if role == "assistant" else "user",
            "parts": [_part(part, names, signed) for part in parts],
        }
        for role, parts in turns_of(request)
    ]
    system = system_of(request)
    given = {
        "systemInstruction": {"parts": [{"text": system}]} if system else None,
        "generationConfig": _bounds(request) or None,
        "tools": [{"functionDeclarations": [_tool(tool) for tool in request.tools]}]
        if request.tools
        else None,
        "toolConfig": _choice(request),
    }
    return {"contents": contents} | {
        name: value for name, value in given.items() if value is not None
    }


class _Signed:
    """Calls with their signatures, and with the next best where a model insists on one."""

    def __init__(self, signatures: Signatures, wanted: bool) -> None:
        self._signatures = signatures
        self._wanted = wanted

    def call(self, use: Use) -> dict[str, Any]:
        part: dict[str, Any] = {"functionCall": {"name": use.name, "args": use.input}}
        signature = self._signatures.of(use.id) or (NO_SIGNATURE if self._wanted else None)
        return part | {"thoughtSignature": signature} if signature else part


def _bounds(request: ChatRequest) -> dict[str, Any]:
    given = {
        "maxOutputTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": request.stop_sequences or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _part(part: Part, names: dict[str, str], signed: _Signed) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"text": part.text}
    if isinstance(part, Image):
        if part.base64:
            return {"inlineData": {"mimeType": part.media_type, "data": part.base64}}
        return {"fileData": {"fileUri": part.url}}
    if isinstance(part, Use):
        return signed.call(part)
    return _result(part, names)


def _result(result: Result, names: dict[str, str]) -> dict[str, Any]:
    key = "error" if result.is_error else "output"
    # results name the tool, not the call
    name = names.get(result.id, result.id)
    return {"functionResponse": {"name": name, "response": {key: result.output}}}


def _tool(tool: Any) -> dict[str, Any]:
    return {
        "name": tool.name, "description": tool.description,
        "parametersJsonSchema": tool.input_schema,
    }  # fmt: skip


def _choice(request: ChatRequest) -> Any:
    choice = request.tool_choice
    if choice is None or not request.tools:
        return None
    modes = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
    if choice in modes:
        return {"functionCallingConfig": {"mode": modes[choice]}}
    return {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [choice]}}
