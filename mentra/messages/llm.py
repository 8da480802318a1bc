"""What language models are asked, and what they say.

The spelling is that of the browser channels; providers' own are known to their engines alone.
"""

from typing import Any, Literal

import msgspec

Role = Literal["user", "assistant", "system", "tool"]

StopReason = Literal["end_turn", "max_tokens", "tool_use", "stop_sequence"]

ChunkType = Literal[
    "message_start", "text", "tool_use_start", "tool_use_input", "message_end", "error"
]


class _Struct(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of the structs here."""


class Tool(_Struct, frozen=True, kw_only=True):
    """A function that the model may call.

    :ivar input_schema: JSON Schema of its arguments, an object.
    """

    name: str
    description: str
    input_schema: dict[str, Any]


class ToolCall(_Struct, frozen=True, kw_only=True):
    """The model calls a function.

    :ivar input: its arguments.
    """

    id: str
    name: str
    input: dict[str, Any]


class Turn(_Struct, frozen=True, kw_only=True):
    """One message of a conversation.

    :ivar content: text, or blocks: objects with a ``type`` (``text`` with ``text`` or ``value``,
        ``code``, ``image`` with ``url``, ``tool_use`` with ``toolCallId``, ``name`` and ``input``,
        ``tool_result`` with ``toolCallId``, ``output`` and ``isError``).
    """

    role: Role
    content: str | list[dict[str, Any]]


class ChatRequest(_Struct, frozen=True, kw_only=True):
    """What a model is asked.

    :ivar provider: name of the engine; engines themselves ignore it.
    :ivar model: empty: the one that is configured.
    :ivar messages: the conversation, oldest first; at least one.
    :ivar temperature: 0 to 2; None is the provider's own.
    :ivar tool_choice: ``auto``, ``none``, ``required`` or the name of a tool.
    """

    provider: str = ""
    model: str = ""
    messages: list[Turn]
    system_prompt: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] = []
    stream: bool | None = None
    tools: list[Tool] = []
    tool_choice: str | None = None


class Usage(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Tokens that an answer took, as the provider counts them.

    :ivar input_tokens: without those that were read from a cache or written to one.
    """

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None


class ChatResponse(_Struct, frozen=True, kw_only=True):
    """What a model answered.

    :ivar id: the provider's id of the answer.
    :ivar model: the one that answered.
    :ivar provider: name of the engine.
    """

    id: str
    content: str
    model: str
    provider: str
    stop_reason: StopReason
    usage: Usage
    tool_calls: list[ToolCall] = []


class Chunk(_Struct, frozen=True, kw_only=True):
    """A piece of an answer on its way.

    :ivar type: ``message_start`` comes first, ``message_end`` (with ``usage``) or ``error`` last.
        A tool call is told twice: ``tool_use_start`` with its id and name as soon as they are
        known, ``tool_use_input`` with the whole call once its arguments are complete.
    """

    type: ChunkType
    text: str | None = None
    tool_call: ToolCall | None = None
    usage: Usage | None = None
    error: str | None = None


class ModelConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A model that a provider has.

    :ivar context_window: tokens.
    :ivar input_price_per_million: US dollars for a million tokens, likewise output.
    """

    id: str
    name: str
    context_window: int
    max_output_tokens: int
    supports_vision: bool
    supports_tools: bool
    input_price_per_million: float
    output_price_per_million: float
