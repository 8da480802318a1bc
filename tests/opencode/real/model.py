"""A model that is none: an OpenAI-compatible server that does what the last words say.

``usetool`` and ``useuname`` call bash, ``askcolour`` asks the user, ``slow`` counts to 300 and
takes its time, ``broken`` is refused, ``boom`` fails each time, ``think`` thinks aloud first;
anything else is echoed.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Model(BaseHTTPRequestHandler):
    server: "Model"

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody wants to know."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append(body)
        said = text_of([one for one in body["messages"] if one["role"] == "user"][-1])
        if "boom" in said:
            self._refuse(500, "boom")
        elif "broken" in said:
            self._refuse(400, "broken, and the key sk-abcdefghijklmnopqrst is to blame")
        else:
            self._stream(pieces(said, body["messages"][-1]["role"] == "tool"), "slow" in said)

    def _refuse(self, status: int, message: str) -> None:
        data = json.dumps({"error": {"message": message, "type": "invalid_request_error"}}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, chunks: Iterator[dict[str, Any]], slowly: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for chunk in chunks:
            data = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            try:
                self.wfile.write(b"data: " + json.dumps(data | chunk).encode() + b"\n\n")
                self.wfile.flush()
            except OSError:
                return  # it was told to stop
            if slowly and self.server.halt.wait(0.1):
                return
        self.wfile.write(b"data: [DONE]\n\n")


class Model(ThreadingHTTPServer):
    """Listens on a port of its own.

    :ivar asked: what it was sent.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Model)
        self.asked: list[Any] = []
        self.halt = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def close(self) -> None:
        self.halt.set()
        self.shutdown()
        self.server_close()


def text_of(message: Any) -> str:
    content = message["content"]
    return content if isinstance(content, str) else " ".join(one.get("text", "") for one in content)


def pieces(said: str, after_tool: bool) -> Iterator[dict[str, Any]]:
    yield _delta(role="assistant")
    used = next((one for word, one in TOOLS.items() if word in said), None)
    if used is not None and not after_tool:
        name = "question" if "questions" in used else "bash"
        call = {"name": name, "arguments": json.dumps(used)}
        yield _delta(content="Let me see. ")
        yield _delta(
            tool_calls=[{"index": 0, "id": "call_1", "type": "function", "function": call}]
        )
        yield _end("tool_calls")
        return
    if "think" in said:
        yield _delta(reasoning_content="Hm. ")
    words = [f"{number} " for number in range(300)] if "slow" in said else ["Echo: ", said]
    for word in words:
        yield _delta(content=word)
    yield _end("stop")


COLOUR = {
    "question": "Which colour?", "header": "Colour",
    "options": [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}],
}  # fmt: skip

TOOLS = {
    "usetool": {"command": "echo hello from the shell", "description": "Greets"},
    "askcolour": {"questions": [COLOUR]},
    "useuname": {"command": "uname -s", "description": "Asks"},
}


def _delta(**delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def _end(reason: str) -> dict[str, Any]:
    usage = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": usage}
