"""Whether the servers of apps answer.  Source: docs/protocol/http.rst, "apps"."""

from typing import Any

import attrs
import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from mentra.answers import Success
from mentra.errors import Refused
from mentra.extension import Access, ComponentFactory, route
from mentra.glasses.apps.errands import Errands
from mentra.glasses.apps.settings import AppsSettings
from mentra.interfaces.services import IServices
from mentra.interfaces.shared import IAppHealth
from mentra.interfaces.stores import IAppStore
from mentra.interfaces.web import ICall
from mentra.records import App

MOST_BYTES = 65_536
"""Longest answer that is read of a health page."""


@attrs.define
class _Finding:
    """What was found at an app's server.

    :ivar waiting: who waits while it is being looked at; None once it is known.
    """

    url: str
    healthy: bool | None = None
    at: float = 0.0
    waiting: list["Deferred[bool]"] | None = None


@implementer(IAppHealth)
class AppHealth(Service):
    """Asks each server at most once in a while, whoever wants to know."""

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: AppsSettings = services.settings(AppsSettings)
        self._findings: dict[str, _Finding] = {}
        self._errands = Errands("looking at the health of an app's server")

    def stopService(self) -> None:
        """Nobody waits any more."""
        self._errands.cancel()
        super().stopService()

    def known(self, package_name: str) -> bool | None:
        """What was found last, if that is not too long ago."""
        finding = self._findings.get(package_name)
        if finding is None or not self._is_fresh(finding, self._settings.health_shown):
            return None
        return finding.healthy

    def check(self, app: App) -> "Deferred[bool]":
        """Look, unless somebody just did."""
        url = app.public_url.rstrip("/") + "/health"
        finding = self._findings.get(app.package_name)
        if finding is None or finding.url != url:
            self._forget_removed()
            finding = self._findings[app.package_name] = _Finding(url)
        if finding.waiting is None:
            if self._is_fresh(finding, self._settings.health_kept):
                return succeed(bool(finding.healthy))
            finding.waiting = []
            self._errands.run(self._look(finding, bool(app.public_url)))
        if finding.waiting is None:
            return succeed(bool(finding.healthy))
        waiter: Deferred[bool] = Deferred()
        finding.waiting.append(waiter)
        return waiter

    def _is_fresh(self, finding: _Finding, seconds: float) -> bool:
        age = self._services.clock.seconds() - finding.at
        return finding.healthy is not None and age < seconds

    def _forget_removed(self) -> None:
        store = IAppStore(self._services)
        for package_name in [one for one in self._findings if store.get(one) is None]:
            if self._findings[package_name].waiting is None:
                del self._findings[package_name]

    async def _look(self, finding: _Finding, has_server: bool) -> None:
        try:
            finding.healthy = has_server and await self._answers(finding.url)
        finally:
            finding.at = self._services.clock.seconds()
            waiting, finding.waiting = finding.waiting or [], None
            for waiter in waiting:
                if not waiter.called:
                    waiter.callback(bool(finding.healthy))

    async def _answers(self, url: str) -> bool:
        try:
            answer = await self._services.http.request(
                "GET", url, timeout=self._settings.health_timeout, max_bytes=MOST_BYTES
            )
        except Refused:
            return False
        return bool(200 <= answer.status < 300)


app_health = ComponentFactory(IAppHealth, AppHealth)


class HealthCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which app's server is looked at."""

    package_name: str


@route(
    "POST",
    "/api/app-uptime/app-pkg-health-check",
    access=Access.PUBLIC,
    body=HealthCheck,
    answer=Success,
)
async def check_health(call: ICall) -> Any:
    """Whether an app's server answers: what phones want to know before they start it."""
    wanted: HealthCheck = call.body
    app: App | None = IAppStore(call.services).get(wanted.package_name)
    if app is None:
        return {"success": False}
    return {"success": await IAppHealth(call.services).check(app)}
