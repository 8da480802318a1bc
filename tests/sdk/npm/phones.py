"""Phones of people, with simulated glasses, that tell all they hear."""

import asyncio
import http.client
import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from mentra.errors import Refused
from mentra.sdk.glasses import GlassesClient
from tests.sdk.npm.inbox import Inbox, is_like
from tests.server.conftest import PATIENCE, Running, wait_until


class Background:
    """An asyncio loop in a thread of its own, for phones that live through many tests."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def start(self, coroutine: Any) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()


class Phone:
    """A phone with simulated glasses, and all that they heard.

    :ivar heard: the frames; sound is ``{"type": "(binary)"}``.
    """

    def __init__(self, background: Background, port: int, user_id: str, token: str) -> None:
        self.user_id, self.token, self._port = user_id, token, port
        self.heard = Inbox(f"the phone of {user_id}")
        self._background = background
        self._life: Future[Any] | None = None
        self.glasses: GlassesClient

    def connect(self) -> None:
        """Connect, and be told that the session stands."""
        server = f"http://127.0.0.1:{self._port}"
        self.glasses = GlassesClient(server, self.token, retry_seconds=0.05)
        self.glasses.overhear(self._hear)
        self._life = self._background.start(self._live())
        self.take("connection_ack")

    async def _live(self) -> None:
        with suppress(Refused):
            await self.glasses.run()

    def _hear(self, frame: str | bytes) -> None:
        self.heard.put({"type": "(binary)"} if isinstance(frame, bytes) else json.loads(frame))

    def disconnect(self) -> None:
        """Be gone, as a phone without a network is."""
        life, self._life = self._life, None
        if life is not None:
            life.cancel()
            wait_until(lambda: not self.glasses.connected, "the phone to be gone")

    def say(self, kind: str, **fields: Any) -> None:
        text = json.dumps({"type": kind, **fields})
        self._on_loop(lambda: self.glasses.send_text(text))

    def send_audio(self, chunk: bytes) -> None:
        self._on_loop(lambda: self.glasses.send_audio(chunk))

    def _on_loop(self, act: Callable[[], bool]) -> None:
        async def acting() -> bool:
            return act()

        assert self._background.start(acting()).result(PATIENCE), "the phone is not connected"

    def take(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The first frame of this type with these fields, waited for."""
        wanted = {"type": kind, **fields}
        return self.heard.take(str(wanted), lambda one: is_like(one, wanted))

    def shown(self, text: str, **fields: Any) -> dict[str, Any]:
        """The first frame for the display with this text."""
        return self.take("display_event", layout={"text": text}, **fields)

    def settle(self) -> None:
        """Everything that the server sent until now has come."""
        self.say("ping")
        self.take("pong")

    def request(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, Any]:
        """The answer to an HTTP request with *token* or the phone's own: status and JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            bearer = f"Bearer {token or self.token}"
            headers = {"Authorization": bearer, "Content-Type": "application/json"}
            text = None if body is None else json.dumps(body)
            connection.request(method, path, body=text, headers=headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def start_app(self, package: str) -> None:
        status, body = self.request("POST", f"/apps/{package}/start")
        assert (status, body["data"]["isRunning"]) == (200, True), (status, body)

    def is_running(self, package: str) -> bool:
        _, body = self.request("GET", "/apps/installed")
        (found,) = [one for one in body["data"] if one["packageName"] == package]
        running: bool = found["is_running"]
        return running

    def stop_app(self, package: str) -> None:
        status, body = self.request("POST", f"/apps/{package}/stop")
        assert status == 200, (status, body)


def token_of(cloud: Running, user_id: str) -> str:
    """A token for the person's phone."""
    return cloud.command("user", "token", user_id).stdout.strip()
