"""What this server speaks, for programs: documents made from what is registered."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from mentra.extension import Access, HttpAnswer, Route, route
from mentra.interfaces.services import ICatalogue
from mentra.interfaces.web import ICall, IRoute
from mentra.web import asyncapi, openapi


def document_routes(catalogue: ICatalogue, routes: Iterable[IRoute]) -> tuple[Route, ...]:
    """Routes that serve the documents; each is made once, when somebody first asks for it.

    :param routes: all others of the port.
    """
    others = tuple(routes)
    api = _Once(lambda: openapi.document((*others, openapi_json, asyncapi_json)))
    messages = _Once(lambda: asyncapi.document(catalogue))

    @route("GET", "/openapi.json", access=Access.PUBLIC, answer=dict[str, Any])
    def openapi_json(call: ICall) -> HttpAnswer:
        """The OpenAPI document of this API, extensions included."""
        return HttpAnswer(body=api.text())

    @route("GET", "/asyncapi.json", access=Access.PUBLIC, answer=dict[str, Any])
    def asyncapi_json(call: ICall) -> HttpAnswer:
        """The AsyncAPI document of the WebSocket paths, extensions included."""
        return HttpAnswer(body=messages.text())

    return openapi_json, asyncapi_json


class _Once:
    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make
        self._text = b""

    def text(self) -> bytes:
        """The document as JSON."""
        self._text = self._text or msgspec.json.encode(self._make())
        return self._text
