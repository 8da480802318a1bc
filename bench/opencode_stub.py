#!/usr/bin/env python
"""A stand-in for OpenCode that listens: every prompt is answered by words with the time in them.

    python bench/opencode_stub.py PORT WORDS PAUSE

WORDS words a prompt, PAUSE seconds apart; each is the time of its sending, seconds of a clock that
all processes share.
"""

import sys
import time
from typing import Any

from twisted.internet import reactor as _reactor  # noqa: TID251 - a program of its own
from twisted.web.server import Site

from mentra.testing.opencode import FakeOpencode
from mentra.testing.opencode_prompts import Prompt

reactor: Any = _reactor


class Clockwork:
    """Answers prompts."""

    def __init__(self, words: int, pause: float) -> None:
        self._words = words
        self._pause = pause

    def __call__(self, prompt: Prompt, /) -> None:
        """Begin, and go on by the clock."""
        prompt.begin()
        part = prompt.part("text", text="", time={"start": 1})
        reactor.callLater(self._pause, self._say, prompt, part, self._words)

    def _say(self, prompt: Prompt, part: dict[str, Any], left: int) -> None:
        if prompt.is_over:
            return
        if not left:
            prompt.end()
            return
        prompt.delta(part, f"{time.monotonic():.6f} ")
        reactor.callLater(self._pause, self._say, prompt, part, left - 1)


def main(port: str, words: str, pause: str) -> None:
    """Serve until told to stop."""
    server = FakeOpencode(Clockwork(int(words), float(pause)))
    for number in range(20):
        server.new_session(f"session {number}")
    reactor.listenTCP(int(port), Site(server), interface="127.0.0.1")
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
