"""Language models: asked by pages, answered whole or bit by bit."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from mentra.messages.channels import PATH, Event, Record, Request
from mentra.messages.channels.chat import ContentBlock, Prompt
from mentra.messages.llm import ChatResponse, Chunk, ModelConfig

Provider = Annotated[str, Meta(min_length=1, max_length=64)]
Count = Annotated[int, Meta(ge=1, le=10_000_000)]

PATIENCE = 3660.0
"""Seconds; what asks models has bounds of its own, and they come first."""


class AiMessage(Record, frozen=True, kw_only=True):
    """A message of a conversation.

    :ivar content: a text is one block of text.
    """

    role: Literal["user", "assistant", "system", "tool"]
    content: str | Annotated[list[ContentBlock], Meta(max_length=1000)]


class AiTool(Record, frozen=True, kw_only=True):
    """A function that the model may call.

    :ivar input_schema: JSON Schema of its arguments.
    """

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    description: Annotated[str, Meta(max_length=10_000)] = ""
    input_schema: dict[str, Any]


class AiToolChoice(Record, frozen=True, kw_only=True):
    """Whether and which function is to be called.

    :ivar type: ``any``: one of them; ``tool``: the one called *name*.
    """

    type: Literal["auto", "any", "required", "none", "tool"]
    name: str | None = None


class _AiRequest(Request, frozen=True, kw_only=True, tag="(ai)"):
    """What a model is asked.

    :ivar provider: name of the engine, e.g. ``echo``.
    :ivar model: empty: the one that the server is configured with.
    :ivar tool_choice: ``auto``, ``none``, ``required``, the name of a tool, or an object.
    :ivar stream: of no account; the channel says it.
    """

    answers: ClassVar[Any] = ChatResponse
    patience: ClassVar[float | None] = PATIENCE
    provider: Provider
    model: Annotated[str, Meta(max_length=256)]
    messages: Annotated[list[AiMessage], Meta(min_length=1, max_length=10_000)]
    system_prompt: Prompt | None = None
    max_tokens: Count | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    stop_sequences: (
        Annotated[list[Annotated[str, Meta(max_length=256)]], Meta(max_length=16)] | None
    ) = None
    stream: bool | None = None
    tools: Annotated[list[AiTool], Meta(max_length=128)] | None = None
    tool_choice: Annotated[str, Meta(max_length=64)] | AiToolChoice | None = None


# -- events ----------------------------------------------------------------------------------


class StreamChunk(Record, frozen=True, kw_only=True):
    """A piece of an answer.

    :ivar request_id: of the request on ``ai:chat-stream``.
    """

    request_id: str
    chunk: Chunk


class AiStreamChunk(Event, frozen=True, kw_only=True, tag="ai:stream-chunk"):
    """A piece of an answer; only the page that asked is told."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: StreamChunk


class StreamComplete(Record, frozen=True, kw_only=True):
    """An answer as a whole.

    :ivar request_id: of the request on ``ai:chat-stream``.
    """

    request_id: str
    response: ChatResponse


class AiStreamComplete(Event, frozen=True, kw_only=True, tag="ai:stream-complete"):
    """An answer is complete; the response with the same follows."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: StreamComplete


class StreamError(Record, frozen=True, kw_only=True):
    """Why an answer ends.

    :ivar request_id: of the request on ``ai:chat-stream``.
    :ivar error: a code word, and a sentence.
    """

    request_id: str
    error: str


class AiStreamError(Event, frozen=True, kw_only=True, tag="ai:stream-error"):
    """An answer failed; the response with ``HANDLER_ERROR`` follows."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: StreamError


# -- channels --------------------------------------------------------------------------------

UNKNOWN_PROVIDER = "there is no such provider"
REFUSALS = (
    UNKNOWN_PROVIDER,
    "it is switched off in the person's settings",
    "there is no key for it",
    "the provider fails: the message begins with a code word, such as ``RATE_LIMITED``",
    "too many answers are on their way",
)


class AiChat(_AiRequest, frozen=True, kw_only=True, tag="ai:chat"):
    """Ask a model; answered once it has said everything."""

    refusals: ClassVar[tuple[str, ...]] = REFUSALS


class AiChatStream(_AiRequest, frozen=True, kw_only=True, tag="ai:chat-stream"):
    """Ask a model, and be told its answer bit by bit."""

    refusals: ClassVar[tuple[str, ...]] = REFUSALS
    events: ClassVar[tuple[type[Event], ...]] = (AiStreamChunk, AiStreamComplete, AiStreamError)


class AiCancel(Request, frozen=True, kw_only=True, tag="ai:cancel"):
    """Give up an answer that is on its way to this page; false where there is none.

    :ivar request_id: of the request, which is answered with ``ABORTED`` then.
    """

    answers: ClassVar[Any] = bool
    request_id: Annotated[str, Meta(min_length=1, max_length=128)]


class AiModels(Request, frozen=True, kw_only=True, tag="ai:models"):
    """The models of a provider, the configured one first.

    :ivar provider: name of the engine.
    """

    answers: ClassVar[Any] = list[ModelConfig]
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_PROVIDER, "it cannot be asked")
    patience: ClassVar[float | None] = 60.0
    provider: Provider


class AiHasCredentials(Request, frozen=True, kw_only=True, tag="ai:has-credentials"):
    """Whether a provider can be asked; false where there is none of that name.

    :ivar provider: name of the engine, and of the credential.
    """

    answers: ClassVar[Any] = bool
    provider: Provider
