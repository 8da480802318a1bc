"""An HTTP client that asks nobody: tests answer."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.errors import Refused
from mentra.interfaces.services import IHttpAnswer, IHttpClient

SUCCESS = b'{"status":"success"}'


@implementer(IHttpAnswer)
@attrs.frozen
class FakeAnswer:
    """An HTTP answer.

    :ivar headers: name in lower case to value.
    """

    status: int = 200
    body: bytes = SUCCESS
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def header(self, name: str) -> str | None:
        """One of ``headers``."""
        return self.headers.get(name.lower())


@attrs.define
class FakeRequest:
    """A request that was made; fire ``answer`` to let it end.

    :ivar timeout: seconds; of one whose body comes bit by bit, those until it begins.
    :ivar silence: seconds; None where the body comes whole.
    :ivar cancelled: whether whoever asked gave it up.
    """

    method: str
    url: str
    json: Any
    headers: Any
    timeout: float
    body: bytes | None = None
    content_type: str | None = None
    silence: float | None = None
    answer: "Deferred[IHttpAnswer]" = attrs.field(init=False)
    cancelled: bool = False
    _received: Callable[[bytes], object] = lambda data: None
    _begun: Callable[[IHttpAnswer], object] | None = None

    def __attrs_post_init__(self) -> None:
        self.answer = Deferred(self._cancel)

    def succeed(
        self, status: int = 200, body: bytes = SUCCESS, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer it, unless it was given up."""
        if not self.cancelled:
            self.answer.callback(FakeAnswer(status, body, headers or {}))

    def fail(self, code: str = "UNREACHABLE", message: str = "connection refused") -> None:
        """Let it fail the way the real client does, unless it was given up."""
        if not self.cancelled:
            self.answer.errback(Refused(code, message, where="app", retryable=True))

    def begin(self, headers: Mapping[str, str] | None = None) -> None:
        """Its headers are there, with status 200; the body follows by :meth:`receive`."""
        if self._begun is not None and not self.answer.called:
            self._call(self._begun, FakeAnswer(200, b"", headers or {}))

    def receive(self, *pieces: bytes) -> None:
        """*pieces* of the body come, unless it was given up."""
        for piece in pieces:
            if not self.answer.called:
                self._call(self._received, piece)

    def finish(self) -> None:
        """Its body ends here."""
        self.succeed(200, b"")

    def _call(self, function: Callable[[Any], object], given: Any) -> None:
        try:
            function(given)
        except Exception as problem:  # noqa: BLE001 - the real client ends the exchange with it too
            self.answer.errback(problem)

    def _cancel(self, answer: object) -> None:
        self.cancelled = True


@implementer(IHttpClient)
@attrs.define
class FakeHttp:
    """Keeps what it was asked; nothing is answered until a test does."""

    requests: list[FakeRequest] = attrs.field(factory=list)

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        content_type: str | None = None,
        headers: Any = None,
        timeout: float = 10.0,
        max_bytes: int = 1_048_576,
    ) -> "Deferred[IHttpAnswer]":
        """Keep it."""
        return self._keep(FakeRequest(method, url, json, headers, timeout, body, content_type))

    def stream(
        self,
        method: str,
        url: str,
        received: Callable[[bytes], object],
        *,
        json: Any = None,
        body: bytes | None = None,
        content_type: str | None = None,
        headers: Any = None,
        begun: Callable[[IHttpAnswer], object] | None = None,
        begin_within: float = 30.0,
        silence: float = 60.0,
    ) -> "Deferred[IHttpAnswer]":
        """Keep it."""
        asked = FakeRequest(
            method, url, json, headers, begin_within, body, content_type, silence,
            received=received, begun=begun,
        )  # fmt: skip
        return self._keep(asked)

    def _keep(self, asked: FakeRequest) -> "Deferred[IHttpAnswer]":
        self.requests.append(asked)
        return asked.answer
