"""What the tests of language models say to them."""

import pytest
from treq.testing import RequestTraversalAgent

from mentra.engines import engines
from mentra.errors import Refused
from mentra.interfaces.engines import IEngines
from mentra.interfaces.llm import ILanguageModel
from mentra.interfaces.network import IGuardedHttpClient
from mentra.interfaces.services import ISecretFiles
from mentra.llm.prices import prices
from mentra.messages.llm import ChatRequest, Turn
from mentra.testing.house import house_with, success_of
from mentra.testing.secret_files import FakeSecretFiles
from mentra.web.client import HttpClient


def ask(*said, **how):
    """A request: strings are the user's, pairs name the role."""
    pairs = [("user", one) if isinstance(one, str) else one for one in said]
    turns = [Turn(role=role, content=content) for role, content in pairs]
    return ChatRequest(messages=turns, **how)


def text(content):
    """A block of text."""
    return {"type": "text", "text": content}


def shape(chunks):
    """Chunks as short tuples: the type and what it brings."""
    brings = [(one.text, one.tool_call, one.usage, one.error) for one in chunks]
    return [
        (chunk.type, *(it for it in given if it is not None))
        for chunk, given in zip(chunks, brings, strict=True)
    ]


class Stage:
    """An engine and a stub of its provider, joined by HTTP in memory on a clock that stands still.

    :ivar chunks: what was told.
    """

    def __init__(self, clock, stub, *factories, sections=(), files=None):
        self.clock, self.stub = clock, stub
        self.agent = RequestTraversalAgent(stub)
        self.house = house_with(
            engines, prices, *factories, clock=clock, sections=sections,
            parts={
                ISecretFiles: FakeSecretFiles(files or {}),
                IGuardedHttpClient: HttpClient(self.agent, clock),
            },
        )  # fmt: skip
        self.chunks = []

    def model(self, name):
        """The engine called *name*."""
        return IEngines(self.house).get(ILanguageModel, name)

    def chat(self, name, request, **how):
        """Ask it; the awaitable, its failure kept quiet."""
        answer = self.model(name).chat(request, self.chunks.append, **how)
        self.settle()
        return answer

    def settle(self, seconds=0.0):
        """Time passes, and then whatever has come is worked off."""
        self.clock.advance(seconds)
        for _ in range(200):
            self.agent.flush()
            due = [one for one in self.clock.getDelayedCalls() if one.time <= self.clock.seconds()]
            if not due:
                break
            self.clock.advance(0)
        self.agent.flush()


def refusal_of(awaitable):
    """Why it was refused."""
    with pytest.raises(Refused) as refused:
        success_of(awaitable)
    return refused.value
