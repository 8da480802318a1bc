"""Channels from the page's side: asking, hearing, coming back."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
from aiohttp import web

from mentra.errors import Refused
from mentra.messages.channels.ai import AiChatStream, AiMessage
from mentra.messages.channels.chat import ChatGet
from mentra.messages.channels.settings import SettingsUpdate
from mentra.sdk.channel_stream import chat_stream
from mentra.sdk.channels import ChannelError, ChannelsClient
from mentra.sdk.line import Unreachable

PATIENCE = 10.0


@attrs.define
class Server:
    """Answers as a test says.

    :ivar queries: of each connection's URL.
    :ivar asked: every request.
    :ivar gate: what connections wait for, if anything.
    :ivar is_silent: whether answers that come bit by bit have no end.
    """

    url: str = ""
    queries: list[str] = attrs.field(factory=list)
    asked: list[dict[str, Any]] = attrs.field(factory=list)
    sockets: list[web.WebSocketResponse] = attrs.field(factory=list)
    status: int = 101
    gate: asyncio.Event | None = None
    is_silent: bool = False

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.queries.append(request.query_string)
        if self.gate is not None:
            await self.gate.wait()
        if self.status != 101:
            return web.Response(status=self.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            await self.answer(socket, json.loads(message.data))
        return socket

    async def answer(self, socket: web.WebSocketResponse, asked: dict[str, Any]) -> None:
        self.asked.append(asked)
        reply = {"type": "response", "id": asked["id"], "channel": asked["channel"]}
        error = {"code": "HANDLER_ERROR", "message": "no", "details": {"code": "X"}}
        match asked["channel"]:
            case "echo":
                await socket.send_json({**reply, "payload": asked.get("payload")})
            case "bad":
                await socket.send_json({**reply, "error": error})
            case "limited":
                error = {
                    "code": "RATE_LIMITED", "message": "Too many requests",
                    "details": {"requestId": asked["id"], "retryAfterMs": 5},
                }  # fmt: skip
                await socket.send_json({**reply, "id": "rate_limited", "error": error})
            case "chat:get":
                await socket.send_json({**reply, "payload": None})
            case "ai:chat-stream":
                await self.stream(socket, reply)
            case "ai:cancel":
                await socket.send_json({**reply, "payload": True})
            case "close":
                await socket.close()

    async def stream(self, socket: web.WebSocketResponse, reply: dict[str, Any]) -> None:
        for request_id, text in ((reply["id"], "Ec"), ("another", "No"), (reply["id"], "ho")):
            chunk = {"requestId": request_id, "chunk": {"type": "text", "text": text}}
            await self.tell("ai:stream-chunk", chunk)
        if self.is_silent:
            return
        answer = {
            "id": "a", "content": "Echo", "model": "echo-1", "provider": "echo",
            "stopReason": "end_turn", "usage": {"inputTokens": 1, "outputTokens": 1},
        }  # fmt: skip
        await socket.send_json({**reply, "payload": answer})

    async def tell(self, channel: str, payload: Any) -> None:
        event = {"type": "event", "channel": channel, "payload": payload}
        await self.sockets[-1].send_json(event)


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/", server.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield server
    finally:
        for socket in server.sockets:
            await socket.close()
        await runner.cleanup()


def with_client(act: Callable[[ChannelsClient, Server], Awaitable[None]], **more: Any) -> None:
    """Run *act* with a client that is connected."""

    async def scenario() -> None:
        async with serving() as server:
            client = ChannelsClient(server.url, **{"reconnect_interval": 0.0, **more})
            await client.connect()
            try:
                await act(client, server)
            finally:
                await client.disconnect()

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0)


def test_what_is_asked_is_answered():
    async def act(client, server):
        both = await asyncio.gather(client.send("echo", {"a": 1}), client.send("echo", None))
        assert both == [{"a": 1}, None]
        assert await client.send("echo") is None
        assert "payload" not in server.asked[-1]

    with_client(act)


def test_an_error_keeps_its_code_and_details():
    async def act(client, server):
        with pytest.raises(ChannelError, match="no") as problem:
            await client.send("bad")
        assert (problem.value.code, problem.value.details) == ("HANDLER_ERROR", {"code": "X"})

    with_client(act)


def test_whoever_asked_too_much_is_told_at_once():
    async def act(client, server):
        with pytest.raises(ChannelError) as problem:
            await client.send("limited")
        assert problem.value.code == "RATE_LIMITED"
        assert problem.value.details["retryAfterMs"] == 5

    with_client(act)


def test_an_answer_may_take_so_long():
    async def act(client, server):
        with pytest.raises(ChannelError) as problem:
            await client.send("silence")
        assert problem.value.code == "TIMEOUT"
        assert await client.send("echo", 1) == 1

    with_client(act, request_timeout=0.05)


def test_one_answer_may_take_longer_or_shorter_than_the_others():
    async def act(client, server):
        with pytest.raises(ChannelError, match=r"0\.05 s"):
            await client.send("silence", timeout=0.05)
        assert await client.send("echo", 1, request_id="mine") == 1
        assert server.asked[-1]["id"] == "mine"

    with_client(act)


HELLO = AiChatStream(
    provider="echo", model="echo-1", messages=[AiMessage(role="user", content="Hello")]
)


def test_an_answer_comes_bit_by_bit_and_nothing_of_others():
    async def act(client, server):
        told = []
        answer = await chat_stream(client, HELLO, lambda chunk: told.append(chunk.text))
        assert (told, answer.content) == (["Ec", "ho"], "Echo")
        await server.tell("ai:stream-chunk", {"requestId": server.asked[-1]["id"], "chunk": {}})
        await client.send("echo")
        assert told == ["Ec", "ho"]

    with_client(act)


@pytest.mark.parametrize("how", ["cancelled", "late"])
def test_an_answer_is_given_up_on_the_server_too(how):
    async def act(client, server):
        server.is_silent = True
        told = []
        within = 0.05 if how == "late" else 60.0
        asking = asyncio.create_task(chat_stream(client, HELLO, told.append, timeout=within))
        await until(lambda: len(told) == 2)
        if how == "cancelled":
            asking.cancel()
        with pytest.raises(ChannelError if how == "late" else asyncio.CancelledError):
            await asking
        first, last = server.asked
        assert (last["channel"], last["payload"]) == ("ai:cancel", {"requestId": first["id"]})

    with_client(act)


def test_requests_of_a_class_are_answered_with_its_type():
    async def act(client, server):
        assert await client.ask(ChatGet(id="chat_1")) is None
        assert server.asked[-1]["payload"] == {"id": "chat_1"}
        with pytest.raises(ChannelError):
            await asyncio.wait_for(client.ask(SettingsUpdate(changes={"theme": "light"})), 1)
        assert server.asked[-1]["payload"] == {"theme": "light"}

    with_client(act, request_timeout=0.05)


def test_events_are_heard_until_that_is_ended_and_a_bug_harms_nobody():
    async def act(client, server):
        heard = []
        client.on("news", lambda payload: 1 / 0)
        end = client.on("news", heard.append)
        client.on("other", heard.append)
        await server.tell("news", 1)
        await until(lambda: heard == [1])
        end()
        await server.tell("news", 2)
        await server.tell("other", 3)
        await until(lambda: 3 in heard)
        client.off("other")
        await server.tell("other", 4)
        await client.send("echo")
        assert heard == [1, 3]

    with_client(act)


def test_what_waits_is_told_when_the_connection_goes_and_the_client_comes_back():
    async def act(client, server):
        heard = []
        client.on("news", heard.append)
        with pytest.raises(ChannelError) as problem:
            await client.send("close")
        assert problem.value.code == "CONNECTION_CLOSED"
        await until(lambda: len(server.sockets) == 2 and client.is_connected)
        await server.tell("news", 1)
        await until(lambda: heard == [1])
        assert await client.send("echo", 2) == 2

    with_client(act)


def test_a_lost_connection_is_not_shown_as_one():
    async def act(client, server):
        await server.sockets[0].close()
        await until(lambda: client.state == "closed")
        with pytest.raises(ChannelError):
            await client.send("echo")

    with_client(act, reconnect=False)


def test_after_so_many_attempts_it_is_told_that_all_failed():
    async def act(client, server):
        failed = []
        client.on("connection:failed", failed.append)
        server.status = 503
        await server.sockets[0].close()
        await until(lambda: failed == [{}])
        assert len(server.queries) == 4
        assert client.state == "closed"

    with_client(act, max_reconnect_attempts=3)


def test_a_wrong_token_is_not_tried_again():
    async def act(client, server):
        failed = []
        client.on("connection:failed", failed.append)
        await server.sockets[0].close(code=4001)
        await until(lambda: failed == [{}])
        assert len(server.queries) == 1

    with_client(act, token="a b&c")


def test_the_token_is_in_the_url():
    async def act(client, server):
        assert server.queries == ["token=a b%26c"]

    with_client(act, token="a b&c")


def test_after_a_goodbye_it_stays_away_until_it_is_to_connect_again():
    async def act(client, server):
        await client.disconnect()
        assert (client.state, len(server.sockets)) == ("closed", 1)
        await client.connect()
        await server.sockets[-1].close()
        await until(lambda: len(server.sockets) == 3 and client.is_connected)

    with_client(act)


def test_a_goodbye_ends_the_attempts_to_come_back():
    async def act(client, server):
        await server.sockets[0].close()
        await until(lambda: client.state == "closed")
        await client.disconnect()
        assert client.state == "closed"
        assert len(server.queries) == 1

    with_client(act, reconnect_interval=60.0)


def test_whoever_connects_while_it_comes_back_waits_for_the_same():
    async def act(client, server):
        server.gate = asyncio.Event()
        await server.sockets[0].close()
        await until(lambda: len(server.queries) == 2)
        connecting = asyncio.create_task(client.connect())
        await asyncio.sleep(0)
        server.gate.set()
        await connecting
        assert client.is_connected
        assert len(server.queries) == 2

    with_client(act)


def test_a_goodbye_before_it_has_begun_to_connect_leaves_it_free_to():
    async def scenario() -> None:
        async with serving() as server:
            client = ChannelsClient(server.url)
            connecting = asyncio.create_task(client.connect())
            while client._connecting is None:
                await asyncio.sleep(0)
            await client.disconnect()
            await asyncio.wait([connecting])
            await client.connect()
            assert client.is_connected
            await client.disconnect()

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))


def test_of_two_who_connect_at_once_there_is_one_connection():
    async def scenario() -> None:
        async with serving() as server:
            client = ChannelsClient(server.url)
            await asyncio.gather(client.connect(), client.connect())
            assert len(server.queries) == 1
            await client.disconnect()

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))


@pytest.mark.parametrize(("status", "error"), [(403, Refused), (503, Unreachable)])
def test_a_first_attempt_that_fails_is_an_error_and_nothing_more(status, error):
    async def scenario() -> None:
        async with serving() as server:
            server.status = status
            client = ChannelsClient(server.url, reconnect_interval=0.0)
            with pytest.raises(error):
                await client.connect()
            await asyncio.sleep(0)
            assert (len(server.queries), client.state) == (1, "closed")
            await client.disconnect()

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))
