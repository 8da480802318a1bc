"""Programs beside a command: they end with it, whatever happens, and say why they failed."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from mentra.admin.children import ChildFailed, child, output_of, program
from mentra.admin.running import race, run_until_interrupted
from mentra.errors import MentraError

pytestmark = pytest.mark.slow

STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, lambda *_: None); print('up', flush=True)\n"
)


def test_a_program_is_found_beside_the_interpreter():
    assert Path(program("twistd")).parent == Path(sys.executable).parent


def test_a_program_that_is_nowhere_is_a_sentence():
    with pytest.raises(MentraError, match="no-such-program: no such program beside"):
        program("no-such-program")


def test_a_child_ends_with_the_block(tmp_path: Path):
    async def scenario() -> int:
        async with child(
            "app", sys.executable, "-c", "import time; time.sleep(600)",
            folder=tmp_path, environ=os.environ,
        ) as running:  # fmt: skip
            process = running._process
        assert process.returncode is not None
        return process.returncode

    assert asyncio.run(scenario()) == -signal.SIGTERM


def test_a_stubborn_child_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mentra.admin.children.STOP_SECONDS", 0.05)

    async def scenario() -> int | None:
        # ignored from its birth on, for a child inherits that
        before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            async with child("app", "sleep", "600", folder=tmp_path, environ=os.environ) as running:
                process = running._process
        finally:
            signal.signal(signal.SIGTERM, before)
        return process.returncode

    assert asyncio.run(scenario()) == -signal.SIGKILL


def test_a_child_that_ends_by_itself_tells_its_last_words(tmp_path: Path):
    async def scenario() -> None:
        async with child(
            "the app", sys.executable, "-c", "print('out of captions'); raise SystemExit(3)",
            folder=tmp_path, environ=os.environ,
        ) as running:  # fmt: skip
            await running.ended()

    with pytest.raises(ChildFailed, match="the app ended: out of captions"):
        asyncio.run(scenario())


def test_a_command_s_output_comes_back(tmp_path: Path):
    told = output_of(sys.executable, "-c", "print(' key ')", folder=tmp_path, environ=os.environ)

    assert asyncio.run(told) == "key"


def test_a_failing_command_gives_its_last_line(tmp_path: Path):
    failing = output_of(
        sys.executable, "-c", "import sys; sys.exit('first\\nError: no such app')",
        folder=tmp_path, environ=os.environ,
    )  # fmt: skip

    with pytest.raises(ChildFailed, match="failed: Error: no such app"):
        asyncio.run(failing)


def test_the_first_to_end_cancels_the_others():
    ended: list[str] = []

    async def forever(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async def soon() -> None:
        await asyncio.sleep(0)

    asyncio.run(race(forever("a"), soon(), forever("b")))

    assert ended == ["a", "b"]


def test_what_the_first_raises_is_raised():
    async def forever() -> None:
        await asyncio.Event().wait()

    async def fail() -> None:
        raise LookupError("why")

    with pytest.raises(LookupError, match="why"):
        asyncio.run(race(forever(), fail()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_a_clean_end(number: signal.Signals):
    ended: list[str] = []

    async def work() -> None:
        os.kill(os.getpid(), number)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    run_until_interrupted(work())

    assert ended == ["cleaned up"]
