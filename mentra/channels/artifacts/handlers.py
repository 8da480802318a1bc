"""The artifact channels."""

from typing import Any

from msgspec import UNSET
from msgspec.structs import asdict

from mentra.channels.artifacts.checking import mode_of, require_schemas
from mentra.channels.section import ChannelsSettings
from mentra.channels.unfit import placed
from mentra.errors import Refused
from mentra.extension import Answer, handler
from mentra.interfaces.analytics import IAnalytics
from mentra.interfaces.channel_stores import IArtifacts
from mentra.interfaces.channels import IArtifactRunner, IChannels
from mentra.interfaces.messaging import IContext
from mentra.messages.channels import PATH, Event, Id, Reply
from mentra.messages.channels.artifact import (
    UNKNOWN_ARTIFACT,
    Artifact,
    ArtifactDisable,
    ArtifactEnable,
    ArtifactGet,
    ArtifactInstall,
    ArtifactInstalled,
    ArtifactInvoke,
    ArtifactList,
    ArtifactMetadata,
    ArtifactProgress,
    ArtifactRemove,
    ArtifactRemoved,
    ArtifactUpdated,
    Holding,
    Progress,
)
from mentra.records import Happened


@handler(PATH, ArtifactList)
async def artifact_list(message: ArtifactList, context: IContext) -> Answer:
    """Those of the person that are wanted."""
    found = await IArtifacts(context.services).artifacts(context.session.user_id)
    return Reply(payload=[_metadata(one) for one in found if _is_wanted(one, message)])


@handler(PATH, ArtifactGet)
async def artifact_get(message: ArtifactGet, context: IContext) -> Answer:
    """One, or null."""
    artifacts = IArtifacts(context.services)
    return Reply(payload=await artifacts.get(context.session.user_id, message.id))


@handler(PATH, ArtifactInstall)
async def artifact_install(message: ArtifactInstall, context: IContext) -> Answer:
    """Read it, look whether it may be here, keep it."""
    artifacts = IArtifacts(context.services)
    source = await artifacts.read(message.source)
    manifest = source.manifest
    _progress(context, manifest.id, 25, "read")
    mode_of(manifest.type, manifest.entry, context.services.settings(ChannelsSettings))
    require_schemas(manifest)
    _progress(context, manifest.id, 50, "checked")
    artifact, is_new = await artifacts.save(context.session.user_id, source)
    _progress(context, manifest.id, 100, "installed")
    held = Holding(artifact=artifact)
    _tell(context, ArtifactInstalled(payload=held) if is_new else ArtifactUpdated(payload=held))
    return Reply(payload=artifact)


@handler(PATH, ArtifactInvoke)
@placed
async def artifact_invoke(message: ArtifactInvoke, context: IContext) -> Answer:
    """Have it work, and count that."""
    user_id = context.session.user_id
    artifact = await IArtifacts(context.services).get(user_id, message.id)
    if artifact is None:
        raise Refused("NOT_FOUND", UNKNOWN_ARTIFACT)
    if not artifact.enabled:
        raise Refused("DISABLED", "the artifact is disabled")
    clock = context.services.clock
    began, is_good = clock.seconds(), False
    try:
        output = await IArtifactRunner(context.services).run(user_id, artifact, message.input)
        is_good = True
    finally:
        _count(context, user_id, artifact.id, is_good, clock.seconds() - began)
    return Reply(payload=output)


@handler(PATH, ArtifactEnable)
async def artifact_enable(message: ArtifactEnable, context: IContext) -> Answer:
    """Let it work again."""
    return await _enable(message.id, True, context)


@handler(PATH, ArtifactDisable)
async def artifact_disable(message: ArtifactDisable, context: IContext) -> Answer:
    """Let it do nothing."""
    return await _enable(message.id, False, context)


@handler(PATH, ArtifactRemove)
async def artifact_remove(message: ArtifactRemove, context: IContext) -> Answer:
    """Away with it."""
    artifacts = IArtifacts(context.services)
    was_there = await artifacts.remove(context.session.user_id, message.id)
    if was_there:
        _tell(context, ArtifactRemoved(payload=Id(id=message.id)))
    return Reply(payload=was_there)


async def _enable(artifact_id: str, enabled: bool, context: IContext) -> Answer:
    artifacts = IArtifacts(context.services)
    artifact = await artifacts.enable(context.session.user_id, artifact_id, enabled)
    _tell(context, ArtifactUpdated(payload=Holding(artifact=artifact)))
    return None


def _is_wanted(one: Artifact, message: ArtifactList) -> bool:
    wanted = (message.search or "").casefold()
    texts = (one.id, one.name, one.description, *one.tags)
    return (
        message.type in (None, one.type)
        and message.enabled in (None, one.enabled)
        and any(wanted in text.casefold() for text in texts)
    )


def _metadata(one: Artifact) -> ArtifactMetadata:
    fields = asdict(one)
    return ArtifactMetadata(**{name: fields[name] for name in ArtifactMetadata.__struct_fields__})


def _progress(context: IContext, artifact_id: str, percent: int, text: str) -> None:
    progress = Progress(id=artifact_id, progress=percent, message=text or UNSET)
    _tell(context, ArtifactProgress(payload=progress))


def _tell(context: IContext, event: Event) -> None:
    channels: Any = IChannels(context.services)
    channels.emit_to_user(context.session.user_id, event)


def _count(context: IContext, user_id: str, name: str, is_good: bool, seconds: float) -> None:
    analytics = IAnalytics(context.services, None)
    if analytics is not None:
        called = Happened(kind="tool", name=f"artifact:{name}", ok=is_good, seconds=seconds)
        analytics.record(user_id, called)
