"""Pictures as files in a folder of the state directory, worked on in threads."""

import os
import re
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IConsumer, IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from mentra.errors import StoreError
from mentra.interfaces.photos import IPhotoFiles

FOLDER = "photos"
"""In the state directory."""

THREADS = 4
CHUNK = 65_536
"""Bytes read at a time."""

UNFINISHED = ".unfinished"

_NAME = re.compile(r"[A-Za-z0-9_-]{32}\.[a-z0-9]{1,8}", re.ASCII)


class Kept(Protocol):
    """What filling a file brings."""

    @property
    def suffix(self) -> str:
        """End of the file's name, e.g. ``.jpg``."""


KeptT = TypeVar("KeptT", bound=Kept)
T = TypeVar("T")


def is_file_name(text: str) -> bool:
    """Whether *text* can be the name of a file here; so it leads nowhere else either."""
    return _NAME.fullmatch(text) is not None


def new_name() -> str:
    """A name, without suffix, that nobody can guess: 192 random bits."""
    return secrets.token_urlsafe(24)


@implementer(IPhotoFiles)
class PhotoFiles(Service):
    """Makes its folder, called after what is in it, when it needs one.

    What was asked for before the service stops is done before it has stopped.
    """

    def __init__(self, folder: Path, reactor: IReactorFromThreads) -> None:
        self._folder = folder
        self._reactor = reactor
        self._pool = ThreadPool(0, THREADS, folder.name)
        self._in_hand: set[Deferred[Any]] = set()
        self._closed = False

    def startService(self) -> None:
        """Let threads run."""
        super().startService()
        self._pool.start()

    def stopService(self) -> Deferred[None]:
        """Fires when everything in hand is done."""
        super().stopService()
        return Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        while self._in_hand:
            waiting: Deferred[None] = Deferred()
            next(iter(self._in_hand)).addBoth(_passing_on(waiting))
            await waiting
        if not self._closed:
            self._closed = True
            self._pool.stop()

    def keep(self, fill: Callable[[BinaryIO], KeptT]) -> Deferred[tuple[str, KeptT]]:
        """Make a file; its name and what *fill* returned."""
        # an upload whose sender left meanwhile is nobody's: the next sweep takes it
        return self._run(lambda: keep(self._folder, fill))

    def open(self, name: str) -> "Deferred[FileBody | None]":
        """The file as a body, or None."""

        def opened() -> tuple[BinaryIO, int] | None:
            if not is_file_name(name):
                return None
            try:
                file = (self._folder / name).open("rb")
            except FileNotFoundError:
                return None
            return file, os.fstat(file.fileno()).st_size

        return self._run(opened).addCallback(
            lambda found: None if found is None else FileBody(found[0], found[1], self._run)
        )

    def read(self, name: str) -> Deferred[bytes | None]:
        """All of the file, or None."""

        def content() -> bytes | None:
            if not is_file_name(name):
                return None
            try:
                return (self._folder / name).read_bytes()
            except FileNotFoundError:
                return None

        return self._run(content)

    def remove(self, names: Iterable[str]) -> Deferred[None]:
        """Delete those that are there."""
        gone = tuple(names)
        return self._run(lambda: remove(self._folder, gone))

    def older_than(self, moment: float) -> Deferred[frozenset[str]]:
        """Names of the files last written before *moment*, POSIX seconds."""
        return self._run(lambda: older_than(self._folder, moment))

    def _run(self, job: Callable[[], T]) -> Deferred[T]:
        if self._closed:
            return fail(StoreError(f"the folder of {self._folder.name} is closed"))
        work: Deferred[T] = deferToThreadPool(
            self._reactor, self._pool, _told, job, self._folder.name
        )
        self._in_hand.add(work)

        def done(result: Any) -> Any:
            self._in_hand.discard(work)
            return result

        return work.addBoth(done)


def keep(folder: Path, fill: Callable[[BinaryIO], KeptT]) -> tuple[str, KeptT]:
    """Make a file in *folder*; its name and what *fill* returned.  Blocks."""
    folder.mkdir(mode=0o700, exist_ok=True)
    name = new_name()
    unfinished = folder / (name + UNFINISHED)
    try:
        with open(unfinished, "xb", opener=_for_its_owner) as file:
            filled = fill(file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(folder / (name + filled.suffix))
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return name + filled.suffix, filled


def remove(folder: Path, names: Iterable[str]) -> None:
    """Delete those of *names* that are in *folder*.  Blocks."""
    for name in names:
        (folder / name).unlink(missing_ok=True)


def older_than(folder: Path, moment: float) -> frozenset[str]:
    """Names of the files in *folder* last written before *moment*.  Blocks."""
    if not folder.is_dir():
        return frozenset()
    found = set()
    with os.scandir(folder) as entries:
        for one in entries:
            # it may be deleted at this very moment
            with suppress(FileNotFoundError):
                if one.stat().st_mtime < moment:
                    found.add(one.name)
    return frozenset(found)


@implementer(IBodyProducer)
class FileBody:
    """A file as the body of an answer, read in threads at the pace of its consumer.

    :ivar length: bytes.
    """

    def __init__(
        self, file: BinaryIO, length: int, run: Callable[[Callable[[], Any]], Deferred[Any]]
    ) -> None:
        self.length = length
        self._file = file
        self._run = run
        self._paused: Deferred[None] | None = None
        self._stopped = False
        self._reading = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Write it to *consumer*; fires when all of it is written, or it was stopped."""
        return Deferred.fromCoroutine(self._produce(consumer))

    async def _produce(self, consumer: Any) -> None:
        self._reading = True
        left = self.length
        try:
            while left and not self._stopped:
                chunk = await self._run(partial(self._file.read, min(CHUNK, left)))
                if not chunk:
                    raise StoreError("the file has become shorter")
                if self._paused is not None:
                    await self._paused
                left -= len(chunk)
                consumer.write(chunk)
        finally:
            self._file.close()

    def pauseProducing(self) -> None:
        """Wait."""
        if self._paused is None:
            self._paused = Deferred()

    def resumeProducing(self) -> None:
        """Go on."""
        paused, self._paused = self._paused, None
        if paused is not None:
            paused.callback(None)

    def stopProducing(self) -> None:
        """Nobody wants it any more."""
        self._stopped = True
        if not self._reading:
            self._file.close()
        self.resumeProducing()


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _told(job: Callable[[], T], what: str) -> T:
    try:
        return job()
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        raise StoreError(f"the folder of {what} cannot be used: {why}") from problem


def _passing_on(waiting: Deferred[None]) -> Callable[[T], T]:
    def pass_on(result: T) -> T:
        waiting.callback(None)
        return result

    return pass_on
