"""So long may a test take: one that hangs costs itself, and not all that come after it."""

import contextlib
import signal
from types import FrameType
from typing import Any

import pytest
import pytest_timeout
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred

FAST, SLOW = 300.0, 900.0
"""Seconds.  Much more than any needs, even with hundreds of examples and others at work
on the machine."""

_waited_for: list[Deferred[Any]] = []
_block = pytest_twisted.blockon_default


def limit(items: list[pytest.Item]) -> None:
    """Give each test its limit, unless it has one of its own."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            seconds = SLOW if item.get_closest_marker("slow") else FAST
            # by a signal, for the other way, a thread, can only end the whole run
            item.add_marker(pytest.mark.timeout(seconds, method="signal"))


def _block_and_remember(deferred: Deferred[Any]) -> Any:
    _waited_for.append(deferred)
    try:
        return _block(deferred)
    except CancelledError:
        if _is_over.pop(id(deferred), False):
            pytest.fail("Timeout: the test still waited for the reactor")
        raise
    finally:
        _waited_for.pop()


_is_over: dict[int, bool] = {}
# pytest-twisted looks it up there whenever a test or fixture is waited for
pytest_twisted.blockon_default = _block_and_remember


def watch(item: Any, settings: Any) -> bool:
    """Begin to count the time of a test."""

    def ring(number: int, frame: FrameType | None) -> None:
        from twisted.internet import reactor  # noqa: TID251 - the one that runs the tests

        if not _waited_for or not _is_idle(frame):
            pytest_timeout.timeout_sigalrm(item, settings)
        # what is raised while it waits goes to the reactor, which logs it and waits on
        with contextlib.suppress(pytest.fail.Exception):
            pytest_timeout.timeout_sigalrm(item, settings)
        _is_over[id(_waited_for[-1])] = True
        reactor.callFromThread(_waited_for[-1].cancel)

    def cancel() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    item.cancel_timeout = cancel
    signal.signal(signal.SIGALRM, ring)
    # again after a while, where what was raised was caught by the very code that hangs
    signal.setitimer(signal.ITIMER_REAL, settings.timeout, 5.0)
    return True


def _is_idle(frame: FrameType | None) -> bool:
    """Whether the reactor waits, and nobody's code is at work."""
    return frame is not None and frame.f_code.co_name in ("doPoll", "doSelect")
