"""Many streams, one after another, leave nothing behind."""

import gc
import weakref

import pytest
from twisted.internet.interfaces import IReactorProcess

from mentra.events import AppStopped
from mentra.interfaces.streams import IManagedStreams, IStreams
from mentra.messages.video import (
    ManagedStreamStop,
    RestreamDestination,
    RtmpStreamStop,
    StreamKeepAliveAck,
)
from tests.glasses.streams.stage import CAM, TV, Stage, stage_with, with_ffmpeg

PLACES = tuple(RestreamDestination(url=f"rtmp://elsewhere.test/live/{n}") for n in range(2))


def stops_by_itself(stage: Stage, stream_id: str) -> None:
    stage.report("stopped", stream_id)


def fails(stage: Stage, stream_id: str) -> None:
    stage.report("error", stream_id, errorDetails="camera")


def is_stopped(stage: Stage, stream_id: str) -> None:
    stage.say(CAM, RtmpStreamStop(stream_id=stream_id))
    stage.say(CAM, ManagedStreamStop())


def falls_silent(stage: Stage, stream_id: str) -> None:
    stage.clock.pump([15.0] * 5)


def loses_its_app(stage: Stage, stream_id: str) -> None:
    stage.session.announce(AppStopped(CAM, was_running=True))


def is_replaced(stage: Stage, stream_id: str) -> None:
    stage.report("stopped", stage.begin(TV))


ENDS = (stops_by_itself, fails, is_stopped, falls_silent, loses_its_app, is_replaced)


@pytest.fixture
def stage() -> Stage:
    stage = stage_with(build=with_ffmpeg)
    for package_name in (CAM, TV):
        # a day's messages would be what is left behind
        stage.app(package_name).sent = Last()
    stage.glasses.sent = Last()
    return stage


class Last(list[object]):
    """Keeps the last thing."""

    def append(self, one: object) -> None:
        self[:] = [one]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("kind", ["unmanaged", "managed"])
def test_no_end_leaves_a_timer_an_entry_or_a_process(stage, kind, end):
    for _ in range(50):
        if kind == "managed":
            stream_id = stage.begin_managed(CAM, restream_destinations=PLACES)
        else:
            stream_id = stage.begin(CAM)
        stage.report("streaming", stream_id)
        stage.clock.advance(20)

        end(stage, stream_id)

    assert stage.clock.getDelayedCalls() == []
    assert IStreams(stage.session).info() is None
    assert vars(IManagedStreams(stage.house))["_streams"] == {}
    processes = IReactorProcess(stage.house)
    assert len(processes.started) == (100 if kind == "managed" else 0)
    assert processes.running == []


@pytest.mark.parametrize("kind", ["unmanaged", "managed"])
def test_what_ended_is_forgotten(stage, kind):
    begin = stage.begin_managed if kind == "managed" else stage.begin
    stream_id = begin(CAM)
    stage.report("streaming", stream_id)
    stream = weakref.ref(vars(IStreams(stage.session))[f"_{kind}"])

    stage.report("stopped", stream_id)

    gc.collect()
    assert stream() is None


def test_a_session_that_ends_takes_its_processes_with_it(stage):
    stream_id = stage.begin_managed(CAM, restream_destinations=PLACES)
    stage.report("streaming", stream_id)
    processes = stage.processes
    assert len(processes.running) == 2

    stage.end()

    assert processes.running == []
    assert stage.clock.getDelayedCalls() == []
    assert IManagedStreams(stage.house).find(stream_id) is None


def test_an_answer_after_the_end_is_nothing(stage):
    stream_id = stage.begin()
    stage.report("stopped", stream_id)

    stage.handle("glasses", StreamKeepAliveAck(stream_id=stream_id, ack_id="x"), stage.glasses)

    assert stage.clock.getDelayedCalls() == []
