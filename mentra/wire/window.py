"""How many messages a peer may send in a moment; beyond that its path tells it so."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mentra.wire.peer import Peer as _Peer
else:
    _Peer = object


class WindowedPeer(_Peer):
    """Mixed into a peer.  A window begins with the first message after the one before it; every
    frame counts, whatever is in it."""

    # few paths have windows: these go into a dictionary
    _opened_at: float | None = None
    _in_window = 0

    def take(self, payload: bytes, is_binary: bool) -> None:
        """A whole message; one that is too many is only answered."""
        count, seconds = self.factory.limits.window or (0, 0.0)
        now = self.factory.clock.seconds()
        if self._opened_at is None or now - self._opened_at >= seconds:
            self._opened_at, self._in_window = now, 0
        self._in_window += 1
        if self._in_window <= count:
            super().take(payload, is_binary)
        elif not self.factory.leaving:
            self._too_many(payload, self._opened_at + seconds - now)

    def _too_many(self, payload: bytes, retry_after: float) -> None:
        self.messages += 1
        if self.messages > self._rate_mark and not self._within_rate():
            return
        entrance: Any = self.factory.entrance
        self._guarded(lambda: entrance.too_many(payload, retry_after, self.context))
