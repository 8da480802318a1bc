"""What apps wrote on the dashboard, and whose turn it is."""

import attrs

MODES = ("main", "expanded")
"""What apps can write for."""


@attrs.frozen
class Entry:
    """One app's text.

    :ivar written_at: POSIX seconds.
    """

    text: str
    written_at: float


class Contents:
    """The newest text of each app for each mode."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, Entry]] = {mode: {} for mode in MODES}
        self._turn = 0

    def put(self, package_name: str, mode: str, entry: Entry) -> None:
        """It takes the place of the app's former one."""
        # the one that came last is put last, so that it is the newest among equals
        self._entries[mode].pop(package_name, None)
        self._entries[mode][package_name] = entry

    def remove(self, package_name: str) -> bool:
        """Forget what an app wrote; whether there was anything."""
        found = [mode.pop(package_name, None) for mode in self._entries.values()]
        if self._turn >= len(self._entries["main"]):
            self._turn = 0
        return any(entry is not None for entry in found)

    def turn(self) -> bool:
        """The next app has its turn on ``main``; False if there is no other."""
        count = len(self._entries["main"])
        if count > 1:
            self._turn = (self._turn + 1) % count
        return count > 1

    def current(self) -> str:
        """The text on ``main``, empty if there is none."""
        entries = self._newest_first("main")
        return entries[self._turn % len(entries)].text if entries else ""

    def newest(self, mode: str) -> str | None:
        """The newest text of *mode*, or None."""
        entries = self._newest_first(mode)
        return entries[0].text if entries else None

    def _newest_first(self, mode: str) -> list[Entry]:
        entries = reversed(self._entries[mode].values())
        return sorted(entries, key=lambda entry: entry.written_at, reverse=True)
