"""Which function of an app wants which stream, and calling it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

import attrs
import msgspec

from mentra.sdk.heard import Transcription
from mentra.sdk.places import place_of

Handler = Callable[[Any], object]
"""Takes one event; if it returns a coroutine that is awaited, and anything else is ignored.  What
it raises is logged, and costs nothing else."""

LOCATIONS = "location_stream"
"""The stream whose events are decoded as places."""

_log = logging.getLogger(__name__)


@attrs.frozen(eq=False)
class _Wanted:
    decode: Callable[[Any], Any]
    handler: Handler


_transcription = msgspec.json.Decoder(Transcription)


class Handlers:
    """The handlers of one session, by the stream's name as it was subscribed to.

    :param changed: called when a handler came or went.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._wanted: dict[str, list[_Wanted]] = {}
        self._rates: dict[str, str] = {}
        self._working: set[asyncio.Task[None]] = set()

    def streams(self) -> list[Any]:
        """Every stream somebody wants, as it is subscribed to."""
        return [
            {"stream": stream, "rate": rate} if (rate := self._rates.get(stream)) else stream
            for stream in self._wanted
        ]

    def add(self, stream: str, handler: Handler, *, rate: str | None = None) -> Callable[[], None]:
        """Have *handler* called with each event of *stream*; returns a function that undoes it.

        :param rate: how exactly a location is wanted; the latest counts.
        """
        decode = _decoder(stream)
        if rate is not None:
            self._rates[stream] = rate
        wanted = _Wanted(decode, handler)
        self._wanted.setdefault(stream, []).append(wanted)
        self._changed()

        def forget() -> None:
            held = self._wanted.get(stream, [])
            if wanted in held:
                held.remove(wanted)
                if not held:
                    del self._wanted[stream]
                    self._rates.pop(stream, None)
                self._changed()

        return forget

    def tell(self, stream: str, data: msgspec.Raw | bytes) -> None:
        """Call everyone who wants *stream*; coroutines run side by side."""
        for wanted in tuple(self._wanted.get(stream, ())):
            try:
                outcome = wanted.handler(wanted.decode(data))
            except Exception:  # noqa: BLE001 - an app's bug costs this event only
                _log.exception("a handler of %s failed", stream)
                continue
            if isawaitable(outcome):
                work = asyncio.ensure_future(_finish(stream, outcome))
                self._working.add(work)
                work.add_done_callback(self._working.discard)

    def stop(self) -> None:
        """Cancel the coroutines still running, but not the one that asks."""
        working, self._working = self._working, set()
        me = asyncio.current_task()
        for work in working:
            if work is not me:
                work.cancel()


def _decoder(stream: str) -> Callable[[Any], Any]:
    if stream.startswith("transcription:"):
        return _transcription.decode
    return place_of if stream == LOCATIONS else _plain


def _plain(data: msgspec.Raw | bytes) -> Any:
    return msgspec.json.decode(data) if isinstance(data, msgspec.Raw) else data


async def _finish(stream: str, outcome: Awaitable[object]) -> None:
    try:
        await outcome
    except Exception:  # noqa: BLE001 - as in tell
        _log.exception("a handler of %s failed", stream)
