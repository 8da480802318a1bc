"""Artifacts, in a database; unpacked into folders for those who run them."""

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.errors import Refused
from mentra.interfaces.channel_stores import IArtifacts
from mentra.messages.channels.artifact import UNKNOWN_ARTIFACT, Artifact, Inline
from mentra.stores import artifacts
from mentra.stores.artifact_sources import Source, read_source
from mentra.stores.database import Transactions


@attrs.frozen(kw_only=True)
class ArtifactLimits:
    """How much is kept, and where it may come from.

    :ivar count: of one person.
    :ivar bytes: of one artifact.
    :ivar roots: folders that artifacts may come from.
    """

    count: int = 200
    bytes: int = 8 * 1024 * 1024
    roots: tuple[Path, ...] = ()


@implementer(IArtifacts)
class ArtifactStore:
    """Keeps nothing in memory.

    :param now: wall time, POSIX seconds.
    """

    def __init__(
        self, database: Transactions, now: Callable[[], float], limits: ArtifactLimits
    ) -> None:
        self._database = database
        self._now = now
        self._limits = limits

    def artifacts(self, user_id: str) -> Deferred[list[Artifact]]:
        """A person's, by name."""
        return self._database.read(partial(artifacts.listed, user_id=user_id))

    def get(self, user_id: str, artifact_id: str) -> Deferred[Artifact | None]:
        """It, or None."""
        act = partial(artifacts.get, user_id=user_id, artifact_id=artifact_id)
        return self._database.read(act)

    def read(self, source: str | Inline) -> Deferred[Source]:
        """The artifact that *source* is, or is at."""
        limits = self._limits
        return self._database.read(lambda _: read_source(source, limits.roots, limits.bytes))

    def save(self, user_id: str, source: Source) -> Deferred[tuple[Artifact, bool]]:
        """Install it; it, and whether it is new."""
        act = partial(
            artifacts.save, user_id=user_id, source=source, now=self._now(), most=self._limits.count
        )
        return self._database.write(act, lane=user_id)

    def enable(self, user_id: str, artifact_id: str, enabled: bool) -> Deferred[Artifact]:
        """Let it work, or not."""
        act = partial(artifacts.enable, user_id=user_id, artifact_id=artifact_id, enabled=enabled)
        return self._database.write(act, lane=user_id)

    def remove(self, user_id: str, artifact_id: str) -> Deferred[bool]:
        """Delete it; whether it was there."""
        act = partial(artifacts.remove, user_id=user_id, artifact_id=artifact_id)
        return self._database.write(act, lane=user_id)

    def unpack(self, user_id: str, artifact_id: str) -> Deferred[Path]:
        """Its files, in a new folder that is nobody else's."""

        def act(connection: Any) -> Path:
            found = artifacts.contents(connection, user_id, artifact_id)
            if not found:
                # it was removed while it waited for its turn
                raise Refused("NOT_FOUND", UNKNOWN_ARTIFACT)
            folder = Path(tempfile.mkdtemp(prefix="mentra-artifact-"))
            for name, content in found.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            return folder

        return self._database.read(act)

    def discard(self, folder: Path) -> Deferred[None]:
        """Delete a folder that ``unpack`` made."""
        return self._database.read(lambda _: shutil.rmtree(folder, ignore_errors=True))
