"""``mentra opencode chat``: a conversation in the terminal."""

import asyncio
import contextlib
import json
import signal
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TextIO

import attrs

from mentra.admin.keyboard import Typed
from mentra.admin.opencode_questions import chosen, hint, questions_of, shown
from mentra.errors import MentraError, Refused
from mentra.messages.opencode import (
    ChatCompleted,
    ChatToken,
    PermissionRequest,
    SessionInfo,
    ToolCallEvent,
)
from mentra.opencode.answers import Question
from mentra.opencode.handout import Handout
from mentra.opencode.questions import PERMISSION
from mentra.sdk.opencode import Heard, OpencodeClient, Prompt

HELP = """\
/new [TITLE]     begin a new session
/sessions        list sessions
/use ID          go on with a session
/delete [ID]     remove a session, this one without ID
/agents          list agents
/quit            leave; so does the end of the input
Ctrl-C           stop the answer; without one, leave"""

REPLIES = {"o": "once", "a": "always", "r": "reject"}

LONGEST_OUTPUT = 10
"""Lines that are shown of what a tool brought."""


@attrs.frozen(kw_only=True)
class Manner:
    """How things are said.

    :ivar model: ids of provider and model; None is the server's choice.
    :ivar thoughts: show what the model thinks aloud.
    """

    model: tuple[str, str] | None = None
    agent: str | None = None
    thoughts: bool = False


class _Stopped(Exception):
    """Nobody waits for an answer any more."""


