"""The glasses wing's managers, as somebody who needs them only as neighbours wants them."""

from collections import defaultdict
from typing import Any

import attrs
from zope.interface import implementer

from mentra.extension import ManagerFactory
from mentra.interfaces.glasses import (
    IDevice,
    IDisplay,
    IMicrophone,
    IRelay,
    ISettings,
    ISubscriptions,
)
from mentra.interfaces.services import IPublicAddress, IServices
from mentra.interfaces.session import IUserSession
from mentra.messages.audio import AudioChunk
from mentra.messages.display import DisplayRequest
from mentra.messages.subscriptions import StreamRejection
from mentra.records import App


@implementer(IPublicAddress)
@attrs.define
class FakeAddress:
    """``mentra.test``, whose system apps come from ``10.0.0.1`` alone once *strict* is set."""

    strict: bool = False

    def base_url(self) -> str:
        """``https://mentra.test``."""
        return "https://mentra.test"

    def local_url(self) -> str | None:
        """``http://127.0.0.1:8002``."""
        return "http://127.0.0.1:8002"

    def app_websocket_url(self, system: bool) -> str:
        """``wss://mentra.test/app-ws``, for system apps ``ws://local.test/app-ws``."""
        return "ws://local.test/app-ws" if system else "wss://mentra.test/app-ws"

    def is_system_address(self, address: str) -> bool:
        """Whether it is ``10.0.0.1``, if it matters."""
        return not self.strict or address == "10.0.0.1"


@implementer(ISubscriptions)
class FakeSubscriptions:
    """Nobody lacks a permission, and every list is believed.

    :ivar told: ``(method, package name)`` of every ``began`` and ``remove``.
    """

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self.version = 0
        self.told: list[tuple[str, str]] = []
        self._lists: dict[str, frozenset[str]] = {}

    def update(self, package_name: str, requested: Any) -> tuple[StreamRejection, ...]:
        """Replace the list."""
        self._lists[package_name] = frozenset(map(str, requested))
        self.version += 1
        return ()

    def began(self, package_name: str) -> None:
        """Keep that it did."""
        self.told.append(("began", package_name))

    def of(self, package_name: str) -> frozenset[str]:
        """The list."""
        return self._lists.get(package_name, frozenset())

    def everyone(self) -> dict[str, frozenset[str]]:
        """Every list."""
        return dict(self._lists)

    def rate(self, package_name: str) -> str | None:
        """None has one."""
        return None

    def matching(
        self, stream_type: str, language: str | None = None, target: str | None = None
    ) -> tuple[tuple[str, str], ...]:
        """Whose list has just this string."""
        lists = self._lists.items()
        return tuple((package, stream_type) for package, one in lists if stream_type in one)

    def remove(self, package_name: str) -> None:
        """Forget the list; keep that it was asked."""
        self.told.append(("remove", package_name))
        self._lists.pop(package_name, None)
        self.version += 1


@implementer(IDevice)
class FakeDevice:
    """Glasses that a test describes.

    :ivar fields: their state.
    :ivar lacks: hardware they do not have; None while nobody knows what they are.
    """

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self.fields: dict[str, Any] = {"connected": False, "modelName": None}
        self.lacks: frozenset[str] | None = None

    def update(self, fields: Any) -> None:
        """Merge."""
        self.fields.update(fields)

    def state(self) -> dict[str, Any]:
        """Every field."""
        return dict(self.fields)

    def capabilities(self) -> dict[str, Any] | None:
        """One flag for each thing it lacks."""
        if self.lacks is None:
            return None
        return {f"has{thing.capitalize()}": False for thing in sorted(self.lacks)}

    def missing(self, app: App) -> tuple[str, ...]:
        """What *app* requires of what it lacks."""
        return tuple(
            one.type
            for one in app.hardware_requirements
            if one.level == "REQUIRED" and one.type in (self.lacks or ())
        )


@implementer(ISettings)
class FakeSettings:
    """One user setting, and the declared defaults of the apps.

    :ivar told: ``(package name or "", stored settings)`` of what was replaced.
    """

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self.of_apps: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.told: list[tuple[str, dict[str, Any]]] = []

    def mentraos(self) -> dict[str, Any]:
        """Metres."""
        return {"metricSystemEnabled": True}

    def of_app(self, package_name: str) -> list[dict[str, Any]]:
        """What the test put there."""
        return self.of_apps[package_name]

    def reported(self, status: object) -> dict[str, Any]:
        """Nothing is news."""
        return {}

    def replaced(self, stored: Any) -> None:
        """Keep it."""
        self.told.append(("", dict(stored)))

    def app_replaced(self, package_name: str, stored: Any) -> None:
        """Keep it."""
        self.told.append((package_name, dict(stored)))


@implementer(IRelay)
class FakeRelay:
    """Keeps what it should have carried.

    :ivar relayed: ``(stream type, text)``.
    """

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self.relayed: list[tuple[str, bytes]] = []

    def relay(
        self, stream_type: str, raw: bytes, language: str | None = None, target: str | None = None
    ) -> int:
        """Keep it; nobody subscribed."""
        self.relayed.append((stream_type, raw))
        return 0

    def audio(self, chunk: AudioChunk) -> int:
        """Nobody listens."""
        return 0

    def to_app(self, package_name: str, stream: str, raw: bytes) -> bool:
        """Keep it."""
        self.relayed.append((stream, raw))
        return True

    def unknown(self, path: str, type_name: str) -> None:
        """Nobody reads the log."""


@implementer(IMicrophone)
class FakeMicrophone:
    """Always on.

    :ivar chunks: how many it heard of.
    """

    is_on = True
    bypass_vad = False

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self.chunks = 0

    def evaluate(self) -> None:
        """Nothing changes."""

    def resend(self) -> None:
        """Nobody is told."""

    def resend_soon(self) -> None:
        """Nobody is told."""

    def heard(self) -> None:
        """One more."""
        self.chunks += 1


@implementer(IDisplay)
class FakeDisplay:
    """Accepts everything.

    :ivar requests: ``(package name, message)``.
    :ivar told: ``(method, package name)``.
    :ivar notices: each with its seconds.
    """

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self.notices: list[tuple[str, float]] = []
        self.requests: list[tuple[str, DisplayRequest]] = []
        self.told: list[tuple[str, str]] = []

    def request(self, package_name: str, message: DisplayRequest) -> bool:
        """Keep it."""
        self.requests.append((package_name, message))
        return True

    def app_starting(self, package_name: str, name: str, app_type: str) -> None:
        """Keep that it did."""
        self.told.append(("app_starting", package_name))

    def app_stopped(self, package_name: str) -> None:
        """Keep that it did."""
        self.told.append(("app_stopped", package_name))

    def resend(self) -> None:
        """Nobody looks."""

    def notice(self, text: str, seconds: float) -> bool:
        """Keep it."""
        self.notices.append((text, seconds))
        return True


fake_subscriptions = ManagerFactory(ISubscriptions, FakeSubscriptions)
fake_device = ManagerFactory(IDevice, FakeDevice)
fake_settings = ManagerFactory(ISettings, FakeSettings)
fake_relay = ManagerFactory(IRelay, FakeRelay)
fake_microphone = ManagerFactory(IMicrophone, FakeMicrophone)
fake_display = ManagerFactory(IDisplay, FakeDisplay)

NEIGHBOURS = (fake_subscriptions, fake_device, fake_settings, fake_relay, fake_display)
"""What the apps of a session expect to find there."""
