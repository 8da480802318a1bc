"""Sounds that an app has the wearer's phone play.  Source: docs/protocol."""

import asyncio
import uuid
from collections.abc import AsyncIterable, Callable
from typing import TypeVar

from mentra.errors import Refused
from mentra.messages.speaker import (
    AudioPlayRequest,
    AudioPlayResponse,
    AudioStopRequest,
    AudioStreamEnd,
    AudioStreamReady,
    AudioStreamStart,
)

WAIT_SECONDS = 60.0
"""How long an app waits for the end of a sound, as the public SDK does."""

READY_SECONDS = 10.0
"""How long the cloud has to make room for live speech."""

_APP_TRACK = 1
_DOWN = "the connection is down"

T = TypeVar("T")


class Sounds:
    """The sounds whose end one session waits for.

    :param send: sends a message; whether it goes out.
    :param send_bytes: sends a binary frame.
    """

    def __init__(self, send: Callable[..., bool], send_bytes: Callable[[bytes], bool]) -> None:
        self._send = send
        self._send_bytes = send_bytes
        self._waiting: dict[str, asyncio.Future[AudioPlayResponse]] = {}
        self._beginning: dict[str, asyncio.Future[AudioStreamReady]] = {}

    async def play(
        self,
        url: str,
        *,
        volume: float = 1.0,
        track: int = 0,
        stop_others: bool = True,
        timeout: float = WAIT_SECONDS,
    ) -> float | None:
        """Play what is at *url*, and wait until the phone says that it is over.

        :param volume: 0 to 1.
        :returns: how long it was, seconds, if the phone says.
        :raises mentra.errors.Refused: it was not played.
        """
        message = AudioPlayRequest(
            request_id=str(uuid.uuid4()),
            audio_url=url,
            volume=volume,
            stop_other_audio=stop_others,
            track_id=track,
        )
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[AudioPlayResponse] = loop.create_future()
        self._waiting[message.request_id] = waiting
        try:
            if not self._send(message):
                raise Refused("NETWORK_ERROR", _DOWN, retryable=True)
            return _length(await _within(timeout, waiting))
        finally:
            del self._waiting[message.request_id]

    async def speak(
        self,
        chunks: AsyncIterable[bytes],
        *,
        content_type: str = "audio/mpeg",
        volume: float = 1.0,
        timeout: float = WAIT_SECONDS,
    ) -> None:
        """Play sound that is still being made, and wait until the phone says that it is over.

        :param timeout: seconds the phone has after the last chunk.
        :raises mentra.errors.Refused: it was not played.
        """
        stream_id = str(uuid.uuid4())
        request_id = f"stream_{stream_id}"
        url = await self._begin(stream_id, content_type)
        waiting: asyncio.Future[AudioPlayResponse] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = waiting
        try:
            self._send(
                AudioPlayRequest(
                    request_id=request_id, audio_url=url, volume=volume, track_id=_APP_TRACK
                )
            )
            async for chunk in chunks:
                if not self._send_bytes(stream_id.encode() + chunk):
                    raise Refused("NETWORK_ERROR", _DOWN, retryable=True)
            self._send(AudioStreamEnd(stream_id=stream_id))
            _length(await _within(timeout, waiting))
        finally:
            del self._waiting[request_id]

    async def _begin(self, stream_id: str, content_type: str) -> str:
        beginning: asyncio.Future[AudioStreamReady] = asyncio.get_running_loop().create_future()
        self._beginning[stream_id] = beginning
        try:
            if not self._send(AudioStreamStart(stream_id=stream_id, content_type=content_type)):
                raise Refused("NETWORK_ERROR", _DOWN, retryable=True)
            return (await _within(READY_SECONDS, beginning)).stream_url
        finally:
            del self._beginning[stream_id]

    def ready(self, answer: AudioStreamReady) -> None:
        """The cloud has made room for live speech."""
        beginning = self._beginning.get(answer.stream_id)
        if beginning is not None and not beginning.done():
            beginning.set_result(answer)

    def end(self, track: int | None = None) -> bool:
        """End what is played on one track, or all of it; whether that goes out."""
        return self._send(AudioStopRequest(track_id=track))

    def told(self, answer: AudioPlayResponse) -> None:
        """The phone has played one, or not."""
        waiting = self._waiting.get(answer.request_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def stop(self) -> None:
        """The session is over."""
        for request_id in tuple(self._waiting):
            self.told(
                AudioPlayResponse(request_id=request_id, success=False, error="the session ended")
            )
        for beginning in self._beginning.values():
            if not beginning.done():
                beginning.set_exception(Refused("SESSION_ENDED", "the session ended"))


async def _within(seconds: float, waiting: "asyncio.Future[T]") -> T:
    try:
        async with asyncio.timeout(seconds):
            return await waiting
    except TimeoutError:
        raise Refused("TIMEOUT", f"no answer within {seconds:g} s", retryable=True) from None


def _length(answer: AudioPlayResponse) -> float | None:
    if not answer.success:
        raise Refused("NOT_PLAYED", answer.error or "the phone did not play it", where="phone")
    return answer.duration
