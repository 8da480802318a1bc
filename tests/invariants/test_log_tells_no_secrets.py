"""Invariant 10: no log line has a token, a key, what was said, or whose it is."""

import io

import pytest
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from mentra.events import SessionEnding
from mentra.extension import handler, listener
from mentra.interfaces.services import ITokens
from mentra.interfaces.session import ISessions
from mentra.logs import make_observer
from mentra.messages import Message
from mentra.testing.house import WALL_TIME, success_of
from mentra.testing.wire import advance, client_frame
from mentra.tokens import Tokens
from tests.invariants.conftest import ANN, CAPTIONS, KEY, SAID

SECRET = "s3cr3t" * 8


class Poem(Message, frozen=True, kw_only=True, tag="poem"):
    """Something that a plugin chokes on."""

    text: str


@handler("glasses", Poem)
def poem(message, context):
    """Choke on it."""
    raise LookupError("no rhyme")


@listener(SessionEnding)
def deaf(event, session):
    """Hear nothing."""
    raise LookupError("no ears")


@pytest.fixture
def heard(clock):
    """Every event of the log, and the lines that are written of them."""
    events, lines = [], io.StringIO()
    observer = make_observer("text", "info", lines, clock, lambda: WALL_TIME)
    globalLogPublisher.addObserver(events.append)
    globalLogPublisher.addObserver(observer)
    yield events, lines
    globalLogPublisher.removeObserver(events.append)
    globalLogPublisher.removeObserver(observer)
    observer.close()


def test_a_whole_conversation_with_all_that_goes_wrong_in_it_tells_nobodys_secrets(
    set_stage, clock, heard, logged_failures
):
    events, lines = heard
    tokens = Tokens(SECRET, now=lambda: WALL_TIME, revoked_before=lambda user_id: None)
    stage = set_stage(poem, deaf, parts={ITokens: tokens})
    token = tokens.issue_user(ANN, 3600.0)
    glasses = stage.glasses()
    stage.port.call().upgrade(f"/glasses-ws?token={token}x")
    app = stage.running(glasses)
    stage.app(f"{ANN}-{CAPTIONS}", "wrong" + KEY)
    stage.talk(glasses, app)
    glasses.say(type="poem", text=SAID)
    glasses.send_bytes(client_frame(f'{{"type": "poem", "text": ["{SAID}"]}}'.encode()))
    app.send_bytes(client_frame(f'{{"type": 1, "apiKey": "{KEY}", "text": "{SAID}"'.encode()))
    stage.house.http.requests[0].fail(message="connection refused")
    app.lose()
    advance(clock, 20, 1)
    success_of(ISessions(stage.house).end(stage.session, "test"))
    glasses.lose()
    logged_failures.clear()

    written = lines.getvalue()
    assert "no rhyme" in written
    assert "no ears" in written
    told = [
        formatEvent(event) or "" for event in events
        if event.get("log_level", LogLevel.info) is not LogLevel.debug
    ]  # fmt: skip
    for text in ("\n".join(told), written):
        for secret in (token, SECRET, KEY, SAID):
            assert secret not in text
        assert ANN not in text
