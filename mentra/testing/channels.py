"""Pages that talk to channels in memory."""

import itertools
import json
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET
from twisted.internet.defer import succeed
from twisted.internet.task import Clock
from zope.interface.interface import InterfaceClass

from mentra.extension import ConfigSection
from mentra.house import House
from mentra.interfaces.analytics import ICounts
from mentra.interfaces.channel_stores import (
    IArtifacts,
    IChats,
    ICodeSessions,
    ICredentials,
    IKeptSettings,
)
from mentra.interfaces.images import IImageFiles, IImageStore
from mentra.interfaces.stores import IUserStore
from mentra.messages.channels import PATH, Request, Response
from mentra.plugins import mentra_channels
from mentra.stores.analytics_store import AnalyticsStore
from mentra.stores.artifact_store import ArtifactLimits, ArtifactStore
from mentra.stores.chat_store import ChatStore
from mentra.stores.code_store import CodeLimits, CodeStore
from mentra.stores.image_store import ImageStore
from mentra.stores.objects import Objects
from mentra.stores.page_stores import CredentialStore, PageSettingsStore
from mentra.stores.user_store import UserStore
from mentra.testing.databases import MemoryDatabase
from mentra.testing.house import WALL_TIME, house_with
from mentra.testing.images import MemoryImageFiles
from mentra.testing.wire import Line, MemoryPort, client_frame

WING = tuple(
    plugin
    for name, plugin in vars(mentra_channels).items()
    if not name.startswith("_") and not isinstance(plugin, ConfigSection)
)
"""The plugins of the wing."""

CREDENTIAL_KEY = "bWVudHJhIG1lbnRyYSBtZW50cmEgbWVudHJhICEhISE="
"""What credentials are encrypted with in tests."""

ELSEWHERE = {"Origin": "https://example.org"}


class Page:
    """A browser page.

    :ivar events: what it was told and nobody has taken yet.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self._ids = (f"r{number}" for number in itertools.count(1))
        self._said: list[Any] = []

    def request(self, channel: str, payload: Any = UNSET, request_id: str | None = None) -> str:
        """Send a request; its id."""
        request_id = request_id or next(self._ids)
        frame = {"type": "request", "id": request_id, "channel": channel, "timestamp": 1}
        if payload is not UNSET:
            frame["payload"] = payload
        self.line.send_bytes(client_frame(json.dumps(frame).encode()))
        return request_id

    def ask(self, channel: str, payload: Any = UNSET) -> Any:
        """The payload of the answer, which must come at once; None where it has none.

        :raises AssertionError: there is no answer yet, or it is an error.
        """
        answer = self.answer(self.request(channel, payload))
        assert "error" not in answer, answer
        return answer.get("payload")

    def refusal(self, channel: str, payload: Any = UNSET) -> tuple[str, str]:
        """Code and message of the error that a request is answered with."""
        answer = self.answer(self.request(channel, payload))
        assert "payload" not in answer, answer
        return answer["error"]["code"], answer["error"]["message"]

    def answer(self, request_id: str) -> Any:
        """The response to a request.

        :raises AssertionError: there is none yet.
        """
        self._listen()
        for frame in self._said:
            if frame["type"] == "response" and frame["id"] == request_id:
                self._said.remove(frame)
                msgspec.convert(frame, Response)
                return frame
        raise AssertionError(f"no answer to {request_id} yet")

    def take(self) -> list[Any]:
        """Every frame since the last call, answers that were taken left out."""
        self._listen()
        said, self._said = self._said, []
        return said

    def events(self) -> list[tuple[str, Any]]:
        """Channel and payload of each event since the last call."""
        return [(one["channel"], one["payload"]) for one in self.take() if one["type"] == "event"]

    @property
    def client_id(self) -> str:
        """The id that the server gave it, out of the first frame."""
        (hello,) = (one for one in self.take() if one["channel"] == "server:connected")
        return str(hello["payload"]["clientId"])

    def _listen(self) -> None:
        self._said += self.line.messages()


def page_at_door(port: MemoryPort, url: str = "/") -> Page:
    """A page at the port that channels have of their own."""
    return Page(port.call_door(PATH).upgrade(url))


def page_of(port: MemoryPort, user_id: str) -> Page:
    """A user's page at the server's port."""
    return Page(port.call().upgrade(f"/channels?token=user:{user_id}"))


def channels_port(*plugins: object, clock: Clock, **how: Any) -> tuple[House, MemoryPort]:
    """A house of the wing (and more plugins), and its ports."""
    house = house_with(*WING, *plugins, clock=clock, **how)
    return house, MemoryPort(house)


def checked(kind: type[Request], answer: Any) -> Any:
    """*answer*, which is of the type that the request's class says.

    :raises msgspec.ValidationError: it is not.
    """
    msgspec.convert(answer, kind.answers, strict=True)
    return answer


def stores_in(
    database: MemoryDatabase,
    clock: Clock,
    folder: Path = Path("/nonexistent"),
    limits: CodeLimits = CodeLimits(),  # noqa: B008 - it is frozen
    artifacts: ArtifactLimits = ArtifactLimits(),  # noqa: B008 - likewise
) -> dict[InterfaceClass, object]:
    """The stores of channels in *database*, which share the wall time of houses on *clock*.

    :param folder: for what is kept in files.
    """

    def now() -> float:
        return WALL_TIME + clock.seconds()

    return {
        IUserStore: UserStore(database, now, lambda files: succeed(None)),
        IChats: ChatStore(database, now),
        IKeptSettings: PageSettingsStore(database),
        ICounts: AnalyticsStore(database),
        IArtifacts: ArtifactStore(database, now, artifacts),
        ICodeSessions: CodeStore(database, Objects(folder), now, limits),
        ICredentials: CredentialStore(database, lambda: CREDENTIAL_KEY, now),
        IImageStore: ImageStore(database, now),
        IImageFiles: MemoryImageFiles(now),
    }
