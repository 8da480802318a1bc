"""What clients of the OpenCode bridge say and hear.  Source: docs/protocol/opencode.

Each class is one payload of ``proto/messages.proto``: its tag is the payload's name there, and its
fields have the names they have there.  None is a field that is not set.
"""

from typing import ClassVar

import msgspec

from mentra.messages import Message

EXTENSIONS = range(1000, 2000)
"""Field numbers of both envelopes that belong to extensions."""


PATIENCE = 60.0
"""Seconds that a request may take; before that whoever asks the OpenCode server has given up."""

RUN_PATIENCE = 30 * 86_400.0
"""Seconds that a run may take: it waits for models, for tools, and for people to decide."""


class Payload(Message, frozen=True, kw_only=True, tag="(payload)", rename=None):
    """Base of everything that travels in an envelope.

    An extension's class says its field *number* and has its protobuf class as *form*; what is in
    the ``.proto`` file needs neither.

    :cvar number: one of :data:`EXTENSIONS`; None for what the ``.proto`` file names.
    :cvar form: the generated class, whose fields have the names of ours.
    """

    patience: ClassVar[float | None] = PATIENCE
    number: ClassVar[int | None] = None
    form: ClassVar[type | None] = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what stands inside payloads."""


# -- made by the dialect ---------------------------------------------------------------------------


class TextFrame(Payload, frozen=True, kw_only=True, tag="(text)"):
    """A text frame, which this protocol has no use for."""

    spoken: ClassVar[bool] = False


class BrokenFrame(Payload, frozen=True, kw_only=True, tag="(broken)"):
    """Bytes that are no envelope."""

    spoken: ClassVar[bool] = False


class Done(Payload, frozen=True, kw_only=True, tag="(done)"):
    """It is done, and there is nothing to tell: an envelope without payload."""

    spoken: ClassVar[bool] = False


class Addressed(Payload, frozen=True, kw_only=True, tag="(addressed)"):
    """A payload that belongs to a request."""

    spoken: ClassVar[bool] = False
    request_id: int
    payload: Payload


# -- the handshake ---------------------------------------------------------------------------------


class AuthHandshake(Payload, frozen=True, kw_only=True, tag="auth_handshake"):
    """Let me in.

    :ivar token: as the token file has it.
    """

    token: str = ""

    def __repr__(self) -> str:
        return "AuthHandshake(...)"


class AuthHandshakeResponse(Payload, frozen=True, kw_only=True, tag="auth_handshake_response"):
    """Whether the client is in."""

    sent_to: ClassVar[tuple[str, ...]] = ("opencode",)
    success: bool = False
    error: str | None = None


# -- sessions --------------------------------------------------------------------------------------


class ListSessions(Payload, frozen=True, kw_only=True, tag="list_sessions"):
    """Which sessions are there?"""


class CreateSession(Payload, frozen=True, kw_only=True, tag="create_session"):
    """Make a session.

    :ivar title: None has the server find one.
    """

    title: str | None = None


class DeleteSession(Payload, frozen=True, kw_only=True, tag="delete_session"):
    """Remove a session; if it is busy, stop it first."""

    session_id: str = ""


class SessionInfo(Payload, frozen=True, kw_only=True, tag="session_info"):
    """A session.

    :ivar created_at: milliseconds since 1970, likewise ``updated_at``.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("opencode",)
    id: str = ""
    title: str | None = None
    created_at: int = 0
    updated_at: int = 0


class SessionList(Payload, frozen=True, kw_only=True, tag="session_list"):
    """The sessions of the directory, as the server lists them: the newest first."""

    sent_to: ClassVar[tuple[str, ...]] = ("opencode",)
    sessions: tuple[SessionInfo, ...] = ()


# -- agents ----------------------------------------------------------------------------------------


class ListAgents(Payload, frozen=True, kw_only=True, tag="list_agents"):
    """Which agents are there?"""


class AgentInfo(Part, frozen=True, kw_only=True):
    """An agent.

    :ivar mode: ``primary``, ``subagent`` or ``all``.
    :ivar built_in: OpenCode brings it along.
    """

    name: str = ""
    description: str | None = None
    mode: str | None = None
    built_in: bool = False
    color: str | None = None


class AgentList(Payload, frozen=True, kw_only=True, tag="agent_list"):
    """All agents, hidden ones too."""

    sent_to: ClassVar[tuple[str, ...]] = ("opencode",)
    agents: tuple[AgentInfo, ...] = ()


# -- providers -------------------------------------------------------------------------------------


class GetProviderStatus(Payload, frozen=True, kw_only=True, tag="get_provider_status"):
    """Which providers can be used?"""


