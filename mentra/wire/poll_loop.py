"""A leaner turn of the epoll reactor.

Twisted sets up a log context around every event, which at one frame a read is the dearest thing it
does.  Here a plain read event of an ordinary TCP connection is dealt with directly inside one
``try``: what its ``doRead`` does.  All other events go the stock way.  Errors are isolated as
before.  What the events of one turn have to say may be gathered and sent at its end.

Replaces ``doIteration`` of one ``EPollReactor`` instance and uses its ``_poller``,
``_selectables``, ``_doReadOrWrite`` and ``_disconnectSelectable``, and ``socket`` and
``protocol`` of its connections; does nothing on any other reactor or if the reactor's are
gone.  ``[wire] lean_loop = false`` leaves the reactor alone.
"""

import errno
from collections.abc import Callable, Iterable
from select import EPOLLIN
from typing import Any, Protocol

from twisted.internet import tcp
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.logger import Logger
from twisted.python import log as context_log

_log = Logger()

AT_MOST: int = tcp.Server.bufferSize
"""Bytes of one read."""

AT_ONCE = 32
"""Events of one turn; the kernel keeps the others for the next.  What is gathered waits for all of
them, and most of what there is to gain is gained with a few."""

NEEDED = ("_poller", "_selectables", "_doReadOrWrite", "_disconnectSelectable", "doPoll")


class Turn(Protocol):
    """What surrounds the events of one turn."""

    def begin(self) -> None:
        """There are events."""

    def end(self) -> None:
        """They are dealt with."""


def lean_iteration(reactor: Any, turn: Turn) -> Callable[[float | None], None] | None:
    """A ``doIteration`` for *reactor*, or None if it is not one that we know."""
    try:
        from twisted.internet.epollreactor import EPollReactor
    except ImportError:
        return None
    if type(reactor) is not EPollReactor or not all(hasattr(reactor, name) for name in NEEDED):
        return None
    poll = reactor._poller.poll
    deal_with = _what_deals_with_events(reactor)
    begin, end = turn.begin, turn.end

    def iterate(timeout: float | None) -> None:
        try:
            events = poll(-1 if timeout is None else timeout, AT_ONCE)
        except OSError as problem:
            if problem.errno == errno.EINTR:
                return
            raise
        if events:
            begin()
            try:
                deal_with(events)
            finally:
                end()

    return iterate


def _what_deals_with_events(reactor: Any) -> Callable[[Iterable[tuple[int, int]]], None]:
    find = reactor._selectables.get
    disconnect = reactor._disconnectSelectable
    stock = reactor._doReadOrWrite
    connection = tcp.Server

    def deal_with(events: Iterable[tuple[int, int]]) -> None:
        for descriptor, event in events:
            selectable = find(descriptor)
            if event == EPOLLIN and type(selectable) is connection:
                try:
                    data = selectable.socket.recv(AT_MOST)
                except BlockingIOError:
                    continue
                except OSError:
                    why: BaseException = CONNECTION_LOST
                else:
                    if data:
                        try:
                            selectable.protocol.dataReceived(data)
                            continue
                        except BaseException as problem:  # noqa: BLE001 - as Twisted does: this connection's end, not the loop's
                            _log.failure("reading from a connection failed")
                            why = problem
                    else:
                        why = CONNECTION_DONE
                context_log.callWithLogger(selectable, disconnect, selectable, why, True)
            elif selectable is not None:
                context_log.callWithLogger(selectable, stock, selectable, descriptor, event)

    return deal_with


def install(reactor: Any, turn: Turn) -> bool:
    """Use it from the reactor's next turn on; whether it could be done."""
    iterate = lean_iteration(reactor, turn)
    if iterate is None:
        return False
    reactor.doIteration = iterate
    return True
