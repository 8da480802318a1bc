"""Apps of the npm SDK, each in a process of its own that does what a test tells it."""

import json
import os
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.npm import fetched
from tests.sdk.npm.inbox import Inbox, is_like
from tests.sdk.npm.phones import Phone
from tests.server.conftest import PATIENCE, wait_until

HERE = Path(__file__).parent
DEAD_END = "http://127.0.0.1:9"
"""A proxy that is not there: the SDKs look for news of themselves on the internet."""


def installed() -> Path:
    """The folder that npm installed ``package.json`` into; fetched once and kept."""
    return fetched(HERE, "sdk")


class NpmApp:
    """A process with an app of the npm SDK in it, and all that it told.

    :param sdk: name of the package: ``@mentra/sdk`` or ``@mentra/sdk3``.
    :param public_key: the server's, for tokens of web pages; PEM.
    """

    def __init__(
        self, folder: Path, sdk: str, package: str, api_key: str, port: int, public_key: str
    ) -> None:
        self.sdk, self.package, self.port = sdk, package, port
        self._public_key = public_key
        self._folder, self._api_key = folder, api_key
        self._waiting: dict[int, Future[Any]] = {}
        self._count = 0
        self.told = Inbox(f"the app {package}")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; its server answers when this returns."""
        runner = {"@mentra/sdk": "node", "@mentra/sdk3": "node_modules/.bin/bun"}[self.sdk]
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.settimeout(PATIENCE)
            environ = {
                "PACKAGE_NAME": self.package, "API_KEY": self._api_key, "PORT": str(self.port),
                "CONTROL_PORT": str(listening.getsockname()[1]), "SDK": self.sdk,
                "MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY": self._public_key,
                "HTTPS_PROXY": DEAD_END, "https_proxy": DEAD_END,
            }  # fmt: skip
            with (self._folder / f"{self.package}.log").open("ab") as log:
                self.process = subprocess.Popen(
                    [runner, "remote_app.js"], cwd=self._folder, stdout=log, stderr=log,
                    stdin=subprocess.DEVNULL, env={**os.environ, **environ},
                )  # fmt: skip
            self._control, _ = listening.accept()
        threading.Thread(target=self._read, args=(self._control,), daemon=True).start()
        wait_until(self._answers, f"the app's server: {self.log()[-2000:]}")

    def log(self) -> str:
        return (self._folder / f"{self.package}.log").read_text(errors="replace")

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def _read(self, control: socket.socket) -> None:
        with suppress(OSError), control.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                if "event" in message:
                    self.told.put(message)
                elif "error" in message:
                    self._waiting.pop(message["id"]).set_exception(AppError(message["error"]))
                else:
                    self._waiting.pop(message["id"]).set_result(message["result"])
        for one in tuple(self._waiting.values()):
            one.cancel()

    def order(self, verb: str, **fields: Any) -> "Future[Any]":
        """Have the app do something; the result comes when it is there."""
        self._count += 1
        answer = self._waiting[self._count] = Future()
        order = {"id": self._count, "verb": verb, "args": [], **fields}
        self._control.sendall(json.dumps(order).encode() + b"\n")
        return answer

    def register(self, phone: Phone, key: str = "") -> tuple[int, Any]:
        """Tell the server that this is where the app is, as apps can that know of it."""
        body = {
            "packageName": self.package, "apiKey": key or self._api_key,
            "webhookUrl": f"http://127.0.0.1:{self.port}/webhook", "serverUrls": [],
        }  # fmt: skip
        return phone.request("POST", "/api/app-server/register", body)

    def webhook(self, call: dict[str, Any]) -> int:
        """Call its webhook, as a server would; the answer's status."""
        body = json.dumps(call).encode()
        url = f"http://127.0.0.1:{self.port}/webhook"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            status: int = answer.status
        return status

    def kill(self) -> None:
        """End it as the kernel would."""
        self._end(lambda process: process.kill())

    def terminate(self) -> None:
        """End it as a deployment does."""
        self._end(lambda process: process.terminate())

    def _end(self, how: Callable[["subprocess.Popen[bytes]"], None]) -> None:
        if self.process is not None:
            how(self.process)
            self.process.wait(PATIENCE)
            self._control.close()
            self.process = None


class AppError(Exception):
    """What the SDK's method raised."""


class AppSession:
    """One person's session in an app."""

    def __init__(self, app: NpmApp, phone: Phone) -> None:
        self.app, self.phone, self.user_id = app, phone, phone.user_id
        self._handlers: list[str] = []

    def begin(self, path: str, *args: Any) -> "Future[Any]":
        """Call the session's method; what it comes to comes later."""
        return self.app.order("call", path=path, args=args, userId=self.user_id)

    def call(self, path: str, *args: Any) -> Any:
        """What the session's method comes to."""
        return self.begin(path, *args).result(PATIENCE)

    def get(self, path: str) -> Any:
        """The session's property."""
        return self.do("get", path=path)

    def do(self, verb: str, **fields: Any) -> Any:
        return self.app.order(verb, userId=self.user_id, **fields).result(PATIENCE)

    def listen(
        self, path: str, *args: Any, after: Sequence[Any] = (), name: str | None = None
    ) -> None:
        """Give the method a handler; returns when the cloud knows what is subscribed to now.

        :param args: what the handler comes behind; *after* comes behind the handler.
        """
        self.do("listen", path=path, args=args, after=after, **{"as": name or path})
        self._handlers.append(name or path)
        self.settle()

    def unlisten(self, name: str) -> None:
        """Take a handler away again."""
        self._handlers.remove(name)
        self.do("unlisten", **{"as": name})
        self.settle()

    def lose_handlers(self) -> None:
        """They went with the session that had them."""
        self._handlers.clear()

    def forget(self) -> None:
        """Take all handlers away."""
        for name in tuple(self._handlers):
            self.unlisten(name)

    def settle(self) -> None:
        """The cloud has dealt with everything that the app sent until now, and its answers came."""
        self.call("camera.checkExistingStream")

    def heard(self, name: str, *values: Any, **fields: Any) -> list[Any]:
        """What a handler got, waited for: its arguments.

        :param values: what they are, if that matters; *fields*: what the first of them has.
        """

        def holds(told: dict[str, Any]) -> bool:
            return (
                is_like(told, {"event": "heard", "userId": self.user_id, "as": name})
                and (not values or told["data"] == list(values))
                and (not fields or is_like(told["data"][0], fields))
            )

        what = f"{name} {values or ''} {fields or ''}"
        arguments: list[Any] = self.app.told.take(what, holds)["data"]
        return arguments

    def told(self, event: str, **fields: Any) -> dict[str, Any]:
        """What else the app told of this person, waited for."""
        wanted = {"event": event, "userId": self.user_id, **fields}
        return self.app.told.take(str(wanted), lambda one: is_like(one, wanted))


def app_folder(where: Path, npm: Path) -> Path:
    """A new folder to run apps in: the program, and what npm installed into the folder *npm*."""
    where.mkdir()
    for name in ("remote_app.js", "package.json"):
        shutil.copyfile(HERE / name, where / name)
    (where / "node_modules").symlink_to(npm / "node_modules")
    return where


def put_on(phone: Phone, app: NpmApp) -> AppSession:
    """The app running for this person, with nothing heard yet."""
    session = AppSession(app, phone)
    app.told.clear()
    if not phone.is_running(app.package):
        phone.start_app(app.package)
        session.told("session")
    session.settle()
    phone.settle()
    phone.heard.clear()
    app.told.clear()
    return session
