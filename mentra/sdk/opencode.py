"""A client of the OpenCode bridge; ``pip install mentra[sdk,opencode]``.

::

    async with OpencodeClient.of("mentra-state") as opencode:
        session = await opencode.create_session("plans")
        async for heard in opencode.prompt(session.id, "What is in this folder?"):
            if isinstance(heard, ChatToken):
                print(heard.text, end="")

What a request or an iteration raises is ``Refused`` with the code of the bridge's error, or
``Unreachable`` once the connection is gone.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import aiohttp

from mentra.errors import Malformed, MentraError, Refused
from mentra.messages import Message
from mentra.messages.opencode import (
    AgentInfo,
    AgentList,
    AuthHandshake,
    AuthHandshakeResponse,
    AuthInfo,
    Cancel,
    ChatCompleted,
    ChatToken,
    CreateSession,
    DeleteSession,
    Done,
    ErrorResponse,
    GetAuth,
    GetProviderStatus,
    ListAgents,
    ListSessions,
    Payload,
    PermissionReply,
    PermissionRequest,
    ProviderStatus,
    SendMessage,
    SessionInfo,
    SessionList,
    SetAuth,
    ToolCallEvent,
)
from mentra.protobuf.envelopes import client_envelope, server_envelope
from mentra.sdk.line import Line, Unreachable

MAX_FRAME = 134_217_728
"""Longest answer taken, bytes."""

MAX_HEARD = 10_000
"""What is kept of a prompt for somebody who does not fetch it; then the connection is not read."""

PATIENCE = 60.0
"""Seconds that an answer may take, the end of a prompt apart."""

SPOKEN: tuple[type[Payload], ...] = (
    AuthHandshakeResponse, SessionList, SessionInfo, AgentList, ProviderStatus, AuthInfo,
    ErrorResponse, ChatToken, ChatCompleted, ToolCallEvent, PermissionRequest,
)  # fmt: skip

Heard = ChatToken | ToolCallEvent | PermissionRequest | ChatCompleted
"""What comes of a prompt; the last is always the ``ChatCompleted``."""

AnswerT = TypeVar("AnswerT", bound=Message)


class Prompt:
    """What comes of a prompt, to be iterated over once.

    :ivar request_id: what ``cancel`` names it by.
    """

    def __init__(self, client: "OpencodeClient", message: SendMessage) -> None:
        self._client = client
        self.request_id, self._queue = client.begin(message)
        self._is_over = False

    def __aiter__(self) -> AsyncIterator[Heard]:
        return self

    async def __anext__(self) -> Heard:
        """The next.

        :raises Refused: the run could not begin, or broke off.
        """
        if self._is_over:
            raise StopAsyncIteration
        heard = await self._queue.get()
        if isinstance(heard, (ChatToken, ToolCallEvent, PermissionRequest)):
            return heard
        self._is_over = True
        self._client.forget(self.request_id)
        if isinstance(heard, ChatCompleted):
            return heard
        raise _failure_of(heard)

    async def cancel(self) -> None:
        """Stop it; the ``ChatCompleted`` that says so still comes."""
        await self._client.cancel(self.request_id)


class OpencodeClient:
    """One connection to a bridge on this machine.

    :param kinds: further classes that may come: answers of extensions.
    """

    def __init__(self, port: int, token: str, *, kinds: Iterable[type[Payload]] = ()) -> None:
        self._url = f"ws://127.0.0.1:{port}/"
        self._token = token
        self._write = client_envelope(()).write
        self._read = server_envelope((*SPOKEN, *kinds)).read
        # whoever lets go of a prompt is not waited for
        self._waiting: WeakValueDictionary[int, asyncio.Queue[Message | MentraError]] = (
            WeakValueDictionary()
        )
        self._count = 0
        self._over: MentraError | None = None
        self._http: aiohttp.ClientSession | None = None
        self._line: Line | None = None
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, state_dir: str | Path, **how: Any) -> "OpencodeClient":
        """The client of the bridge whose server has that state directory.

        :raises Unreachable: none runs there, or it is somebody else's.
        """
        path = Path(state_dir) / "opencode.json"
        try:
            found = json.loads(path.read_text("utf-8"))
            return cls(int(found["port"]), str(found["token"]), **how)
        except OSError as problem:
            raise Unreachable(f"{path}: {problem.strerror}; no bridge of yours runs") from problem
        except (ValueError, KeyError, TypeError) as problem:
            raise Unreachable(f"{path} is not what a bridge writes") from problem

    # -- the connection

    async def __aenter__(self) -> "OpencodeClient":
        """Connect and shake hands.

        :raises Refused: ``INVALID_TOKEN``.
        :raises Unreachable: nobody is there.
        """
        self._http = aiohttp.ClientSession()
        try:
            self._line = await Line.open(self._http, self._url, max_frame=MAX_FRAME)
            self._reader = asyncio.create_task(self._read_on(self._line))
            answer = await self.ask(AuthHandshake(token=self._token), AuthHandshakeResponse)
            if not answer.success:
                raise Refused("INVALID_TOKEN", answer.error or "the token is wrong")
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up; what runs is stopped."""
        if self._line is not None:
            await self._line.close()
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        if self._http is not None:
            await self._http.close()

    # -- requests

    async def list_sessions(self) -> tuple[SessionInfo, ...]:
        """The sessions of the directory, the newest first."""
        return (await self.ask(ListSessions(), SessionList)).sessions

    async def create_session(self, title: str | None = None) -> SessionInfo:
        """A new session; without a title the server finds one."""
        return await self.ask(CreateSession(title=title), SessionInfo)

    async def delete_session(self, session_id: str) -> None:
        """Remove a session; what runs in it is stopped."""
        await self.ask(DeleteSession(session_id=session_id), Done)

    async def list_agents(self) -> tuple[AgentInfo, ...]:
        """All agents."""
        return (await self.ask(ListAgents(), AgentList)).agents

    async def connected_providers(self) -> tuple[str, ...]:
        """The ids of the providers that can be used."""
        return (await self.ask(GetProviderStatus(), ProviderStatus)).connected

    async def set_auth(self, provider_id: str, auth: AuthInfo) -> None:
        """Have a credential remembered."""
        await self.ask(SetAuth(provider_id=provider_id, auth=auth), Done)

    async def get_auth(self, provider_id: str) -> AuthInfo:
        """The credential that is remembered."""
        return await self.ask(GetAuth(provider_id=provider_id), AuthInfo)

    def prompt(
        self,
        session_id: str,
        text: str,
        *,
        model: tuple[str, str] | None = None,
        agent: str | None = None,
    ) -> Prompt:
        """Say something; iterate over what comes of it.

        :param model: ids of a provider and of a model; None is the server's default.
        """
        provider_id, model_id = model or (None, None)
        message = SendMessage(
            session_id=session_id, text=text, provider_id=provider_id, model_id=model_id,
            agent=agent,
        )  # fmt: skip
        return Prompt(self, message)

    async def reply(self, permission_id: str, reply: str) -> None:
        """Consent: ``once``, ``always`` or ``reject``; to a question see :meth:`answer`."""
        await self.ask(PermissionReply(permission_id=permission_id, reply=reply), Done)

    async def answer(self, question_id: str, answers: Sequence[Sequence[str]]) -> None:
        """Answer a question of the model, a ``PermissionRequest`` whose permission is ``question``.

        :param answers: of each of its questions what was chosen, or what else there is to say;
            empty: nothing.
        """
        await self.reply(question_id, json.dumps(answers))

    async def cancel(self, request_id: int = 0, session_id: str | None = None) -> None:
        """Stop a prompt of this client, or else whatever runs in a session."""
        await self.ask(Cancel(target_request_id=request_id, session_id=session_id), Done)

    async def ask(self, message: Payload, kind: type[AnswerT]) -> AnswerT:
        """Send *message*; the answer, which must be a *kind*.

        :raises Refused: the bridge says no; ``UNEXPECTED`` if it says something else.
        """
        request_id, queue = self.begin(message)
        try:
            answer = await asyncio.wait_for(queue.get(), PATIENCE)
        except TimeoutError:
            raise Unreachable(f"no answer within {PATIENCE:g} s") from None
        finally:
            self.forget(request_id)
        if isinstance(answer, kind):
            return answer
        raise _failure_of(answer)

    # -- under it

    def begin(self, message: Payload) -> "tuple[int, asyncio.Queue[Message | MentraError]]":
        """Send *message*; its number, and where what comes back is put.

        :raises Unreachable: there is no connection.
        """
        if self._over is not None or self._line is None:
            raise self._over or Unreachable("not connected")
        self._count += 1
        queue: asyncio.Queue[Message | MentraError] = asyncio.Queue(MAX_HEARD)
        self._waiting[self._count] = queue
        if not self._line.send(self._write(self._count, message)):
            self.forget(self._count)
            raise Unreachable("too much is on its way, or the connection is gone")
        return self._count, queue

    def forget(self, request_id: int) -> None:
        """Nobody waits for that answer any more."""
        self._waiting.pop(request_id, None)

    async def _read_on(self, line: Line) -> None:
        try:
            async for frame in line.frames():
                await self._take(frame)
        finally:
            why = line.reason or f"closed with {line.close_code}"
            self._over = Unreachable(f"the connection to the bridge is gone: {why}")
            for queue in tuple(self._waiting.values()):
                _tell(queue, self._over)

    async def _take(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            return
        try:
            request_id, message = self._read(frame)
        except Malformed:
            return
        queue = self._waiting.get(request_id)
        if queue is not None:
            await queue.put(message)


def _tell(queue: "asyncio.Queue[Message | MentraError]", problem: MentraError) -> None:
    if queue.full():
        # the end matters more than the last thing before it
        queue.get_nowait()
    queue.put_nowait(problem)


def _failure_of(answer: Message | MentraError) -> MentraError:
    if isinstance(answer, MentraError):
        return answer
    if isinstance(answer, ErrorResponse):
        return Refused(answer.code, answer.message)
    return Refused("UNEXPECTED", f"the bridge answers {type(answer).__name__}")
