"""What is said to the assistant is nobody's business: not the log's, and not other people's."""

import io

import pytest
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from mentra.assistant_tokens import AssistantTokens
from mentra.errors import Refused
from mentra.extension import tool
from mentra.interfaces.services import IAssistantTokens
from mentra.logs import make_observer
from mentra.messages.llm import ToolCall
from mentra.testing.engines import loud
from mentra.testing.house import WALL_TIME
from mentra.testing.voice import guest_token
from mentra.testing.wire import advance
from mentra.tokens import Tokens

ANN = "ann@x.org"
QUESTION, ANSWER = "where are my keys", "They are in the fridge."
SECRET = "s3cr3t" * 8


@tool("look")
def look(asked, use):
    """Looks for keys."""
    raise LookupError("no eyes")


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


def test_a_conversation_with_all_that_goes_wrong_in_it_leaves_no_secret_in_the_log(
    set_talk, clock, heard, logged_failures
):
    events, lines = heard
    token = Tokens(SECRET, now=lambda: WALL_TIME).issue_user(ANN, 3600.0)
    judge = AssistantTokens(SECRET, now=lambda: WALL_TIME)
    stage = set_talk(look, parts={IAssistantTokens: judge})
    stage.connect(f"{token}x")
    client = stage.connect(token)
    client.send(f'{{"type":"text","timestamp":1,"data":"{QUESTION}"'.encode())
    client.speak(loud(500))
    client.say("end_utterance")
    stage.engines.stream.hear(QUESTION)
    chat = stage.engines.chat
    chat.say(ANSWER)
    chat.call(ToolCall(id="1", name="look", input={}))
    chat.finish("tool_use")
    stage.engines.chat.say(ANSWER)
    stage.engines.chat.fail("RATE_LIMITED", f"{ANSWER} {SECRET}")
    client.speak(loud(500))
    stage.engines.stream.fail(message=QUESTION)
    stage.engines.utterances.problem = Refused("ENGINE_FAILED", ANSWER)
    client.say("text", {"text": QUESTION})
    stage.engines.chat.say(f"{ANSWER} Really.")
    client.line.lose()
    advance(clock, 70, 1)
    logged_failures.clear()

    written = lines.getvalue()
    told = [
        formatEvent(event) or "" for event in events
        if event.get("log_level", LogLevel.info) is not LogLevel.debug
    ]  # fmt: skip
    assert "RATE_LIMITED" in written
    assert "no eyes" in written
    for text in ("\n".join(told), written):
        for secret in (token, SECRET, QUESTION, ANSWER):
            assert secret not in text
        assert ANN not in text


def test_nobody_hears_what_others_say(set_talk, clock):
    stage = set_talk()
    ann = stage.connect()
    others = [
        stage.connect("user:bob@x.org", sessionId=ann.session_id),
        stage.connect(guest_token(WALL_TIME * 1000), sessionId=ann.session_id),
        stage.connect(),
    ]

    ann.say("text", {"text": QUESTION})
    stage.engines.chat.say(ANSWER)
    stage.engines.chat.finish()
    advance(clock, 1)

    assert ann.take("llm_response")
    assert [one.take() for one in others] == [[], [], []]


def test_one_conversation_is_not_remembered_in_another(set_talk, clock):
    stage = set_talk()
    first, second = stage.connect(), stage.connect()
    first.say("text", {"text": QUESTION})
    stage.engines.chat.say(ANSWER)
    stage.engines.chat.finish()
    advance(clock, 1)

    second.say("text", {"text": "hello"})

    assert [one.content for one in stage.engines.chat.request.messages] == ["hello"]
