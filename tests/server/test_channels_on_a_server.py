"""Channels of a server process: two ports, a restart, many requests, and a stop."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from mentra.errors import Refused
from mentra.messages.channels.ai import AiChatStream, AiMessage
from mentra.sdk import ChannelError, ChannelsClient, chat_stream
from tests.server.conftest import PATIENCE, free_port, own_port

pytestmark = pytest.mark.slow


def run(act: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(act(), PATIENCE))


def test_what_a_page_keeps_is_there_after_a_crash(start):
    server = start()
    url = f"ws://127.0.0.1:{own_port(server)}/any/path"

    async def write():
        client = ChannelsClient(url, reconnect=False)
        await client.connect()
        chat = await client.send("chat:create", {"title": "Tea"})
        new = {"chatId": chat["id"], "role": "user", "content": "brewing"}
        await client.send("chat:add-message", new)
        await client.send("settings:set", {"key": "theme", "value": "light"})
        await client.send("credentials:set", {"key": "openai", "token": "sk-secret"})
        # nothing is said of the end: it is killed right after its answer
        server.process.kill()
        await client.disconnect()
        return chat["id"]

    chat_id = run(write)
    server.process.wait(PATIENCE)
    again = start(state=server.state)

    async def read():
        client = ChannelsClient(f"ws://127.0.0.1:{own_port(again)}/")
        await client.connect()
        found = await client.send("chat:search", {"query": "brew"})
        kept = [
            found[0]["chatId"],
            await client.send("settings:get", "theme"),
            await client.send("credentials:list"),
        ]
        await client.disconnect()
        return kept

    assert run(read) == [chat_id, "light", ["openai"]]
    assert "sk-secret" not in again.log.read_text() + server.log.read_text()
    assert b"sk-secret" not in (server.state / "mentra.db").read_bytes()


def test_a_model_answers_bit_by_bit_and_stops_when_it_is_given_up(start):
    server = start(settings="[echo]\nword_pause = 0.2\n")
    hello = AiMessage(role="user", content="one two three")
    request = AiChatStream(provider="echo", model="echo-1", messages=[hello])

    async def act():
        client = ChannelsClient(f"ws://127.0.0.1:{own_port(server)}/")
        await client.connect()
        told, given_up = [], []
        answer = await chat_stream(client, request, told.append)
        asking = asyncio.create_task(chat_stream(client, request, given_up.append))
        while not given_up:
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        errors = await client.send("analytics:error-summary")
        await client.disconnect()
        return answer, told, errors

    answer, told, errors = run(act)
    assert answer.content == "".join(one.text or "" for one in told) == "Echo: one two three"
    assert errors["byCode"] == {"ABORTED": 1}


def test_users_at_the_servers_port_see_nothing_of_each_other(start):
    server = start()
    tokens = [server.command("user", "token", f"{name}@x.org").stdout.strip() for name in "ab"]
    url = f"ws://127.0.0.1:{server.port}/channels"

    async def act():
        ann, bob = (ChannelsClient(url, token=token) for token in tokens)
        for one in (ann, bob):
            await one.connect()
        heard: list[Any] = []
        bob.on("chat:created", heard.append)
        chat = await ann.send("chat:create", {"title": "Ann's"})
        seen = [await bob.send("chat:list"), await bob.send("chat:get", {"id": chat["id"]}), heard]
        stranger = ChannelsClient(url)
        await stranger.connect()
        with pytest.raises(ChannelError) as refused:
            await stranger.send("chat:list")
        for one in (ann, bob, stranger):
            await one.disconnect()
        return seen, refused.value.code

    assert run(act) == ([[], None, []], "UNAUTHORIZED")


def test_of_a_thousand_quick_requests_none_is_lost(start):
    server = start("[channels]\nport = 0\nrate = 300\n")

    async def act():
        client = ChannelsClient(f"ws://127.0.0.1:{own_port(server)}/")
        await client.connect()
        answered = limited = 0
        for _ in range(4):
            asked = [client.send("settings:get", "theme") for _ in range(250)]
            for one in await asyncio.gather(*asked, return_exceptions=True):
                if one == "dark":
                    answered += 1
                else:
                    assert one.code == "RATE_LIMITED"
                    assert 0 < one.details["retryAfterMs"] <= 1000
                    limited += 1
        await client.disconnect()
        return answered, limited

    answered, limited = run(act)

    assert answered + limited == 1000
    assert answered >= 300


def test_a_port_in_use_is_passed_over_and_a_strange_page_refused(start):
    taken = socket.create_server(("127.0.0.1", free_port()))
    number = taken.getsockname()[1]
    server = start(f"[channels]\nport = {number}\n")
    port = own_port(server)

    async def act():
        client = ChannelsClient(f"ws://127.0.0.1:{port}/")
        await client.connect()
        await client.disconnect()
        async with aiohttp.ClientSession() as http:
            try:
                await http.ws_connect(f"ws://127.0.0.1:{port}/", origin="https://example.org")
            except aiohttp.WSServerHandshakeError as refused:
                return refused.status

    status = run(act)
    taken.close()

    assert number < port <= number + 9
    assert status == 403


def test_a_stop_is_told_and_the_client_finds_the_server_again(start):
    server = start("[channels]\nport = 0\n")

    async def act():
        client = ChannelsClient(f"ws://127.0.0.1:{own_port(server)}/", max_reconnect_attempts=1)
        heard: list[Any] = []
        failed = asyncio.Event()
        client.on("server:shutdown", heard.append)
        client.on("connection:failed", lambda _: failed.set())
        await client.connect()
        server.process.terminate()
        await failed.wait()
        await client.disconnect()
        return heard

    assert run(act) == [{"reason": "Server stopping"}]
    assert server.process.wait(PATIENCE) == 0


def test_an_address_that_others_reach_needs_a_token_and_has_it_checked(start, tmp_path):
    token = tmp_path / "channels.token"
    token.touch(mode=0o600)
    token.write_text("s3cret\n")
    server = start('[channels]\nport = 0\nhost = "0.0.0.0"\ntoken_file = "channels.token"\n')
    url = f"ws://127.0.0.1:{own_port(server)}/"

    async def act():
        right = ChannelsClient(url, token="s3cret")
        await right.connect()
        listed = await right.send("chat:list")
        await right.disconnect()
        wrong = ChannelsClient(url, token="wrong")
        failed = asyncio.Event()
        wrong.on("connection:failed", lambda _: failed.set())
        try:
            await wrong.connect()
        except Refused:
            failed.set()
        await failed.wait()
        await wrong.disconnect()
        return listed

    assert run(act) == []
    assert "s3cret" not in server.log.read_text()
