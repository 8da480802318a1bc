"""Lets the first of equal errors by and counts the rest."""

import threading
from typing import Any

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorFromThreads, IReactorTime
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from twisted.python.threadable import isInIOThread
from zope.interface import implementer

from mentra.logs.lines import MAX_SEEN, failure_of, level_of

WINDOW = 60.0
"""Seconds in which an error is written once, however often it happens."""

MAX_FOLDED = 1000
"""Different errors remembered at a time."""


@attrs.define
class _Folded:
    """An error that was written, and how often it came again since.

    Text alone: an event may refer to a session, and would keep it alive.
    """

    level: Any
    namespace: str
    text: str
    until: float
    repeats: int = 0

    @classmethod
    def of(cls, event: LogEvent, until: float) -> "_Folded":
        namespace = str(event.get("log_namespace", "-"))
        return cls(level_of(event), namespace, formatEvent(event)[:MAX_SEEN], until)


@implementer(ILogObserver)
class Folder:
    """Lets the first of equal warnings and errors by, counts the rest and tells the count.

    Equal is: same namespace, level and format, and failures of one type from one line.

    :param observer: what it stands in front of.
    """

    def __init__(self, observer: ILogObserver, clock: IReactorTime) -> None:
        self._observer = observer
        self._clock = clock
        self._folded: dict[tuple[Any, ...], _Folded] = {}
        self._sweeping: IDelayedCall | None = None
        # events come from worker threads too
        self._lock = threading.Lock()

    def __call__(self, event: LogEvent) -> None:
        """Pass *event* on, or count it."""
        if level_of(event) < LogLevel.warn:
            self._observer(event)
            return
        evicted = None
        with self._lock:
            now = self._clock.seconds()
            known = self._folded.get(key := _identity(event))
            is_repeat = known is not None and now < known.until
            if is_repeat and known is not None:
                known.repeats += 1
            else:
                evicted = known or self._evict()
                self._folded[key] = _Folded.of(event, now + WINDOW)
        if evicted is not None:
            self._tell(evicted)
        if not is_repeat:
            self._observer(event)
            self._arrange()

    def close(self) -> None:
        """Tell every count that is still open, and leave no timer behind."""
        with self._lock:
            timer, self._sweeping = self._sweeping, None
            remaining, self._folded = list(self._folded.values()), {}
        if timer is not None and timer.active():
            timer.cancel()
        for folded in remaining:
            self._tell(folded)

    def _evict(self) -> _Folded | None:
        if len(self._folded) < MAX_FOLDED:
            return None
        return self._folded.pop(next(iter(self._folded)))

    def _arrange(self) -> None:
        """Have the counts told in time; timers are for the reactor's thread alone."""
        if IReactorFromThreads.providedBy(self._clock) and not isInIOThread():
            IReactorFromThreads(self._clock).callFromThread(self._sweep_later)
        else:
            self._sweep_later()

    def _sweep_later(self) -> None:
        with self._lock:
            if self._sweeping is None and self._folded:
                wait = min(folded.until for folded in self._folded.values())
                delay = max(0.0, wait - self._clock.seconds())
                self._sweeping = self._clock.callLater(delay, self._sweep)

    def _sweep(self) -> None:
        with self._lock:
            self._sweeping = None
            now = self._clock.seconds()
            over = [key for key, folded in self._folded.items() if folded.until <= now]
            ended = [self._folded.pop(key) for key in over]
        for folded in ended:
            self._tell(folded)
        self._sweep_later()

    def _tell(self, folded: _Folded) -> None:
        if folded.repeats:
            self._observer(
                {
                    "log_level": folded.level,
                    "log_namespace": folded.namespace,
                    "log_format": "{repeats} more in {seconds} s: {first}",
                    "repeats": folded.repeats,
                    "seconds": round(WINDOW),
                    "first": folded.text,
                }
            )


def _identity(event: LogEvent) -> tuple[Any, ...]:
    """What two events have in common that are one error."""
    text = event.get("log_format")
    if text == "{log_text}":
        # the old API formats first and says so; then the text is all there is
        text = event.get("log_text")
    failure = failure_of(event)
    if "log_io" in event:
        # a line of somebody's print or traceback: the line is what tells it from others
        text = event["log_io"]
    if failure is None:
        return (event.get("log_namespace"), level_of(event), text)
    frame = failure.frames[-1] if failure.frames else ("", "", 0)
    # the old API's text has the whole traceback in it
    stable = event.get("log_format") if text != event.get("log_text") else None
    return (event.get("log_namespace"), level_of(event), stable, failure.type, frame[1], frame[2])
