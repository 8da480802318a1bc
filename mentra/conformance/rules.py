"""What a rule is, and how rules are run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import aiohttp
import attrs

from mentra.conformance.party import Broken
from mentra.conformance.stage import Stage
from mentra.errors import MentraError

Try = Callable[[Stage], Awaitable[None]]

LONGEST = 90.0
"""Seconds for one rule."""


class NotTried(MentraError):
    """What the rule needs was not given; the text says what."""


@attrs.frozen
class Rule:
    """One promise of the protocol.

    :ivar number: its place in docs/conformance.
    :ivar title: the promise, a sentence.
    """

    number: int
    title: str
    attempt: Try = attrs.field(repr=False)


@attrs.frozen
class Outcome:
    """What came of a rule.

    :ivar passed: None if it was not tried.
    :ivar why: what was seen instead, or is missing; empty if it passed.
    """

    rule: Rule
    passed: bool | None
    why: str = ""


def rule(number: int, title: str) -> Callable[[Try], Rule]:
    """Makes a coroutine function of a stage a :class:`Rule`; it raises ``Broken``."""
    return lambda attempt: Rule(number, title, attempt)


async def run(rules: Iterable[Rule], stage: Stage) -> AsyncIterator[Outcome]:
    """Try one after another, each on a clean stage."""
    for one in rules:
        yield await _outcome(one, stage)


async def _outcome(one: Rule, stage: Stage) -> Outcome:
    try:
        async with asyncio.timeout(LONGEST), stage.curtain():
            await one.attempt(stage)
    except NotTried as missing:
        return Outcome(one, None, str(missing))
    except TimeoutError:
        return Outcome(one, False, f"it was not done within {LONGEST:g} s")
    except (Broken, MentraError) as problem:
        return Outcome(one, False, str(problem))
    except (aiohttp.ClientError, OSError) as problem:
        return Outcome(one, False, f"the connection failed: {problem}")
    except (KeyError, TypeError, IndexError) as problem:
        # a field that should be there is not, or is something else
        return Outcome(one, False, f"a field is missing or of another kind: {problem!r}")
    return Outcome(one, True)
