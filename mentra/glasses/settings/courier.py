"""Tells the servers of apps what a user set.  Source: docs/protocol/settings.rst."""

from typing import Any

import msgspec
from twisted.application.service import Service
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ComponentFactory
from mentra.glasses.apps.errands import Errands
from mentra.glasses.settings.section import SettingsSettings
from mentra.interfaces.services import IServices
from mentra.interfaces.shared import ISettingsCourier
from mentra.records import App


class SettingsPost(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an app's server is sent.

    :ivar settings: all of them, resolved.
    """

    user_id_for_settings: str
    settings: list[dict[str, Any]]


@implementer(ISettingsCourier)
class SettingsCourier(Service):
    """Posts in the background; what is under way ends with the server."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: SettingsSettings = services.settings(SettingsSettings)
        self._errands = Errands("telling an app's server of settings")
        self._under_way = 0

    def stopService(self) -> None:
        """Give up what is under way."""
        self._errands.cancel()
        super().stopService()

    def post(self, app: App, user_id: str, settings: list[dict[str, Any]]) -> None:
        """Tell *app*'s server, whether or not the app runs; a failure is only logged."""
        if not app.public_url:
            return
        if self._under_way >= self._settings.max_posts:
            self._log.warn("{package} is not told of settings: too many servers are slow",
                           package=app.package_name)  # fmt: skip
            return
        self._errands.run(self._post(app, SettingsPost(user_id_for_settings=user_id,
                                                       settings=settings)))  # fmt: skip

    async def _post(self, app: App, body: SettingsPost) -> None:
        self._under_way += 1
        url = app.public_url.rstrip("/") + "/settings"
        try:
            answer = await self._services.http.request(
                "POST", url, json=body, timeout=self._settings.post_timeout
            )
            problem = None if answer.status < 300 else f"HTTP status {answer.status}"
        except Refused as refusal:
            problem = refusal.message
        finally:
            self._under_way -= 1
        if problem is not None:
            self._log.info("the server of {package} was not told of settings: {problem}",
                           package=app.package_name, problem=problem)  # fmt: skip


settings_courier = ComponentFactory(ISettingsCourier, SettingsCourier)
