"""Where the wearer is, for an app.  Source: docs/protocol/location.rst."""

import asyncio
import uuid
from collections.abc import Callable

import msgspec

from mentra.errors import Refused
from mentra.messages.location import LocationPollRequest

WAIT_SECONDS = 15.0
"""How long an app waits for the phone, as the public SDK does."""


class Place(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the wearer is.

    :ivar lat: degrees north.
    :ivar lng: degrees east.
    :ivar accuracy: metres, if the phone says.
    :ivar correlation_id: of the question that this answers.
    """

    lat: float
    lng: float
    accuracy: float | None = None
    correlation_id: str | None = None


_place = msgspec.json.Decoder(Place)


def place_of(data: msgspec.Raw | bytes) -> Place:
    """The place in an event.

    :raises msgspec.DecodeError: there is none.
    """
    return _place.decode(data)


class Places:
    """The questions that one session waits for.

    :param send: sends a message; whether it goes out.
    """

    def __init__(self, send: Callable[..., bool]) -> None:
        self._send = send
        self._waiting: dict[str, asyncio.Future[Place]] = {}

    async def ask(self, accuracy: str, *, timeout: float = WAIT_SECONDS) -> Place:
        """Ask, and wait for the answer.

        :raises mentra.errors.Refused: there is none.
        """
        correlation_id = f"poll_{uuid.uuid4()}"
        waiting: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._waiting[correlation_id] = waiting
        try:
            if not self._send(
                LocationPollRequest(accuracy=accuracy, correlation_id=correlation_id)
            ):
                raise Refused("NETWORK_ERROR", "the connection is down", retryable=True)
            async with asyncio.timeout(timeout):
                return await waiting
        except TimeoutError:
            raise Refused("TIMEOUT", f"no answer within {timeout:g} s", retryable=True) from None
        finally:
            del self._waiting[correlation_id]

    def told(self, data: msgspec.Raw | bytes) -> None:
        """A location came; perhaps it is an answer."""
        if not self._waiting:
            return
        try:
            place = place_of(data)
        except msgspec.DecodeError:
            return
        waiting = self._waiting.get(place.correlation_id or "")
        if waiting is not None and not waiting.done():
            waiting.set_result(place)

    def stop(self) -> None:
        """The session is over."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Refused("SESSION_ENDED", "the session ended"))
