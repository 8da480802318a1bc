from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ClientMessage(_message.Message):
    __slots__ = ("request_id", "auth_handshake", "list_sessions", "create_session", "delete_session", "list_agents", "get_provider_status", "set_auth", "get_auth", "send_message", "cancel", "permission_reply")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AUTH_HANDSHAKE_FIELD_NUMBER: _ClassVar[int]
    LIST_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    CREATE_SESSION_FIELD_NUMBER: _ClassVar[int]
    DELETE_SESSION_FIELD_NUMBER: _ClassVar[int]
    LIST_AGENTS_FIELD_NUMBER: _ClassVar[int]
    GET_PROVIDER_STATUS_FIELD_NUMBER: _ClassVar[int]
    SET_AUTH_FIELD_NUMBER: _ClassVar[int]
    GET_AUTH_FIELD_NUMBER: _ClassVar[int]
    SEND_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_REPLY_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    auth_handshake: AuthHandshake
    list_sessions: ListSessionsRequest
    create_session: CreateSessionRequest
    delete_session: DeleteSessionRequest
    list_agents: ListAgentsRequest
    get_provider_status: GetProviderStatusRequest
    set_auth: SetAuthRequest
    get_auth: GetAuthRequest
    send_message: SendMessage
    cancel: CancelRequest
    permission_reply: PermissionReply
    def __init__(self, request_id: _Optional[int] = ..., auth_handshake: _Optional[_Union[AuthHandshake, _Mapping]] = ..., list_sessions: _Optional[_Union[ListSessionsRequest, _Mapping]] = ..., create_session: _Optional[_Union[CreateSessionRequest, _Mapping]] = ..., delete_session: _Optional[_Union[DeleteSessionRequest, _Mapping]] = ..., list_agents: _Optional[_Union[ListAgentsRequest, _Mapping]] = ..., get_provider_status: _Optional[_Union[GetProviderStatusRequest, _Mapping]] = ..., set_auth: _Optional[_Union[SetAuthRequest, _Mapping]] = ..., get_auth: _Optional[_Union[GetAuthRequest, _Mapping]] = ..., send_message: _Optional[_Union[SendMessage, _Mapping]] = ..., cancel: _Optional[_Union[CancelRequest, _Mapping]] = ..., permission_reply: _Optional[_Union[PermissionReply, _Mapping]] = ...) -> None: ...

class ServerMessage(_message.Message):
    __slots__ = ("request_id", "auth_handshake_response", "session_list", "session_info", "agent_list", "provider_status", "auth_info", "error", "token", "completed", "tool_call", "permission_request")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AUTH_HANDSHAKE_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    SESSION_LIST_FIELD_NUMBER: _ClassVar[int]
    SESSION_INFO_FIELD_NUMBER: _ClassVar[int]
    AGENT_LIST_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_STATUS_FIELD_NUMBER: _ClassVar[int]
    AUTH_INFO_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_REQUEST_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    auth_handshake_response: AuthHandshakeResponse
    session_list: SessionList
    session_info: SessionInfo
    agent_list: AgentList
    provider_status: ProviderStatus
    auth_info: AuthInfo
    error: ErrorResponse
    token: ChatToken
    completed: ChatCompleted
    tool_call: ToolCallEvent
    permission_request: PermissionRequest
    def __init__(self, request_id: _Optional[int] = ..., auth_handshake_response: _Optional[_Union[AuthHandshakeResponse, _Mapping]] = ..., session_list: _Optional[_Union[SessionList, _Mapping]] = ..., session_info: _Optional[_Union[SessionInfo, _Mapping]] = ..., agent_list: _Optional[_Union[AgentList, _Mapping]] = ..., provider_status: _Optional[_Union[ProviderStatus, _Mapping]] = ..., auth_info: _Optional[_Union[AuthInfo, _Mapping]] = ..., error: _Optional[_Union[ErrorResponse, _Mapping]] = ..., token: _Optional[_Union[ChatToken, _Mapping]] = ..., completed: _Optional[_Union[ChatCompleted, _Mapping]] = ..., tool_call: _Optional[_Union[ToolCallEvent, _Mapping]] = ..., permission_request: _Optional[_Union[PermissionRequest, _Mapping]] = ...) -> None: ...

class AuthHandshake(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class AuthHandshakeResponse(_message.Message):
    __slots__ = ("success", "error")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    success: bool
    error: str
    def __init__(self, success: bool = ..., error: _Optional[str] = ...) -> None: ...

class ListSessionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CreateSessionRequest(_message.Message):
    __slots__ = ("title",)
    TITLE_FIELD_NUMBER: _ClassVar[int]
    title: str
    def __init__(self, title: _Optional[str] = ...) -> None: ...

class DeleteSessionRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class SessionList(_message.Message):
    __slots__ = ("sessions",)
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[SessionInfo]
    def __init__(self, sessions: _Optional[_Iterable[_Union[SessionInfo, _Mapping]]] = ...) -> None: ...

class SessionInfo(_message.Message):
    __slots__ = ("id", "title", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    title: str
    created_at: int
    updated_at: int
    def __init__(self, id: _Optional[str] = ..., title: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_at: _Optional[int] = ...) -> None: ...

class ListAgentsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AgentList(_message.Message):
    __slots__ = ("agents",)
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    agents: _containers.RepeatedCompositeFieldContainer[AgentInfo]
    def __init__(self, agents: _Optional[_Iterable[_Union[AgentInfo, _Mapping]]] = ...) -> None: ...

class AgentInfo(_message.Message):
    __slots__ = ("name", "description", "mode", "built_in", "color")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    BUILT_IN_FIELD_NUMBER: _ClassVar[int]
    COLOR_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    mode: str
    built_in: bool
    color: str
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., mode: _Optional[str] = ..., built_in: bool = ..., color: _Optional[str] = ...) -> None: ...

class GetProviderStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ProviderStatus(_message.Message):
    __slots__ = ("connected",)
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    connected: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, connected: _Optional[_Iterable[str]] = ...) -> None: ...

