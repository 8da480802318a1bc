"""Streams in whatever order things happen to them."""

from typing import Any

import hypothesis.strategies as some
from hypothesis import given

from mentra.errors import Refused
from mentra.events import AppRunning, AppStopped
from mentra.interfaces.streams import IManagedStreams, IStreams
from mentra.messages.video import (
    KeepRtmpStreamAlive,
    ManagedStreamRequest,
    ManagedStreamStop,
    RestreamDestination,
    RtmpStreamRequest,
    RtmpStreamStop,
    StartRtmpStream,
    StopRtmpStream,
    StreamStatusCheck,
)
from mentra.testing.media import FakeMediaBackend
from mentra.testing.peers import FakePeer
from tests.glasses.streams.stage import CAM, TV, URL, Stage, stage_with

PLACES = (RestreamDestination(url="rtmp://elsewhere.test/live/a"),)
ENDS = ("stopped", "error", "timeout", "disconnected")


class Scene:
    """A stage, the glasses' view of it, and the media servers."""

    def __init__(self, asked: str, slow: bool) -> None:
        self.media = FakeMediaBackend(asked=asked, slow=slow)
        self.stage: Stage = stage_with(backend=self.media)
        self.phone = self.stage.glasses
        self.streaming: set[str] = set()
        self.asks: list[KeepRtmpStreamAlive] = []
        self.current = ""

    def look(self) -> None:
        """What the glasses were told: never to send two streams."""
        for one in self.phone.take():
            if isinstance(one, StartRtmpStream):
                self.streaming.add(one.stream_id)
                self.current = one.stream_id
            elif isinstance(one, StopRtmpStream):
                self.streaming.discard(one.stream_id)
            elif isinstance(one, KeepRtmpStreamAlive):
                self.asks.append(one)
            assert len(self.streaming) <= 1

    def report(self, status: str) -> None:
        self.stage.report(status, self.current or None)
        if status in ENDS:
            self.streaming.discard(self.current)

    def ack(self) -> None:
        if self.asks:
            one = self.asks.pop()
            self.stage.ack(one.stream_id, one.ack_id)

    def open(self) -> None:
        if self.media.openings:
            opening = self.media.openings.pop()
            if not opening.called:
                opening.callback(None)

    def refuse(self) -> None:
        if self.media.openings:
            opening = self.media.openings.pop()
            if not opening.called:
                opening.errback(Refused("CLOUDFLARE_ERROR", "no"))

    def flip(self) -> None:
        for one in self.media.opened[-1:]:
            one.live = not one.live

    def leave_or_return(self) -> None:
        session = self.stage.session
        session.glasses = self.phone if session.glasses is None else None
        if session.glasses is None:
            self.streaming.clear()  # nobody can tell them any more, or hear of them


def say(message: Any) -> Any:
    return lambda scene, app: scene.stage.say(app, message)


def announced(event: Any) -> Any:
    return lambda scene, app: scene.stage.session.announce(event(app))


DEEDS = {
    "start": say(RtmpStreamRequest(rtmp_url=URL)),
    "stop": say(RtmpStreamStop()),
    "watch": say(ManagedStreamRequest(restream_destinations=PLACES)),
    "leave": say(ManagedStreamStop()),
    "check": say(StreamStatusCheck()),
    "app stops": announced(lambda app: AppStopped(app, was_running=True)),
    "app returns": announced(lambda app: AppRunning(app, "reconnected")),
    "place found": lambda scene, app: scene.open(),
    "no place": lambda scene, app: scene.refuse(),
    "live or not": lambda scene, app: scene.flip(),
    "ack": lambda scene, app: scene.ack(),
    "phone": lambda scene, app: scene.leave_or_return(),
    "a moment": lambda scene, app: scene.stage.clock.advance(2),
    "a while": lambda scene, app: scene.stage.clock.advance(16),
    **{
        status: lambda scene, app, status=status: scene.report(status)
        for status in ("initializing", "streaming", "stopping", "reconnecting", *ENDS)
    },
}


@given(
    asked=some.sampled_from(["never", "until_live", "always"]),
    slow=some.booleans(),
    deeds=some.lists(
        some.tuples(some.sampled_from(sorted(DEEDS)), some.sampled_from([CAM, TV])), max_size=25
    ),
)
def test_whatever_happens_there_is_one_stream_and_in_the_end_nothing(asked, slow, deeds):
    scene = Scene(asked, slow)
    stage, media = scene.stage, scene.media

    for deed, app in deeds:
        DEEDS[deed](scene, app)
        scene.look()
        info = IStreams(stage.session).info()
        assert (info is None) <= (stage.clock.getDelayedCalls() == [])
        held = [one for one in media.opened if not one.closed]
        assert len(held) <= (info is not None and info.type == "managed")

    stage.session.glasses = stage.session.glasses or FakePeer()
    stage.end()

    assert stage.clock.getDelayedCalls() == []
    assert [one.closed for one in media.opened] == [1] * len(media.opened)
    assert vars(IManagedStreams(stage.house))["_streams"] == {}
