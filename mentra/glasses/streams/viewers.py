"""The apps that watch a managed stream, and what each was told last."""

from collections.abc import Callable, Iterable

import attrs
import msgspec

from mentra.interfaces.glasses import IApps
from mentra.interfaces.session import IUserSession
from mentra.messages.video import ManagedStreamStatus, StreamOutput

Seen = Callable[[str, Iterable[StreamOutput]], tuple[StreamOutput, ...]]


@attrs.define
class _Viewer:
    wants_webrtc: bool
    told: ManagedStreamStatus | None = None


class Viewers:
    """Tells each the same, and nobody the same twice in a row.

    :param seen_by: restreams as a certain app may see them.
    """

    def __init__(self, session: IUserSession, seen_by: Seen) -> None:
        self._session = session
        self._seen_by = seen_by
        self._viewers: dict[str, _Viewer] = {}

    def __len__(self) -> int:
        return len(self._viewers)

    def __contains__(self, package_name: str) -> bool:
        return package_name in self._viewers

    def add(self, package_name: str, wants_webrtc: bool) -> None:
        """The app watches from now on, and has been told nothing yet."""
        self._viewers[package_name] = _Viewer(wants_webrtc)

    def remove(self, package_name: str) -> None:
        """It watches no more."""
        self._viewers.pop(package_name, None)

    def forget(self, package_name: str) -> None:
        """It remembers nothing of what it was told."""
        viewer = self._viewers.get(package_name)
        if viewer is not None:
            viewer.told = None

    def tell(self, status: ManagedStreamStatus) -> None:
        """Tell everybody."""
        for package_name in tuple(self._viewers):
            self.tell_one(package_name, status)

    def tell_one(self, package_name: str, status: ManagedStreamStatus) -> None:
        """Tell one of them; what a WebRTC player needs only if it asked for that."""
        viewer = self._viewers.get(package_name)
        if viewer is None:
            return
        if not viewer.wants_webrtc:
            status = msgspec.structs.replace(status, webrtc_url=None)
        if status.outputs:
            outputs = self._seen_by(package_name, status.outputs)
            status = msgspec.structs.replace(status, outputs=outputs)
        if status == viewer.told:
            return
        peer = IApps(self._session).running().get(package_name)
        # told while it is away would be told to nobody
        if peer is not None and peer.send(status):
            viewer.told = status
