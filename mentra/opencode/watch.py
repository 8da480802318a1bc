"""How the OpenCode server is, for ``/health`` and ``/metrics``."""

from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import Refused
from mentra.opencode.answers import Health
from mentra.opencode.api import OpencodeApi

EVERY, WHILE_DOWN = 10.0, 2.0
"""Seconds between two looks."""


class Watch(Service, Collector):
    """Looks from time to time.

    :param running: how many prompts are being answered.
    :ivar version: the server's, empty while it is not there.
    """

    _log = Logger()

    def __init__(self, api: OpencodeApi, clock: IReactorTime, running: Callable[[], int]) -> None:
        self._api = api
        self._clock = clock
        self._running_now = running
        self._looking: Deferred[Any] | None = None
        self._timer: IDelayedCall | None = None
        self._healthy: bool | None = None
        self.version = ""

    def startService(self) -> None:
        """Look now, and then from time to time."""
        super().startService()
        self._look()

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def health(self) -> dict[str, Any]:
        """What ``/health`` shows."""
        return {
            "healthy": bool(self._healthy),
            "version": self.version or None,
            "running": self._running_now(),
        }

    def collect(self) -> Iterator[Metric]:
        """What ``/metrics`` shows."""
        yield GaugeMetricFamily(
            "mentra_opencode_up", "Whether the OpenCode server answers.", int(bool(self._healthy))
        )
        yield GaugeMetricFamily(
            "mentra_opencode_running", "Prompts that are being answered.", self._running_now()
        )
        yield InfoMetricFamily("mentra_opencode", "The OpenCode server.", {"version": self.version})

    def _look(self) -> None:
        self._timer = None
        looking = Deferred.fromCoroutine(self._api.health())
        self._looking = looking
        looking.addCallbacks(self._found, self._failed)
        looking.addBoth(self._again)

    def _found(self, health: Health) -> None:
        self.version = health.version[:100]
        self._is(health.healthy, "it says that it is not healthy")

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        if not failure.check(Refused):
            self._log.failure("the OpenCode server could not be looked at", failure)
        self.version = ""
        if not self._api.readiness.is_starting:
            self._is(False, failure.getErrorMessage())

    def _is(self, healthy: bool, why: str) -> None:
        """Say so where it is news."""
        if healthy and not self._healthy:
            self._log.info("OpenCode {version} is there", version=self.version)
        elif not healthy and self._healthy is not False:
            self._log.warn("OpenCode is not there: {why}", why=why)
        self._healthy = healthy

    def _again(self, _: object) -> None:
        self._looking = None
        if self.running:
            self._timer = self._clock.callLater(EVERY if self._healthy else WHILE_DOWN, self._look)
