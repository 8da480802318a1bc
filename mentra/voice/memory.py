"""What was said in a conversation, as far as the model is reminded of it."""

from collections import deque

from mentra.messages.llm import Turn


class Memory:
    """The last turns.

    :param turns: so many of them at most.
    :param characters: and of them no more than this; an older turn gives way to a newer.
    """

    def __init__(self, turns: int, characters: int) -> None:
        self._turns: deque[tuple[str, str]] = deque(maxlen=turns)
        self._characters = characters

    def add(self, asked: str, answered: str) -> None:
        """Somebody asked, and was answered."""
        self._turns.append((asked, answered))
        while self._turns and self._size() > self._characters:
            self._turns.popleft()

    def turns(self) -> list[Turn]:
        """All of them, oldest first."""
        return [
            turn
            for asked, answered in self._turns
            for turn in (Turn(role="user", content=asked), Turn(role="assistant", content=answered))
        ]

    def _size(self) -> int:
        return sum(len(asked) + len(answered) for asked, answered in self._turns)