class ProviderStatus(Payload, frozen=True, kw_only=True, tag="provider_status"):
    """The ids of the providers that can be used."""

    sent_to: ClassVar[tuple[str, ...]] = ("opencode",)
    connected: tuple[str, ...] = ()


class ApiKeyAuth(Part, frozen=True, kw_only=True):
    """A credential that is a key."""

    key: str = ""

    def __repr__(self) -> str:
        return "ApiKeyAuth(...)"


class OAuthAuth(Part, frozen=True, kw_only=True):
    """A credential that was granted.

    :ivar expires_at: milliseconds since 1970.
    """

    access_token: str = ""
    refresh_token: str = ""
    expires_at: int = 0

    def __repr__(self) -> str:
        return "OAuthAuth(...)"


class AuthInfo(Payload, frozen=True, kw_only=True, tag="auth_info"):
    """A credential, of one kind."""

    sent_to: ClassVar[tuple[str, ...]] = ("opencode",)
    api_key: ApiKeyAuth | None = None
    oauth: OAuthAuth | None = None


class SetAuth(Payload, frozen=True, kw_only=True, tag="set_auth"):
    """Remember a credential."""

    provider_id: str = ""
    auth: AuthInfo | None = None


class GetAuth(Payload, frozen=True, kw_only=True, tag="get_auth"):
    """Which credential is remembered?"""

    provider_id: str = ""


# -- chat ------------------------------------------------------------------------------------------


class SendMessage(Payload, frozen=True, kw_only=True, tag="send_message"):
    """Say something to the model; what follows carries this request's id.

    :ivar provider_id: goes together with ``model_id``; without them the server takes its default.
    """

    patience: ClassVar[float | None] = RUN_PATIENCE
    session_id: str = ""
    text: str = ""
    provider_id: str | None = None
    model_id: str | None = None
    agent: str | None = None


class Cancel(Payload, frozen=True, kw_only=True, tag="cancel"):
    """Stop what runs.

    :ivar target_request_id: of the client's own ``send_message``.
    :ivar session_id: of any session, where no such request runs.
    """

    target_request_id: int = 0
    session_id: str | None = None


class PermissionReply(Payload, frozen=True, kw_only=True, tag="permission_reply"):
    """May it?

    :ivar reply: ``once``, ``always`` or ``reject``; to a question of the model its answer, or JSON:
        of each of its questions a list of what was chosen.
    """

    permission_id: str = ""
    reply: str = ""


class ErrorResponse(Payload, frozen=True, kw_only=True, tag="error"):
    """A request failed, or what the client sent was no request (id 0).

    :ivar code: upper-case word that a program can act on.
    :ivar message: one sentence for people.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("opencode",)
    code: str = ""
    message: str = ""


class ChatToken(Payload, frozen=True, kw_only=True, tag="token"):
    """A piece of what the model says.

    :ivar reasoning: it is thinking aloud.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("opencode",)
    session_id: str = ""
    message_id: str = ""
    part_id: str = ""
    text: str = ""
    reasoning: bool = False


class ToolCallEvent(Payload, frozen=True, kw_only=True, tag="tool_call"):
    """A tool is used.

    :ivar status: ``pending``, ``running``, ``completed`` or ``error``.
    :ivar input_json: what the tool was given: a JSON object.
    :ivar output: what it has brought so far.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("opencode",)
    session_id: str = ""
    message_id: str = ""
    call_id: str = ""
    tool: str = ""
    status: str = ""
    input_json: str = ""
    output: str | None = None
    title: str | None = None
    error: str | None = None


class PermissionRequest(Payload, frozen=True, kw_only=True, tag="permission_request"):
    """A tool may only go on with the user's consent; it waits until somebody replies.

    :ivar session_id: the session that asks: that of a sub-agent has an id of its own.
    :ivar permission: the kind, e.g. ``bash``; ``question``: the model asks the user something.
    :ivar patterns: what exactly, e.g. the command, or the questions.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("opencode",)
    session_id: str = ""
    permission_id: str = ""
    permission: str = ""
    patterns: tuple[str, ...] = ()
    call_id: str | None = None
    metadata_json: str = ""


class ChatCompleted(Payload, frozen=True, kw_only=True, tag="completed"):
    """It is over: always the last of what follows a ``send_message``.

    :ivar message_id: the last message of the model; empty if it has not said anything.
    :ivar text: what it says in that message.
    :ivar finish_reason: ``stop``, ``length``, ``tool-calls``, ``aborted``, ``error``, ...
    :ivar cost: US dollars of the whole run, likewise the tokens.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("opencode",)
    session_id: str = ""
    message_id: str = ""
    text: str = ""
    finish_reason: str = ""
    cancelled: bool = False
    error: ErrorResponse | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
