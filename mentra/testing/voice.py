"""Clients of the voice assistant, and the house that they talk to."""

import json
from typing import Any

import attrs
from twisted.internet.task import Clock

from mentra.house import House
from mentra.interfaces.voice import IVoiceSessions
from mentra.testing.wire import Line, MemoryPort, ServerFrame, client_frame

TOKEN = "user:ann@x.org"
GUEST = "guest_3f2504e0-4f89-41d3-9a0c-0305e82c3301"


def guest_token(milliseconds: float) -> str:
    """A guest's, made then."""
    return f"{GUEST}_{milliseconds:.0f}"


@attrs.define
class VoiceClient:
    """One connection.

    :ivar first: the first frame that it got, None where there was none.
    :ivar frames: all that it got after that, in order.
    """

    line: Line
    first: Any = None
    frames: list[ServerFrame] = attrs.field(factory=list)

    @property
    def session_id(self) -> str:
        """The session's, as it was told."""
        session_id: str = self.first["data"]["sessionId"]
        return session_id

    def say(self, type_name: str, data: Any = None, **envelope: Any) -> None:
        """One envelope."""
        frame = {"type": type_name, "timestamp": 1, **envelope}
        if data is not None:
            frame["data"] = data
        self.send(json.dumps(frame).encode())

    def send(self, payload: bytes, opcode: int = 1) -> None:
        """One frame, whatever is in it."""
        self.line.send_bytes(client_frame(payload, opcode))

    def take(self, *types: str) -> list[Any]:
        """What came since the last call, as far as it is of these types; all, if none is said."""
        taken = self.line.frames()
        self.frames += taken
        found = [one.json for one in taken if one.opcode == 1]
        return [one for one in found if not types or one["type"] in types]

    @property
    def close_code(self) -> int | None:
        """With which the server has closed, None if it has not; looks at what came."""
        self.take()
        return next((one.close_code for one in self.frames if one.opcode == 8), None)

    @property
    def close_reason(self) -> str:
        """Why it has."""
        self.take()
        return next((one.payload[2:].decode() for one in self.frames if one.opcode == 8), "")


@attrs.define
class VoiceStage:
    """The house, its clock and its port."""

    clock: Clock
    house: House
    port: MemoryPort

    def connect(
        self,
        token: str | None = TOKEN,
        *,
        headers: dict[str, str] | None = None,
        path: str = "/socket.io/",
        **query: str,
    ) -> VoiceClient:
        """A client, with what it got first taken apart."""
        asked = dict(query) if token is None else {"token": token, **query}
        text = "&".join(f"{name}={value}" for name, value in asked.items())
        client = VoiceClient(self.port.call().upgrade(f"{path}?{text}", headers))
        found = client.take()
        client.first = found[0] if found else None
        return client

    @property
    def sessions(self) -> Any:
        """The assistant's."""
        return IVoiceSessions(self.house)
