"""What one prompt brings: events of its session in, payloads for the client out.  No I/O.

Source: docs/protocol/opencode, "A run".
"""

from collections.abc import Callable, Iterable
from functools import singledispatchmethod

import attrs

from mentra.messages.opencode import (
    ChatCompleted,
    ChatToken,
    ErrorResponse,
    Payload,
    PermissionRequest,
    ToolCallEvent,
)
from mentra.opencode.answers import (
    Error,
    Info,
    MessageUpdated,
    Part,
    PartDelta,
    PartUpdated,
    PermissionAsked,
    QuestionAsked,
    SessionError,
    SessionIdle,
    SessionStatus,
    Struct,
    Tokens,
    ToolState,
    Whole,
)
from mentra.opencode.confidential import Confidential
from mentra.opencode.numbers import int64
from mentra.opencode.questions import request_of

ABORTED = "MessageAbortedError"
SPOKEN = ("text", "reasoning")


@attrs.define
class Told:
    """What the client was told of a part.

    :ivar pieces: of its text.
    :ivar is_whole: the text has ended.
    :ivar has_gaps: deltas may have been missed: what is left is told when the text has ended.
    :ivar state: of a tool: its status, and how much of its output.
    """

    part_id: str
    message_id: str
    reasoning: bool
    pieces: list[str] = attrs.field(factory=list)
    is_whole: bool = False
    has_gaps: bool = False
    state: tuple[str, int] = ("", 0)


