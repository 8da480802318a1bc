"""What must hold before glasses are asked to stream.  Source: docs/protocol/video.rst."""

import re
from collections.abc import Iterable

import msgspec

from mentra.errors import Refused
from mentra.glasses.capabilities import are_connected
from mentra.glasses.streams.settings import StreamsSettings
from mentra.glasses.streams.shape import MAX_DEPTH, is_deep
from mentra.interfaces.glasses import IApps, IDevice
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore
from mentra.messages.video import Options
from mentra.records import App

# no white space and no control characters: an address becomes an argument of other programs
_RTMP = re.compile(r"rtmps?://[^\s/\x00-\x1f\x7f]+(/[^\s\x00-\x1f\x7f]*)?", re.IGNORECASE)


def is_rtmp(url: str, longest: int) -> bool:
    """Whether *url* is an RTMP address, of at most *longest* characters."""
    return len(url) <= longest and _RTMP.fullmatch(url) is not None


class Preconditions:
    """Refuses what cannot go well."""

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._apps = IAppStore(services)
        self._settings: StreamsSettings = services.settings(StreamsSettings)

    def check_app(self, package_name: str, denied: str) -> None:
        """The app runs and may use the camera.

        :param denied: the text if it may not.
        :raises Refused: ``INTERNAL_ERROR`` or ``PERMISSION_DENIED``.
        """
        if not IApps(self._session).is_running(package_name):
            raise Refused("INTERNAL_ERROR", f"App {package_name} is not running", where="app")
        if not self.may_film(package_name):
            raise Refused("PERMISSION_DENIED", denied, where="app")

    def may_film(self, package_name: str) -> bool:
        """Whether the app may use the camera."""
        app: App | None = self._apps.get(package_name)
        return app is not None and app.has_permission("CAMERA")

    def check_glasses(self) -> None:
        """The glasses are there and have what it takes.

        :raises Refused: ``INTERNAL_ERROR`` or ``WIFI_NOT_CONNECTED``.
        """
        if self._session.glasses is None:
            raise Refused(
                "INTERNAL_ERROR", "Glasses WebSocket not connected", where="phone", retryable=True
            )
        device = IDevice(self._session)
        if not are_connected(device.state()):
            raise Refused("INTERNAL_ERROR", "Glasses not connected", where="phone", retryable=True)
        able = device.capabilities()
        # where nobody has said how it stands with the Wi-Fi, the glasses may try
        if (
            able is not None
            and able.get("hasWifi")
            and device.state().get("wifiConnected") is False
        ):
            raise Refused(
                "WIFI_NOT_CONNECTED",
                "Glasses must be connected to Wi-Fi to stream",
                where="phone",
                retryable=True,
            )

    def check_url(self, url: str) -> None:
        """It is an address that glasses can send to.

        :raises Refused: ``INTERNAL_ERROR``.
        """
        if not is_rtmp(url, self._settings.max_url):
            raise Refused("INTERNAL_ERROR", "Invalid RTMP URL", where="app")

    def check_options(self, several: Iterable[Options | None]) -> None:
        """None is longer or deeper than glasses should have to read.

        :raises Refused: ``INTERNAL_ERROR``.
        """
        longest = self._settings.max_options
        for options in several:
            if options and (is_deep(options) or len(msgspec.json.encode(options)) > longest):
                text = f"Stream options have at most {longest} bytes, {MAX_DEPTH} levels deep"
                raise Refused("INTERNAL_ERROR", text, where="app")
