"""A leaner turn of the epoll reactor.

Twisted sets up a log context around every event, which at one frame a read is the dearest thing it
does.  Here a plain read event of an ordinary TCP connection calls ``doRead`` directly inside one
``try``; all other events go the stock way.  Errors are isolated as before.

Replaces ``doIteration`` of one ``EPollReactor`` instance and uses its ``_poller``,
``_selectables``, ``_doReadOrWrite`` and ``_disconnectSelectable``; does nothing on any other
reactor or if those are gone.  ``[wire] lean_loop = false`` leaves the reactor alone.
"""

import errno
from collections.abc import Callable
from select import EPOLLIN
from typing import Any

from twisted.internet import tcp
from twisted.logger import Logger
from twisted.python import log as context_log

_log = Logger()

NEEDED = ("_poller", "_selectables", "_doReadOrWrite", "_disconnectSelectable", "doPoll")


def lean_iteration(reactor: Any) -> Callable[[float | None], None] | None:
    """A ``doIteration`` for *reactor*, or None if it is not one that we know."""
    try:
        from twisted.internet.epollreactor import EPollReactor
    except ImportError:
        return None
    if type(reactor) is not EPollReactor or not all(hasattr(reactor, name) for name in NEEDED):
        return None
    poll = reactor._poller.poll
    selectables = reactor._selectables
    disconnect = reactor._disconnectSelectable
    stock = reactor._doReadOrWrite

    def iterate(timeout: float | None) -> None:
        try:
            events = poll(-1 if timeout is None else timeout, len(selectables))
        except OSError as problem:
            if problem.errno == errno.EINTR:
                return
            raise
        for descriptor, event in events:
            selectable = selectables.get(descriptor)
            if selectable is None:
                continue
            if event == EPOLLIN and type(selectable) is tcp.Server and selectable.connected:
                _read(selectable, disconnect)
            else:
                context_log.callWithLogger(selectable, stock, selectable, descriptor, event)

    return iterate


def _read(selectable: Any, disconnect: Callable[[Any, Any, bool], None]) -> None:
    try:
        why = selectable.doRead()
    except Exception as problem:  # noqa: BLE001 - as Twisted does: the connection goes, the loop stays
        _log.failure("reading from {connection} failed", connection=type(selectable).__name__)
        why = problem
    if why:
        disconnect(selectable, why, True)


def install(reactor: Any) -> bool:
    """Use it from the reactor's next turn on; whether it could be done."""
    iterate = lean_iteration(reactor)
    if iterate is None:
        return False
    reactor.doIteration = iterate
    return True
