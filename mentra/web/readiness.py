"""What still stands between this process and its work."""

from zope.interface import implementer

from mentra.interfaces.services import IReadiness


@implementer(IReadiness)
class Readiness:
    """A list of what is missing; ready when it is empty."""

    def __init__(self) -> None:
        self._missing: dict[str, str] = {}

    def missing(self) -> dict[str, str]:
        """Name to reason."""
        return dict(self._missing)

    def lacks(self, name: str, reason: str) -> None:
        """*name* is not there, because of *reason*."""
        self._missing[name] = reason

    def has(self, name: str) -> None:
        """*name* is there."""
        self._missing.pop(name, None)
