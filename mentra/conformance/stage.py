"""Where rules are tried: a server, two users, an app, and the webhook that the server calls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
import attrs
import msgspec
from aiohttp import web

from mentra.conformance.party import PATIENCE, Broken, Frame, Party, check

GLASSES = "Mentra Live"
"""A model with camera, speaker, microphone and Wi-Fi."""

DISPLAY = "Simulated Glasses"
"""A model with a display."""


@attrs.frozen
class Registered:
    """An app that the server knows; its server's address is the webhook's."""

    package_name: str
    api_key: str = attrs.field(repr=False)


@attrs.frozen
class Wearer:
    """A user the server knows."""

    user_id: str
    token: str = attrs.field(repr=False)


class Webhook:
    """The app's server, reduced to what it is asked.

    :ivar address: ``http://host:port``.
    :ivar hold: set it to have answers wait until it is set to None again.
    """

    def __init__(self, host: str, port: int) -> None:
        self.address = ""
        self.hold: asyncio.Event | None = None
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None
        self._asked: asyncio.Queue[Frame] = asyncio.Queue()

    async def start(self) -> None:
        """Listen.

        :raises OSError: the address cannot be had.
        """
        application = web.Application()
        application.router.add_post("/webhook", self._webhook)
        application.router.add_get("/health", self._health)
        application.router.add_post("/{more:.*}", self._health)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self.address = "http://{}:{}".format(*self._runner.addresses[0][:2])

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def asked(self, kind: str, within: float = PATIENCE, session_id: str = "") -> Frame:
        """The next request of type *kind*, for the session if one is named.

        :raises Broken: none comes.
        """
        try:
            async with asyncio.timeout(within):
                while True:
                    request = await self._asked.get()
                    if request.get("type") == kind and session_id in ("", request["sessionId"]):
                        return request
        except TimeoutError:
            raise Broken(f"the webhook was not asked {kind} within {within:g} s") from None

    async def quiet(self, kind: str, seconds: float) -> None:
        """See that no request of type *kind* comes.

        :raises Broken: one does.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                called = await self.asked(kind, seconds + PATIENCE)
                raise Broken(f"the webhook was asked {called}")

    def forget(self) -> None:
        """What was asked until now is of no interest any more."""
        while not self._asked.empty():
            self._asked.get_nowait()

    async def _webhook(self, request: web.Request) -> web.Response:
        self._asked.put_nowait(msgspec.json.decode(await request.read()))
        if self.hold is not None:
            await self.hold.wait()
        return web.json_response({"status": "success"})

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "healthy"})


class Stage:
    """What rules work with.

    :param server: the server's address, ``http(s)://host[:port]``.
    :param limited: an app without any permission, None where there is none.
    """

    def __init__(
        self,
        server: str,
        http: aiohttp.ClientSession,
        wearers: tuple[Wearer, Wearer],
        app: Registered,
        limited: Registered | None,
        webhook: Webhook,
    ) -> None:
        self.server = server.rstrip("/")
        self.http = http
        self.wearers = wearers
        self.app = app
        self.limited = limited
        self.webhook = webhook
        self._open: list[Party] = []

    # -- HTTP

    async def ask(
        self, method: str, path: str, body: object = None, *, wearer: int = 0
    ) -> tuple[int, Any]:
        """Status and JSON of a request in a wearer's name; None in place of what is no JSON."""
        headers = {"Authorization": f"Bearer {self.wearers[wearer].token}"}
        async with self.http.request(
            method, self.server + path, json=body, headers=headers
        ) as answer:
            text = await answer.read()
        try:
            return answer.status, msgspec.json.decode(text)
        except msgspec.DecodeError:
            return answer.status, None

    # -- sockets

    def url(self, path: str, **query: str) -> str:
        """A WebSocket address of the server."""
        parts = urlsplit(self.server)
        scheme = {"http": "ws", "https": "wss"}[parts.scheme]
        asked = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + path, asked, ""))

    async def connect(self, name: str, url: str, **headers: str) -> Party:
        """A socket that is closed with the rule."""
        party = await Party.open(name, self.http, url, headers)
        self._open.append(party)
        return party

    async def glasses(self, wearer: int = 0, *, model: str | None = GLASSES) -> Party:
        """A wearer's glasses, acknowledged and (unless *model* is None) connected."""
        token = self.wearers[wearer].token
        party = await self.connect(
            f"glasses {wearer + 1}", self.url("/glasses-ws"), Authorization=f"Bearer {token}"
        )
        await party.next("connection_ack")
        if model is not None:
            party.say(
                "glasses_connection_state",
                modelName=model,
                status="CONNECTED",
                wifi={"connected": True, "ssid": "home"},
            )
        return party

    async def start(self, wearer: int = 0, app: Registered | None = None) -> Party:
        """Start the app by HTTP and connect it, as its server does; acknowledged on return."""
        one = app or self.app
        self.webhook.forget()
        session_id = f"{self.wearers[wearer].user_id}-{one.package_name}"
        starting = asyncio.create_task(
            self.ask("POST", f"/apps/{one.package_name}/start", wearer=wearer)
        )
        try:
            told = await self.webhook.asked("session_request", session_id=session_id)
            party = await self.join(told, one)
            await party.next("tpa_connection_ack")
            status, said = await starting
        finally:
            starting.cancel()
        check(status == 200, f"the start of the app was answered {status} {said}")
        return party

    async def join(self, told: Frame, app: Registered | None = None) -> Party:
        """An app's socket after the webhook's request *told*, with its first frame sent."""
        one = app or self.app
        party = await self.connect(f"app of {told['userId']}", told["mentraOSWebsocketUrl"])
        party.say(
            "tpa_connection_init",
            sessionId=told["sessionId"],
            packageName=one.package_name,
            apiKey=one.api_key,
        )
        return party

    async def subscribed(self, *streams: object, wearer: int = 0) -> Party:
        """A started app with these subscriptions in force."""
        party = await self.start(wearer)
        party.say(
            "subscription_update",
            packageName=self.app.package_name,
            subscriptions=list(streams),
        )
        # what other sockets say is not in order with it; what this one says is
        party.say("ping")
        await party.next("pong")
        return party

    async def stop(self, wearer: int = 0, app: Registered | None = None) -> tuple[int, Any]:
        """Stop the app by HTTP."""
        package_name = (app or self.app).package_name
        return await self.ask("POST", f"/apps/{package_name}/stop", wearer=wearer)

    # -- between two rules

    @asynccontextmanager
    async def curtain(self) -> AsyncIterator[None]:
        """Nothing is left of a rule when the next one begins."""
        self.webhook.hold = None
        try:
            yield
        finally:
            if self.webhook.hold is not None:
                self.webhook.hold.set()
            for wearer in range(len(self.wearers)):
                for app in filter(None, (self.app, self.limited)):
                    with contextlib.suppress(aiohttp.ClientError):
                        await self.stop(wearer, app)
                with contextlib.suppress(aiohttp.ClientError):
                    # ends the session at once where the server knows it, else it waits
                    await self.ask("POST", "/api/client/goodbye", {}, wearer=wearer)
            for party in self._open:
                await party.close()
            self._open.clear()
            self.webhook.forget()
