"""Whether a managed stream can be watched: who is asked, and how often."""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mentra.errors import Refused
from mentra.glasses.apps.errands import Errands
from mentra.interfaces.streams import IMediaStream


class Liveness:
    """Asks the media server at intervals, as long as it wants to be asked.

    :param interval: seconds.
    :param looked: called with each answer; one that cannot be had is no.
    """

    def __init__(
        self,
        clock: IReactorTime,
        interval: float,
        media: IMediaStream,
        looked: Callable[[bool], None],
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._media = media
        self._looked = looked
        self._errands = Errands("asking whether a stream is live")
        self._next: IDelayedCall | None = None
        self._was_live = self._stopped = False

    def begin(self) -> None:
        """Ask, if anybody is to be asked at all."""
        asked = self._media.asked
        if self._stopped:
            return
        if asked == "always" or (asked == "until_live" and not self._was_live):
            self._next = self._clock.callLater(self._interval, self._look)

    def went_live(self) -> None:
        """It is live; the media server hears of it too."""
        self._was_live = True
        self._media.went_live()

    def glasses_decide(self) -> bool:
        """Whether the word of the glasses is all there is, or all there is left."""
        asked = self._media.asked
        return asked == "never" or (asked == "until_live" and self._was_live)

    def stop(self) -> None:
        """Ask no more."""
        self._stopped = True
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._errands.cancel()

    def _look(self) -> None:
        self._errands.run(self._is_live(), self._answered, self.begin)

    async def _is_live(self) -> bool:
        try:
            return bool(await self._media.is_live())
        except Refused:
            return False

    def _answered(self, live: bool) -> None:
        self._looked(live)
        self.begin()
