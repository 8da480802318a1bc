"""One HTTP request as its route sees it, and the bodies of answers that no route wrote."""

from typing import Any

import attrs
import msgspec
from twisted.web.server import Request
from zope.interface import implementer

from mentra.errors import Denied, MentraError, NotThere, Refused
from mentra.extension import HttpAnswer
from mentra.interfaces.services import IServices
from mentra.interfaces.web import ICall
from mentra.web.access import Caller


@implementer(ICall)
@attrs.frozen(eq=False)
class Call:
    """A request that was let in."""

    services: IServices
    values: dict[str, str]
    body: Any
    correlation_id: str
    _caller: Caller
    _request: Request
    asked: Any = None
    content: Any = None

    @property
    def user_id(self) -> str | None:
        """Canonical user id where a user's token was shown."""
        return self._caller.user_id

    @property
    def package_name(self) -> str | None:
        """The app's where its name and key were shown."""
        return self._caller.package_name

    @property
    def address(self) -> str:
        """IP address of the client."""
        return self._caller.address

    def query(self, name: str) -> str | None:
        """The query parameter's first value."""
        values = (self._request.args or {}).get(name.encode())
        return values[0].decode("utf-8", "replace") if values else None

    def header(self, name: str) -> str | None:
        """The header's value."""
        value: str | None = self._request.getHeader(name)
        return value


def problem(status: int, code: str, message: str, correlation_id: str) -> HttpAnswer:
    """An answer that says what went wrong."""
    body = {"error": message, "code": code, "message": message, "correlationId": correlation_id}
    return HttpAnswer(status, body)


def coded(status: int, body: dict[str, Any], correlation_id: str) -> dict[str, Any]:
    """*body* of an error with what every error has: a code, and what finds the log lines."""
    code = body.get("code", code_of(status))
    return {**body, "code": code, "correlationId": correlation_id}


def code_of(status: int) -> str:
    """The code of an error whose author gave it none."""
    return _CODES.get(status, "REFUSED" if status < 500 else "FAILED")


_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    413: "TOO_LARGE",
    429: "TOO_MANY_REQUESTS",
    501: "NOT_CONFIGURED",
    502: "UNREACHABLE",
    503: "UNAVAILABLE",
    504: "TIMEOUT",
    507: "FULL",
}


def refusal(reason: MentraError, correlation_id: str) -> HttpAnswer | None:
    """The answer to what a route refused on purpose; None if it was no refusal."""
    if isinstance(reason, Denied):
        headers = {"WWW-Authenticate": "Bearer"} if reason.status == 401 else {}
        body = coded(reason.status, reason.body, correlation_id)
        return HttpAnswer(reason.status, body, headers=headers)
    if isinstance(reason, Refused):
        return problem(400, reason.code, reason.message, correlation_id)
    if isinstance(reason, NotThere):
        return problem(404, "NOT_FOUND", str(reason), correlation_id)
    return None


def asked_of(kind: Any, request: Request) -> Any:
    """The query parameters, the first of each name; None where no struct says which.

    :raises Refused: code ``INVALID_QUERY``; the text names the place in it.
    """
    if kind is None:
        return None
    given = {
        name.decode("utf-8", "replace"): values[0].decode("utf-8", "replace")
        for name, values in (request.args or {}).items()
    }
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as wrong:
        raise Refused("INVALID_QUERY", str(wrong)) from wrong


def decoded(kind: Any, content: bytes) -> Any:
    """The body; None where none is wanted.  No body at all is an empty object.

    :raises Refused: code ``INVALID_BODY``; the text names the place in it.
    """
    if kind is None:
        return None
    try:
        return msgspec.json.decode(content or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise Refused("INVALID_BODY", str(wrong)) from wrong
    except RecursionError as wrong:
        raise Refused("INVALID_BODY", "nested too deeply") from wrong
