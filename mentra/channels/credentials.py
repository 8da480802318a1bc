"""Credentials: pages put tokens in, and learn no more than that they are there."""

from mentra.channels.section import ChannelsSettings
from mentra.extension import Answer, handler
from mentra.interfaces.channel_stores import ICredentials
from mentra.interfaces.messaging import IContext
from mentra.messages.channels import PATH, Reply
from mentra.messages.channels.credentials import (
    Credential,
    CredentialsDelete,
    CredentialsGet,
    CredentialsList,
    CredentialsSet,
)


@handler(PATH, CredentialsList)
async def credentials_list(message: CredentialsList, context: IContext) -> Answer:
    """What there is."""
    return Reply(payload=await ICredentials(context.services).keys(context.session.user_id))


@handler(PATH, CredentialsGet)
async def credentials_get(message: CredentialsGet, context: IContext) -> Answer:
    """Whether there is one."""
    exists, metadata = await ICredentials(context.services).metadata(
        context.session.user_id, message.key
    )
    return Reply(payload=Credential(exists=exists, metadata=metadata))


@handler(PATH, CredentialsSet)
async def credentials_set(message: CredentialsSet, context: IContext) -> Answer:
    """Keep one."""
    most = context.services.settings(ChannelsSettings).max_credentials
    await ICredentials(context.services).put(
        context.session.user_id, message.key, message.token, message.metadata, most
    )
    return None


@handler(PATH, CredentialsDelete)
async def credentials_delete(message: CredentialsDelete, context: IContext) -> Answer:
    """Forget one."""
    was_there = await ICredentials(context.services).remove(context.session.user_id, message.key)
    return Reply(payload=was_there)
