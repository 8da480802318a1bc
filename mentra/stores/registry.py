"""Apps, their keys and their servers in memory: what an app store answers from."""

import hashlib
from collections.abc import Iterable, Mapping
from hmac import compare_digest

import attrs
import msgspec

from mentra.records import App, AppServer, Permission

LIVE_KEYS = 2
"""Keys of an app that work at a time: the newest, and the one it replaces."""

_NO_KEY = "0" * 64
"""Compared with where there is no key; no SHA-256 is known to look like this."""


def hash_of(api_key: str) -> str:
    """What is stored of a key: the hex SHA-256 of its text."""
    return hashlib.sha256(api_key.encode("utf-8", "surrogatepass")).hexdigest()


def with_newest(hashes: Iterable[str], newest: str) -> tuple[str, ...]:
    """The live key hashes, oldest first, after *newest* was added to *hashes*."""
    older = [kept for kept in hashes if kept != newest]
    return (*older, newest)[-LIVE_KEYS:]


def tidied(app: App) -> App:
    """*app* as it is kept: the legacy permission ``NOTIFICATIONS`` rewritten to
    ``READ_NOTIFICATIONS``, and every permission once (the first of its type stays)."""
    kept: dict[str, Permission] = {}
    for granted in app.permissions:
        if granted.type == "NOTIFICATIONS":
            granted = msgspec.structs.replace(granted, type="READ_NOTIFICATIONS")
        kept.setdefault(granted.type, granted)
    return msgspec.structs.replace(app, permissions=tuple(kept.values()))


@attrs.frozen
class Snapshot:
    """Everything a registry knows, each by package name.

    :ivar keys: hashes of the live keys, oldest first.
    """

    apps: Mapping[str, App]
    keys: Mapping[str, tuple[str, ...]]
    servers: Mapping[str, AppServer]


class AppRegistry:
    """The reading half of :class:`mentra.interfaces.stores.IAppStore`.

    Whoever writes tells it, after the write is safe.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.replace(Snapshot({}, {}, {}))

    def replace(self, snapshot: Snapshot) -> None:
        """Know *snapshot* and nothing else."""
        self._apps = dict(snapshot.apps)
        self._keys = dict(snapshot.keys)
        self._servers = dict(snapshot.servers)
        self._changed()

    def _changed(self) -> None:
        self._sorted: tuple[App, ...] | None = None
        self.revision += 1

    def get(self, package_name: str) -> App | None:
        """The app, or None."""
        return self._apps.get(package_name)

    def all(self) -> tuple[App, ...]:
        """Every app, by package name."""
        if self._sorted is None:
            self._sorted = tuple(self._apps[name] for name in sorted(self._apps))
        return self._sorted

    def key_is_valid(self, package_name: str, api_key: str) -> bool:
        """Whether *api_key* is one of the app's live keys.

        Takes as long for an unknown app or a wrong key as for a right one.
        """
        offered = hash_of(api_key)
        live = self._keys.get(package_name, ())
        matches = [
            compare_digest(offered, known)
            for known in (*live, *(_NO_KEY,) * (LIVE_KEYS - len(live)))
        ]
        return any(matches)

    def newest_key_hash(self, package_name: str) -> str | None:
        """Hash of the app's newest key, None without one."""
        live = self._keys.get(package_name)
        return live[-1] if live else None

    def app_server(self, package_name: str) -> AppServer | None:
        """The server registered last, or None."""
        return self._servers.get(package_name)

    def app_saved(self, app: App) -> None:
        """*app* was added or replaced."""
        self._apps[app.package_name] = app
        self._changed()

    def app_removed(self, package_name: str) -> None:
        """An app is gone, and with it its keys and its server."""
        self._apps.pop(package_name, None)
        self._keys.pop(package_name, None)
        self._servers.pop(package_name, None)
        self._changed()

    def keys_changed(self, package_name: str, hashes: tuple[str, ...]) -> None:
        """These are the app's live keys now."""
        self._keys[package_name] = hashes

    def server_registered(self, server: AppServer) -> None:
        """An app's server registered itself."""
        self._servers[server.package_name] = server
