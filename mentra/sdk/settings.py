"""An app's settings, as one user has them."""

from collections.abc import Callable, Iterable
from typing import Any

Changed = Callable[[Any, Any], None]
"""Called with the new and the old value."""


class AppSettings:
    """Reads as a mapping from key to value; follows the changes made on the phone."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._listeners: dict[str, list[Changed]] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """The value of *key*; *default* if it has none."""
        value = self._values.get(key)
        return default if value is None else value

    def all(self) -> dict[str, Any]:
        """Every key and its value, a copy."""
        return dict(self._values)

    def on_change(self, key: str, listener: Changed) -> None:
        """Have *listener* called with new and old value when *key* changes."""
        self._listeners.setdefault(key, []).append(listener)

    def replace(self, entries: Iterable[dict[str, Any]]) -> None:
        """Take the full list as the wire has it; listeners hear of what is different."""
        before = self._values
        self._values = {
            entry["key"]: entry.get("value", entry.get("defaultValue"))
            for entry in entries
            if isinstance(entry.get("key"), str)
        }
        for key, listeners in self._listeners.items():
            new, old = self._values.get(key), before.get(key)
            if new != old:
                for listener in listeners:
                    listener(new, old)
