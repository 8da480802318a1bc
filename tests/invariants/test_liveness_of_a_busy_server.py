"""Invariant 5: a server that takes nobody any more still says that it lives."""

import json

from twisted.internet.defer import Deferred

from mentra.extension import handler
from mentra.interfaces.services import IObserved, IReadiness
from mentra.messages import Message
from mentra.testing.wire import Line
from mentra.web.metrics import Metrics
from mentra.web.readiness import Readiness
from mentra.web.site import make_site
from mentra.wire.admission import Bounds
from mentra.wire.front_door import FrontDoorFactory

NOBODY = Bounds(connections=1, per_user=10, per_address=0, per_second=1.0)


class Wait(Message, frozen=True, kw_only=True, tag="wait"):
    """Never answered."""


@handler("glasses", Wait)
async def wait(message, context):
    """Wait for nothing."""
    await Deferred()


def ask(line: Line, path: str) -> tuple[int, str]:
    line.send_bytes(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = line.transport.value().partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def test_full_and_waiting_it_lives_and_is_ready_and_says_what_is_missing(set_stage, clock):
    readiness = Readiness()
    parts = {IReadiness: readiness, IObserved: Metrics(clock)}
    stage = set_stage(wait, parts=parts, bounds=NOBODY)
    stage.glasses().say(type="wait")
    refused = stage.port.call().upgrade("/glasses-ws?token=user:bob@x.org")
    door = FrontDoorFactory(
        stage.port.edge.factories, make_site(stage.house), clock=clock, patience=10.0
    )

    alive = ask(Line(door, "127.0.0.1"), "/livez")
    ready = ask(Line(door, "127.0.0.1"), "/readyz")
    readiness.lacks("stores", "they are being read")
    unready = ask(Line(door, "127.0.0.1"), "/readyz")
    alive_still = ask(Line(door, "127.0.0.1"), "/livez")

    assert refused.status == 503
    assert 1 <= refused.body["retryAfter"] <= 15
    assert alive == alive_still == (200, "ok")
    assert ready[0] == 200
    assert unready[0] == 503
    assert json.loads(unready[1])["missing"] == {"stores": "they are being read"}