class SetAuthRequest(_message.Message):
    __slots__ = ("provider_id", "auth")
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    AUTH_FIELD_NUMBER: _ClassVar[int]
    provider_id: str
    auth: AuthInfo
    def __init__(self, provider_id: _Optional[str] = ..., auth: _Optional[_Union[AuthInfo, _Mapping]] = ...) -> None: ...

class GetAuthRequest(_message.Message):
    __slots__ = ("provider_id",)
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    provider_id: str
    def __init__(self, provider_id: _Optional[str] = ...) -> None: ...

class AuthInfo(_message.Message):
    __slots__ = ("api_key", "oauth")
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    OAUTH_FIELD_NUMBER: _ClassVar[int]
    api_key: ApiKeyAuth
    oauth: OAuthAuth
    def __init__(self, api_key: _Optional[_Union[ApiKeyAuth, _Mapping]] = ..., oauth: _Optional[_Union[OAuthAuth, _Mapping]] = ...) -> None: ...

class ApiKeyAuth(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...

class OAuthAuth(_message.Message):
    __slots__ = ("access_token", "refresh_token", "expires_at")
    ACCESS_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REFRESH_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    access_token: str
    refresh_token: str
    expires_at: int
    def __init__(self, access_token: _Optional[str] = ..., refresh_token: _Optional[str] = ..., expires_at: _Optional[int] = ...) -> None: ...

class SendMessage(_message.Message):
    __slots__ = ("session_id", "text", "provider_id", "model_id", "agent")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    text: str
    provider_id: str
    model_id: str
    agent: str
    def __init__(self, session_id: _Optional[str] = ..., text: _Optional[str] = ..., provider_id: _Optional[str] = ..., model_id: _Optional[str] = ..., agent: _Optional[str] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("target_request_id", "session_id")
    TARGET_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    target_request_id: int
    session_id: str
    def __init__(self, target_request_id: _Optional[int] = ..., session_id: _Optional[str] = ...) -> None: ...

class PermissionReply(_message.Message):
    __slots__ = ("permission_id", "reply")
    PERMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    permission_id: str
    reply: str
    def __init__(self, permission_id: _Optional[str] = ..., reply: _Optional[str] = ...) -> None: ...

class ChatToken(_message.Message):
    __slots__ = ("session_id", "message_id", "part_id", "text", "reasoning")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    PART_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    message_id: str
    part_id: str
    text: str
    reasoning: bool
    def __init__(self, session_id: _Optional[str] = ..., message_id: _Optional[str] = ..., part_id: _Optional[str] = ..., text: _Optional[str] = ..., reasoning: bool = ...) -> None: ...

class ChatCompleted(_message.Message):
    __slots__ = ("session_id", "message_id", "text", "finish_reason", "cancelled", "error", "input_tokens", "output_tokens", "cost")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FINISH_REASON_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    message_id: str
    text: str
    finish_reason: str
    cancelled: bool
    error: ErrorResponse
    input_tokens: int
    output_tokens: int
    cost: float
    def __init__(self, session_id: _Optional[str] = ..., message_id: _Optional[str] = ..., text: _Optional[str] = ..., finish_reason: _Optional[str] = ..., cancelled: bool = ..., error: _Optional[_Union[ErrorResponse, _Mapping]] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost: _Optional[float] = ...) -> None: ...

class ToolCallEvent(_message.Message):
    __slots__ = ("session_id", "message_id", "call_id", "tool", "status", "input_json", "output", "title", "error")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    INPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    message_id: str
    call_id: str
    tool: str
    status: str
    input_json: str
    output: str
    title: str
    error: str
    def __init__(self, session_id: _Optional[str] = ..., message_id: _Optional[str] = ..., call_id: _Optional[str] = ..., tool: _Optional[str] = ..., status: _Optional[str] = ..., input_json: _Optional[str] = ..., output: _Optional[str] = ..., title: _Optional[str] = ..., error: _Optional[str] = ...) -> None: ...

class PermissionRequest(_message.Message):
    __slots__ = ("session_id", "permission_id", "permission", "patterns", "call_id", "metadata_json")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    PATTERNS_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    permission_id: str
    permission: str
    patterns: _containers.RepeatedScalarFieldContainer[str]
    call_id: str
    metadata_json: str
    def __init__(self, session_id: _Optional[str] = ..., permission_id: _Optional[str] = ..., permission: _Optional[str] = ..., patterns: _Optional[_Iterable[str]] = ..., call_id: _Optional[str] = ..., metadata_json: _Optional[str] = ...) -> None: ...

class ErrorResponse(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