class Chat:
    """Reads lines and says them to the model, prints what comes.

    :ivar failed: whether the last answer was none.
    """

    def __init__(self, found: Handout, manner: Manner, stdin: TextIO, out: TextIO) -> None:
        self._client = OpencodeClient(found.port, found.token)
        self._manner = manner
        self._stdin = stdin
        self._out = out
        self._is_terminal = stdin.isatty()
        self._session = ""
        self._prompt: Prompt | None = None
        self._stopped = asyncio.Event()
        self._at_line_start = True
        self._commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "/new": self._new,
            "/sessions": self._list_sessions,
            "/use": self._use,
            "/delete": self._delete,
            "/agents": self._list_agents,
            "/help": self._help,
        }
        self.failed = False

    async def run(self, text: str, session: str | None) -> None:
        """Say *text* and hear the answer; without one, line by line."""
        whole = asyncio.current_task()
        assert whole is not None
        # nothing else looks at it from now on: Ctrl-C may be meant for the answer alone
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupted, whole)
        typed = Typed(self._stdin.fileno())
        try:
            async with self._client:
                await (self._use(session) if session else self._new(""))
                if text:
                    await self._say(text, typed)
                else:
                    await self._converse(typed)
        finally:
            typed.close()

    def _interrupted(self, whole: "asyncio.Task[None]") -> None:
        prompt = self._prompt
        if prompt is None:
            whole.cancel()
            return
        self._stopped.set()
        stopping = asyncio.ensure_future(prompt.cancel())
        # if that fails the answer fails too, and says so
        stopping.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _converse(self, typed: Typed) -> None:
        if self._is_terminal:
            self._line("Say something; /help lists what else there is.")
        self._ask("> ")
        while (line := await typed.line()) is not None:
            word, _, rest = line.strip().partition(" ")
            if word == "/quit":
                return
            try:
                if word.startswith("/"):
                    await self._commands.get(word, self._unknown)(rest.strip())
                elif word:
                    await self._say(line.strip(), typed)
            except MentraError as problem:
                self._line(f"! {problem}")
            self._ask("> ")

    # -- what is typed

    async def _new(self, title: str) -> None:
        await self._at(await self._client.create_session(title or None))

    async def _at(self, session: SessionInfo) -> None:
        self._session = session.id
        self._line(f"[{session.id}] {session.title or ''}".rstrip())

    async def _use(self, session_id: str) -> None:
        for one in await self._client.list_sessions():
            if one.id == session_id:
                await self._at(one)
                return
        raise MentraError(f"there is no session {session_id!r}; /sessions lists them")

    async def _list_sessions(self, rest: str) -> None:
        for one in await self._client.list_sessions():
            mark = "*" if one.id == self._session else " "
            self._line(f"{mark} {one.id}  {one.title or ''}".rstrip())

    async def _delete(self, session_id: str) -> None:
        await self._client.delete_session(session_id or self._session)
        if session_id in ("", self._session):
            await self._new("")

    async def _list_agents(self, rest: str) -> None:
        for one in await self._client.list_agents():
            self._line(f"{one.name:12} {one.mode or '':9} {one.description or ''}".rstrip())

    async def _help(self, rest: str) -> None:
        self._line(HELP)

    async def _unknown(self, rest: str) -> None:
        self._line("! no such command; /help lists them")

    # -- what comes

    async def _say(self, text: str, typed: Typed) -> None:
        manner = self._manner
        self.failed = True
        self._stopped.clear()
        prompt = self._prompt = self._client.prompt(
            self._session, text, model=manner.model, agent=manner.agent
        )
        try:
            async for heard in prompt:
                await self._tell(heard, typed)
        except Refused as refusal:
            raise self._explained(refusal) from refusal
        finally:
            self._prompt = None

    def _explained(self, refusal: Refused) -> Refused:
        """With what OpenCode does not say where a model or an agent is not there."""
        model, agent = self._manner.model, self._manner.agent
        if not refusal.message.startswith("500: ") or not (model or agent):
            return refusal
        named = [f"the model {'/'.join(model)}"] if model else []
        named += [f"the agent {agent}"] if agent else []
        return Refused(
            refusal.code,
            f"{refusal.message} It may not know {' or '.join(named)}: `opencode models` lists "
            "models, /agents agents.",
        )

    async def _tell(self, heard: Heard, typed: Typed) -> None:
        if isinstance(heard, ChatToken):
            if not heard.reasoning or self._manner.thoughts:
                self._write(heard.text)
        elif isinstance(heard, ToolCallEvent):
            self._tell_tool(heard)
        elif isinstance(heard, PermissionRequest):
            await self._reply(heard, typed)
        else:
            self._tell_end(heard)

    def _tell_tool(self, call: ToolCallEvent) -> None:
        if call.status == "running" and call.output is None and call.tool != PERMISSION:
            self._line(f"* {call.tool} {_brief(call.input_json)}")
        elif call.status == "completed":
            shown = (call.output or "").rstrip().splitlines()
            for line in shown[:LONGEST_OUTPUT]:
                self._line(f"  {line}")
            if len(shown) > LONGEST_OUTPUT:
                self._line(f"  ... and {len(shown) - LONGEST_OUTPUT} more lines")
        elif call.status == "error":
            self._line(f"! {call.tool}: {call.error or 'it failed'}")

    async def _reply(self, asked: PermissionRequest, typed: Typed) -> None:
        questions = questions_of(asked)
        answering = self._answers(questions, typed) if questions else self._consent(asked, typed)
        with contextlib.suppress(_Stopped):
            reply = await answering
            self._at_line_start = True
            await self._client.reply(asked.permission_id, reply)

    async def _consent(self, asked: PermissionRequest, typed: Typed) -> str:
        what = " ".join(asked.patterns) or _brief(asked.metadata_json)
        reply = None
        while reply is None:
            self._line(f"? {asked.permission}: {what}")
            answer = await self._answer("  [o]nce, [a]lways or [r]eject: ", typed)
            # nobody is there any more who could allow it
            reply = "reject" if answer is None else REPLIES.get(answer.strip().lower()[:1])
        return reply

    async def _answers(self, questions: Iterable[Question], typed: Typed) -> str:
        answers = []
        for question in questions:
            for line in shown(question):
                self._line(line)
            answer = await self._answer(hint(question), typed)
            if answer is None:
                return "reject"
            answers.append(chosen(question, answer))
        return json.dumps(answers)

    async def _answer(self, prompt: str, typed: Typed) -> str | None:
        """The next line that is typed; None: there is no more.

        :raises _Stopped: the run ends, and with it the question.
        """
        self._ask(prompt, always=True)
        answering = asyncio.ensure_future(typed.line())
        stopping = asyncio.ensure_future(self._stopped.wait())
        await asyncio.wait((answering, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not answering.done():
            answering.cancel()
            raise _Stopped
        return answering.result()

    def _tell_end(self, completed: ChatCompleted) -> None:
        if completed.cancelled:
            self._line("! stopped")
        elif completed.error is not None:
            self._line(f"! {completed.error.code}: {completed.error.message}")
        else:
            self.failed = False
        self._line("")

    # -- the terminal

    def _write(self, text: str) -> None:
        if text:
            self._out.write(_printable(text))
            self._out.flush()
            self._at_line_start = text.endswith("\n")

    def _line(self, text: str) -> None:
        """*text* on a line of its own; empty only ends the one before."""
        if not self._at_line_start:
            self._write("\n")
        if text:
            self._write(f"{text}\n")

    def _ask(self, text: str, *, always: bool = False) -> None:
        if self._is_terminal or always:
            self._line("")
            self._write(text)
            self._at_line_start = self._is_terminal


def _brief(text: str) -> str:
    """The values in a JSON object, in one line."""
    with contextlib.suppress(ValueError):
        found = json.loads(text)
        if isinstance(found, dict):
            text = " ".join(_spelt(value) for value in found.values())
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:197]}..."


def _spelt(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _printable(text: str) -> str:
    """*text* without what would steer the terminal."""
    return "".join(one if one.isprintable() or one in "\n\t" else "?" for one in text)
