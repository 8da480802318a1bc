"""A media server that is nowhere."""

import itertools
from collections.abc import Callable

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.errors import Refused
from mentra.interfaces.streams import IMediaBackend, IMediaStream


@implementer(IMediaStream)
@attrs.define(eq=False)
class FakeMediaStream:
    """A place that a test describes.

    :ivar live: what ``is_live`` answers; None refuses.
    :ivar lives: how often it was told that it is live.
    :ivar places: output id to URL.
    :ivar states: output id to what ``output_state`` answers, ``active`` without an entry.
    :ivar slow: whether ``add_output`` takes until the Deferred in ``adding`` is fired.
    :ivar refusal: what ``add_output`` and ``remove_output`` raise, None for nothing.
    """

    number: int
    changed: Callable[[], None]
    asked: str = "never"
    live: bool | None = False
    looks: int = 0
    lives: int = 0
    closed: int = 0
    webrtc: str | None = "https://media.test/webrtc"
    preview: str | None = None
    thumbnail: str | None = None
    places: dict[str, str] = attrs.field(factory=dict)
    states: dict[str, tuple[str, str | None]] = attrs.field(factory=dict)
    slow: bool = False
    adding: list[Deferred[None]] = attrs.field(factory=list)
    refusal: Refused | None = None
    ingest: str = attrs.field(init=False)
    hls: str = attrs.field(init=False)
    dash: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ingest = f"rtmp://media.test/live/{self.number}"
        self.hls = f"https://media.test/{self.number}.m3u8"
        self.dash = f"https://media.test/{self.number}.mpd"

    async def is_live(self) -> bool:
        """As the test says.

        :raises Refused: it does not say.
        """
        self.looks += 1
        if self.live is None:
            raise Refused("UNREACHABLE", "nobody answers", where="provider")
        return self.live

    def went_live(self) -> None:
        """Count it."""
        self.lives += 1

    async def add_output(self, url: str) -> str:
        """Keep it.

        :raises Refused: ``refusal``.
        """
        if self.slow:
            self.adding.append(Deferred())
            await self.adding[-1]
        if self.refusal is not None:
            raise self.refusal
        output_id = f"place-{len(self.places)}"
        self.places[output_id] = url
        return output_id

    def output_state(self, output_id: str) -> tuple[str, str | None]:
        """``active``, unless a test says otherwise."""
        return self.states.get(output_id, ("active", None))

    async def remove_output(self, output_id: str) -> None:
        """Forget it.

        :raises Refused: ``refusal``.
        """
        if self.refusal is not None:
            raise self.refusal
        del self.places[output_id]

    def close(self) -> None:
        """Count it."""
        self.closed += 1


@implementer(IMediaBackend)
@attrs.define
class FakeMediaBackend:
    """Opens places at once, or when a test says so.

    :ivar asked: what the places say of who knows that they are live.
    :ivar slow: whether a place is only there once its Deferred in ``openings`` is fired.
    :ivar opened: the places, in order.
    """

    asked: str = "never"
    slow: bool = False
    openings: list[Deferred[None]] = attrs.field(factory=list)
    opened: list[FakeMediaStream] = attrs.field(factory=list)
    sweeps: int = 0
    _numbers: "itertools.count[int]" = attrs.field(factory=lambda: itertools.count(1))

    async def open(self, changed: Callable[[], None]) -> FakeMediaStream:
        """A new place."""
        if self.slow:
            opening: Deferred[None] = Deferred()
            self.openings.append(opening)
            await opening
        self.opened.append(FakeMediaStream(next(self._numbers), changed, self.asked))
        return self.opened[-1]

    def sweep(self) -> None:
        """Count it."""
        self.sweeps += 1
