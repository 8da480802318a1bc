"""Calls the webhooks of app servers.  Source: docs/protocol, "webhooks"."""

from collections.abc import Callable

from twisted.internet.task import deferLater
from twisted.logger import Logger

from mentra.errors import Refused
from mentra.glasses.apps.settings import AppsSettings
from mentra.identity import app_session_id
from mentra.interfaces.services import IPublicAddress, IServices
from mentra.interfaces.stores import IAppStore
from mentra.messages.stamps import iso
from mentra.messages.webhooks import SessionRequest, StopRequest
from mentra.records import App


class Webhooks:
    """Start and stop webhooks on behalf of one user."""

    _log = Logger()

    def __init__(self, user_id: str, services: IServices) -> None:
        self._user_id = user_id
        self._services = services
        self._settings: AppsSettings = services.settings(AppsSettings)

    async def start(self, app: App, wanted: Callable[[], bool]) -> str | None:
        """Ask the app's server to connect; why it would not, None once it said yes.

        :param wanted: asked before each further attempt; a second request makes an app that is
            connected already drop its connection, so a decided start is not retried.
        """
        url = self._url(app)
        delay = self._settings.webhook_backoff
        problem = await self._ask_to_connect(url, app)
        for _ in range(self._settings.webhook_attempts - 1):
            if problem is None or not wanted():
                break
            await deferLater(self._services.clock, delay)
            if not wanted():
                break
            delay *= 2
            problem = await self._ask_to_connect(url, app)
        return problem

    async def recover(self, app: App) -> str | None:
        """Ask a server that came back to connect again: once, where it registered last."""
        server = IAppStore(self._services).app_server(app.package_name)
        return await self._ask_to_connect(server.webhook_url if server else self._url(app), app)

    async def stop(self, app: App) -> None:
        """Tell the app's server that the wearer stopped it; a failure is only logged."""
        body = StopRequest(
            session_id=app_session_id(self._user_id, app.package_name),
            user_id=self._user_id,
            reason="user_disabled",
            timestamp=iso(self._services.now()),
        )
        problem = await self._post(self._url(app), body, self._settings.stop_timeout)
        if problem is not None:
            self._log.info("stop webhook of {package} failed: {problem}",
                           package=app.package_name, problem=problem)  # fmt: skip

    def _url(self, app: App) -> str:
        if app.public_url:
            return app.public_url.rstrip("/") + "/webhook"
        server = IAppStore(self._services).app_server(app.package_name)
        return server.webhook_url if server else ""

    async def _ask_to_connect(self, url: str, app: App) -> str | None:
        where = IPublicAddress(self._services).app_websocket_url(app.system)
        body = SessionRequest(
            session_id=app_session_id(self._user_id, app.package_name),
            user_id=self._user_id,
            timestamp=iso(self._services.now()),
            mentraos_url=where,
            augmentos_url=where,
        )
        return await self._post(url, body, self._settings.webhook_timeout)

    async def _post(self, url: str, body: object, timeout: float) -> str | None:
        """Why it failed; None if it did not."""
        if not url:
            return "the app has no URL"
        try:
            answer = await self._services.http.request("POST", url, json=body, timeout=timeout)
        except Refused as refusal:
            return refusal.message
        return None if 200 <= answer.status < 300 else f"HTTP status {answer.status}"
