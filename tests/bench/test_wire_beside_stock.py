"""What the server does on the wire, beside stock Twisted and Autobahn."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from processes import free_port, started
from wire_check import Server, outcomes

BENCH = Path(__file__).parents[2] / "bench"
LIMIT = 16 * 1024 * 1024
pytestmark = pytest.mark.slow


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Callable[[str], dict[str, str]]]:
    """What an echo server does in every case of the wire check: ours, with lines for the section
    [wire], or, without any, the stock one."""
    with ExitStack() as stack:

        def outcomes_of(wire: str) -> dict[str, str]:
            port = free_port()
            if wire:
                home = tmp_path / str(port)
                home.mkdir()
                (home / "mentra.toml").write_text(f"[wire]\necho = true\n{wire}")
                words = [str(Path(sys.executable).with_name("twistd")), "-n", "--pidfile="]
                words += ["mentra", "--config", str(home / "mentra.toml")]
                words += ["--listen", f"tcp:{port}:interface=127.0.0.1"]
                words += ["--state-dir", str(home / "state")]
            else:
                words = [sys.executable, str(BENCH / "peers" / "stock_echo.py"), str(port)]
            stack.enter_context(started(words, port, tmp_path / f"{port}.log", environment={}))
            return asyncio.run(outcomes(Server("127.0.0.1", port, "/echo-ws"), LIMIT, ""))

        yield outcomes_of


def same_or_better(ours: str, stock: str) -> bool:
    """Where stock Autobahn loses its own close frame because it aborts at once, we may get ours
    out before."""
    told, _, rest = ours.partition("; ")
    return ours == stock or (told.startswith("close 100") and rest == stock == "end of connection")


@pytest.mark.parametrize("fast_path", ["true", "false"])
def test_the_wire_is_that_of_stock_autobahn(
    echo: Callable[[str], dict[str, str]], fast_path: str
) -> None:
    stock = echo("")

    ours = echo(f"fast_path = {fast_path}\n")

    assert len(ours) == len(stock) > 150
    differing = {
        name: (ours[name], stock[name])
        for name in stock
        if not same_or_better(ours[name], stock[name])
    }
    assert differing == {}
