"""Fixtures for every test: a fake clock, and an eye on Twisted's log."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import txaio
from hypothesis import HealthCheck, settings
from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher

from mentra.stores.engine import FILE_NAME
from mentra.stores.opening import upgrade_store
from tests import time_limits

WHOLLY_SLOW = "\npytestmark = pytest.mark.slow\n"

# How many examples is for whoever runs the tests to say: see the Makefile.
# "thorough", which CI runs, tries the same examples each time: whether a change is let in depends
# on the change then, and not on the luck of the day, and what failed there fails here too.  Luck is
# for "searching", which somebody runs who has time to look at what it finds.
settings.register_profile("quick", max_examples=30, deadline=None)
settings.register_profile("thorough", max_examples=200, deadline=None, derandomize=True)
settings.register_profile(
    "searching", max_examples=2000, stateful_step_count=100, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
settings.load_profile("quick")

# every test ends with a collection of its own; those that come by themselves would look through
# all that is imported, again and again
gc.set_threshold(100_000, 50, 100)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still; Autobahn's own timers follow it too."""
    made = Clock()
    txaio.use_twisted()
    monkeypatch.setattr(txaio.config, "loop", made)
    return made


_where_signals_go = -1


@pytest.fixture(autouse=True)
def signals_reach_the_reactor() -> Iterator[None]:
    """An asyncio loop that handles signals leaves them to nobody when it ends, and Twisted would
    not hear of processes that end: what it had set is set again."""
    _give_signals_back()
    yield
    _give_signals_back()


def _give_signals_back() -> None:
    global _where_signals_go
    # there is no other way to read it
    now = signal.set_wakeup_fd(-1)
    if now != -1:
        _where_signals_go = now
    signal.set_wakeup_fd(_where_signals_go)


@pytest.fixture(scope="session")
def fresh_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables, without rows, to be copied."""
    folder = tmp_path_factory.mktemp("fresh")
    upgrade_store(None, folder)
    return folder / FILE_NAME


@pytest.fixture(autouse=True)
def logged_failures() -> Iterator[list[LogEvent]]:
    """Failures in Twisted's log; what a test expects it removes, anything left fails it."""
    failures: list[LogEvent] = []

    def observe(event: LogEvent) -> None:
        if "log_failure" in event:
            failures.append(event)

    globalLogPublisher.addObserver(observe)
    # what outlives the tests before this one is looked through once, and not after every test
    gc.collect()
    gc.freeze()
    yield failures
    # a Deferred reports an unhandled error only when it is collected
    gc.collect()
    globalLogPublisher.removeObserver(observe)
    assert not failures, [str(event["log_failure"]) for event in failures]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every test has a limit of time; ``--timeout=SECONDS`` is another for all, 0 none."""
    if config.getoption("timeout") is None:
        time_limits.limit(items)


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool | None:
    """pytest-timeout's own does not end a test that waits for Twisted."""
    if settings.method != "signal":
        return None
    return time_limits.watch(item, settings)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where slow tests are left out, files that have no others are not read: to rewrite their
    assertions and to import what they need takes longer than many a test."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    asked_for = {Path(one.partition("::")[0]).absolute() for one in config.args}
    if collection_path in asked_for:
        return None
    return True if WHOLLY_SLOW in collection_path.read_text("utf-8") else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def] # pytest's own generator type is private
    """Where everything is installed, a skipped test is a failed one."""
    report = yield
    if report.skipped and os.environ.get("MENTRA_TEST_NO_SKIP") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where nothing may be: {report.longrepr}"
    return report
