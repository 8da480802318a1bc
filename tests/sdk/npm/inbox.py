"""What arrives at somebody, and waits until a test takes it."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from tests.server.conftest import PATIENCE


class Inbox:
    """What arrived and was not taken yet, in order."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._items: list[dict[str, Any]] = []
        self._changed = threading.Condition()

    def put(self, item: dict[str, Any]) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    def take(self, what: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first that *holds*, waited for; it is in here no longer."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            found.extend([one for one in self._items if holds(one)][:1])
            return bool(found)

        with self._changed:
            if not self._changed.wait_for(look, PATIENCE):
                raise AssertionError(f"{self._owner} waited in vain for {what}: {self._items}")
            self._items.remove(found[0])
        return found[0]

    def all(self) -> list[dict[str, Any]]:
        with self._changed:
            return list(self._items)

    def clear(self) -> None:
        with self._changed:
            self._items.clear()


def is_like(item: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    """Whether *item* has all of *fields*; objects in them are compared in the same way."""
    return all(
        is_like(item[name], wanted)
        if isinstance(wanted, dict) and isinstance(item.get(name), dict)
        else name in item and item[name] == wanted
        for name, wanted in fields.items()
    )
