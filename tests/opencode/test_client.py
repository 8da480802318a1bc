"""The asyncio client: requests and answers, prompts, and a connection that goes."""

import asyncio
import json

import pytest

from mentra.errors import Refused
from mentra.messages.opencode import (
    AgentInfo,
    AgentList,
    ChatCompleted,
    ChatToken,
    ErrorResponse,
    GetAuth,
    ListAgents,
    PermissionReply,
    SendMessage,
    SetAuth,
)
from mentra.sdk import opencode
from mentra.sdk.line import Unreachable
from mentra.sdk.opencode import OpencodeClient
from tests.opencode.fake_bridge import SESSION, TOKEN, fake_bridge


def with_client(act, token=TOKEN):
    """What *act* returns, done with a client of a bridge."""

    async def scenario():
        async with (
            asyncio.timeout(60),
            fake_bridge() as bridge,
            OpencodeClient(bridge.port, token) as client,
        ):
            return await act(client, bridge)

    return asyncio.run(scenario())


def test_requests_are_answered():
    async def act(client, bridge):
        made = await client.create_session("tea")
        return made.title, await client.list_sessions(), await client.list_agents()

    assert with_client(act) == ("tea", (SESSION,), (AgentInfo(name="build"),))


def test_answers_come_in_any_order():
    async def act(client, bridge):
        del bridge.answers[ListAgents]
        bridge.answers[ListAgents] = lambda asked: []
        slow = asyncio.ensure_future(client.list_agents())
        await bridge.until(lambda: bridge.asked)
        sessions = await client.list_sessions()
        await bridge.say(2, AgentList())
        return sessions, await slow

    assert with_client(act) == ((SESSION,), ())


def test_what_is_done_has_no_answer():
    async def act(client, bridge):
        await client.delete_session("ses_1")
        await client.reply("per_1", "once")
        await client.set_auth("openai", opencode.AuthInfo())
        return [type(one) for one in bridge.asked][1:]

    assert with_client(act) == [PermissionReply, SetAuth]


def test_a_question_is_answered_question_by_question():
    async def act(client, bridge):
        await client.answer("que_1", [["Red"], []])
        return bridge.asked[-1]

    assert with_client(act) == PermissionReply(permission_id="que_1", reply='[["Red"], []]')


def test_a_refusal_is_raised_with_its_code():
    async def act(client, bridge):
        refusal = ErrorResponse(code="NOT_FOUND", message="nothing is kept")
        bridge.answers[GetAuth] = lambda asked: [refusal]
        await client.get_auth("openai")

    with pytest.raises(Refused, match="nothing is kept") as refusal:
        with_client(act)

    assert refusal.value.code == "NOT_FOUND"


def test_an_answer_of_another_kind_is_a_refusal():
    async def act(client, bridge):
        bridge.answers[ListAgents] = lambda asked: [SESSION]
        await client.list_agents()

    with pytest.raises(Refused, match="answers SessionInfo"):
        with_client(act)


def test_a_wrong_token_is_refused():
    with pytest.raises(Refused, match="Invalid token") as refusal:
        with_client(None, token="wrong")

    assert refusal.value.code == "INVALID_TOKEN"


def test_nobody_there_is_said_so():
    async def scenario():
        async with OpencodeClient(1, TOKEN):
            pass

    with pytest.raises(Unreachable, match="cannot connect to"):
        asyncio.run(scenario())


COMPLETED = ChatCompleted(text="yes", finish_reason="stop")


def test_a_prompt_ends_with_what_completes_it():
    async def act(client, bridge):
        bridge.answers[SendMessage] = lambda asked: [
            ChatToken(text="y"), ChatToken(text="es"), COMPLETED, ChatToken(text="too late"),
        ]  # fmt: skip
        prompt = client.prompt("ses_1", "well?", model=("local", "echo"), agent="plan")
        heard = [one async for one in prompt]
        return heard, [one async for one in prompt], bridge.asked[-1]

    heard, afterwards, asked = with_client(act)

    assert heard == [ChatToken(text="y"), ChatToken(text="es"), COMPLETED]
    assert afterwards == []
    assert asked == SendMessage(
        session_id="ses_1", text="well?", provider_id="local", model_id="echo", agent="plan"
    )


def test_a_prompt_that_fails_raises_and_is_over():
    async def act(client, bridge):
        bridge.answers[SendMessage] = lambda asked: [ErrorResponse(code="BUSY", message="busy")]
        prompt = client.prompt("ses_1", "well?")
        with pytest.raises(Refused) as refusal:
            await anext(prompt)
        return refusal.value.code, [one async for one in prompt]

    assert with_client(act) == ("BUSY", [])


def test_a_prompt_is_cancelled_by_its_number():
    async def act(client, bridge):
        prompt = client.prompt("ses_1", "well?")
        await bridge.until(lambda: bridge.asked)
        await prompt.cancel()
        return bridge.running, bridge.asked[-1].target_request_id, prompt.request_id

    running, *others = with_client(act)

    assert others == [running, running]


def test_a_connection_that_goes_ends_what_waits():
    async def act(client, bridge):
        prompt = client.prompt("ses_1", "well?")
        await bridge.until(lambda: bridge.asked)
        await bridge.socket.close(code=1001, message=b"Server shutting down")
        with pytest.raises(Unreachable, match="Server shutting down"):
            await anext(prompt)
        with pytest.raises(Unreachable):
            await client.list_agents()

    with_client(act)


def test_one_who_does_not_fetch_gets_the_end_all_the_same(monkeypatch):
    monkeypatch.setattr(opencode, "MAX_HEARD", 2)

    async def act(client, bridge):
        bridge.answers[SendMessage] = lambda asked: (
            [ChatToken(text=str(n)) for n in range(9)] + [COMPLETED]
        )
        prompt = client.prompt("ses_1", "well?")
        await bridge.until(lambda: bridge.asked)
        return [one.text async for one in prompt]

    assert with_client(act) == [*"012345678", "yes"]


def test_a_bridge_is_found_by_its_state_directory(tmp_path):
    (tmp_path / "opencode.json").write_text(json.dumps({"port": 5, "token": "t"}))

    assert OpencodeClient.of(tmp_path)._url == "ws://127.0.0.1:5/"


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"port":"x","token":"t"}'])
def test_a_file_that_is_none_is_said_so(tmp_path, text):
    if text is not None:
        (tmp_path / "opencode.json").write_text(text)

    with pytest.raises(Unreachable, match=r"opencode\.json"):
        OpencodeClient.of(tmp_path)


def test_a_prompt_that_is_let_go_of_stops_nobody(monkeypatch):
    monkeypatch.setattr(opencode, "MAX_HEARD", 2)

    async def act(client, bridge):
        bridge.answers[SendMessage] = lambda asked: [ChatToken(text="x")] * 100
        async for _ in client.prompt("ses_1", "well?"):
            break
        return await client.list_sessions()

    assert with_client(act) == (SESSION,)
