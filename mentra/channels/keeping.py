"""How much is kept, and where files may come from and go to, as [channels] says."""

from pathlib import Path

from mentra.channels.section import ChannelsSettings
from mentra.stores.artifact_store import ArtifactLimits
from mentra.stores.code_store import CodeLimits


def code_limits(settings: ChannelsSettings, folder: Path) -> CodeLimits:
    """Of what coding assistants did.

    :param folder: what relative paths start from.
    """
    return CodeLimits(
        sessions=settings.max_code_sessions,
        entries=settings.max_code_entries,
        bytes=settings.max_code_bytes,
        roots=tuple(folder / root for root in settings.restore_roots),
    )


def artifact_limits(settings: ChannelsSettings, folder: Path) -> ArtifactLimits:
    """Of artifacts.

    :param folder: what relative paths start from.
    """
    return ArtifactLimits(
        count=settings.max_artifacts,
        bytes=settings.max_artifact_bytes,
        roots=tuple(folder / root for root in settings.artifact_roots),
    )
