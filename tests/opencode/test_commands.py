"""``mentra opencode``: what the commands print, typed to and piped to."""

import asyncio
import io
import json
import os
import threading

import pytest
from click.testing import CliRunner

from mentra.admin import main
from mentra.admin.opencode_chat import Chat, Manner
from mentra.errors import Refused
from mentra.messages.opencode import (
    Cancel,
    ChatCompleted,
    ChatToken,
    DeleteSession,
    ErrorResponse,
    ListAgents,
    PermissionReply,
    PermissionRequest,
    SendMessage,
    ToolCallEvent,
)
from mentra.opencode import handout
from mentra.opencode.handout import Handout
from tests.opencode.fake_bridge import TOKEN, fake_bridge

COMPLETED = ChatCompleted(text="yes", finish_reason="stop")


def mentra(*words):
    return CliRunner().invoke(main, ["opencode", *words])


def test_info_tells_port_and_token(tmp_path):
    handout.write(tmp_path, Handout(port=50_052, token="sesame"))

    plain = mentra("info", "--state-dir", str(tmp_path))
    as_json = mentra("info", "--json", "--state-dir", str(tmp_path))

    assert plain.output == "port   50052\ntoken  sesame\n"
    assert as_json.output == '{"port":50052,"token":"sesame"}\n'


@pytest.mark.parametrize("words", [["info"], ["check"], ["chat", "hi"]], ids=str)
def test_without_a_bridge_it_is_said_how_to_start_one(tmp_path, words):
    done = mentra(*words, "--state-dir", str(tmp_path))

    assert done.exit_code == 1
    assert f"no bridge runs with {tmp_path}; start one: mentra opencode serve" in done.output


def test_a_file_that_somebody_else_wrote_is_no_bridge(tmp_path):
    (tmp_path / handout.FILE_NAME).write_text("{")

    done = mentra("info", "--state-dir", str(tmp_path))

    assert done.exit_code == 1
    assert "is not what the server writes" in done.output


def test_a_model_is_a_provider_and_a_name():
    done = mentra("chat", "--model", "claude", "hi")

    assert done.exit_code == 2
    assert "write it as anthropic/" in done.output


def checked(**answers):
    from mentra.admin.opencode import _check

    async def scenario():
        async with asyncio.timeout(60), fake_bridge() as bridge:
            bridge.answers |= answers.get("more", {})
            return await _check(Handout(port=bridge.port, token=answers.get("token", TOKEN)))

    return asyncio.run(scenario())


def test_check_has_a_line_for_each_request(capsys):
    from mentra.messages.opencode import (
        ApiKeyAuth,
        AuthInfo,
        GetAuth,
        GetProviderStatus,
        ProviderStatus,
    )

    failed = checked(more={
        GetProviderStatus: lambda asked: [ProviderStatus(connected=("local", "openai"))],
        GetAuth: lambda asked: [AuthInfo(api_key=ApiKeyAuth(key="sesame"))],
    })  # fmt: skip

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert failed == 0
    assert lines == [
        "ok handshake the token is right", "ok list_sessions 1 session", "ok list_agents 1 agent",
        "ok get_provider_status local, openai", "ok get_auth local has a key",
    ]  # fmt: skip


def test_check_counts_what_fails(capsys):
    refusal = ErrorResponse(code="HTTP_ERROR", message="500: no")

    failed = checked(more={ListAgents: lambda asked: [refusal]})

    assert failed == 3  # two more are answered by what is no answer to them
    assert "failed  list_agents          HTTP_ERROR: 500: no\n" in capsys.readouterr().out


def test_check_goes_no_further_than_the_handshake(capsys):
    assert checked(token="wrong") == 1
    assert capsys.readouterr().out.startswith("failed  handshake")


# -- chat ------------------------------------------------------------------------------------------


