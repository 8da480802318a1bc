"""A request to open a connection, as a path's ``admit`` sees it."""

from autobahn.websocket.types import ConnectionRequest
from zope.interface import implementer

from mentra.interfaces.messaging import IUpgrade


@implementer(IUpgrade)
class Upgrade:
    """Autobahn's request with the client's real address."""

    def __init__(self, request: ConnectionRequest, address: str, at_door: bool = False) -> None:
        self._request = request
        self.address = address
        self.at_door = at_door
        self.path: str = request.path
        self.subprotocols = tuple(map(str, request.protocols))

    def header(self, name: str) -> str | None:
        """The header's value; repeated ones come joined by commas."""
        value = self._request.headers.get(name.lower())
        return None if value is None else str(value)

    def query(self, name: str) -> str | None:
        """The query parameter's first value."""
        values = self._request.params.get(name)
        return str(values[0]) if values else None
