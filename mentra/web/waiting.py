"""Messages that wait while nobody reads, up to a bound."""

from collections import deque


class Waiting:
    """A queue in which some messages give way, the oldest first, when there is too much.

    :ivar size: bytes (characters of texts) that wait.
    :ivar dropped: likewise of what has given way.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._messages: deque[tuple[str | bytes, bool]] = deque()
        self.size = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, payload: str | bytes, *, may_drop: bool) -> bool:
        """Let *payload* wait; False if what may not drop is too much alone."""
        self._messages.append((payload, may_drop))
        self.size += len(payload)
        if self.size > self._most:
            self._make_room()
        return self.size <= self._most

    def take(self) -> str | bytes:
        """The oldest, of one at least."""
        payload, _ = self._messages.popleft()
        self.size -= len(payload)
        return payload

    def clear(self) -> None:
        """Forget them all."""
        self._messages.clear()
        self.size = 0

    def _make_room(self) -> None:
        kept: deque[tuple[str | bytes, bool]] = deque()
        for payload, may_drop in self._messages:
            if may_drop and self.size > self._most:
                self.size -= len(payload)
                self.dropped += len(payload)
            else:
                kept.append((payload, may_drop))
        self._messages = kept
