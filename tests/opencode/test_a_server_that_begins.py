"""While OpenCode begins: nothing that is asked of it is lost, and nobody waits for nothing."""

import pytest
from twisted.internet.defer import Deferred

from mentra.errors import Refused
from mentra.messages.opencode import (
    AgentList,
    CreateSession,
    ErrorResponse,
    ListAgents,
    SendMessage,
    SessionInfo,
)
from mentra.opencode.readiness import Readiness
from mentra.testing.opencode_prompts import Canned

HEALTH = "GET /global/health"


@pytest.fixture
def stale(scene):
    """A bridge that has not heard its server for a second, and a client."""

    def make():
        one = scene()
        desktop = one.desktop()
        one.clock.advance(1)
        one.server.requests.clear()
        return one, desktop

    return make


def test_what_is_asked_meanwhile_waits_and_is_done_once(stale):
    one, desktop = stale()
    one.server.is_starting = True
    desktop.say(1, CreateSession())
    one.clock.advance(0.5)
    before = desktop.heard()

    one.server.is_starting = False
    one.clock.advance(0.6)

    assert before == []
    ((_, answer),) = desktop.heard()
    assert isinstance(answer, SessionInfo)
    assert one.server.requests == [HEALTH, HEALTH, "POST /session"]


def test_all_wait_for_one_and_the_same_answer(stale):
    one, desktop = stale()
    one.server.is_starting = True
    for number in range(10):
        desktop.say(number, ListAgents())

    one.server.is_starting = False
    one.clock.advance(1.1)

    assert len(desktop.heard()) == 10
    assert one.server.requests.count(HEALTH) == 2


def test_a_prompt_waits_too(stale):
    one, desktop = stale()
    session_id = one.session()
    one.server.is_starting = True
    desktop.say(1, SendMessage(session_id=session_id, text="x"))
    one.clock.advance(0.5)

    one.server.is_starting = False
    one.clock.advance(0.6)

    assert [answer.finish_reason for _, answer in desktop.heard()[-1:]] == ["stop"]


def test_one_that_never_answers_is_given_up_and_nothing_was_asked_of_it(stale):
    one, desktop = stale()
    one.server.is_starting = True

    desktop.say(1, CreateSession())
    for _ in range(8):
        one.clock.advance(1)

    ((_, answer),) = desktop.heard()
    assert answer.code == "HTTP_ERROR"
    assert answer.message.endswith("cannot be reached: no answer within 4 s")
    assert one.server.requests == [HEALTH] * 3


def test_one_that_is_not_there_is_told_of_at_once(stale):
    one, desktop = stale()
    one.server.is_down = True

    assert desktop.ask(ListAgents()) == ErrorResponse(
        code="HTTP_ERROR",
        message="the OpenCode server at http://127.0.0.1:4096 cannot be reached: "
        "the connection was refused",
    )


def test_one_that_answers_all_the_time_is_not_asked_how_it_is(stale):
    one, desktop = stale()

    for number in range(5):
        desktop.say(number, ListAgents())
        one.clock.advance(0.4)

    assert len(desktop.heard()) == 5
    assert one.server.requests == [HEALTH, *["GET /agent"] * 5]


@pytest.mark.parametrize(
    "page", [Canned(200, b"<html>", "text/html"), Canned(404, b"{}"), Canned(503, b"")], ids=repr
)
def test_one_that_knows_of_no_health_is_there(stale, page):
    one, desktop = stale()
    one.server.canned[HEALTH] = page

    assert isinstance(desktop.ask(ListAgents()), AgentList)


def test_whoever_goes_is_not_waited_for(stale):
    one, desktop = stale()
    one.server.is_starting = True
    desktop.say(1, CreateSession())

    desktop.line.lose()
    one.server.is_starting = False
    one.clock.advance(2)

    assert "POST /session" not in one.server.requests


# -- a server that we start ------------------------------------------------------------------------


class Started:
    """A server that is being started, and does not listen yet."""

    def __init__(self, clock) -> None:
        self.is_starting = True
        self.is_there = False
        self.has_answered = False
        self.trouble = None
        self.knocks = 0
        self.readiness = Readiness(self.knock, self, clock)

    def answered(self) -> None:
        self.has_answered = True

    async def knock(self) -> None:
        self.knocks += 1
        if not self.is_there:
            raise Refused("HTTP_ERROR", "refused")


@pytest.fixture
def started(clock):
    return Started(clock)


def wait(started, failures=None):
    waiting = Deferred.fromCoroutine(started.readiness.wait())
    return waiting if failures is None else waiting.addErrback(failures.append)


def test_one_that_we_start_is_waited_for(clock, started):
    waiting = wait(started)
    clock.advance(0.1)
    before = waiting.called

    started.is_there = True
    clock.advance(0.1)

    assert (before, waiting.called) == (False, True)
    assert started.knocks == 3
    assert started.has_answered


def test_one_that_we_start_in_vain_is_not_waited_for_any_longer(clock, started):
    failures = []
    wait(started, failures)

    started.is_starting = False
    clock.advance(0.1)

    assert [failure.value.message for failure in failures] == ["refused"]


def test_why_one_that_we_start_is_not_there_is_told_at_once(started):
    failures = []
    started.trouble = "OpenCode ended with status 1; it is started anew in 4 s"

    wait(started, failures)

    assert [failure.value.message for failure in failures] == [started.trouble]
    assert started.knocks == 0


def test_once_nobody_waits_it_is_not_knocked_at(clock, started):
    failures = []
    waiting = [wait(started, failures), wait(started, failures)]

    for one in waiting:
        one.cancel()

    assert clock.getDelayedCalls() == []
    assert len(failures) == 2
