"""The resource tree: routes by template, what they answer, and what a failure of theirs costs."""

import itertools
import secrets
from collections.abc import Awaitable, Iterable, Mapping
from inspect import isawaitable
from io import SEEK_END, BytesIO
from typing import Any, get_origin
from urllib.parse import unquote_to_bytes

import attrs
import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as Overdue
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

from mentra.correlation import current
from mentra.errors import Denied, MentraError
from mentra.extension import JSON, HttpAnswer, provider_of
from mentra.interfaces.services import IServices
from mentra.interfaces.web import IRoute
from mentra.web.access import Gate
from mentra.web.call import Call, asked_of, coded, decoded, problem, refusal
from mentra.web.cors import Cors
from mentra.web.delivery import Delivery
from mentra.web.templates import Placed, Spot

PATIENCE = 60.0
"""Seconds a route may take to answer."""

_OF_ERRORS = frozenset({"error", "message", "success"})

SMALL_BODY = 65_536
"""Bytes of body read for a path that serves nothing."""


class Tree(Resource):
    """Serves routes, and other resources at exact paths.

    :ivar routes: all of them.
    :ivar widest_body: the largest ``max_body`` of theirs, bytes.
    :param extra: resources (WebSockets) by URL path.
    :param patience: seconds a route may take.
    :raises ConfigError: two things want one place.
    """

    def __init__(
        self,
        services: IServices,
        routes: Iterable[IRoute],
        *,
        gate: Gate,
        cors: Cors,
        extra: Mapping[bytes, IResource] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        super().__init__()
        self._root = Spot()
        self.routes = tuple(routes)
        for route in self.routes:
            self._root.place(route)
        self.widest_body = max((one.max_body for one in self.routes), default=SMALL_BODY)
        for path, resource in (extra or {}).items():
            self._root.hang(path.decode(), resource)
        self._desk = Desk(services, gate, cors, patience)

    def getChild(self, path: bytes, request: Request) -> IResource:
        """Whatever is served at the rest of the path."""
        segments = [path, *(request.postpath or ())]
        request.postpath = []
        found = self._matches(segments)
        for spot, _ in found:
            if spot.resource is not None:
                return spot.resource
        return Answering(self._desk, found)

    def longest_body(self, path: bytes) -> int:
        """Bytes that a body sent to *path* may have at most."""
        return max((one.max_body for one in self._routes_at(path)), default=SMALL_BODY)

    def denial(self, path: bytes, request: Request) -> Denied | None:
        """Why the sender of *request* may call nothing at *path* that takes a long body; None if
        there is something."""
        denied: Denied | None = None
        for one in self._routes_at(path):
            if one.max_body > SMALL_BODY:
                try:
                    self._desk.gate.admit(one.access, request)
                except Denied as problem:
                    denied = problem
                else:
                    return None
        return denied

    def _routes_at(self, path: bytes) -> list[Any]:
        found = self._matches(
            [unquote_to_bytes(one) for one in path.partition(b"?")[0][1:].split(b"/")]
        )
        return [one.route for spot, _ in found for one in spot.methods.values()]

    def _matches(self, segments: list[bytes]) -> list[tuple[Spot, tuple[str, ...]]]:
        try:
            # a slash inside a segment stays inside: only the real ones were cut at
            texts = [segment.decode() for segment in segments]
        except UnicodeDecodeError:
            return []
        if texts and not texts[-1]:
            texts.pop()
        return list(self._root.matches(texts))


@attrs.frozen
class Desk:
    """What every request of a tree needs."""

    services: IServices
    gate: Gate
    cors: Cors
    patience: float
    _prefix: str = attrs.field(factory=lambda: secrets.token_hex(3))
    _numbers: "itertools.count[int]" = attrs.field(factory=lambda: itertools.count(1))

    def correlation_id(self) -> str:
        """A new one."""
        return f"http-{self._prefix}-{next(self._numbers)}"


class Answering(Resource):
    """What is served at one path."""

    isLeaf = True

    def __init__(self, desk: Desk, found: list[tuple[Spot, tuple[str, ...]]]) -> None:
        super().__init__()
        self._desk = desk
        self._found = found

    def render(self, request: Request) -> Any:
        """Answer, now or later."""
        exchange = Exchange(self._desk, request)
        method = request.method.decode("ascii", "replace")
        accesses = {one.route.access for spot, _ in self._found for one in spot.methods.values()}
        for name, value in self._desk.cors.headers(request, accesses):
            request.setHeader(name, value)
        for spot, values in self._found:
            placed = spot.methods.get("GET" if method == "HEAD" else method)
            if placed is not None:
                exchange.run(placed, values)
                return NOT_DONE_YET
        exchange.finish(self._unserved(request, method, exchange.correlation_id))
        return NOT_DONE_YET

    def _unserved(self, request: Request, method: str, correlation_id: str) -> HttpAnswer:
        if not self._found:
            if (request.getHeader("upgrade") or "").lower() == "websocket":
                # the text clients of the protocol know; source: docs/protocol
                return HttpAnswer(404, b"Unknown WebSocket path", "text/plain; charset=utf-8")
            return problem(404, "NOT_FOUND", "Not found", correlation_id)
        served = {method for spot, _ in self._found for method in spot.methods}
        allow = sorted(served | {"OPTIONS"} | ({"HEAD"} if "GET" in served else set()))
        if method != "OPTIONS":
            answer = problem(405, "METHOD_NOT_ALLOWED", f"{method} is not served here",
                             correlation_id)  # fmt: skip
            return attrs.evolve(answer, headers={"Allow": ", ".join(allow)})
        headers = {"Allow": ", ".join(allow)}
        if request.responseHeaders.hasHeader("access-control-allow-origin"):
            headers.update(self._desk.cors.preflight(request, allow))
        return HttpAnswer(204, headers=headers)


class Exchange:
    """One request being answered: the one place where a route's bug stops."""

    _log = Logger()

    def __init__(self, desk: Desk, request: Request) -> None:
        self._desk = desk
        self._request = request
        self._closed = False
        self._route: Any = None
        self.correlation_id = desk.correlation_id()

    def run(self, placed: Placed, values: tuple[str, ...]) -> None:
        """Let the route answer."""
        self._route = placed.route
        before = current.set(self)
        try:
            outcome = self._handled(placed, values)
            if isawaitable(outcome):
                self._wait(outcome)
            else:
                self._deliver(outcome)
        except Exception as failed:  # noqa: BLE001 - a plugin's bug must cost its own request only
            self._give_up(failed)
        finally:
            current.reset(before)

    def _handled(self, placed: Placed, values: tuple[str, ...]) -> Any:
        desk, route, request = self._desk, placed.route, self._request
        caller = desk.gate.admit(route.access, request)
        content: Any = request.content if request.content is not None else BytesIO()
        if content.seek(0, SEEK_END) > route.max_body:
            return problem(413, "TOO_LARGE", f"over {route.max_body} bytes", self.correlation_id)
        content.seek(0)
        asked = asked_of(route.query, request)
        body = None
        if route.body_type == JSON:
            body, content = decoded(route.body, content.read()), None
        names = dict(zip(placed.names, values, strict=True))
        call = Call(
            desk.services, names, body, self.correlation_id, caller, request, asked, content
        )
        return route.handle(call)

    def _wait(self, outcome: Awaitable[Any]) -> None:
        waiting = Deferred.fromCoroutine(_awaited(outcome))

        def closed(failure: object) -> None:
            self._closed = True
            waiting.cancel()

        self._request.notifyFinish().addErrback(closed)
        waiting.addTimeout(self._desk.patience, self._desk.services.clock)
        waiting.addCallbacks(self._deliver, lambda failure: self._give_up(failure.value))

    def _deliver(self, outcome: Any) -> None:
        try:
            self.finish(self._checked(outcome))
        except Exception as failed:  # noqa: BLE001 - a wrong answer is the route's bug too
            self._give_up(failed)

    def _checked(self, outcome: Any) -> HttpAnswer:
        if isinstance(outcome, HttpAnswer):
            answer = outcome
        else:
            wanted = get_origin(self._route.answer) or self._route.answer
            # other types (TypedDict, unions) are described, and not looked at again
            if isinstance(wanted, msgspec.StructMeta) and not isinstance(outcome, wanted):
                raise TypeError(f"answered {type(outcome).__name__}, not {wanted.__name__}")
            answer = HttpAnswer(self._route.status, msgspec.json.encode(outcome))
        if isinstance(answer.body, bytes) or IBodyProducer.providedBy(answer.body):
            return answer
        body = answer.body
        if answer.status >= 400 and isinstance(body, msgspec.Struct):
            body = msgspec.to_builtins(body)
        # what a probe reads (/readyz) is no error
        if answer.status >= 400 and isinstance(body, dict) and body.keys() & _OF_ERRORS:
            body = coded(answer.status, body, self.correlation_id)
        return attrs.evolve(answer, body=msgspec.json.encode(body))

    def _give_up(self, reason: BaseException) -> None:
        self.finish(self._failed(reason))

    def _failed(self, reason: BaseException) -> HttpAnswer:
        answer = refusal(reason, self.correlation_id) if isinstance(reason, MentraError) else None
        if answer is not None:
            return answer
        if self._closed and isinstance(reason, CancelledError):
            return HttpAnswer(499)
        self._desk.services.metrics.failed("http", self._route.name)
        if isinstance(reason, Overdue):
            self._log.error("{route} took over {seconds} s ({correlation_id})",
                            route=self._route.name, seconds=self._desk.patience,
                            correlation_id=self.correlation_id)  # fmt: skip
            return problem(504, "TIMEOUT", "That took too long", self.correlation_id)
        self._log.failure("{route} of {module} failed ({correlation_id})", Failure(reason),
                          route=self._route.name, module=provider_of(self._route),
                          correlation_id=self.correlation_id)  # fmt: skip
        return problem(500, "INTERNAL_ERROR", "Internal server error", self.correlation_id)

    def finish(self, answer: HttpAnswer) -> None:
        """Write *answer*, unless nobody is there any more."""
        request, body = self._request, answer.body
        is_produced = IBodyProducer.providedBy(body)
        if self._closed:
            if is_produced:
                body.stopProducing()
            return
        if not (isinstance(body, bytes) or is_produced):
            body = msgspec.json.encode(body)
        request.setResponseCode(answer.status)
        defaults = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        for name, value in {**defaults, **answer.headers}.items():
            request.setHeader(name, value)
        if answer.status != 204:
            request.setHeader("Content-Type", answer.content_type)
        if is_produced:
            Delivery(request, body, self._desk.services.clock).begin()
            return
        if answer.status != 204:
            request.setHeader("Content-Length", str(len(body)))
        # Twisted itself leaves the body out for HEAD
        request.write(body)
        request.finish()


async def _awaited(outcome: Awaitable[Any]) -> Any:
    return await outcome
