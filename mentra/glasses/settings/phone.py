"""What phones say of the user's settings by message.  Source: docs/protocol/glasses.rst."""

from collections.abc import Awaitable
from typing import Any

import msgspec
from twisted.logger import Logger

from mentra.errors import MentraError, Refused
from mentra.events import SessionStarted, UserSettingsChanged
from mentra.extension import Answer, handler, listener
from mentra.glasses.settings.keys import WEARABLE, is_known
from mentra.glasses.settings.writing import save_user_settings
from mentra.interfaces.glasses import IDevice, IRelay, ISettings
from mentra.interfaces.messaging import IContext
from mentra.interfaces.session import IUserSession
from mentra.messages.settings import (
    CoreStatusUpdate,
    RequestSettings,
    SettingsChanged,
    SettingsNotChanged,
    SettingsUpdateRequest,
    UserSettings,
)

_log = Logger()


@handler("glasses", RequestSettings)
def request_settings(message: RequestSettings, context: IContext) -> UserSettings:
    """Answer an older phone."""
    session = context.session
    return UserSettings(session_id=session.user_id, settings=ISettings(session).mentraos())


@handler("glasses", SettingsUpdateRequest)
async def settings_update_request(message: SettingsUpdateRequest, context: IContext) -> Answer:
    """Change settings for an older phone, and answer with all of them; subscribers hear of it."""
    session = context.session
    IRelay(session).relay(SettingsUpdateRequest.tag(), message.raw)
    try:
        await save_user_settings(context.services, session.user_id, _wanted(message))
    except Refused as refusal:
        return SettingsNotChanged(message=refusal.message)
    except MentraError:
        _log.failure("settings were not kept ({correlation_id})",
                     correlation_id=context.correlation_id)  # fmt: skip
        return SettingsNotChanged(message="The settings could not be kept")
    return SettingsChanged(
        message="Settings updated successfully", settings=ISettings(session).mentraos()
    )


@handler("glasses", CoreStatusUpdate)
def core_status_update(message: CoreStatusUpdate, context: IContext) -> Awaitable[None] | None:
    """Keep what an older phone's status says of settings; subscribers hear of all of it."""
    session = context.session
    IRelay(session).relay(CoreStatusUpdate.tag(), message.raw)
    changes = ISettings(session).reported(message.status)
    return _keep(context, changes) if changes else None


async def _keep(context: IContext, changes: dict[str, Any]) -> None:
    await save_user_settings(context.services, context.session.user_id, changes)


def _wanted(message: SettingsUpdateRequest) -> dict[str, Any]:
    if message.settings is not None:
        return message.settings
    # the text was decoded once already, so it is an object
    beside = msgspec.json.decode(message.raw) if message.raw else {}
    return {key: value for key, value in beside.items() if is_known(key)}


# -- the model that the phone last paired with ---------------------------------------------------


@listener(SessionStarted)
def wearable_of_new_session(event: SessionStarted, session: IUserSession) -> None:
    """The phone's model is known before its glasses say so."""
    _paired(session, session.user.settings.get(WEARABLE))


@listener(UserSettingsChanged)
def wearable_changed(event: UserSettingsChanged, session: IUserSession) -> None:
    """The phone was paired with other glasses."""
    if WEARABLE in event.changed:
        _paired(session, event.changed[WEARABLE])


def _paired(session: IUserSession, model: object) -> None:
    if isinstance(model, str) and model:
        device = IDevice(session)
        # paired is not connected: that is for the glasses to say
        device.update({"modelName": model, "connected": device.state()["connected"]})
