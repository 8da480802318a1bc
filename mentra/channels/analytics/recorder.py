"""Takes what happened, and writes it in the background, many things at a time."""

from typing import Any

from prometheus_client import Counter
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mentra.extension import ComponentFactory
from mentra.interfaces.analytics import IAnalytics, ICounts
from mentra.interfaces.channels import IChannels
from mentra.interfaces.services import IServices
from mentra.records import Happened
from mentra.stores.analytics import Dated

WITHIN = 0.5
"""Seconds until it is written."""

AT_ONCE = 200
"""Events that are written without waiting for more."""

MOST = 20_000
"""Events that may wait for a store that does not keep up; what comes then is only in the
metrics."""


@implementer(IAnalytics)
class Recorder(Service):
    """Counts in memory for the metrics, and in the store for the person."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._services = services
        # without a store it is counted for the metrics alone
        self._counts = ICounts(services, None)
        self._waiting: list[Dated] = []
        self._timer: IDelayedCall | None = None
        self._writing: Deferred[None] | None = None
        self._counter = Counter(
            "mentra_happenings",
            "What people did: models asked, messages written, requests that failed, ...",
            ["kind", "ok"],
            registry=services.metrics.registry,
        )
        channels: Any = IChannels(services)
        self._hooks = (
            channels.on_connection(self._page_came),
            channels.on_disconnection(self._page_left),
        )

    def stopService(self) -> Any:
        """Write what waits."""
        super().stopService()
        for end in self._hooks:
            end()
        return self.flush()

    def record(self, user_id: str, happened: Happened) -> None:
        """Remember it."""
        self._counter.labels(happened.kind, str(happened.ok).lower()).inc()
        if self._counts is None or len(self._waiting) >= MOST:
            return
        self._waiting.append(Dated(user_id, self._services.now(), happened))
        if len(self._waiting) >= AT_ONCE:
            self.flush()
        elif self._timer is None:
            self._timer = self._services.clock.callLater(WITHIN, self.flush)

    def flush(self) -> Deferred[None]:
        """Write what waits; fires when it, and what was being written, is on the disk."""
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        done: Deferred[None] = Deferred()
        before, self._writing = self._writing, done
        Deferred.fromCoroutine(self._write(before)).addErrback(self._lost).chainDeferred(done)
        answer: Deferred[None] = Deferred()
        done.addCallback(lambda _: answer.callback(None))
        return answer

    async def _write(self, before: Deferred[None] | None) -> None:
        if before is not None and not before.called:
            waiting: Deferred[None] = Deferred()
            before.addCallback(lambda _: waiting.callback(None))
            await waiting
        dated, self._waiting = self._waiting, []
        if dated:
            await self._counts.record(dated)

    def _lost(self, failure: Failure) -> None:
        self._log.failure("what happened could not be counted", failure)

    def _page_came(self, client: Any) -> None:
        self.record(client.user_id, Happened(kind="session", name="start"))

    def _page_left(self, client: Any) -> None:
        seconds = max(0.0, self._services.now() - client.connected_at)
        ended = Happened(
            kind="session", name="end", seconds=seconds, active_seconds=client.active_seconds
        )
        self.record(client.user_id, ended)


recorder = ComponentFactory(IAnalytics, Recorder)
