"""The bridge in memory, in front of a fake OpenCode."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

import mentra.plugins.mentra_opencode as dropin
from mentra.extension import ConfigSection
from mentra.house import House, StateFolder
from mentra.interfaces.opencode import IOpencode
from mentra.interfaces.services import ISecretFiles, IStateFolder
from mentra.messages import Message
from mentra.messages.opencode import AuthHandshake, AuthHandshakeResponse, Payload
from mentra.opencode import handout
from mentra.opencode.settings import OpencodeSettings
from mentra.protobuf.envelopes import client_envelope, server_envelope
from mentra.testing.house import house_with
from mentra.testing.opencode import FakeOpencode, client_of
from mentra.testing.wire import Line, MemoryPort, client_frame

WING = [
    plugin
    for name, plugin in vars(dropin).items()
    if not name.startswith("_") and not isinstance(plugin, ConfigSection)
]
BINARY, CLOSE = 2, 8
EVERYTHING = [
    kind
    for kind in Payload.__subclasses__()
    if kind.spoken and kind.number is None and kind.__module__ == "mentra.messages.opencode"
]
WRITES = client_envelope(()).write
READS = server_envelope([kind for kind in EVERYTHING if kind.sent_to]).read


@implementer(ISecretFiles)
class Secrets:
    """Every file has the same in it."""

    def read(self, path: str, what: str) -> str:
        return "open sesame"


class Desktop:
    """A client of the bridge."""

    def __init__(self, line: Line, clock: Clock) -> None:
        self.line = line
        self._clock = clock

    def say(self, request_id: int, message: Payload) -> None:
        self.say_bytes(WRITES(request_id, message))

    def say_bytes(self, payload: bytes) -> None:
        self.line.send_bytes(client_frame(payload, BINARY))

    def heard(self) -> list[tuple[int, Message]]:
        """Ids and payloads since the last call."""
        # what is kept for the end of a read is there after it
        self._clock.advance(0)
        return [READS(one.payload) for one in self.line.frames() if one.opcode == BINARY]

    def ask(self, message: Payload, request_id: int = 1) -> Message:
        """The answer to a request that needs no time."""
        self.say(request_id, message)
        ((answered, answer),) = self.heard()
        assert answered == request_id
        return answer

    def close_code(self) -> int | None:
        return next((one.close_code for one in self.line.frames() if one.opcode == CLOSE), None)


@attrs.define
class Scene:
    """A bridge and what is around it."""

    clock: Clock
    server: FakeOpencode
    house: House
    port: MemoryPort
    folder: Path

    @property
    def token(self) -> str:
        IOpencode(self.house).listening(50_051)
        found = handout.read(self.folder)
        assert found is not None
        return found.token

    def stranger(self, host: str = "127.0.0.1", **headers: str) -> Desktop:
        """A client that has said nothing yet."""
        line = self.port.call_door("opencode", host)
        return Desktop(line.upgrade("/", headers), self.clock)

    def desktop(self) -> Desktop:
        """A client that is in."""
        desktop = self.stranger()
        answer = desktop.ask(AuthHandshake(token=self.token))
        assert answer == AuthHandshakeResponse(success=True)
        return desktop

    def session(self) -> str:
        """A new session's id."""
        session_id: str = self.server.new_session()["id"]
        return session_id


@pytest.fixture
def scene(clock: Clock, tmp_path: Path) -> Callable[..., Scene]:
    """Makes a bridge; settings are those of [opencode]."""

    def make(
        server: FakeOpencode | None = None,
        *plugins: object,
        parts: dict[InterfaceClass, object] | None = None,
        **settings: Any,
    ) -> Scene:
        server = server or FakeOpencode()
        house = house_with(
            *WING, *plugins, clock=clock, http=client_of(server, clock),
            sections=[OpencodeSettings(**{"enabled": True, **settings})],
            parts={
                IStateFolder: StateFolder(tmp_path), ISecretFiles: Secrets(), **(parts or {}),
            },
        )  # fmt: skip
        made = Scene(clock, server, house, MemoryPort(house), tmp_path)
        # it has been looked at once by now
        server.requests.clear()
        return made

    return make
