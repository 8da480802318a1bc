"""Prompts through the bridge: what is told of a run, how it is stopped, and what may go wrong."""

import json

import pytest

from mentra.messages.opencode import (
    Cancel,
    ChatCompleted,
    ChatToken,
    DeleteSession,
    Done,
    ErrorResponse,
    ListSessions,
    PermissionReply,
    PermissionRequest,
    SendMessage,
    ToolCallEvent,
)
from mentra.testing.opencode import FakeOpencode
from mentra.testing.opencode_prompts import Canned, error


def quiet():
    """A server whose model does what the test says."""
    return FakeOpencode(respond=None)


@pytest.fixture
def chat(scene):
    """A bridge, a client, a session, and a prompt that the server has got."""

    def begin(server=None, request_id=7, **fields):
        one = scene(server or quiet())
        session_id = one.session()
        desktop = one.desktop()
        desktop.say(request_id, SendMessage(session_id=session_id, text="hello", **fields))
        return one, desktop, one.server.prompts[-1] if one.server.prompts else None

    return begin


def told(desktop):
    """What was said since, without the ids of requests, which are all the same."""
    heard = desktop.heard()
    assert {request_id for request_id, _ in heard} <= {7}
    return [answer for _, answer in heard]


def test_an_answer_comes_word_by_word(scene):
    one = scene()
    session_id = one.session()
    desktop = one.desktop()

    desktop.say(7, SendMessage(session_id=session_id, text="hello there"))

    *tokens, completed = told(desktop)
    assert [token.text for token in tokens] == ["Echo: ", "hello ", "there "]
    assert {(one.session_id, one.reasoning) for one in tokens} == {(session_id, False)}
    assert completed == ChatCompleted(
        session_id=session_id, message_id=tokens[0].message_id, text="Echo: hello there ",
        finish_reason="stop", input_tokens=5, output_tokens=7, cost=0.5,
    )  # fmt: skip


def test_a_prompt_is_sent_as_the_server_wants_it(chat):
    _, _, prompt = chat(provider_id="anthropic", model_id="claude", agent="plan")

    assert prompt.body == {
        "parts": [{"type": "text", "text": "hello"}],
        "model": {"providerID": "anthropic", "modelID": "claude"},
        "agent": "plan",
    }


def test_without_a_model_the_server_takes_its_own(chat):
    _, _, prompt = chat()

    assert prompt.body == {"parts": [{"type": "text", "text": "hello"}]}


@pytest.mark.parametrize(
    "fields",
    [{"text": ""}, {"session_id": ""}, {"session_id": "../x"}, {"provider_id": "x"},
     {"model_id": "x"}, {"provider_id": "", "model_id": "x"}],
    ids=str,
)  # fmt: skip
def test_what_lacks_something_is_refused(scene, fields):
    one = scene()
    request = {"session_id": one.session(), "text": "hello"} | fields

    answer = one.desktop().ask(SendMessage(**request))

    assert answer.code == "INVALID_REQUEST"
    assert one.server.prompts == []


def test_thinking_aloud_is_marked(chat):
    _, desktop, prompt = chat()
    prompt.begin()

    prompt.speak("hm", kind="reasoning")
    prompt.speak("yes")
    prompt.end()

    thought, answer, completed = told(desktop)
    assert (thought.text, thought.reasoning) == ("hm", True)
    assert (answer.text, answer.reasoning) == ("yes", False)
    assert completed.text == "yes"


def test_a_tool_is_told_once_for_each_status_and_when_it_brings_more(chat):
    _, desktop, prompt = chat()
    prompt.begin()

    state = {"status": "pending", "input": {}, "raw": ""}
    part = prompt.part("tool", tool="bash", callID="call_1", state=state)
    running = {"status": "running", "input": {"command": "ls"}, "time": {"start": 1}}
    prompt.update(part, state=running)
    prompt.update(part, state=running)
    prompt.update(part, state=running | {"metadata": {"output": "a\n"}})
    prompt.update(part, state=running | {"metadata": {"output": "a\n"}, "title": "ls"})
    prompt.update(part, state=running | {"metadata": {"output": "a\nb\n"}})
    prompt.update(
        part,
        state=running | {"status": "completed", "output": "a\nb\n", "title": "ls"},
    )

    events = told(desktop)
    assert [(one.status, one.output) for one in events] == [
        ("pending", None), ("running", None), ("running", "a\n"), ("running", "a\nb\n"),
        ("completed", "a\nb\n"),
    ]  # fmt: skip
    assert json.loads(events[-1].input_json) == {"command": "ls"}
    assert events[-1] == ToolCallEvent(
        session_id=prompt.session_id, message_id=prompt.message_id, call_id="call_1", tool="bash",
        status="completed", input_json=events[-1].input_json, output="a\nb\n", title="ls",
    )  # fmt: skip


