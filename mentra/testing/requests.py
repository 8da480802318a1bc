"""Requests from outside: to open a connection, or to a route."""

from typing import Any

import attrs
from zope.interface import implementer

from mentra.interfaces.messaging import IUpgrade
from mentra.interfaces.services import IServices
from mentra.interfaces.web import ICall


def _lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@implementer(IUpgrade)
@attrs.define
class FakeUpgrade:
    """A request to open a connection."""

    headers: dict[str, str] = attrs.field(factory=dict, converter=_lower)
    parameters: dict[str, str] = attrs.field(factory=dict)
    path: str = "/"
    address: str = "127.0.0.1"
    at_door: bool = False
    subprotocols: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """The header's value, name in any case."""
        return self.headers.get(name.lower())

    def query(self, name: str) -> str | None:
        """The parameter's value."""
        return self.parameters.get(name)


@implementer(ICall)
@attrs.define
class FakeCall:
    """An HTTP request that was let in."""

    services: IServices
    values: dict[str, str] = attrs.field(factory=dict)
    user_id: str | None = None
    package_name: str | None = None
    body: Any = None
    address: str = "127.0.0.1"
    correlation_id: str = "fake-1"
    headers: dict[str, str] = attrs.field(factory=dict, converter=_lower)
    parameters: dict[str, str] = attrs.field(factory=dict)
    asked: Any = None
    content: Any = None

    def query(self, name: str) -> str | None:
        """The parameter's value."""
        return self.parameters.get(name)

    def header(self, name: str) -> str | None:
        """The header's value."""
        return self.headers.get(name.lower())
