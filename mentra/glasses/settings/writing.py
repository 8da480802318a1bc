"""Puts changes of settings into the store, then into the user's session.

Whoever changes settings, by message or by HTTP, does it here, with or without a session.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from mentra.errors import Refused
from mentra.glasses.settings.keys import with_rivals
from mentra.glasses.settings.section import SettingsSettings
from mentra.interfaces.glasses import ISettings
from mentra.interfaces.services import IServices
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.stores import IUserStore
from mentra.records import User

MAX_KEY = 200
"""Longest key, characters."""


async def user_of(services: IServices, user_id: str) -> User:
    """The user as the session knows them, or else the store; a new one who is in neither."""
    session = _session(services, user_id)
    if session is not None:
        user: User = session.user
        return user
    stored: User | None = await IUserStore(services).load(user_id)
    return stored or User(user_id=user_id, created_at=0.0)


async def save_user_settings(
    services: IServices, user_id: str, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Merge *changes* (None deletes) into the user's settings; all of them, as stored.

    :raises Refused: code ``INVALID_SETTINGS`` (a bad key) or ``SETTINGS_TOO_LARGE``.
    """
    before = (await user_of(services, user_id)).settings
    wanted = with_rivals(changes, before)
    _check(wanted, before, services.settings(SettingsSettings).max_user)
    users = await _users(services, user_id)
    stored: dict[str, Any] = await users.save_settings(user_id, wanted)
    session = _session(services, user_id)
    if session is not None:
        ISettings(session).replaced(stored)
    return stored


async def save_app_settings(
    services: IServices, user_id: str, package_name: str, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Merge *changes* (None deletes) into the user's settings of an app; all of them, as stored.

    :raises Refused: code ``INVALID_SETTINGS`` (a bad key) or ``SETTINGS_TOO_LARGE``.
    :raises mentra.errors.NotThere: no such app.
    """
    before = (await user_of(services, user_id)).app_settings.get(package_name, {})
    _check(changes, before, services.settings(SettingsSettings).max_app)
    users = await _users(services, user_id)
    stored: dict[str, Any] = await users.save_app_settings(user_id, package_name, changes)
    session = _session(services, user_id)
    if session is not None:
        ISettings(session).app_replaced(package_name, stored)
    return stored


async def _users(services: IServices, user_id: str) -> Any:
    """The store, which knows the user then."""
    users = IUserStore(services)
    if _session(services, user_id) is None:
        await users.create(user_id)
    return users


def _session(services: IServices, user_id: str) -> IUserSession | None:
    session: IUserSession | None = ISessions(services).get(user_id)
    return session


def _check(changes: Mapping[str, Any], before: Mapping[str, Any], most: int) -> None:
    for key in changes:
        if not 0 < len(key) <= MAX_KEY:
            raise Refused("INVALID_SETTINGS", f"a key has 1 to {MAX_KEY} characters")
    if len(msgspec.json.encode({**before, **changes})) > most:
        raise Refused("SETTINGS_TOO_LARGE", f"settings take at most {most} bytes")
