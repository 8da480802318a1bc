"""An OpenCode server that is a web resource: it answers as OpenCode 1.18 does, and as told.

In memory it is behind an HTTP client (:func:`client_of`); for benchmarks it can be listened with.
"""

import itertools
import json
from collections.abc import Callable
from typing import Any, Protocol

from treq.testing import RequestTraversalAgent
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IReactorTime
from twisted.web.iweb import IResponse
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from mentra.testing.opencode_prompts import Canned, Prompt, as_json, error, send
from mentra.web.client import HttpClient

PAGE = b"<!doctype html><html><head><title>OpenCode</title></head></html>"
AGENTS = (
    {"name": "build", "mode": "primary", "native": True, "description": "The default agent."},
    {"name": "title", "mode": "primary", "native": True, "hidden": True},
    {"name": "mine", "mode": "subagent", "native": False, "color": "#ff0000"},
)


class Respond(Protocol):
    """What the model does with a prompt."""

    def __call__(self, prompt: Prompt, /) -> None:
        """Begin, speak, end; at once or later."""


def echo(prompt: Prompt) -> None:
    """Say what was said, word by word."""
    text = prompt.body["parts"][0]["text"]
    prompt.begin()
    prompt.speak("Echo: ", *(f"{word} " for word in text.split()))
    prompt.end()


