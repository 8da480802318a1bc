"""The control socket: how the ``mentra`` command reaches a running server."""

import os
import socket
import stat
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger

from mentra.addresses import Networks, Proxies
from mentra.errors import ConfigError
from mentra.extension import Access
from mentra.interfaces.services import ICatalogue, IServices
from mentra.web.access import Gate
from mentra.web.control_routes import CONTROL_ROUTES
from mentra.web.cors import Cors
from mentra.web.site import BoundedSite
from mentra.web.socket_path import socket_of
from mentra.web.tree import Tree


class ControlSocket(Service):
    """Serves the ``Access.CONTROL`` routes, and no others, to the owner of the state directory.

    :param reactor: listens on the Unix socket.
    """

    _log = Logger()

    def __init__(self, services: IServices, state_dir: Path, reactor: Any) -> None:
        self.path = socket_of(state_dir)
        self._services = services
        self._state_dir = state_dir
        self._reactor = reactor
        self._port: Any = None

    def startService(self) -> None:
        """Listen.

        :raises ConfigError: another server runs with this state directory, or the socket cannot be
            made.
        """
        _make_folder(self.path.parent, is_ours=self.path.parent != self._state_dir.absolute())
        _remove_stale(self.path)
        # the mode is there from the first moment on, not only after a chmod
        before = os.umask(0o177)
        try:
            self._port = self._reactor.listenUNIX(str(self.path), self._site(), mode=0o600)
        finally:
            os.umask(before)
        super().startService()

    def stopService(self) -> Any:
        """Listen no more, and take the socket away."""
        super().stopService()
        port, self._port = self._port, None
        return None if port is None else maybeDeferred(port.stopListening)

    def _site(self) -> BoundedSite:
        served = frozenset({Access.CONTROL})
        gate = Gate(
            self._services,
            served=served,
            trusted_proxies=Proxies(),
            operator_networks=Networks(()),
        )
        routes = [one for one in ICatalogue(self._services).routes if one.access in served]
        tree = Tree(self._services, (*CONTROL_ROUTES, *routes), gate=gate, cors=Cors(frozenset()))
        return BoundedSite(tree, self._services.clock)


def _make_folder(folder: Path, *, is_ours: bool) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as problem:
        raise ConfigError(f"{folder}: {problem.strerror}; choose another --state-dir") from problem
    # a folder beside everybody else's could have been put there by anybody
    if is_ours and (found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) != 0o700):
        raise ConfigError(f"{folder} belongs to somebody else; choose a shorter --state-dir")


def _remove_stale(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ConfigError(f"{path} is no socket; remove it")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except OSError as problem:
            raise ConfigError(f"{path}: {problem.strerror or problem}; remove it") from problem
        else:
            raise ConfigError(
                f"another mentra runs with {path.parent}; stop it or choose another --state-dir"
            )
