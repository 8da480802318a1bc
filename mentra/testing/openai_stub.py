"""A server that speaks OpenAI's chat completions: for tests, in memory or as a program.

``python -m mentra.testing.openai_stub`` listens on a free port of 127.0.0.1, prints its base URL
and answers what the user said last, word by word.

Source: platform.openai.com/docs/api-reference/chat.
"""

import sys
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import react
from twisted.web.server import Site

from mentra.testing.model_stubs import Call, Fail, ModelStub, Say


class OpenAiDialect:
    """Spells as OpenAI does."""

    def frames(self, say: Say, asked: Any) -> list[bytes]:
        """Chunks, the usage if it was asked for, and the end mark."""
        model = asked.get("model", "stub-1")
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in say.pieces]
        for index, call in enumerate(say.calls):
            deltas += _call_deltas(index, call)
        chunks = [_chunk(model, [_choice(delta)]) for delta in deltas]
        stop = say.stop or ("tool_calls" if say.calls else "stop")
        chunks.append(_chunk(model, [_choice({}, stop)]))
        if (asked.get("stream_options") or {}).get("include_usage"):
            given, made = say.tokens
            usage = {
                "prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made,
            }  # fmt: skip
            chunks.append(_chunk(model, [], usage))
        frames = [b"data: " + msgspec.json.encode(chunk) + b"\n\n" for chunk in chunks]
        return [*frames, b"data: [DONE]\n\n"]

    def failure(self, fail: Fail) -> Any:
        """An error object."""
        return {"error": {"message": fail.error, "type": fail.kind, "code": None}}

    def listing(self, models: tuple[str, ...]) -> Any:
        """A list object."""
        return {"object": "list", "data": [{"id": name, "object": "model"} for name in models]}

    def words(self, asked: Any) -> str:
        """The text of the last message of the user's."""
        said = [one["content"] for one in asked.get("messages", ()) if one["role"] == "user"]
        content = said[-1] if said else ""
        if isinstance(content, str):
            return content
        return " ".join(part["text"] for part in content if part["type"] == "text")


def openai_stub(clock: Any, pause: float = 0.0) -> ModelStub:
    """A stub; ``Site(stub)`` serves it, and its base URL ends in ``/v1``.

    :param pause: seconds between two pieces of an answer.
    """
    return ModelStub(OpenAiDialect(), clock, pause)


async def serve(reactor: Any, stub: ModelStub) -> tuple[str, IListeningPort]:
    """Serve *stub* on a free port of 127.0.0.1; its base URL, and what to stop."""
    port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(Site(stub))
    address: Any = port.getHost()
    return f"http://127.0.0.1:{address.port}/v1", port


def _call_deltas(index: int, call: Call) -> list[dict[str, Any]]:
    first = {
        "index": index, "id": call.id, "type": "function",
        "function": {"name": call.name, "arguments": ""},
    }  # fmt: skip
    more = [{"index": index, "function": {"arguments": piece}} for piece in call.arguments]
    return [{"tool_calls": [one]} for one in (first, *more)]


def _choice(delta: dict[str, Any], stop: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": stop}


def _chunk(model: str, choices: list[Any], usage: Any = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-stub", "object": "chat.completion.chunk", "created": 1_748_779_200,
        "model": model, "choices": choices, "usage": usage,
    }  # fmt: skip


def main(reactor: Any) -> Any:
    """Serve until it is ended; pieces of answers come 20 ms apart."""

    async def run() -> None:
        url, _ = await serve(reactor, openai_stub(reactor, pause=0.02))
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        await Deferred()

    return Deferred.fromCoroutine(run())


if __name__ == "__main__":
    react(main)
