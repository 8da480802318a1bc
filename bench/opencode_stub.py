#!/usr/bin/env python
"""A stand-in for OpenCode that listens: every prompt is answered by words with the time in them.

    python bench/opencode_stub.py PORT WORDS PAUSE

WORDS words a prompt, PAUSE seconds apart; each is the time of its sending, seconds of a clock that
all processes share.  Every twenty words there is an end to the text, and a tool is used.
"""

import sys
import time
from typing import Any

from twisted.internet import reactor as _reactor  # noqa: TID251 - a program of its own
from twisted.web.server import Site

from mentra.testing.opencode import FakeOpencode
from mentra.testing.opencode_prompts import Prompt

reactor: Any = _reactor


SENTENCE = 20
"""Words."""

OUTPUT = "what a tool has brought\n" * 100


class Clockwork:
    """Answers prompts."""

    def __init__(self, words: int, pause: float) -> None:
        self._words = words
        self._pause = pause

    def __call__(self, prompt: Prompt, /) -> None:
        """Begin, and go on by the clock."""
        prompt.begin()
        self._go_on(prompt, self._words)

    def _go_on(self, prompt: Prompt, left: int) -> None:
        part = prompt.part("text", text="", time={"start": 1})
        reactor.callLater(self._pause, self._say, prompt, part, [], left)

    def _say(self, prompt: Prompt, part: dict[str, Any], said: list[str], left: int) -> None:
        if prompt.is_over:
            return
        if said and (not left or len(said) == SENTENCE):
            prompt.update(part, text="".join(said), time={"start": 1, "end": 2})
            self._use_tool(prompt)
            if left:
                self._go_on(prompt, left)
            else:
                prompt.end()
            return
        said.append(f"{time.monotonic():.6f} ")
        prompt.delta(part, said[-1])
        reactor.callLater(self._pause, self._say, prompt, part, said, left - 1)

    def _use_tool(self, prompt: Prompt) -> None:
        given = {"command": "ls", "description": "Lists"}
        state = {"status": "running", "input": given, "time": {"start": 1}}
        part = prompt.part("tool", tool="bash", callID="call_1", state=state)
        done = {"status": "completed", "output": OUTPUT, "title": "ls", "metadata": {}}
        prompt.update(part, state=state | done)


def main(port: str, words: str, pause: str) -> None:
    """Serve until told to stop."""
    server = FakeOpencode(Clockwork(int(words), float(pause)))
    for number in range(20):
        server.new_session(f"session {number}")
    reactor.listenTCP(int(port), Site(server), interface="127.0.0.1")
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
