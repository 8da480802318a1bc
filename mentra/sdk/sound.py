"""Sounds that an app has the wearer's phone play.  Source: docs/protocol."""

import asyncio
import uuid
from collections.abc import Callable

from mentra.errors import Refused
from mentra.messages.speaker import AudioPlayRequest, AudioPlayResponse, AudioStopRequest

WAIT_SECONDS = 60.0
"""How long an app waits for the end of a sound, as the public SDK does."""


class Sounds:
    """The sounds whose end one session waits for.

    :param send: sends a message; whether it goes out.
    """

    def __init__(self, send: Callable[..., bool]) -> None:
        self._send = send
        self._waiting: dict[str, asyncio.Future[AudioPlayResponse]] = {}

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
                raise Refused("NETWORK_ERROR", "the connection is down", retryable=True)
            async with asyncio.timeout(timeout):
                answer = await waiting
        except TimeoutError:
            raise Refused("TIMEOUT", f"no answer within {timeout:g} s", retryable=True) from None
        finally:
            del self._waiting[message.request_id]
        if not answer.success:
            raise Refused("NOT_PLAYED", answer.error or "the phone did not play it", where="phone")
        return answer.duration

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
