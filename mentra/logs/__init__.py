"""Log lines: text for people or JSON for programs, repeated errors folded, secrets blanked.

``tap.py`` calls :func:`make_observer` once and makes the result Twisted's log observer, for
instance with ``application.setComponent(ILogObserver, observer)``.
"""

from collections.abc import Callable
from typing import Literal, TextIO

from twisted.internet.interfaces import IReactorTime
from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
)
from zope.interface import implementer

from mentra.logs.folding import Folder
from mentra.logs.lines import Writer, as_json, as_text

__all__ = ["Observer", "make_observer"]


@implementer(ILogObserver)
class Observer:
    """What :func:`make_observer` makes."""

    def __init__(self, threshold: LogLevelFilterPredicate, folder: Folder) -> None:
        self._observer = FilteringLogObserver(folder, [threshold])
        self._folder = folder

    def __call__(self, event: LogEvent) -> None:
        """Write *event*, or not."""
        self._observer(event)

    def close(self) -> None:
        """Write what was counted and not told yet; no timer is left.  To be called at the end."""
        self._folder.close()


def make_observer(
    format: Literal["text", "json"],
    level: str,
    stream: TextIO,
    clock: IReactorTime,
    now: Callable[[], float],
) -> Observer:
    """The observer for Twisted's log: filters, folds, redacts and writes lines to *stream*.

    :param level: the least that is written: ``debug``, ``info``, ``warn``, ``error``, ``critical``.
    :param clock: for the folding window.
    :param now: wall time, POSIX seconds, for events that do not say when they were.
    """
    writer = Writer(stream, as_json if format == "json" else as_text, now)
    threshold = LogLevelFilterPredicate(defaultLogLevel=LogLevel.levelWithName(level))
    return Observer(threshold, Folder(writer, clock))
