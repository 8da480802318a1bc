"""One WebSocket in the hands of a rule: everything it was told, in order."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import msgspec

from mentra.errors import MentraError
from mentra.sdk.line import Line

Frame = dict[str, Any]

PATIENCE = 5.0
"""Seconds to wait for what should come at once; generous, for servers may be busy."""


class Broken(MentraError):
    """The server does not keep a rule; the text says what it did instead."""


def check(holds: object, instead: str) -> None:
    """See that something holds.

    :raises Broken: it does not; *instead* is what was seen.
    """
    if not holds:
        raise Broken(instead)


class Party:
    """Glasses or an app, reduced to frames.

    :ivar name: for people.
    :ivar told: every JSON object that came, in order.
    :ivar heard: every binary frame that came.
    """

    def __init__(self, name: str, line: Line) -> None:
        self.name = name
        self.told: list[Frame] = []
        self.heard: list[bytes] = []
        self._line = line
        self._seen = 0
        self._changed = asyncio.Condition()
        self._ended = False
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls,
        name: str,
        http: aiohttp.ClientSession,
        url: str,
        headers: Mapping[str, str] | None = None,
    ) -> "Party":
        """Connect.

        :raises mentra.errors.MentraError: the server does not let us.
        """
        return cls(name, await Line.open(http, url, headers))

    def say(self, kind: str, **fields: object) -> None:
        """Send a JSON object of type *kind*."""
        self.send(msgspec.json.encode({"type": kind, **fields}).decode())

    def send(self, frame: str | bytes) -> None:
        """Send a frame as it is."""
        self._line.send(frame)

    async def next(
        self, kind: str, holds: Callable[[Frame], object] = bool, within: float = PATIENCE
    ) -> Frame:
        """The next object of type *kind* for which *holds* is true; those before it are passed
        over.

        :raises Broken: none comes.
        """
        found: list[Frame] = []

        def look() -> bool:
            while self._seen < len(self.told):
                frame = self.told[self._seen]
                self._seen += 1
                if frame.get("type") == kind and holds(frame):
                    found.append(frame)
                    return True
            return False

        before = self._seen
        try:
            await self.until(look, "", within)
        except Broken:
            names = [frame.get("type") for frame in self.told[before:]]
            came = f"; what came was {names}" if names else ""
            instead = f"{self.name} got no {kind} within {within:g} s{came}"
            raise Broken(instead) from None
        return found[0]

    async def until(
        self, holds: Callable[[], object], instead: str, within: float = PATIENCE
    ) -> None:
        """Wait until *holds*, asked whenever a frame came.

        :raises Broken: it does not.
        """
        async with self._changed:
            try:
                async with asyncio.timeout(within):
                    await self._changed.wait_for(holds)
            except TimeoutError:
                raise Broken(instead) from None

    async def quiet(self, kind: str, seconds: float) -> None:
        """See that no object of type *kind* comes.

        :raises Broken: one does.
        """
        before = len(self.told)
        await asyncio.sleep(seconds)
        came = [frame for frame in self.told[before:] if frame.get("type") == kind]
        check(not came, f"{self.name} got {kind}: {came[:1]}")

    def pass_over(self) -> None:
        """What came until now is of no interest any more."""
        self._seen = len(self.told)

    def of(self, kind: str) -> list[Frame]:
        """Every object of type *kind* so far."""
        return [frame for frame in self.told if frame.get("type") == kind]

    @property
    def is_open(self) -> bool:
        """Whether the server has not closed it."""
        return not self._ended

    async def closed(self, code: int, reason: str | None = None, within: float = PATIENCE) -> None:
        """Wait until the server has closed, and see that it said why.

        :raises Broken: it does not, or it says something else.
        """
        await self.until(lambda: self._ended, f"{self.name} was not closed", within)
        said = (self._line.close_code, self._line.reason)
        check(
            said[0] == code and reason in (None, said[1]),
            f"{self.name} was closed with {said[0]} {said[1]!r}, not {code} {reason or ''}",
        )

    async def drop(self) -> None:
        """Be gone without a goodbye."""
        self._line.abort()
        # it comes to the end, and lets go of the connection
        await self._reader

    async def close(self) -> None:
        """Leave."""
        await self._line.close()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def _read(self) -> None:
        async for frame in self._line.frames():
            async with self._changed:
                if isinstance(frame, bytes):
                    self.heard.append(frame)
                else:
                    self.told.append(_object(frame))
                self._changed.notify_all()
        async with self._changed:
            self._ended = True
            self._changed.notify_all()


def _object(frame: str) -> Frame:
    decoded = msgspec.json.decode(frame)
    return decoded if isinstance(decoded, dict) else {"type": None, "is": decoded}