class Run:
    """From a prompt to its end.

    :param before: the user's message that an earlier prompt made, None without one: what the
        model still says to that is not part of this run.
    :param send: called with each payload for the client.
    :ivar is_idle: the server has said that the session is idle again.
    :ivar has_gaps: events may have been missed since it began.
    """

    def __init__(
        self,
        session_id: str,
        before: str | None,
        send: Callable[[Payload], object],
        confidential: Confidential,
    ) -> None:
        self._session_id = session_id
        self._before = before
        self._send = send
        self._confidential = confidential
        self._infos: dict[str, Info] = {}
        self._parts: dict[str, Told] = {}
        self._error: Error | None = None
        self._asked: set[str] = set()
        self.is_idle = False
        self.has_gaps = False

    # -- events

    @singledispatchmethod
    def hear(self, event: Struct) -> None:
        """Something happened in the session."""

    @hear.register
    def _message(self, event: MessageUpdated) -> None:
        info = event.info
        is_late = self._before is not None and info.parent_id == self._before
        # a summary is what the server writes for the model when a session has become too long
        if info.role == "assistant" and not is_late and not info.summary:
            self._infos[info.id] = info

    @hear.register
    def _part(self, event: PartUpdated) -> None:
        if event.part.message_id in self._infos:
            self._take(event.part)

    @hear.register
    def _delta(self, event: PartDelta) -> None:
        told = self._parts.get(event.part_id)
        # a part that is not known began in a gap, and comes whole when it ends
        if told is None or told.is_whole or told.has_gaps or event.field != "text":
            return
        self._say(told, event.delta)

    @hear.register
    def _permission(self, event: PermissionAsked) -> None:
        if event.id in self._asked:
            return
        self._asked.add(event.id)
        self._send(
            PermissionRequest(
                session_id=event.session_id,
                permission_id=event.id,
                permission=event.permission,
                patterns=event.patterns,
                call_id=None if event.tool is None else event.tool.call_id,
                metadata_json=bytes(event.metadata).decode(),
            )
        )

    @hear.register
    def _question(self, event: QuestionAsked) -> None:
        if event.id not in self._asked:
            self._asked.add(event.id)
            self._send(request_of(event))

    @hear.register
    def _failed(self, event: SessionError) -> None:
        self._error = event.error or self._error

    @hear.register
    def _status(self, event: SessionStatus) -> None:
        # before the run has begun it is idle as well
        self.is_idle = event.status.type == "idle" and bool(self._infos)

    @hear.register
    def _idle(self, event: SessionIdle) -> None:
        self.is_idle = bool(self._infos)

    def missed(self) -> None:
        """Events may have been missed."""
        self.has_gaps = True
        for told in self._parts.values():
            told.has_gaps = True

    def catch_up(self, messages: Iterable[Whole]) -> None:
        """Read the session's messages for what was missed."""
        for message in messages:
            self.hear(MessageUpdated(info=message.info))
            if message.info.id in self._infos:
                for part in message.parts:
                    self._take(part)

    # -- the end

    def finish(self, last: Whole, *, stopped: bool = False) -> ChatCompleted:
        """The run is over, and *last* is the last message: what is left is told, and this is what
        to tell after it.

        :param stopped: it was to be stopped.
        """
        self.catch_up([last])
        info = self._infos.get(last.info.id)
        if info is None:
            # an answer to an earlier prompt: to this one nothing was said
            return self.cut_short() if stopped else self._completed(None, "", self._error)
        text = "".join(part.text for part in last.parts if part.type == "text")
        error = info.error or (None if info.finish else self._error)
        if stopped and error is None and not info.finish:
            # stopped between two attempts of a provider that fails: no error is told
            error = Error(name=ABORTED)
        return self._completed(info, text, error)

    def cut_short(self) -> ChatCompleted:
        """It was cancelled, and the server has nothing more to say."""
        return ChatCompleted(
            session_id=self._session_id,
            cancelled=True,
            finish_reason="aborted",
            input_tokens=self._total("input"),
            output_tokens=self._total("output"),
            cost=self._cost(),
        )

    def _completed(self, info: Info | None, text: str, error: Error | None) -> ChatCompleted:
        aborted = error is not None and error.name == ABORTED
        reason = "aborted" if aborted else "error" if error else (info and info.finish) or "unknown"
        return ChatCompleted(
            session_id=self._session_id,
            message_id="" if info is None else info.id,
            text=text,
            finish_reason=reason,
            cancelled=aborted,
            error=None if error is None or aborted else self._error_of(error),
            input_tokens=self._total("input"),
            output_tokens=self._total("output"),
            cost=self._cost(),
        )

    def _error_of(self, error: Error) -> ErrorResponse:
        code = error.name[:100].upper() if error.name else "PROVIDER_ERROR"
        told = error.sentence() or "the provider gives no reason"
        return ErrorResponse(code=code, message=self._confidential.without(told)[:4000])

    def _total(self, which: str) -> int:
        return int64(sum(getattr(one.tokens or Tokens(), which) for one in self._infos.values()))

    def _cost(self) -> float:
        return float(sum(info.cost or 0 for info in self._infos.values()))

    # -- parts

    def _take(self, part: Part) -> None:
        if part.type in SPOKEN:
            self._take_text(part)
        elif part.type == "tool" and part.state is not None:
            self._take_tool(part, part.state)

    def _take_text(self, part: Part) -> None:
        told = self._told(part)
        if told.is_whole:
            return
        so_far = "".join(told.pieces)
        # where the text is not what was told, such as one whose end was trimmed, that stands
        if len(part.text) > len(so_far) and part.text.startswith(so_far):
            self._say(told, part.text[len(so_far) :])
        if part.time is not None and part.time.end is not None:
            told.is_whole = True
            told.pieces.clear()

    def _take_tool(self, part: Part, state: ToolState) -> None:
        told = self._told(part)
        output = state.output
        if output is None and state.metadata is not None:
            shown = state.metadata.output
            output = shown if isinstance(shown, str) and shown else None
        before, now = told.state, (state.status, len(output or ""))
        if before[0] == now[0] and before[1] >= now[1]:
            return
        told.state = now
        self._send(
            ToolCallEvent(
                session_id=self._session_id,
                message_id=part.message_id,
                call_id=part.call_id,
                tool=part.tool,
                status=state.status,
                input_json=bytes(state.input).decode(),
                output=output,
                title=state.title,
                error=state.error,
            )
        )

    def _told(self, part: Part) -> Told:
        told = self._parts.get(part.id)
        if told is None:
            reasoning = part.type == "reasoning"
            told = self._parts[part.id] = Told(part.id, part.message_id, reasoning)
        return told

    def _say(self, told: Told, text: str) -> None:
        if not text:
            return
        told.pieces.append(text)
        self._send(
            ChatToken(
                session_id=self._session_id,
                message_id=told.message_id,
                part_id=told.part_id,
                text=text,
                reasoning=told.reasoning,
            )
        )