class FakeOpencode(Resource):
    """The server.

    :param respond: what the model does; None: what the test does with ``prompts``.
    :param password: what it wants; None: nothing.
    :ivar sessions: by id, the newest first.
    :ivar requests: ``METHOD path`` of each, with query.
    :ivar canned: ``METHOD path`` to the answer that takes the place of the usual one.
    :ivar prompts: in order.
    :ivar permissions: what was replied, by id; to a question the answers.
    :ivar waiting: requests for consent and questions that wait for that.
    :ivar streams: requests for events that are open.
    :ivar deaf: how many aborts are lost.
    :ivar silent: ``METHOD path`` of what is never answered.
    :ivar is_down: connections are refused.
    :ivar is_starting: it takes connections, and never answers on them.
    """

    isLeaf = True

    def __init__(self, respond: Respond | None = echo, password: str | None = None) -> None:
        super().__init__()
        self._respond = respond
        self._password = password
        self._numbers = itertools.count(1)
        self.sessions: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.requests: list[str] = []
        self.bodies: list[Any] = []
        self.canned: dict[str, Canned] = {}
        self.prompts: list[Prompt] = []
        self.streams: list[Request] = []
        self.busy: dict[str, dict[str, Any]] = {}
        self.permissions: dict[str, Any] = {}
        self.waiting: dict[str, list[Any]] = {"permission": [], "question": []}
        self.auth: dict[str, Any] = {}
        self.providers: dict[str, Any] = {"all": [], "default": {}, "connected": ["local"]}
        self.deaf = 0
        self.silent: set[str] = set()
        self.is_down = self.is_starting = False
        self.says_hello = True
        self.after_write: Callable[[], object] = lambda: None

    def new_id(self, kind: str) -> str:
        """One that is greater than those before it."""
        return f"{kind}_{next(self._numbers):06d}"

    def render(self, request: Request) -> Any:
        """Answer as the routes do; unknown paths are the web interface's."""
        content: Any = request.content
        text = content.read()
        path = request.path.decode()
        self.requests.append(f"{request.method.decode()} {request.uri.decode()}")
        self.bodies.append(json.loads(text) if text else None)
        if self._password is not None and request.getPassword() != self._password.encode():
            return send(request, Canned(401, b"", "text/plain"))
        place = f"{request.method.decode()} {path}"
        if place in self.silent or self.is_starting:
            return NOT_DONE_YET
        canned = self.canned.get(place)
        if canned is not None:
            return send(request, canned)
        return self._route(request, path, self.bodies[-1])

    def _route(self, request: Request, path: str, body: Any) -> Any:
        words = path.strip("/").split("/")
        name = f"{request.method.decode()} {' '.join(words)}"
        match name.split():
            case ["GET", "global", "health"]:
                return _ok(request, {"healthy": True, "version": "1.18.33"})
            case ["GET", "event"]:
                return self._stream(request)
            case ["GET", "session", "status"]:
                return _ok(request, self.busy)
            case ["GET", "agent"]:
                return _ok(request, AGENTS)
            case ["GET", "provider"]:
                return _ok(request, self.providers)
            case ["PUT", "auth", provider]:
                self.auth[provider] = body
                return _ok(request, True)
            case ["POST", "permission", number, "reply"]:
                self.permissions[number] = body["reply"]
                return _ok(request, True)
            case ["POST", "question", number, "reply"]:
                self.permissions[number] = body["answers"]
                return _ok(request, True)
            case ["POST", "question", number, "reject"]:
                self.permissions[number] = "reject"
                return _ok(request, True)
            case ["GET", ("permission" | "question") as kind]:
                return _ok(request, self.waiting[kind])
            case [_, "session", *_]:
                return self._sessions(request, name.split(), body)
        return send(request, Canned(200, PAGE, "text/html;charset=UTF-8"))

    def _sessions(self, request: Request, name: list[Any], body: Any) -> Any:
        match name:
            case ["GET", "session"]:
                limit = int(request.args.get(b"limit", [b"100"])[0])
                return _ok(request, list(reversed(self.sessions.values()))[:limit])
            case ["POST", "session"]:
                return _ok(request, self.new_session(**(body or {})))
            case ["POST", "session", session_id, "abort"]:
                self._abort(session_id)
                return _ok(request, True)
        known: str = name[2]
        if known not in self.sessions:
            sentence = f"Session not found: {known}"
            return send(request, error(404, "NotFoundError", sentence))
        match name:
            case ["DELETE", "session", session_id]:
                del self.sessions[session_id]
                return _ok(request, True)
            case ["GET", "session", session_id]:
                return _ok(request, self.sessions[session_id])
            case ["GET", "session", session_id, "message"]:
                limit = int(request.args.get(b"limit", [b"1000"])[0])
                return _ok(request, self.messages.get(session_id, [])[-limit:])
            case ["POST", "session", session_id, "message"]:
                return self._prompt(request, session_id, body)
        return send(request, Canned(200, PAGE, "text/html;charset=UTF-8"))

    def new_session(self, title: str = "New session", **more: Any) -> dict[str, Any]:
        """One more session."""
        session_id = self.new_id("ses")
        times = {"created": 1, "updated": 2}
        made = {"id": session_id, "title": title, "time": times, **more}
        self.sessions[session_id] = made
        self.event("session.created", sessionID=session_id, info=made)
        return made

    def keep(self, session_id: str, info: Any, parts: list[Any]) -> dict[str, Any]:
        """Remember a message; with its parts."""
        whole = {"info": info, "parts": list(parts)}
        known = self.messages.setdefault(session_id, [])
        known[:] = [one for one in known if one["info"]["id"] != info["id"]] + [whole]
        return whole

    def _prompt(self, request: Request, session_id: str, body: Any) -> Any:
        user_id = self.new_id("msg")
        prompt = Prompt(self, session_id, body, request, user_id)
        self.keep(session_id, {"id": user_id, "role": "user", "sessionID": session_id}, [])
        request.notifyFinish().addErrback(prompt.gone)
        self.prompts.append(prompt)
        if self._respond is not None:
            self._respond(prompt)
        return NOT_DONE_YET

    def _abort(self, session_id: str) -> None:
        if self.deaf:
            self.deaf -= 1
            return
        for prompt in self.prompts:
            if prompt.session_id == session_id and session_id in self.busy:
                prompt.abort()
        self.busy.pop(session_id, None)

    # -- events

    def _stream(self, request: Request) -> Any:
        request.setHeader("content-type", "text/event-stream")
        self.streams.append(request)
        request.notifyFinish().addBoth(lambda _: self.streams.remove(request))
        if self.says_hello:
            request.write(_event("server.connected", {}))
        return NOT_DONE_YET

    def event(self, kind: str, **properties: Any) -> None:
        """Something happens."""
        text = _event(kind, properties)
        for request in self.streams:
            request.write(text)
        self.after_write()

    def break_streams(self) -> None:
        """The connections of those who listen are gone."""
        for request in tuple(self.streams):
            transport: Any = request.transport
            transport.loseConnection()
        self.after_write()


class InMemory(RequestTraversalAgent):
    """Reaches a resource without a network, and brings at once what it writes later."""

    def __init__(self, resource: FakeOpencode) -> None:
        super().__init__(resource)
        self._resource = resource
        resource.after_write = self.flush

    def request(self, *what: Any, **more: Any) -> "Deferred[IResponse]":
        """As :class:`IAgent` says."""
        if self._resource.is_down:
            return fail(ConnectionRefusedError())
        asked: Deferred[IResponse] = super().request(*what, **more)
        return asked


def client_of(server: FakeOpencode, clock: IReactorTime) -> HttpClient:
    """An HTTP client for which *server* is wherever it asks."""
    return HttpClient(InMemory(server), clock)


def _event(kind: str, properties: Any) -> bytes:
    event = {"id": "evt_1", "type": kind, "properties": properties}
    return b"data: " + as_json(event) + b"\n\n"


def _ok(request: Request, value: Any) -> bytes:
    return send(request, Canned(200, as_json(value)))
