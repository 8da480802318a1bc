"""Every call of an OpenCode server.  Source: docs/protocol/opencode, "The server behind it"."""

import base64
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

from twisted.internet.interfaces import IReactorTime

from mentra.errors import Refused
from mentra.interfaces.services import IHttpAnswer, IHttpClient
from mentra.messages.opencode import RUN_PATIENCE
from mentra.opencode import ids
from mentra.opencode.answers import (
    Agent,
    Child,
    Error,
    Health,
    PermissionAsked,
    Providers,
    QuestionAsked,
    Session,
    Status,
    Whole,
    read,
)
from mentra.opencode.confidential import Confidential
from mentra.opencode.readiness import Readiness, Starter

PATIENCE = 30.0
"""Seconds that an answer may take: with a cold cache the list of providers takes some."""

MAX_ANSWER = 67_108_864
"""Bytes; a message with all that its tools have brought is long."""

LIST_PROVIDERS = 134_217_728
"""Bytes; today it has 6.4 million."""

KNOCKS = (1.0, 2.0, 4.0)
"""Seconds for each attempt to hear how the server is: one that does not answer may do so on another
connection, see :mod:`mentra.opencode.readiness`."""

BEGIN_WITHIN = 15.0
"""Seconds until the stream of events begins; a server that has just begun takes some."""

SILENCE = 30.0
"""Seconds; the stream of events has a heartbeat every 10 s."""

AnswerT = TypeVar("AnswerT")
Answering = Coroutine[Any, Any, AnswerT]


class Unanswered(Refused):
    """``HTTP_ERROR``, and nobody knows whether the server does what it was asked."""


