"""Whether the glasses are still at it: keep-alives and their answers."""

import secrets
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mentra.glasses.streams.settings import StreamsSettings


class KeepAlive:
    """Asks at intervals; calls *lost* once, when too many answers in a row stayed away.

    :param send: sends a keep-alive with the id it is given.
    """

    def __init__(
        self,
        clock: IReactorTime,
        settings: StreamsSettings,
        send: Callable[[str], None],
        lost: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._send = send
        self._lost = lost
        self._next: IDelayedCall | None = None
        self._awaited: dict[str, IDelayedCall] = {}
        self._missed = 0

    def start(self) -> None:
        """Begin; the first is sent after one interval.  Does nothing while at it."""
        if self._next is None:
            self._next = self._clock.callLater(self._settings.keep_alive, self._ask)

    def stop(self) -> None:
        """Ask no more, wait for no answer."""
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None
        for call in self._awaited.values():
            call.cancel()
        self._awaited.clear()
        self._missed = 0

    def heard(self) -> None:
        """The glasses said something else."""
        self._missed = 0

    def acknowledged(self, ack_id: str) -> bool:
        """The glasses answered; whether anybody had asked."""
        call = self._awaited.pop(ack_id, None)
        if call is None:
            return False
        call.cancel()
        self._missed = 0
        return True

    def _ask(self) -> None:
        ack_id = secrets.token_hex(4)
        self._next = self._clock.callLater(self._settings.keep_alive, self._ask)
        self._awaited[ack_id] = self._clock.callLater(
            self._settings.ack_timeout, self._overdue, ack_id
        )
        self._send(ack_id)

    def _overdue(self, ack_id: str) -> None:
        del self._awaited[ack_id]
        self._missed += 1
        if self._missed >= self._settings.missed_acks:
            self.stop()
            self._lost()
