"""What waits for a receiver that does not keep up, and what gives way."""

from collections import deque

import attrs

from mentra.messages import GivesWay, Message


@attrs.frozen(eq=False)
class Waiting:
    """A frame that could not be sent yet."""

    data: bytes
    message_type: type[Message] | None
    gives_way: GivesWay


class Outbox:
    """A bounded queue of frames, filled while the transport has enough.

    :param limit: bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._frames: deque[Waiting] = deque()
        self.size = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, data: bytes, message_type: type[Message] | None, gives_way: GivesWay) -> bool:
        """Queue a frame, at the cost of what gives way; False if there is no room even so."""
        if gives_way is GivesWay.KEEP_NEWEST:
            self._discard_older(message_type)
        while self.size + len(data) > self._limit and self._drop_oldest():
            pass
        if self.size + len(data) > self._limit:
            if gives_way is GivesWay.DROP_OLDEST:
                self.dropped += 1
                return True
            return False
        self._frames.append(Waiting(data, message_type, gives_way))
        self.size += len(data)
        return True

    def take(self) -> bytes | None:
        """The next frame to send, or None."""
        if not self._frames:
            return None
        frame = self._frames.popleft()
        self.size -= len(frame.data)
        return frame.data

    def clear(self) -> None:
        """Forget everything."""
        self._frames.clear()
        self.size = 0

    def _discard_older(self, message_type: type[Message] | None) -> None:
        for frame in self._frames:
            if frame.message_type is message_type:
                self._remove(frame)
                return  # there is never more than one

    def _drop_oldest(self) -> bool:
        for frame in self._frames:
            if frame.gives_way is GivesWay.DROP_OLDEST:
                self._remove(frame)
                self.dropped += 1
                return True
        return False

    def _remove(self, frame: Waiting) -> None:
        self._frames.remove(frame)
        self.size -= len(frame.data)