def test_a_tool_that_fails_says_why(chat):
    _, desktop, prompt = chat()
    prompt.begin()

    prompt.part("tool", tool="bash", callID="c", state={"status": "error", "error": "no such file"})

    assert [(one.status, one.error) for one in told(desktop)] == [("error", "no such file")]


def test_steps_with_tools_are_one_run(chat):
    _, desktop, prompt = chat()
    prompt.begin()
    prompt.speak("let me see")
    prompt.step()
    prompt.begin()
    prompt.speak("there it is")

    prompt.end()

    *tokens, completed = told(desktop)
    assert "".join(token.text for token in tokens) == "let me seethere it is"
    assert completed.text == "there it is"
    assert (completed.input_tokens, completed.output_tokens, completed.cost) == (10, 14, 1.0)


def test_a_run_that_ends_with_tools_says_so(chat):
    _, desktop, prompt = chat()
    prompt.begin()

    prompt.end(finish="tool-calls")

    assert [one.finish_reason for one in told(desktop)] == ["tool-calls"]


def test_consent_is_asked_for_and_given(chat):
    one, desktop, prompt = chat()
    prompt.begin()

    prompt.event(
        "permission.asked", id="per_1", permission="bash", patterns=["rm *"],
        metadata={"command": "rm x"}, tool={"messageID": "m", "callID": "call_1"},
    )  # fmt: skip
    (asked,) = told(desktop)
    reply = desktop.ask(PermissionReply(permission_id="per_1", reply="always"))

    assert json.loads(asked.metadata_json) == {"command": "rm x"}
    assert asked == PermissionRequest(
        session_id=prompt.session_id, permission_id="per_1", permission="bash",
        patterns=("rm *",), call_id="call_1", metadata_json=asked.metadata_json,
    )  # fmt: skip
    assert reply == Done()
    assert one.server.permissions == {"per_1": "always"}


@pytest.mark.parametrize(
    ("permission_id", "reply"),
    [("per_1", ""), ("per_1", "yes"), ("", "once"), ("ses_1", "once"), ("per_1/../x", "once")],
)
def test_consent_that_makes_no_sense_is_refused(scene, permission_id, reply):
    one = scene()

    answer = one.desktop().ask(PermissionReply(permission_id=permission_id, reply=reply))

    assert answer.code == "INVALID_REQUEST"
    assert one.server.permissions == {}


