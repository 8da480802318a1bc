"""The phone's speaker, made of software: it fetches sounds, and is done with each at once."""

import asyncio
import logging
from collections.abc import Callable

import aiohttp
import attrs

from mentra.messages.speaker import AudioPlayResponse
from mentra.sdk.seen import Play

LONGEST = 20 * 1024 * 1024
"""Bytes of a sound that are fetched."""

_log = logging.getLogger(__name__)


@attrs.define
class Sound:
    """A sound that was to be played.

    :ivar data: what has been fetched of it.
    :ivar status: what its address answered; None as long as it did not.
    """

    order: Play
    data: bytearray = attrs.field(factory=bytearray)
    status: int | None = None


class Player:
    """Plays what it is told to.

    :param send: sends a message; whether it goes out.
    :param changed: called whenever more has been fetched.
    :ivar sounds: in the order they were to be played.
    """

    def __init__(self, send: Callable[..., bool], changed: Callable[[], None]) -> None:
        self.sounds: list[Sound] = []
        self._send = send
        self._changed = changed
        self._working: set[asyncio.Task[None]] = set()

    def play(self, order: Play) -> None:
        """Fetch a sound, and tell when all of it is there; returns at once."""
        sound = Sound(order)
        self.sounds.append(sound)
        work = asyncio.ensure_future(self._play(sound))
        self._working.add(work)
        work.add_done_callback(self._working.discard)

    async def stop(self) -> None:
        """Play no more."""
        working = tuple(self._working)
        for work in working:
            work.cancel()
        if working:
            await asyncio.wait(working)

    async def _play(self, sound: Sound) -> None:
        error = None
        try:
            async with aiohttp.ClientSession() as http:
                await self._fetch(http, sound)
            if sound.status != 200:
                error = f"the sound's address says {sound.status}"
        except (aiohttp.ClientError, OSError) as problem:
            _log.info("a sound cannot be fetched: %s", problem)
            error = "the sound cannot be fetched"
        self._send(
            AudioPlayResponse(
                request_id=sound.order.request_id,
                success=error is None,
                error=error,
                duration=None if error else 0.0,
            )
        )

    async def _fetch(self, http: aiohttp.ClientSession, sound: Sound) -> None:
        async with http.get(sound.order.audio_url) as answer:
            sound.status = answer.status
            async for chunk in answer.content.iter_any():
                if len(sound.data) + len(chunk) > LONGEST:
                    raise OSError(f"over {LONGEST} bytes")
                sound.data += chunk
                self._changed()
