"""A leaner turn of the epoll reactor.

Twisted sets up a log context around every event, which at one frame a read is the dearest thing it
does.  Here a plain read event of an ordinary TCP connection is dealt with directly inside one
``try``: what its ``doRead`` does.  All other events go the stock way.  Errors are isolated as
before.

Replaces ``doIteration`` of one ``EPollReactor`` instance and uses its ``_poller``,
``_selectables``, ``_doReadOrWrite`` and ``_disconnectSelectable``, and ``socket`` and
``protocol`` of its connections; does nothing on any other reactor or if the reactor's are
gone.  ``[wire] lean_loop = false`` leaves the reactor alone.
"""

import errno
from collections.abc import Callable
from select import EPOLLIN
from typing import Any

from twisted.internet import tcp
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.logger import Logger
from twisted.python import log as context_log

_log = Logger()

AT_MOST: int = tcp.Server.bufferSize
"""Bytes of one read."""

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
    connection = tcp.Server

    def iterate(timeout: float | None) -> None:
        try:
            events = poll(-1 if timeout is None else timeout, len(selectables))
        except OSError as problem:
            if problem.errno == errno.EINTR:
                return
            raise
        for descriptor, event in events:
            selectable = selectables.get(descriptor)
            if event == EPOLLIN and type(selectable) is connection:
                why = _read(selectable)
                if why is not None:
                    context_log.callWithLogger(selectable, disconnect, selectable, why, True)
            elif selectable is not None:
                context_log.callWithLogger(selectable, stock, selectable, descriptor, event)

    return iterate


def _read(connection: Any) -> BaseException | None:
    """Pass on what arrived; why the connection is at an end, if it is."""
    try:
        data = connection.socket.recv(AT_MOST)
    except BlockingIOError:
        return None
    except OSError:
        return CONNECTION_LOST
    if not data:
        return CONNECTION_DONE
    try:
        connection.protocol.dataReceived(data)
    except BaseException as problem:  # noqa: BLE001 - as Twisted does: this connection's end, not the loop's
        _log.failure("reading from {connection} failed", connection=type(connection).__name__)
        return problem
    return None


def install(reactor: Any) -> bool:
    """Use it from the reactor's next turn on; whether it could be done."""
    iterate = lean_iteration(reactor)
    if iterate is None:
        return False
    reactor.doIteration = iterate
    return True
