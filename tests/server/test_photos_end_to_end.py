"""Pictures, sounds and the gallery: a real server, a real app's server, simulated glasses."""

import asyncio
import hashlib
import http.client
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mentra.errors import Refused
from mentra.sdk import AppServer, AppSession, GlassesClient
from mentra.sdk.camera import SMALL_JPEG
from tests.server.conftest import PATIENCE, Running

pytestmark = pytest.mark.slow

PACKAGE = "org.example.camera"
ANN = "ann-marie@x.org"


class Camera(AppServer):
    """An app that gives its session away."""

    def __init__(self, api_key: str) -> None:
        super().__init__(PACKAGE, api_key, port=0)
        self.begun: asyncio.Queue[AppSession] = asyncio.Queue()

    async def on_session(self, session: AppSession) -> None:
        self.begun.put_nowait(session)


Act = Callable[[AppSession, GlassesClient], Awaitable[None]]


def with_everybody(server: Running, act: Act, *permissions: str) -> None:
    """Run *act* with an app that was started and the glasses it was started on."""
    words = [word for one in permissions for word in ("--permission", one)]

    async def scenario() -> None:
        app = Camera("a-key")
        await app.start()
        url = f"http://127.0.0.1:{app.port}"
        # the key is made by the server, and known only from its answer
        added = server.command("app", "add", PACKAGE, "--url", url, *words).stdout
        app._api_key = next(word for word in added.split() if len(word) == 64)
        token = server.command("user", "token", ANN).stdout.strip()
        glasses = GlassesClient(f"http://127.0.0.1:{server.port}", token, model="Mentra Live")
        life = asyncio.ensure_future(glasses.run())
        try:
            async with asyncio.timeout(PATIENCE):
                await glasses.until(lambda: glasses.connected)
                glasses.start_app(PACKAGE)
                await act(await app.begun.get(), glasses)
        finally:
            life.cancel()
            await asyncio.wait([life])
            await app.stop()

    asyncio.run(scenario())


def ask(server: Running, method: str, path: str, user_id: str = ANN) -> tuple[int, Any]:
    token = server.command("user", "token", user_id).stdout.strip()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    is_json = (answer.getheader("content-type") or "").startswith("application/json")
    return answer.status, json.loads(body) if is_json else body


def most_memory(server: Running) -> int:
    """Bytes that the server's process had at its peak."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def path_of(url: str) -> str:
    return url[url.index("/uploads/") :]


def test_a_picture_goes_from_the_glasses_to_the_app(start):
    async def act(session: AppSession, glasses: GlassesClient) -> None:
        photo = await session.request_photo(size="small")

        assert photo.data == SMALL_JPEG
        assert glasses.camera.orders[0].app_id == PACKAGE

    with_everybody(start(), act, "CAMERA")


def test_a_large_picture_goes_through_the_server_if_the_phone_is_an_older_one(start):
    server = start()
    large = SMALL_JPEG + bytes(20_000_000)
    peaks: list[int] = []

    async def act(session: AppSession, glasses: GlassesClient) -> None:
        glasses.camera.through_server = True
        await session.request_photo()
        glasses.camera.picture = large
        peaks.append(most_memory(server))

        photo = await session.request_photo()

        peaks.append(most_memory(server))

        # millions of bytes make no good message
        assert len(photo.data) == len(large)
        assert hashlib.sha256(photo.data).digest() == hashlib.sha256(large).digest()
        assert photo.mime_type == "image/jpeg"

    with_everybody(server, act, "CAMERA")
    assert len(list((server.state / "photos").iterdir())) == 2
    # neither on its way in nor on its way out is it held as a whole
    assert peaks[1] - peaks[0] < len(large) / 2


def test_an_app_without_the_permission_gets_none_and_keeps_its_connection(start):
    server = start()

    async def act(session: AppSession, glasses: GlassesClient) -> None:
        with pytest.raises(Refused) as refused:
            await session.request_photo()

        assert refused.value.code == "PERMISSION_DENIED"
        assert glasses.camera.orders == []
        # anything that can be fetched will do for a sound
        assert await session.play_audio(f"http://127.0.0.1:{server.port}/livez") == 0.0
        assert glasses.player.sounds[0].data == b"ok"
        with pytest.raises(Refused):
            await session.play_audio(f"http://127.0.0.1:{server.port}/nowhere")

    with_everybody(server, act)


def test_the_wearers_own_picture_is_in_the_gallery_until_it_is_deleted(start):
    server = start()
    taken: list[str | None] = []

    async def act(session: AppSession, glasses: GlassesClient) -> None:
        taken.append(await glasses.camera.press_button())

    with_everybody(server, act)

    url = taken[0]
    assert url is not None
    _, listed = ask(server, "GET", "/api/gallery")
    (photo,) = listed["photos"]
    assert (photo["photoUrl"], photo["metadata"]["size"]) == (url, len(SMALL_JPEG))
    assert server.get(path_of(url)) == (200, SMALL_JPEG)
    assert ask(server, "DELETE", f"/api/gallery/{photo['id']}", "bob@x.org")[0] == 403
    assert ask(server, "DELETE", f"/api/gallery/{photo['id']}")[0] == 200
    assert server.get(path_of(url))[0] == 404
    assert list((server.state / "photos").iterdir()) == []


def test_a_removed_persons_pictures_are_gone_from_the_disk(start):
    server = start()

    async def act(session: AppSession, glasses: GlassesClient) -> None:
        await glasses.camera.press_button()

    with_everybody(server, act)
    before = len(list((server.state / "photos").iterdir()))

    server.command("user", "remove", ANN)

    assert before == 1
    assert list((server.state / "photos").iterdir()) == []


def test_the_phone_hears_an_app_while_it_speaks(start):
    heard: list[bytes] = []

    async def act(session: AppSession, glasses: GlassesClient) -> None:
        async def speech() -> AsyncIterator[bytes]:
            yield b"one "
            # the second is not said before the phone has heard the first
            await glasses.until(lambda: any(one.data for one in glasses.player.sounds))
            heard.append(bytes(glasses.player.sounds[0].data))
            yield b"two " * 50_000

        await session.speak_live(speech())

        heard.append(bytes(glasses.player.sounds[0].data))

    with_everybody(start(), act)
    assert heard[0] == b"one "
    assert len(heard[1]) == 4 + 200_000
