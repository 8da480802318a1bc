"""Invariant 2: whatever a session started ends with it."""

import gc
import weakref

import pytest

from mentra.admin import hush
from mentra.interfaces.session import ISessions
from mentra.testing.house import success_of
from mentra.testing.wire import advance
from tests.invariants.conftest import CAPTIONS


@pytest.fixture(autouse=True)
def begun_log():
    """Until logging has begun, Twisted keeps all events, and with them whoever logged them."""
    hush()


@pytest.mark.parametrize("leaves", ["first the glasses", "first the app", "with the server"])
def test_a_session_in_which_everything_happened_leaves_neither_memory_nor_timers(
    set_stage, clock, leaves
):
    stage = set_stage()
    before = len(clock.getDelayedCalls())
    glasses = stage.glasses()
    app = stage.running(glasses)
    stage.talk(glasses, app)
    texts = [one["data"]["text"] for one in app.messages() if "text" in one.get("data", {})]
    assert texts, "the app was told something, or this proves nothing"
    session = weakref.ref(stage.session)

    if leaves == "with the server":
        success_of(ISessions(stage.house).end(session(), "the server stops"))
    for line in (app, glasses) if leaves == "first the app" else (glasses, app):
        line.lose()
        advance(clock, 1)
    advance(clock, 70, 1)
    # what a test's own fakes keep is no leak
    stage.house.http.requests.clear()
    del app, glasses, line
    gc.collect()

    assert stage.session is None
    assert session() is None
    assert len(clock.getDelayedCalls()) == before


def test_an_app_that_is_only_half_started_leaves_nothing_either(set_stage, clock):
    stage = set_stage()
    before = len(clock.getDelayedCalls())
    glasses = stage.glasses()
    told = stage.started(glasses)
    session = weakref.ref(stage.session)

    glasses.lose()
    advance(clock, 70, 1)
    stage.house.http.requests.clear()
    del glasses
    gc.collect()

    assert told["sessionId"].endswith(CAPTIONS)
    assert session() is None
    assert len(clock.getDelayedCalls()) == before