class OpencodeApi:
    """Calls the server at *url*.

    Whatever fails is a :class:`mentra.errors.Refused` whose code is one of the protocol's:
    ``HTTP_ERROR``, ``PARSE_ERROR`` or ``INVALID_REQUEST``.

    :param directory: the project; empty is the server's own.
    :param login: user name and password, if it wants them.
    :param confidential: keeps secrets out of sentences.
    :param starter: who starts it, where that is ours to start.
    :ivar readiness: whether it is there.
    """

    def __init__(
        self,
        http: IHttpClient,
        url: str,
        *,
        directory: str = "",
        login: tuple[str, str] | None = None,
        confidential: Confidential,
        starter: Starter | None = None,
        clock: IReactorTime,
    ) -> None:
        self._http = http
        self.url = url.rstrip("/")
        self._query = {"directory": directory} if directory else {}
        self._headers = {} if login is None else {"Authorization": _basic(*login)}
        self._confidential = confidential
        self.readiness = Readiness(self._knock, starter, clock)

    # -- the server

    async def health(self) -> Health:
        """How it is; nothing is waited for."""
        found: Health = self._read(*await self._health(), Health)
        return found

    async def events(
        self, received: Callable[[bytes], object], begun: Callable[[IHttpAnswer], object]
    ) -> IHttpAnswer:
        """The stream of what happens in the directory, bit by bit, as ``stream`` of an
        :class:`IHttpClient`.

        :raises Refused: also what that raises.
        """
        await self.readiness.wait()
        answer: IHttpAnswer = await self._http.stream(
            "GET", self._place("/event"), received, headers=self._headers, begun=begun,
            begin_within=BEGIN_WITHIN, silence=SILENCE,
        )  # fmt: skip
        return answer

    # -- sessions

    def sessions(self, limit: int) -> Answering[list[Session]]:
        """So many of them, the newest first; without a limit the server tells a hundred."""
        return self._ask("GET", "/session", list[Session], query={"limit": str(limit)})

    def create_session(self, title: str | None) -> Answering[Session]:
        """A new one; without a title the server finds one."""
        return self._ask("POST", "/session", Session, {} if title is None else {"title": title})

    def session(self, session_id: str) -> Answering[Child]:
        """One of them."""
        return self._ask("GET", f"/session/{ids.session(session_id)}", Child)

    async def delete_session(self, session_id: str) -> None:
        """Remove an idle one."""
        await self._ask("DELETE", f"/session/{ids.session(session_id)}", bool)

    def statuses(self) -> Answering[dict[str, Status]]:
        """What sessions do; those that are idle are not in it."""
        return self._ask("GET", "/session/status", dict[str, Status])

    async def abort(self, session_id: str) -> None:
        """Stop what runs in a session, if something does."""
        await self._ask("POST", f"/session/{ids.session(session_id)}/abort", bool)

    # -- chat

    def prompt(self, session_id: str, body: Mapping[str, Any]) -> Answering[Whole]:
        """Say something; the last message of what follows, once all is over."""
        place = f"/session/{ids.session(session_id)}/message"
        return self._ask("POST", place, Whole, body, timeout=RUN_PATIENCE)

    def messages(self, session_id: str, limit: int, kind: Any = Whole) -> Answering[list[Any]]:
        """The last *limit* messages, the oldest first, as far as *kind* looks at them."""
        place = f"/session/{ids.session(session_id)}/message"
        return self._ask("GET", place, list[kind], query={"limit": str(limit)})

    async def reply_permission(self, permission_id: str, reply: str) -> None:
        """``once``, ``always`` or ``reject``.

        :raises Refused: ``INVALID_REQUEST``: the id cannot be one.
        """
        place = f"/permission/{ids.permission(permission_id)}/reply"
        await self._ask("POST", place, bool, {"reply": reply})

    def permissions(self) -> Answering[list[PermissionAsked]]:
        """Requests for consent that wait."""
        return self._ask("GET", "/permission", list[PermissionAsked])

    async def answer_question(self, question_id: str, answers: Sequence[Sequence[str]]) -> None:
        """Tell the model what it wanted to know, question by question.

        :raises Refused: ``INVALID_REQUEST``: the id cannot be one.
        """
        place = f"/question/{ids.question(question_id)}/reply"
        await self._ask("POST", place, bool, {"answers": answers})

    async def reject_question(self, question_id: str) -> None:
        """Let the model know that nobody wants to answer, which ends its run.

        :raises Refused: ``INVALID_REQUEST``: the id cannot be one.
        """
        await self._ask("POST", f"/question/{ids.question(question_id)}/reject", bool)

    def questions(self) -> Answering[list[QuestionAsked]]:
        """Questions of the model that wait."""
        return self._ask("GET", "/question", list[QuestionAsked])

    # -- agents and providers

    def agents(self) -> Answering[list[Agent]]:
        """All of them."""
        return self._ask("GET", "/agent", list[Agent])

    def providers(self) -> Answering[Providers]:
        """Those that can be used."""
        return self._ask("GET", "/provider", Providers, max_bytes=LIST_PROVIDERS)

    async def set_auth(self, provider_id: str, body: Mapping[str, Any]) -> None:
        """Remember a credential; none of its values gets into a sentence."""
        place = f"/auth/{ids.provider(provider_id)}"
        await self._ask("PUT", place, bool, body)

    # -- how

    async def _ask(
        self,
        method: str,
        path: str,
        kind: Any,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        timeout: float = PATIENCE,
        max_bytes: int = MAX_ANSWER,
    ) -> Any:
        await self.readiness.wait()
        place = self._place(path, query)
        answer = await self._answer(method, place, body, timeout, max_bytes)
        return self._read(answer, f"{method} {ids.without(path)}", kind)

    def _read(self, answer: IHttpAnswer, asked: str, kind: Any) -> Any:
        self.check(answer, "application/json")
        try:
            return read(answer.body, kind)
        except ValueError as problem:
            sentence = f"the OpenCode server's answer to {asked} is not as expected"
            raise _parse_error(sentence) from problem

    async def _answer(
        self, method: str, url: str, body: Any, timeout: float, max_bytes: int
    ) -> IHttpAnswer:
        try:
            answer: IHttpAnswer = await self._http.request(
                method, url, json=body, headers=self._headers, timeout=timeout, max_bytes=max_bytes
            )
        except Refused as refusal:
            raise self.unreachable(refusal) from refusal
        self.readiness.heard()
        return answer

    async def _health(self) -> tuple[IHttpAnswer, str]:
        path = "/global/health"
        for within in KNOCKS:
            try:
                answer = await self._answer("GET", self._place(path), None, within, MAX_ANSWER)
            except Unanswered as refusal:
                cause = refusal.__cause__
                is_late = isinstance(cause, Refused) and cause.code == "TIMEOUT"
                if is_late and within is not KNOCKS[-1]:
                    continue
                raise
            return answer, f"GET {path}"
        raise AssertionError("there is always a last try")

    async def _knock(self) -> None:
        # an older server has another page there, and is there all the same
        await self._health()

    def _place(self, path: str, query: Mapping[str, str] | None = None) -> str:
        asked = {**self._query, **(query or {})}
        return f"{self.url}{path}?{urlencode(asked)}" if asked else f"{self.url}{path}"

    def unreachable(self, refusal: Refused) -> Refused:
        """What a client is told of what the HTTP client says."""
        if refusal.code == "TOO_LARGE":
            return _parse_error(f"the OpenCode server's answer is too long: {refusal.message}")
        return Unanswered(
            "HTTP_ERROR",
            f"the OpenCode server at {self.url} cannot be reached: {refusal.message}",
            where="provider",
            retryable=refusal.retryable,
        )

    def check(self, answer: IHttpAnswer, content_type: str) -> None:
        """See that *answer* is a good one, and of the right kind.

        :raises Refused: ``HTTP_ERROR`` or ``PARSE_ERROR``.
        """
        if answer.status // 100 != 2:
            told = self._confidential.without(_sentence(answer))
            sentence, again = f"{answer.status}: {told}", answer.status >= 500
            raise Refused("HTTP_ERROR", sentence, where="provider", retryable=again)
        given = (answer.header("content-type") or "nothing").partition(";")[0].strip().lower()
        # a path it does not know is answered with the page of its web interface
        if given != content_type:
            raise _parse_error(f"the OpenCode server answers {given[:100]}, not {content_type}")


def _sentence(answer: IHttpAnswer) -> str:
    """What an answer that is an error says."""
    told: str | None = None
    with suppress(ValueError):
        told = read(answer.body, Error).sentence()
    if told:
        return told[:1000]
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "no reason given"
    if answer.status == 401:
        return f"{phrase}; see username and password_file in [opencode]"
    return phrase


def _parse_error(sentence: str) -> Refused:
    return Refused("PARSE_ERROR", sentence, where="provider")


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


async def if_known(asked: Answering[AnswerT], otherwise: AnswerT) -> AnswerT:
    """What the server answers; *otherwise* if it refuses.

    :raises Unanswered: it is not there.
    """
    try:
        return await asked
    except Unanswered:
        raise
    except Refused:
        return otherwise