def piped(text):
    """A pipe to read *text* from."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return reading


def talk(typed, *answers, text="", session=None, act=None, stdin=None, **manner):
    """What is printed, what was asked, and whether it failed."""

    async def scenario():
        with os.fdopen(piped(typed) if stdin is None else stdin) as lines:
            out = io.StringIO()
            async with asyncio.timeout(60), fake_bridge() as bridge:
                if answers:
                    bridge.answers[SendMessage] = lambda asked: answers
                chat = Chat(Handout(port=bridge.port, token=TOKEN), Manner(**manner), lines, out)
                run = asyncio.ensure_future(chat.run(text, session))
                if act is not None:
                    await act(chat, bridge, run)
                await run
            # whoever reads a file that is closed may read another one that gets its number
            for thread in threading.enumerate():
                if thread.name == "stdin":
                    thread.join()
        return out.getvalue(), bridge.asked, chat.failed

    return asyncio.run(scenario())


def test_what_is_said_is_answered_word_by_word():
    printed, asked, failed = talk(
        "", ChatToken(text="y"), ChatToken(text="es"), COMPLETED, text="well?"
    )

    assert printed == "[ses_2]\nyes\n"
    assert asked[-1] == SendMessage(session_id="ses_2", text="well?")
    assert not failed


def test_lines_are_said_one_after_the_other():
    printed, asked, _ = talk("one\n\n  two \n/quit\nthree\n", ChatToken(text="yes"), COMPLETED)

    assert printed == "[ses_2]\nyes\nyes\n"
    assert [one.text for one in asked if isinstance(one, SendMessage)] == ["one", "two"]


def test_a_session_is_gone_on_with():
    printed, asked, _ = talk(
        "", COMPLETED, text="hi", session="ses_1", model=("a", "b"), agent="plan"
    )

    assert printed == "[ses_1] plans\n"
    assert asked[-1] == SendMessage(
        session_id="ses_1", text="hi", provider_id="a", model_id="b", agent="plan"
    )


def test_commands_do_what_they_say():
    printed, asked, _ = talk(
        "/sessions\n/use ses_1\n/agents\n/new tea\n/help\n/delete\n/x\n/use ses_9\n"
    )

    lines = printed.splitlines()
    assert lines[:5] == ["[ses_2]", "  ses_1  plans", "[ses_1] plans", "build", "[ses_2] tea"]
    assert lines[-3:] == [
        "[ses_2]", "! no such command; /help lists them",
        "! there is no session 'ses_9'; /sessions lists them",
    ]  # fmt: skip
    assert DeleteSession(session_id="ses_2") in asked


def test_tools_are_shown_with_what_they_bring():
    call = ToolCallEvent(tool="bash", status="running", input_json='{"command":"ls","x":"lists"}')
    done = ToolCallEvent(tool="bash", status="completed", output="\n".join("abcdefghijklm"))
    failed = ToolCallEvent(tool="edit", status="error", error="no such file")

    printed, _, _ = talk("", ChatToken(text="so:"), call, done, failed, COMPLETED, text="x")

    lines = printed.splitlines()
    assert lines[1:4] == ["so:", "* bash ls lists", "  a"]
    assert lines[-2:] == ["  ... and 3 more lines", "! edit: no such file"]


ASKED = PermissionRequest(permission_id="per_1", permission="bash", patterns=("rm x",))


@pytest.mark.parametrize(
    ("typed", "reply"),
    [("o\n", "once"), ("Always\n", "always"), ("?\nr\n", "reject"), ("", "reject")],
)
def test_consent_is_asked_for(typed, reply):
    printed, asked, _ = talk(typed, ASKED, COMPLETED, text="x")

    assert "? bash: rm x\n  [o]nce, [a]lways or [r]eject: " in printed
    assert PermissionReply(permission_id="per_1", reply=reply) in asked


COLOUR = {"question": "Which colour?", "options": [{"label": "Red", "description": "warm"}]}
SIZES = {"question": "Which sizes?", "options": [{"label": "S"}, {"label": "L"}], "multiple": True}


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("1\n1, 2\n", [["Red"], ["S", "L"]]),
        ("dark blue\n2\n", [["dark blue"], ["L"]]),
        ("\n3\n", [[], ["3"]]),
        ("1 1\n1 x\n", [["1 1"], ["1 x"]]),
        ("1\n", "reject"),
    ],
    ids=["numbers", "words", "nothing", "no numbers", "nobody"],
)
def test_questions_are_answered_by_numbers_or_words(typed, reply):
    metadata = json.dumps({"questions": [COLOUR, SIZES]})
    asked = PermissionRequest(permission_id="que_1", permission="question", metadata_json=metadata)

    printed, heard, _ = talk(typed, asked, COMPLETED, text="x")

    assert "? Which colour?\n  1  Red: warm\n  number or words: " in printed
    assert "? Which sizes?\n  1  S\n  2  L\n  numbers or words: " in printed
    (replied,) = [one for one in heard if isinstance(one, PermissionReply)]
    assert replied.permission_id == "que_1"
    assert replied.reply == (reply if reply == "reject" else json.dumps(reply))


def test_a_question_is_not_told_as_a_tool_as_well():
    call = ToolCallEvent(tool="question", status="running", input_json='{"questions": []}')

    assert talk("", call, COMPLETED, text="x")[0] == "[ses_2]\n"


def test_what_a_tool_is_given_is_told_as_json_where_it_is_no_text():
    call = ToolCallEvent(tool="edit", status="running", input_json='{"a": "b c", "d": [1, null]}')

    assert "* edit b c [1, null]\n" in talk("", call, COMPLETED, text="x")[0]


@pytest.mark.parametrize(
    ("model", "agent", "told"),
    [
        (("local", "none"), None, "the model local/none: `opencode models`"),
        (None, "nobody", "the agent nobody: "),
        (("local", "a/b"), "nobody", "the model local/a/b or the agent nobody: "),
    ],
)
def test_a_model_that_is_not_there_is_thought_of(model, agent, told):
    broken = ErrorResponse(code="HTTP_ERROR", message="500: Unexpected server error.")

    with pytest.raises(Refused) as refusal:
        talk("", broken, text="x", model=model, agent=agent)

    assert refusal.value.message.startswith("500: Unexpected server error. It may not know ")
    assert told in refusal.value.message


def test_nothing_is_thought_of_where_nothing_was_named():
    broken = ErrorResponse(code="HTTP_ERROR", message="500: Unexpected server error.")

    with pytest.raises(Refused, match=r"error\.\Z"):
        talk("", broken, text="x")


def test_a_question_that_cannot_be_read_is_asked_as_it_comes():
    asked = PermissionRequest(
        permission_id="que_1", permission="question", patterns=("Which?",), metadata_json="{"
    )

    assert "? question: Which?\n  [o]nce" in talk("r\n", asked, COMPLETED, text="x")[0]


def test_thoughts_are_shown_if_wanted():
    thought = ChatToken(text="hm", reasoning=True)

    assert talk("", thought, COMPLETED, text="x")[0] == "[ses_2]\n"
    assert talk("", thought, COMPLETED, text="x", thoughts=True)[0] == "[ses_2]\nhm\n"


@pytest.mark.parametrize(
    ("end", "line"),
    [
        (ChatCompleted(cancelled=True), "! stopped"),
        (
            ChatCompleted(error=ErrorResponse(code="APIERROR", message="no key")),
            "! APIERROR: no key",
        ),
    ],
)
def test_an_answer_that_is_none_fails(end, line):
    printed, _, failed = talk("", end, text="x")

    assert printed.splitlines()[-1] == line
    assert failed


def test_what_would_steer_the_terminal_does_not():
    assert talk("", ChatToken(text="a\x1b[2Jb\r\n"), COMPLETED, text="x")[0] == "[ses_2]\na?[2Jb?\n"


def test_ctrl_c_stops_the_answer_and_not_the_command():
    async def interrupt(chat, bridge, run):
        await bridge.until(lambda: bridge.running)
        os.kill(os.getpid(), 2)
        await bridge.until(lambda: Cancel(target_request_id=bridge.running) in bridge.asked)
        await bridge.say(bridge.running, ChatCompleted(cancelled=True))

    printed, _, failed = talk("", text="x", act=interrupt)

    assert printed == "[ses_2]\n! stopped\n"
    assert failed


def test_ctrl_c_ends_a_question_too():
    reading, writing = os.pipe()

    async def interrupt(chat, bridge, run):
        await bridge.until(lambda: bridge.running)
        await bridge.say(bridge.running, ASKED)
        while "[r]eject" not in chat._out.getvalue():
            await asyncio.sleep(0)
        os.kill(os.getpid(), 2)
        await bridge.until(lambda: Cancel(target_request_id=bridge.running) in bridge.asked)
        await bridge.say(bridge.running, ChatCompleted(cancelled=True))
        await run
        os.close(writing)

    printed, asked, failed = talk("", text="x", act=interrupt, stdin=reading)

    assert printed.endswith("! stopped\n")
    assert not any(isinstance(one, PermissionReply) for one in asked)
    assert failed
