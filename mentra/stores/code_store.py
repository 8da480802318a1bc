"""What coding assistants did, in a database and a folder of objects."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.interfaces.channel_stores import ICodeSessions
from mentra.messages.channels.code import (
    CodeAddEntry,
    CodeCreateRestorePoint,
    CodeGetTranscript,
    CodeRestore,
    CodeSearchTranscript,
    FileContent,
    FoundEntry,
    RestorePoint,
    RestoreResult,
    Session,
    TranscriptEntry,
    TranscriptPage,
)
from mentra.stores import code, restore_points
from mentra.stores.database import Transactions
from mentra.stores.objects import Objects
from mentra.stores.restore_points import Stored
from mentra.stores.restoring import KeptFile, allowed_folder, restore


@attrs.frozen(kw_only=True)
class CodeLimits:
    """How much is kept, and where files may be written.

    :ivar sessions: of one person.
    :ivar entries: of one session.
    :ivar bytes: of all restore points of one person.
    :ivar roots: folders in which files may be restored.
    """

    sessions: int = 2000
    entries: int = 200_000
    bytes: int = 1024 * 1024 * 1024
    roots: tuple[Path, ...] = ()


@implementer(ICodeSessions)
class CodeStore:
    """Keeps nothing in memory.

    :param now: wall time, POSIX seconds.
    """

    def __init__(
        self,
        database: Transactions,
        objects: Objects,
        now: Callable[[], float],
        limits: CodeLimits,
    ) -> None:
        self._database = database
        self._objects = objects
        self._now = now
        self._limits = limits

    def sessions(self, user_id: str) -> Deferred[list[Session]]:
        """The last changed first."""
        return self._read(code.sessions, user_id)

    def session(self, user_id: str, session_id: str) -> Deferred[Session | None]:
        """It, or None."""
        return self._read(code.session, user_id, session_id=session_id)

    def save_session(
        self, user_id: str, session_id: str | None, project_path: str, status: str
    ) -> Deferred[Session]:
        """Begin one, or change it."""
        return self._write(
            code.save_session, user_id, session_id=session_id, project_path=project_path,
            status=status, now=self._now(), most=self._limits.sessions,
        )  # fmt: skip

    def remove_session(self, user_id: str, session_id: str) -> Deferred[bool]:
        """Forget one; whether it was there."""
        return self._write(code.remove_session, user_id, session_id=session_id)

    def add_entry(
        self, user_id: str, entry: CodeAddEntry, entry_id: str | None = None
    ) -> Deferred[TranscriptEntry]:
        """Put it at the end, or write it anew."""
        return self._write(
            code.add_entry, user_id, new=entry, entry_id=entry_id, now=self._now(),
            most=self._limits.entries,
        )  # fmt: skip

    def transcript(self, user_id: str, query: CodeGetTranscript) -> Deferred[TranscriptPage]:
        """A page of it."""
        return self._read(code.transcript, user_id, query=query)

    def find(self, user_id: str, query: CodeSearchTranscript) -> Deferred[list[FoundEntry]]:
        """Entries that have every word."""
        return self._read(code.find, user_id, query=query)

    def restore_points(self, user_id: str, session_id: str) -> Deferred[list[RestorePoint]]:
        """The newest first."""
        return self._read(restore_points.listed, user_id, session_id=session_id)

    def add_restore_point(
        self, user_id: str, new: CodeCreateRestorePoint
    ) -> Deferred[RestorePoint]:
        """Keep files as they are."""
        return Deferred.fromCoroutine(self._add_restore_point(user_id, new))

    async def _add_restore_point(self, user_id: str, new: CodeCreateRestorePoint) -> RestorePoint:
        # the disk is waited for outside of the transaction
        files = await self._database.read(lambda _: [self._stored(one) for one in new.files])
        added: RestorePoint = await self._write(
            restore_points.add, user_id, new=new, files=files, now=self._now(),
            most=self._limits.bytes,
        )  # fmt: skip
        return added

    def restore(self, user_id: str, asked: CodeRestore) -> Deferred[RestoreResult]:
        """Write files as they were."""

        def act(connection: Any, user_id: str) -> RestoreResult:
            kept = restore_points.files_of(connection, user_id, asked.restore_point_id)
            folder = allowed_folder(asked.target_dir, self._limits.roots)
            wanted = [
                KeptFile(one.path, partial(self._objects.get, one.object_hash), one.mode)
                for one in kept
                if asked.files is None or one.path in asked.files
            ]
            restored, skipped = restore(folder, wanted, dry_run=asked.dry_run)
            return RestoreResult(restored_files=restored, skipped_files=skipped)

        return self._read(act, user_id)

    def sweep(self) -> Deferred[int]:
        """Delete objects that no restore point refers to any more; how many."""

        def act(connection: Any) -> int:
            return self._objects.sweep(restore_points.hashes(connection), self._now())

        return self._database.read(act)

    def _stored(self, file: FileContent) -> Stored:
        name = self._objects.put(file.content)
        return Stored(file.path, name, file.mode, len(file.content))

    def _read(self, function: Callable[..., Any], user_id: str, **arguments: Any) -> Deferred[Any]:
        return self._database.read(partial(function, user_id=user_id, **arguments))

    def _write(self, function: Callable[..., Any], user_id: str, **arguments: Any) -> Deferred[Any]:
        return self._database.write(partial(function, user_id=user_id, **arguments), lane=user_id)
