"""Talks to the server that runs with a state directory, if one does."""

import http.client
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from mentra.errors import MentraError
from mentra.web.socket_path import socket_of

PATIENCE = 30.0
"""Seconds to wait for an answer."""


class Control:
    """A running server's control socket."""

    def __init__(self, state_dir: Path) -> None:
        self._path = socket_of(state_dir)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The decoded answer; None if no server runs.

        :raises MentraError: the server runs, and cannot do it or may not be asked.
        """
        content = None if body is None else msgspec.json.encode(body)
        line = _Line(self._path)
        try:
            line.request(method, path, content)
            answer = line.getresponse()
            said = answer.read()
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except PermissionError as problem:
            raise MentraError(
                f"{self._path} may not be opened; run this as the user the server runs as"
            ) from problem
        except (OSError, http.client.HTTPException) as problem:
            raise MentraError(
                f"what runs does not answer at {self._path} "
                f"({getattr(problem, 'strerror', None) or type(problem).__name__}); look at its log"
            ) from problem
        finally:
            line.close()
        if answer.status != 200:
            raise MentraError(f"the running server refused: {_message(said)}")
        return msgspec.json.decode(said)

    def url(self) -> str | None:
        """The server's URL on this machine; None if none runs, or it listens on no port."""
        answer = self.ask("GET", "/address")
        return None if answer is None else answer["url"]

    def apps_changed(self) -> bool:
        """Have apps read again; whether a server runs."""
        return self.ask("POST", "/refresh", {"what": "apps"}) is not None

    def user_changed(self, user_id: str) -> bool:
        """Have a person's data read again; whether a server runs."""
        return self.ask("POST", "/refresh", {"what": "users", "userId": user_id}) is not None

    def end_session(self, user_id: str) -> bool:
        """End a person's session and refuse revoked tokens; whether a server runs."""
        return self.ask("POST", f"/users/{quote(user_id, safe='')}/end") is not None

    def app(self, what: str, package_name: str, user_id: str) -> Any:
        """Have an app started or stopped; what became of it, None if no server runs.

        :param what: ``start`` or ``stop``.
        """
        place = f"{quote(user_id, safe='')}/apps/{quote(package_name, safe='')}"
        return self.ask("POST", f"/users/{place}/{what}")


class _Line(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        """Reach the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _message(said: bytes) -> str:
    try:
        return str(msgspec.json.decode(said)["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return "its answer is not readable"
