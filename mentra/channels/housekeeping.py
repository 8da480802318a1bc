"""What has to be done now and then for what channels keep."""

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from mentra.channels.analytics.handlers import clean
from mentra.errors import MentraError
from mentra.extension import ComponentFactory
from mentra.interfaces.analytics import IAnalytics, ICounts
from mentra.interfaces.channel_stores import ICodeSessions
from mentra.interfaces.channels import IChannelKeeper
from mentra.interfaces.services import IServices

EVERY = 3600.0
"""Seconds between two rounds."""


@implementer(IChannelKeeper)
class ChannelKeeper(Service):
    """Puts counts together, deletes what is past its time, and contents that nobody refers to."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._loop = LoopingCall(self._round)
        self._loop.clock = services.clock
        self._working: Deferred[None] | None = None

    def startService(self) -> None:
        """The first round is one hour from now: a start has enough to do."""
        super().startService()
        done: Deferred[LoopingCall] = self._loop.start(EVERY, now=False)
        done.addErrback(lambda failure: self._log.failure("no more housekeeping", failure=failure))

    def stopService(self) -> None:
        """No more of it."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        if self._working is not None:
            self._working.cancel()

    def _round(self) -> Deferred[None]:
        self._working = Deferred.fromCoroutine(self.work())
        return self._working

    async def work(self) -> None:
        """One round."""
        try:
            await IAnalytics(self._services).flush()
            counts = ICounts(self._services)
            for user_id in await counts.people():
                await counts.roll(user_id)
                await clean(user_id, self._services)
            await ICodeSessions(self._services).sweep()
        except CancelledError:
            self._log.debug("housekeeping was interrupted by the end")
        except MentraError:
            # the next round is in an hour
            self._log.failure("housekeeping could not be done")


channel_keeper = ComponentFactory(IChannelKeeper, ChannelKeeper)
