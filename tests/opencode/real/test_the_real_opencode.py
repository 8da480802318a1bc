"""The bridge in front of the real OpenCode: every request, and runs to their ends, good or bad."""

import asyncio
import contextlib
import http.client
import json
import os
import signal

import pytest

from mentra.errors import Refused
from mentra.messages.opencode import (
    ApiKeyAuth,
    AuthInfo,
    ChatCompleted,
    ChatToken,
    OAuthAuth,
    PermissionRequest,
    ToolCallEvent,
)
from mentra.sdk.line import Unreachable
from mentra.sdk.opencode import OpencodeClient
from tests.opencode.real.conftest import patiently, start_bridge
from tests.opencode.real.package import VERSION
from tests.server.conftest import PATIENCE

pytestmark = pytest.mark.slow


async def heard(prompt, reply=None, client=None):
    """All that comes, permissions replied to."""
    found = []
    async for one in prompt:
        found.append(one)
        if isinstance(one, PermissionRequest) and reply is not None:
            await client.reply(one.permission_id, reply)
    return found


async def once_free(client, session_id):
    """What comes of a prompt, once the session is not busy any more."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(Refused):
                return await heard(client.prompt(session_id, "free"))
            await asyncio.sleep(0.2)


def text_of(found):
    return "".join(one.text for one in found if isinstance(one, ChatToken) and not one.reasoning)


def test_it_is_there_and_its_version_is_told(bridge):
    assert bridge.health() == {"healthy": True, "version": VERSION, "running": 0}
    assert f'version="{VERSION}"'.encode() in bridge.server.get("/metrics")[1]


def test_it_is_for_nobody_else(bridge):
    line = http.client.HTTPConnection("127.0.0.1", bridge.port, timeout=PATIENCE)
    try:
        line.request("GET", "/session")
        status = line.getresponse().status
    finally:
        line.close()

    assert status == 401


def test_sessions_are_made_listed_and_deleted(bridge):
    async def work(client):
        titled = await client.create_session("plans")
        untitled = await client.create_session()
        listed = await client.list_sessions()
        await client.delete_session(titled.id)
        return titled, untitled, listed, await client.list_sessions()

    titled, untitled, listed, left = bridge.do(work)

    assert titled.title == "plans"
    assert untitled.title.startswith("New session - ")
    assert titled.created_at > 1_700_000_000_000
    assert [one.id for one in listed][:2] == [untitled.id, titled.id]
    assert titled.id not in [one.id for one in left]


def test_agents_and_providers_are_told(bridge):
    async def work(client):
        return await client.list_agents(), await client.connected_providers()

    agents, providers = bridge.do(work)

    assert {"build", "plan", "general", "title"} <= {one.name for one in agents if one.built_in}
    assert "local" in providers


@pytest.mark.parametrize(
    "auth",
    [
        AuthInfo(api_key=ApiKeyAuth(key="sk-for-a-test")),
        AuthInfo(oauth=OAuthAuth(access_token="in", refresh_token="on", expires_at=7)),
    ],
    ids=["key", "grant"],
)
@pytest.mark.parametrize("provider", ["openai", "acme/one"])
def test_credentials_are_kept(bridge, auth, provider):
    async def work(client):
        await client.set_auth(provider, auth)
        return await client.get_auth(provider)

    assert bridge.do(work) == auth


@pytest.mark.parametrize(
    ("ask", "code", "words"),
    [
        (lambda client: client.get_auth("nobody"), "NOT_FOUND", ""),
        (lambda client: client.delete_session("ses_x"), "HTTP_ERROR", "404: Session not found"),
        (lambda client: client.delete_session("../auth/openai"), "INVALID_REQUEST", ""),
        (lambda client: client.reply("per_x", "once"), "HTTP_ERROR", "404: Permission request"),
        (lambda client: heard(client.prompt("ses_x", "hi")), "HTTP_ERROR", "404: Session not"),
    ],
    ids=["credential", "session", "elsewhere", "permission", "prompt"],
)
def test_what_is_not_there_is_refused(bridge, ask, code, words):
    with pytest.raises(Refused) as refusal:
        bridge.do(ask)

    assert refusal.value.code == code
    assert refusal.value.message.startswith(words)


def test_an_answer_is_streamed(bridge):
    async def work(client):
        session = await client.create_session()
        return await heard(client.prompt(session.id, "good morning"))

    *tokens, completed = bridge.do(work)

    assert text_of(tokens) == completed.text == "Echo: good morning"
    assert (completed.finish_reason, completed.cancelled) == ("stop", False)
    assert (completed.input_tokens, completed.output_tokens) == (11, 3)


def test_thoughts_are_told_apart(bridge):
    async def work(client):
        session = await client.create_session()
        return await heard(client.prompt(session.id, "think well"))

    found = bridge.do(work)

    assert [one.text for one in found if isinstance(one, ChatToken) and one.reasoning] == ["Hm. "]
    assert text_of(found) == "Echo: think well"


def test_prompts_of_many_sessions_run_side_by_side(bridge):
    async def work(client):
        sessions = [await client.create_session() for _ in range(5)]
        prompts = [client.prompt(one.id, f"number {n}") for n, one in enumerate(sessions)]
        return await asyncio.gather(*(heard(prompt) for prompt in prompts))

    for number, found in enumerate(bridge.do(work)):
        assert text_of(found) == f"Echo: number {number}"


def test_a_second_prompt_while_one_runs_is_too_much(bridge):
    async def work(client):
        session = await client.create_session()
        first = client.prompt(session.id, "slow")
        await anext(first)
        try:
            with pytest.raises(Refused) as refusal:
                await heard(client.prompt(session.id, "again"))
        finally:
            await first.cancel()
        return refusal.value.code, (await heard(first))[-1]

    code, completed = bridge.do(work)

    assert code == "BUSY"
    assert completed.cancelled


def test_a_tool_is_really_used(bridge):
    async def work(client):
        session = await client.create_session()
        return await heard(client.prompt(session.id, "usetool"), "once", client)

    found = bridge.do(work)

    (asked,) = [one for one in found if isinstance(one, PermissionRequest)]
    assert (asked.permission, asked.call_id) == ("bash", "call_1")
    assert json.loads(asked.metadata_json)["command"] == "echo hello from the shell"
    calls = [one for one in found if isinstance(one, ToolCallEvent)]
    assert [one.status for one in calls if one.output is None] == ["pending", "running"]
    assert (calls[-1].status, calls[-1].output) == ("completed", "hello from the shell\n")
    assert text_of(found) == "Let me see. Echo: usetool"
    assert found[-1].text == "Echo: usetool"
    assert (found[-1].input_tokens, found[-1].output_tokens) == (22, 6)


def test_pages_see_what_was_said_and_done(bridge):
    async def work(client):
        session = await client.create_session()
        await heard(client.prompt(session.id, "usetool"), "once", client)
        return session.id

    session_id = bridge.do(work)

    patiently(lambda: bridge.seen(session_id)[0] == "paused", "the end of the run on a page")
    _, entries = bridge.seen(session_id)
    assert entries == [
        ("user_input", "usetool", None),
        ("assistant_output", entries[1][1], None),
        ("tool_call", entries[2][1], "completed"),
        ("assistant_output", "Echo: usetool", None),
    ]


def test_a_tool_that_is_allowed_always_is_not_asked_about_again(bridge):
    async def work(client):
        session = await client.create_session()
        first = await heard(client.prompt(session.id, "useuname"), "always", client)
        return first, await heard(client.prompt(session.id, "useuname again"), None, client)

    found = bridge.do(work)

    asked = [sum(isinstance(one, PermissionRequest) for one in each) for each in found]
    assert asked == [1, 0]


def test_a_tool_that_is_not_allowed_ends_the_run(bridge):
    async def work(client):
        session = await client.create_session()
        return await heard(client.prompt(session.id, "usetool"), "reject", client)

    found = bridge.do(work)

    failed = [one for one in found if isinstance(one, ToolCallEvent)][-1]
    assert failed.status == "error"
    assert failed.error
    assert isinstance(found[-1], ChatCompleted)
    assert (found[-1].finish_reason, found[-1].text) == ("tool-calls", "Let me see. ")


@pytest.mark.parametrize(
    ("reply", "status", "told", "text"),
    [
        ("Blue", "completed", '"Which colour?"="Blue"', "Echo: askcolour"),
        ('[["Red"]]', "completed", '"Which colour?"="Red"', "Echo: askcolour"),
        ("once", "completed", '"Which colour?"="Unanswered"', "Echo: askcolour"),
        ("reject", "error", "dismissed", "Let me see. "),
    ],
    ids=["words", "JSON", "consent", "none"],
)
def test_a_question_of_the_model_is_answered(bridge, reply, status, told, text):
    async def work(client):
        session = await client.create_session()
        return await heard(client.prompt(session.id, "askcolour"), reply, client)

    found = bridge.do(work)

    (asked,) = [one for one in found if isinstance(one, PermissionRequest)]
    assert (asked.permission, asked.patterns) == ("question", ("Which colour?",))
    call = [one for one in found if isinstance(one, ToolCallEvent)][-1]
    assert (call.tool, call.status) == ("question", status)
    assert told in (call.output or call.error)
    assert found[-1].text == text


def test_an_answer_is_stopped_in_its_midst(bridge):
    async def work(client):
        session = await client.create_session()
        prompt = client.prompt(session.id, "slow")
        found = [await anext(prompt) for _ in range(3)]
        await prompt.cancel()
        found += await heard(prompt)
        # and the session can be used again
        return found, await heard(client.prompt(session.id, "again"))

    found, again = bridge.do(work)

    assert (found[-1].cancelled, found[-1].finish_reason) == (True, "aborted")
    assert found[-1].error is None
    assert text_of(found).startswith("0 1 ")
    assert text_of(again) == "Echo: again"


def test_a_run_that_is_stopped_at_once_is_stopped(bridge):
    async def work(client):
        session = await client.create_session()
        prompt = client.prompt(session.id, "slow")
        await prompt.cancel()
        return await heard(prompt)

    found = bridge.do(work)

    assert (found[-1].cancelled, found[-1].finish_reason) == (True, "aborted")


def test_a_provider_that_refuses_is_told_without_its_secrets(bridge):
    async def work(client):
        session = await client.create_session()
        return await heard(client.prompt(session.id, "broken"))

    (completed,) = bridge.do(work)

    assert completed.finish_reason == "error"
    assert completed.error.code == "APIERROR"
    assert completed.error.message == "broken, and the key [secret] is to blame"


def test_a_provider_that_fails_is_asked_again_and_can_be_stopped(bridge):
    async def work(client):
        session = await client.create_session()
        prompt = client.prompt(session.id, "boom")
        before = len(bridge.model.asked)
        async with asyncio.timeout(60):
            while sum("boom" in str(one) for one in bridge.model.asked[before:]) < 2:
                await asyncio.sleep(0.1)
        await prompt.cancel()
        return await heard(prompt)

    found = bridge.do(work)

    assert found[-1].cancelled


def test_an_unknown_model_is_an_error_and_a_good_one_repairs_it(bridge):
    async def work(client):
        session = await client.create_session()
        with pytest.raises(Refused) as refusal:
            await heard(client.prompt(session.id, "hi", model=("nobody", "nothing")))
        return refusal.value, await heard(client.prompt(session.id, "hi", model=("local", "other")))

    refusal, found = bridge.do(work)

    assert refusal.code == "HTTP_ERROR"
    assert refusal.message.startswith("500: ")
    assert text_of(found) == "Echo: hi"


def test_a_session_at_work_is_deleted_with_its_run(bridge):
    async def work(client):
        session = await client.create_session()
        prompt = client.prompt(session.id, "slow")
        await anext(prompt)
        await client.delete_session(session.id)
        return session.id, await heard(prompt), await client.list_sessions()

    session_id, found, left = bridge.do(work)

    assert found[-1].cancelled
    assert session_id not in [one.id for one in left]


def test_a_client_that_goes_away_stops_its_run(bridge):
    async def work(client):
        session = await client.create_session()
        other = bridge.client()
        async with other:
            await anext(other.prompt(session.id, "slow"))
        return await once_free(client, session.id)

    assert text_of(bridge.do(work)) == "Echo: free"


def test_a_run_that_waits_for_consent_ends_with_its_client(bridge):
    async def work(client):
        session = await client.create_session()
        async with bridge.client() as other:
            async for one in other.prompt(session.id, "usetool"):
                if isinstance(one, PermissionRequest):
                    break
        return await once_free(client, session.id)

    assert text_of(bridge.do(work)) == "Echo: free"


def test_a_wrong_token_does_not_get_in(bridge):
    port = json.loads((bridge.server.state / "opencode.json").read_text())["port"]

    async def work():
        async with OpencodeClient(port, "wrong"):
            pass

    with pytest.raises(Refused, match="Invalid token"):
        asyncio.run(work())


def test_commands_check_and_chat(bridge):
    checked = bridge.server.command("opencode", "check").stdout
    told = bridge.server.command("opencode", "info").stdout
    answered = bridge.server.command("opencode", "chat", "hello", "there").stdout

    assert [line.split()[:2] for line in checked.splitlines()] == [
        ["ok", "handshake"], ["ok", "list_sessions"], ["ok", "list_agents"],
        ["ok", "get_provider_status"], ["ok", "get_auth"],
    ]  # fmt: skip
    assert told.startswith("port   ")
    assert answered.splitlines()[1] == "Echo: hello there"


def test_the_log_tells_no_secret_and_nothing_that_was_said(bridge):
    token = json.loads((bridge.server.state / "opencode.json").read_text())["token"]

    async def work(client):
        await client.set_auth("acme", AuthInfo(api_key=ApiKeyAuth(key="key-of-acme")))
        session = await client.create_session()
        return await heard(client.prompt(session.id, "nobody else may read this"))

    bridge.do(work)

    log = bridge.server.log.read_text()
    for secret in (token, "key-of-acme", "sk-abcdefghijklmnopqrst", "nobody else"):
        assert secret not in log
    assert "Traceback" not in log


def test_what_is_asked_before_it_has_begun_is_answered_all_the_same(tmp_path):
    own = start_bridge(tmp_path, wait=False)

    async def work(client):
        sessions = await asyncio.gather(*(client.create_session(str(n)) for n in range(5)))
        found = await heard(client.prompt(sessions[0].id, "early"))
        return found, await client.list_sessions()

    try:
        found, listed = own.do(work)
        status = own.server.stop()
    finally:
        own.server.end()
        own.model.close()

    assert text_of(found) == "Echo: early"
    assert len(listed) == 5
    assert status == 0


def test_one_that_is_killed_costs_its_runs_and_is_started_anew(tmp_path):
    own = start_bridge(tmp_path)
    try:

        async def work(client):
            session = await client.create_session()
            prompt = client.prompt(session.id, "slow")
            await anext(prompt)
            os.kill(own.process(), signal.SIGKILL)
            with pytest.raises(Refused) as refusal:
                await heard(prompt)
            with pytest.raises(Refused) as meanwhile:
                await client.list_agents()
            return session.id, refusal.value.code, meanwhile.value.code

        session_id, *codes = own.do(work)
        found = own.do(lambda client: once_free(client, session_id))
        number = own.process()
        status = own.server.stop()
    finally:
        own.server.end()
        own.model.close()

    assert codes == ["HTTP_ERROR", "HTTP_ERROR"]
    assert text_of(found) == "Echo: free"
    assert status == 0
    assert not os.path.exists(f"/proc/{number}"), "it was left behind"
    assert not (own.server.state / "opencode.json").exists()


def test_it_does_not_outlive_a_server_that_is_killed(tmp_path):
    own = start_bridge(tmp_path)
    number = own.process()

    own.server.stop(signal.SIGKILL)

    own.model.close()
    patiently(lambda: not os.path.exists(f"/proc/{number}"), "the end of OpenCode")


def test_without_a_bridge_it_is_said_so(tmp_path):
    with pytest.raises(Unreachable, match="no bridge of yours runs"):
        OpencodeClient.of(tmp_path)
