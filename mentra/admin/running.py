"""Running asyncio in a command: several things at once, and a clean end when asked to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any


async def race(*works: Coroutine[Any, Any, None]) -> None:
    """Run all, until the first one ends; the others are cancelled, and have ended on return.

    What the first one raises is raised.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task in done:
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def run_until_interrupted(work: Coroutine[Any, Any, None]) -> None:
    """Run *work* to its end; Ctrl-C, SIGTERM or a closed terminal cancels it and waits until it
    has cleaned up."""

    async def watched() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(watched())
