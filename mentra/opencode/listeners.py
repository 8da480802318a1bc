"""Who hears of which session: those of a session itself, and of what it has its sub-agents do."""

from collections import defaultdict
from typing import Protocol

from mentra.opencode.answers import Child, Struct
from mentra.opencode.api import OpencodeApi, if_known

DEEPEST = 10
"""So many sessions deep sub-agents are followed."""


class Listener(Protocol):
    """Who wants to hear of a session."""

    def hear(self, event: Struct) -> None:
        """One of :data:`mentra.opencode.answers.EVENTS` happened in this session; where somebody is
        asked something also in a session that it began."""

    def missed(self) -> None:
        """Events may have been missed: what comes now is not all."""


class Listeners:
    """By session; and which session has begun which."""

    def __init__(self) -> None:
        self._of: dict[str, set[Listener]] = defaultdict(set)
        self._parents: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._of)

    def add(self, session_id: str, listener: Listener) -> None:
        """One more."""
        self._of[session_id].add(listener)

    def remove(self, session_id: str, listener: Listener) -> None:
        """One less."""
        listeners = self._of.get(session_id)
        if listeners is not None:
            listeners.discard(listener)
            if not listeners:
                del self._of[session_id]
        if not self._of:
            self._parents.clear()

    def everybody(self) -> list[Listener]:
        """All of them."""
        return [one for listeners in self._of.values() for one in tuple(listeners)]

    def of(self, session_id: str | None, *, or_parents: bool) -> tuple[Listener, ...]:
        """Those of the session, or else of the one it was begun by."""
        for _ in range(DEEPEST if or_parents else 1):
            if session_id is None:
                break
            found = self._of.get(session_id)
            if found:
                return tuple(found)
            session_id = self._parents.get(session_id)
        return ()

    def has_begun(self, parent_id: str | None, session_id: str) -> None:
        """A session was begun by another one, for a sub-agent that may ask somebody something."""
        if parent_id is not None and self.of(parent_id, or_parents=True):
            self._parents[session_id] = parent_id

    async def trace(self, session_id: str, api: OpencodeApi) -> None:
        """Ask who began the session, if that is not known.

        :raises Unanswered: the server is not there.
        """
        begun = [session_id]
        while len(begun) < DEEPEST and not self.of(begun[-1], or_parents=True):
            session = await if_known(api.session(begun[-1]), Child(id=begun[-1]))
            if session.parent_id is None:
                return
            begun.append(session.parent_id)
        for parent, child in reversed(tuple(zip(begun[1:], begun, strict=False))):
            self.has_begun(parent, child)
