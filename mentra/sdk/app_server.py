"""An app's server: answers the cloud's webhook and holds one session per user."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from mentra.errors import MentraError
from mentra.sdk.app_link import ACK_SECONDS, RETRY_AFTER, Ticket
from mentra.sdk.app_session import AppSession
from mentra.sdk.photo_upload import take_upload
from mentra.sdk.webhook import SessionRequest, StopRequest, requests, settings_posts

HANDOVER_SECONDS = 0.1
"""Between leaving a session and joining it anew, as the public SDK does."""

SHUTDOWN_SECONDS = 2.0
"""How long requests in hand have when the server stops."""

_log = logging.getLogger(__name__)


def _answer(code: int, **fields: object) -> web.Response:
    return web.Response(
        status=code, body=msgspec.json.encode(fields), content_type="application/json"
    )


class AppServer:
    """Derive from it, and say in :meth:`on_session` what the app does.

    :param api_key: the app's key, as ``mentra app add`` printed it.
    :param port: TCP port; 0 is any free one, see :attr:`port` after :meth:`start`.
    :ivar sessions: the sessions that are on, by session id.
    """

    def __init__(
        self,
        package_name: str,
        api_key: str,
        host: str = "127.0.0.1",
        port: int = 7010,
        *,
        retry_after: Sequence[float] = RETRY_AFTER,
        ack_seconds: float = ACK_SECONDS,
    ) -> None:
        self.package_name = package_name
        self.host = host
        self.port = port
        self.sessions: dict[str, AppSession] = {}
        self._api_key = api_key
        self._retry_after = retry_after
        self._ack_seconds = ack_seconds
        self._http: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._reactions: dict[type, Callable[[Any], Coroutine[Any, Any, web.Response]]] = {
            SessionRequest: self._begin,
            StopRequest: self._stop,
        }

    # -- what an app says

    async def on_session(self, session: AppSession) -> None:
        """A user started the app; the cloud waits (ten seconds) until this returns."""

    async def on_stop(self, session: AppSession, reason: str) -> None:
        """The session is over, or about to be: told once for each :meth:`on_session`."""

    # -- its life

    async def start(self) -> None:
        """Listen."""
        # every wearer is a connection to the cloud, and aiohttp's own bound is a hundred
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._runner = web.AppRunner(
            self.application(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        _log.info("%s listens on http://%s:%d", self.package_name, self.host, self.port)

    async def stop(self) -> None:
        """End every session and stop listening.

        The cloud is not told that it is meant: it may start the app elsewhere.
        """
        if self._runner is not None:
            await self._runner.cleanup()
        while self.sessions:
            _, session = self.sessions.popitem()
            await self._part(session, "the app's server stops")
        if self._goodbyes:
            await asyncio.wait(self._goodbyes)
        if self._http is not None:
            await self._http.close()

    async def serve(self) -> None:
        """Run until SIGINT or SIGTERM."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        await self.start()
        try:
            await stopping.wait()
        finally:
            await self.stop()

    def run(self) -> None:
        """Run until Ctrl-C or SIGTERM; blocks."""
        asyncio.run(self.serve())

    def application(self) -> web.Application:
        """The routes, for those who bring their own server."""
        application = web.Application()
        application.router.add_post("/webhook", self._webhook)
        application.router.add_post("/settings", self._settings)
        application.router.add_post("/photo-upload", self._photo)
        application.router.add_get("/health", self._health)
        return application

    # -- routes

    async def _webhook(self, request: web.Request) -> web.Response:
        try:
            asked = requests.decode(await request.read())
        except msgspec.DecodeError as problem:
            _log.warning("not understood at the webhook: %s", problem)
            return _answer(400, status="error", message="Unknown webhook request type")
        return await self._reactions[type(asked)](asked)

    async def _begin(self, asked: SessionRequest) -> web.Response:
        # asked again: the cloud lost sight of us, so leave the old connection first
        while await self._leave(asked.session_id):
            await asyncio.sleep(HANDOVER_SECONDS)
        session = self._session_for(asked)
        try:
            await session.connect()
        except MentraError as problem:
            _log.warning("%s cannot join a session: %s", self.package_name, problem)
            await session.disconnect()
            return _answer(500, status="error", message="Failed to connect")
        # requests at the same time: the later connection is the one that the cloud kept
        while await self._leave(asked.session_id):
            pass
        self.sessions[asked.session_id] = session
        session.ended.add_done_callback(lambda ended: self._gone(session, ended.result()))
        return await self._introduce(session)

    async def _introduce(self, session: AppSession) -> web.Response:
        try:
            await self.on_session(session)
        except Exception:  # noqa: BLE001 - an app's bug is told to the cloud, and ends this session only
            _log.exception("%s failed to begin a session", self.package_name)
            if self._forget(session):
                # meant: started again, it would fail again
                await session.disconnect("the app failed", release=True)
            return _answer(500, status="error", message="The app failed to begin")
        return _answer(200, status="success")

    async def _stop(self, asked: StopRequest) -> web.Response:
        session = self.sessions.pop(asked.session_id, None)
        if session is not None:
            await self._part(session, asked.reason)
        return _answer(200, status="success")

    async def _settings(self, request: web.Request) -> web.Response:
        try:
            changed = settings_posts.decode(await request.read())
        except msgspec.DecodeError:
            return _answer(400, status="error", message="userIdForSettings or settings is missing")
        concerned = [
            session
            for session in self.sessions.values()
            if session.user_id == changed.user_id_for_settings
        ]
        for session in concerned:
            session.settings.replace(changed.settings)
        return _answer(
            200, status="success", message="Settings updated", sessionsUpdated=len(concerned)
        )

    async def _photo(self, request: web.Request) -> web.Response:
        return await take_upload(request, [one.photos for one in self.sessions.values()])

    async def _health(self, request: web.Request) -> web.Response:
        return _answer(
            200, status="healthy", app=self.package_name, activeSessions=len(self.sessions)
        )

    # -- sessions

    def _session_for(self, asked: SessionRequest) -> AppSession:
        if self._http is None:
            raise RuntimeError("start() comes first")
        ticket = Ticket(
            session_id=asked.session_id,
            user_id=asked.user_id,
            package_name=self.package_name,
            api_key=self._api_key,
            url=asked.url,
        )
        return AppSession(
            ticket, self._http, retry_after=self._retry_after, ack_seconds=self._ack_seconds
        )

    def _forget(self, session: AppSession) -> bool:
        known = self.sessions.get(session.session_id) is session
        if known:
            del self.sessions[session.session_id]
        return known

    def _gone(self, session: AppSession, reason: str) -> None:
        if self._forget(session):
            goodbye = asyncio.ensure_future(self._part(session, reason))
            self._goodbyes.add(goodbye)
            goodbye.add_done_callback(self._goodbyes.discard)

    async def _leave(self, session_id: str) -> bool:
        session = self.sessions.pop(session_id, None)
        if session is not None:
            await self._part(session, "switching_clouds", release=True)
        return session is not None

    async def _part(self, session: AppSession, reason: str, *, release: bool = False) -> None:
        try:
            await self.on_stop(session, reason)
        except Exception:  # noqa: BLE001 - an app's bug must not keep the session open
            _log.exception("%s failed to end a session", self.package_name)
        await session.disconnect(reason, release=release)