def test_a_sub_agent_asks_for_consent_too(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    child = one.server.new_session(parentID=prompt.session_id)["id"]
    grandchild = one.server.new_session(parentID=child)["id"]

    for number, session_id in ((1, child), (2, grandchild)):
        one.server.event(
            "permission.asked", id=f"per_{number}", sessionID=session_id, permission="edit"
        )

    assert [one.session_id for one in told(desktop)] == [child, grandchild]


def test_what_a_sub_agent_says_is_not_said_by_the_model(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    child = one.server.new_session(parentID=prompt.session_id)["id"]
    info = {"id": "msg_c", "role": "assistant", "parentID": "msg_u"}

    one.server.event("message.updated", sessionID=child, info=info)
    part = {"id": "p", "type": "text", "messageID": "msg_c", "text": "psst"}
    one.server.event("message.part.updated", sessionID=child, part=part)

    assert told(desktop) == []


def consent(number, session_id):
    """What waits, as the server lists it."""
    return {"id": number, "sessionID": session_id, "permission": "bash", "patterns": ["rm *"]}


QUESTIONS = [
    {
        "question": "Which colour?", "header": "Colour",
        "options": [{"label": "Red", "description": "warm"}, {"label": "Blue"}],
    },
    {"question": "Which sizes?", "header": "Sizes", "options": [], "multiple": True},
]  # fmt: skip


def test_a_question_comes_as_a_request_for_consent(chat):
    _, desktop, prompt = chat()
    prompt.begin()

    for _ in range(2):
        prompt.event("question.asked", id="que_1", questions=QUESTIONS, tool={"callID": "call_1"})

    (asked,) = told(desktop)
    assert json.loads(asked.metadata_json)["questions"][0] == {
        "question": "Which colour?", "header": "Colour",
        "options": [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": ""}],
    }  # fmt: skip
    assert json.loads(asked.metadata_json)["questions"][1]["multiple"]
    assert asked == PermissionRequest(
        session_id=prompt.session_id, permission_id="que_1", permission="question",
        patterns=("Which colour?", "Which sizes?"), call_id="call_1",
        metadata_json=asked.metadata_json,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "server_is_told"),
    [
        ("Red", [["Red"]]),
        ('[["Red"],["S","L"]]', [["Red"], ["S", "L"]]),
        ('["Red"]', [['["Red"]']]),
        ("[" * 100_000, [["[" * 100_000]]),
        ("once", []),
        ("always", []),
        ("reject", "reject"),
    ],
    ids=["words", "each", "other JSON", "deep", "consent", "consent for ever", "none"],
)
def test_a_question_is_answered(scene, reply, server_is_told):
    one = scene()

    answer = one.desktop().ask(PermissionReply(permission_id="que_1", reply=reply))

    assert answer == Done()
    assert one.server.permissions == {"que_1": server_is_told}


@pytest.mark.parametrize(
    ("permission_id", "reply"),
    [("que_1", ""), ("que_1", " "), ("que/../x", "Red"), ("que/../x", "reject")],
)
def test_an_answer_to_a_question_that_makes_no_sense_is_refused(scene, permission_id, reply):
    one = scene()

    answer = one.desktop().ask(PermissionReply(permission_id=permission_id, reply=reply))

    assert answer.code == "INVALID_REQUEST"
    assert one.server.permissions == {}


def test_what_the_user_said_and_summaries_are_not_told(chat):
    _, desktop, prompt = chat()
    prompt.event("message.updated", info={"id": prompt.user_id, "role": "user"})
    part = {"id": "prt_u", "type": "text", "messageID": prompt.user_id, "text": "hello"}
    prompt.event("message.part.updated", part=part)
    summary = {"id": "msg_s", "role": "assistant", "parentID": "msg_x", "summary": True}
    prompt.event("message.updated", info=summary)
    prompt.event("message.part.updated", part=part | {"id": "prt_s", "messageID": "msg_s"})

    assert told(desktop) == []


def test_what_an_earlier_run_still_says_is_not_told(chat):
    _, desktop, prompt = chat()
    prompt.begin()
    prompt.speak("first")
    first = prompt.info(finish="stop"), dict(prompt.parts[0])
    prompt.end()
    told(desktop)

    desktop.say(7, SendMessage(session_id=prompt.session_id, text="again"))
    prompt.event("message.updated", info=first[0])
    prompt.event("message.part.updated", part=first[1] | {"text": "first and more"})

    assert told(desktop) == []


def test_a_provider_that_fails_is_told_with_its_name(chat):
    _, desktop, prompt = chat()
    prompt.begin()
    prompt.speak("well")

    prompt.end(error={"name": "APIError", "data": {"message": "wrong key sk-abcdefghijklmnop"}})

    _, completed = told(desktop)
    assert completed.finish_reason == "error"
    assert not completed.cancelled
    assert completed.error == ErrorResponse(code="APIERROR", message="wrong key [secret]")


def test_an_error_of_the_session_counts_if_the_message_has_none(chat):
    _, desktop, prompt = chat()
    prompt.begin()

    prompt.event("session.error", error={"data": {"message": "out of memory"}})
    prompt.end(cost=0)

    (completed,) = told(desktop)
    assert completed.error == ErrorResponse(code="PROVIDER_ERROR", message="out of memory")


def test_an_error_that_was_overcome_is_not_told(chat):
    _, desktop, prompt = chat()
    prompt.begin()

    prompt.event("session.error", error={"name": "ContextOverflowError"})
    prompt.end()

    assert [(one.finish_reason, one.error) for one in told(desktop)] == [("stop", None)]


def test_a_provider_that_is_asked_again_costs_nothing(chat):
    _, desktop, prompt = chat()
    prompt.begin()

    prompt.event("session.status", status={"type": "retry", "attempt": 1, "next": 2})
    prompt.speak("there")
    prompt.end()

    assert [type(one) for one in told(desktop)] == [ChatToken, ChatCompleted]


def test_a_model_that_is_not_there_is_an_error(chat):
    one, desktop, prompt = chat()

    prompt.finish(error(500, "UnknownError", "Unexpected server error"))

    assert told(desktop) == [
        ErrorResponse(code="HTTP_ERROR", message="500: Unexpected server error")
    ]
    # and the next one may come at once
    desktop.say(7, SendMessage(session_id=prompt.session_id, text="again"))
    assert len(one.server.prompts) == 2


@pytest.mark.parametrize("answer", [Canned(200, b"<html>", "text/html"), Canned(200, b"{}")])
def test_an_answer_that_is_none_is_an_error(chat, answer):
    _, desktop, prompt = chat()
    prompt.begin()

    prompt.finish(answer)

    assert [one.code for one in told(desktop)] == ["PARSE_ERROR"]


def test_a_session_that_is_not_there_is_an_error(scene):
    answer = scene().desktop().ask(SendMessage(session_id="ses_x", text="hello"))

    assert answer == ErrorResponse(code="HTTP_ERROR", message="404: Session not found: ses_x")


@pytest.mark.parametrize("place", ["GET /session/status", "GET /session/ses_000001/message"])
def test_a_server_that_does_not_know_a_call_answers_all_the_same(scene, place):
    one = scene()
    session_id = one.session()
    one.server.canned[place] = Canned(200, b"<html>", "text/html")
    desktop = one.desktop()

    desktop.say(7, SendMessage(session_id=session_id, text="hello"))

    assert told(desktop)[-1].text == "Echo: hello "


def test_a_second_prompt_is_too_much(chat):
    one, desktop, prompt = chat()
    other = one.desktop()

    assert desktop.ask(SendMessage(session_id=prompt.session_id, text="x"), 8).code == "BUSY"
    assert other.ask(SendMessage(session_id=prompt.session_id, text="x"), 9).code == "BUSY"
    assert len(one.server.prompts) == 1


def test_a_session_that_somebody_else_has_at_work_is_busy(scene):
    one = scene()
    session_id = one.session()
    one.server.busy[session_id] = {"type": "retry", "attempt": 1}

    assert one.desktop().ask(SendMessage(session_id=session_id, text="x")).code == "BUSY"
    assert one.server.prompts == []


def test_after_a_run_the_next_may_come(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    prompt.end()

    desktop.say(7, SendMessage(session_id=prompt.session_id, text="again"))
    one.server.prompts[1].begin()
    one.server.prompts[1].speak("yes")
    one.server.prompts[1].end()

    assert [type(one) for one in told(desktop)] == [ChatCompleted, ChatToken, ChatCompleted]


# -- stopping --------------------------------------------------------------------------------------


def test_a_run_is_cancelled_by_its_request(chat):
    _, desktop, prompt = chat()
    prompt.begin()
    prompt.delta(prompt.part("text", text=""), "wel")

    desktop.say(8, Cancel(target_request_id=7))

    heard = desktop.heard()
    assert (8, Done()) in heard
    ((_, completed),) = [one for one in heard if isinstance(one[1], ChatCompleted)]
    assert completed.cancelled
    assert (completed.finish_reason, completed.error) == ("aborted", None)


def test_a_run_that_is_stopped_between_two_attempts_is_stopped(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    one.server.deaf = 1

    desktop.say(8, Cancel(target_request_id=7))
    prompt.end(cost=0)

    heard = dict(desktop.heard())
    assert heard[8] == Done()
    assert (heard[7].cancelled, heard[7].finish_reason, heard[7].error) == (True, "aborted", None)


def test_an_abort_that_is_lost_is_said_again(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    one.server.deaf = 2

    desktop.say(8, Cancel(target_request_id=7))
    before = desktop.heard()
    one.clock.advance(0.5)
    one.clock.advance(0.5)

    assert before == [(8, Done())]
    assert [one.cancelled for one in told(desktop)] == [True]


def test_a_server_that_does_not_stop_is_given_up(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    one.server.deaf = 1000

    desktop.say(8, Cancel(target_request_id=7))
    for _ in range(32):
        one.clock.advance(0.5)

    ((_, done), (_, completed)) = desktop.heard()
    assert done == Done()
    assert (completed.cancelled, completed.finish_reason) == (True, "aborted")


@pytest.mark.parametrize(
    "request_", [Cancel(), Cancel(target_request_id=99), Cancel(session_id="ses_000001")], ids=repr
)
def test_what_does_not_run_is_cancelled_all_the_same(scene, request_):
    assert scene().desktop().ask(request_) == Done()


def test_a_session_is_cancelled_whoever_is_at_work_there(chat):
    one, desktop, prompt = chat()
    prompt.begin()

    answer = one.desktop().ask(Cancel(session_id=prompt.session_id), 3)

    assert answer == Done()
    assert [one.cancelled for one in told(desktop)] == [True]


def test_a_cancel_cannot_reach_what_is_no_session(scene):
    one = scene()

    assert one.desktop().ask(Cancel(session_id="../x")).code == "INVALID_REQUEST"
    assert one.server.requests == []


def test_a_client_that_goes_away_stops_its_run(chat):
    one, desktop, prompt = chat()
    prompt.begin()

    desktop.line.lose()

    assert f"POST /session/{prompt.session_id}/abort" in one.server.requests
    assert one.server.busy == {}


def test_once_it_has_stopped_the_session_is_free(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    desktop.line.lose()

    for _ in range(20):
        one.clock.advance(0.1)
    one.desktop().say(1, SendMessage(session_id=prompt.session_id, text="x"))

    assert len(one.server.prompts) == 2


def test_until_it_has_stopped_the_session_is_busy(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    one.server.deaf = 3

    desktop.line.lose()
    answer = one.desktop().ask(SendMessage(session_id=prompt.session_id, text="x"))
    for _ in range(30):
        one.clock.advance(0.1)

    assert answer.code == "BUSY"
    assert one.server.busy == {}
    assert len([line for line in one.server.requests if line.endswith("/abort")]) >= 4


def test_a_run_that_begins_after_its_client_is_gone_is_stopped_too(chat):
    one, desktop, prompt = chat()

    desktop.line.lose()
    one.clock.advance(0.3)
    prompt.begin()
    for _ in range(30):
        one.clock.advance(0.1)

    assert one.server.busy == {}


def test_deleting_a_session_ends_its_run(chat):
    one, desktop, prompt = chat()
    prompt.begin()

    desktop.say(8, DeleteSession(session_id=prompt.session_id))
    one.clock.advance(0.2)

    answers = dict(desktop.heard())
    assert answers[7].cancelled
    assert answers[8] == Done()
    assert one.server.sessions == {}


def test_the_end_of_the_bridge_stops_what_runs(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    desktop.line.lose()

    stopped = one.house.stopService()
    for _ in range(30):
        one.clock.advance(0.1)

    assert stopped.called
    assert one.server.busy == {}


# -- events that are late, or do not come ----------------------------------------------------------


def test_what_events_did_not_bring_comes_before_the_end(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    part = prompt.part("text", text="", time={"start": 1})
    prompt.delta(part, "one ")
    part.update(text="one two", time={"start": 1, "end": 2})

    prompt.answer(finish="stop")
    one.clock.advance(1.1)

    *tokens, completed = told(desktop)
    assert [token.text for token in tokens] == ["one ", "two"]
    assert completed.text == "one two"


def test_events_that_break_off_cost_no_word(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    part = prompt.part("text", text="", time={"start": 1})
    prompt.delta(part, "one ")

    one.server.break_streams()
    one.server.after_write()
    prompt.delta(part, "lost ")
    one.clock.advance(0.3)
    prompt.delta(part, "again ")
    prompt.update(part, text="one lost again ", time={"start": 1, "end": 2})
    prompt.end()

    *tokens, completed = told(desktop)
    assert "".join(token.text for token in tokens) == completed.text == "one lost again "
    assert len(one.server.streams) == 1


def test_what_was_asked_while_no_events_came_is_asked_after_that(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    one.server.break_streams()

    one.server.waiting["permission"] = [consent("per_1", prompt.session_id)]
    one.server.waiting["question"] = [consent("que_1", prompt.session_id)]
    one.clock.advance(0.3)

    assert [one.permission_id for one in told(desktop)] == ["per_1", "que_1"]


def test_what_was_asked_before_is_not_asked_again(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    prompt.event("permission.asked", id="per_1", permission="bash")
    one.server.waiting["permission"] = [consent("per_1", prompt.session_id)]

    one.server.break_streams()
    one.clock.advance(0.3)

    assert [one.permission_id for one in told(desktop)] == ["per_1"]


def test_what_a_sub_agent_asked_while_no_events_came_is_asked_after_that(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    one.server.break_streams()

    child = one.server.new_session(parentID=prompt.session_id)["id"]
    grandchild = one.server.new_session(parentID=child)["id"]
    one.server.waiting["permission"] = [consent("per_1", grandchild)]
    one.clock.advance(0.3)

    assert [(one.session_id, one.permission_id) for one in told(desktop)] == [(grandchild, "per_1")]


def test_what_others_are_asked_is_nobody_elses_business(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    one.server.break_streams()

    one.server.waiting["permission"] = [
        consent("per_1", one.session()),
        consent("per_2", "ses_gone"),
        consent("per_3", prompt.session_id),
    ]
    one.clock.advance(0.3)

    assert [one.permission_id for one in told(desktop)] == ["per_3"]


def test_a_server_that_does_not_say_what_waits_costs_nothing(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    one.server.canned["GET /permission"] = Canned(200, b"<html>", "text/html")
    one.server.break_streams()

    one.clock.advance(0.3)
    prompt.speak("still here")

    assert [one.text for one in told(desktop)] == ["still here"]


def test_a_step_that_nobody_heard_of_is_read_at_the_end(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    one.server.break_streams()
    prompt.speak("unheard")
    prompt.step()
    prompt.begin()
    prompt.speak("last")

    prompt.answer(finish="stop")
    one.clock.advance(1.1)

    *tokens, completed = told(desktop)
    assert [token.text for token in tokens] == ["unheard", "last"]
    assert completed.text == "last"


def test_without_events_there_is_no_prompt(scene):
    one = scene()
    session_id = one.session()
    one.server.canned["GET /event"] = Canned(200, b"<html>", "text/html")

    answer = one.desktop().ask(SendMessage(session_id=session_id, text="x"))

    assert answer.code == "PARSE_ERROR"
    assert one.server.prompts == []


def test_events_that_do_not_begin_are_not_waited_for_long(scene):
    one = scene()
    session_id = one.session()
    one.server.says_hello = False
    desktop = one.desktop()

    desktop.say(7, SendMessage(session_id=session_id, text="x"))
    before = told(desktop)
    one.clock.advance(30.1)

    assert before == []
    assert [one.code for one in told(desktop)] == ["HTTP_ERROR"]


def test_events_that_did_not_begin_are_asked_for_anew(scene):
    one = scene()
    session_id = one.session()
    one.server.says_hello = False
    desktop = one.desktop()
    desktop.say(7, SendMessage(session_id=session_id, text="x"))
    one.clock.advance(30.1)
    told(desktop)

    one.server.says_hello = True
    desktop.say(7, SendMessage(session_id=session_id, text="x"))

    assert told(desktop)[-1].finish_reason == "stop"
    assert len(one.server.streams) == 1


def test_one_stream_serves_all_and_ends_when_nobody_listens(scene):
    one = scene()
    for _ in range(3):
        one.desktop().say(1, SendMessage(session_id=one.session(), text="x"))

    open_then = len(one.server.streams)
    one.clock.advance(61)
    one.server.after_write()

    assert (open_then, len(one.server.streams)) == (1, 0)
    assert [line for line in one.server.requests if "/event" in line] == ["GET /event"]


def test_nonsense_among_events_is_passed_over(chat):
    one, desktop, prompt = chat()
    prompt.begin()

    for request in one.server.streams:
        request.write(b': a comment\n\ndata: {\n\ndata: 7\n\ndata: {"type": 5}\n\n')
        request.write(b'data: {"type":"message.updated","properties":{"sessionID":"%s"}}\n\n'
                      % prompt.session_id.encode())  # fmt: skip
        request.write(b"data: \xff\xfe\n\n")
    prompt.speak("still here")

    assert [one.text for one in told(desktop)] == ["still here"]


def test_a_hundred_requests_are_on_their_way_at_once(scene):
    one = scene(quiet())
    desktop = one.desktop()
    sessions = [one.session() for _ in range(50)]

    for number, session_id in enumerate(sessions):
        desktop.say(2 * number + 1, SendMessage(session_id=session_id, text="x"))
        desktop.say(2 * number + 2, ListSessions())
    for prompt in reversed(one.server.prompts):
        prompt.begin()
        prompt.speak("x")
        prompt.end()

    heard = desktop.heard()
    last = sorted(number for number, answer in heard if not isinstance(answer, ChatToken))
    assert last == list(range(1, 101))


def test_nothing_is_left_when_all_is_over(chat):
    one, desktop, prompt = chat()
    prompt.begin()
    prompt.end()
    desktop.line.lose()

    one.house.stopService()
    one.port.edge.stopService()
    one.clock.advance(31)

    assert one.clock.getDelayedCalls() == []
