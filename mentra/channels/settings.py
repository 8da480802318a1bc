"""Settings of pages: paths with dots, merged, checked where they are known, told to every page."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
from zope.interface import implementer

from mentra.channels import paths
from mentra.channels.section import ChannelsSettings
from mentra.channels.unfit import Unfit, placed
from mentra.errors import Refused
from mentra.extension import Answer, ComponentFactory, handler
from mentra.interfaces.channel_stores import IKeptSettings
from mentra.interfaces.channels import IChannels, IPageSettings
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.messages.channels import PATH, Reply, Wrong
from mentra.messages.channels.settings import (
    FULL,
    Setting,
    Settings,
    SettingsChanged,
    SettingsGet,
    SettingsGetAll,
    SettingsReset,
    SettingsSet,
    SettingsUpdate,
)

Tree = dict[str, Any]
Edit = Callable[[Tree], Tree]

DEFAULTS: Mapping[str, Any] = msgspec.to_builtins(Settings())


@implementer(IPageSettings)
class PageSettings:
    """What holds for a person's pages.

    :raises ConfigError: what [channels] says of them cannot be.
    """

    def __init__(self, services: IServices) -> None:
        self._kept = IKeptSettings(services)
        section = services.settings(ChannelsSettings)
        self._most = section.max_settings
        self._beneath = paths.merged(dict(DEFAULTS), section.settings)

    async def all(self, user_id: str) -> Tree:
        """All settings."""
        return self._over(await self._kept.read(user_id))

    async def get(self, user_id: str, key: str) -> Any:
        """The setting with that path, or None."""
        names = paths.names_in(key)
        return paths.at(await self.all(user_id), names)

    async def change(self, user_id: str, edit: Edit) -> tuple[Tree, Tree]:
        """Change what the person has set; all settings before and after."""
        before, after = await self._kept.change(user_id, partial(self._checked, edit))
        return self._over(before), self._over(after)

    def _over(self, kept: Tree) -> Tree:
        return paths.merged(self._beneath, kept)

    def _checked(self, edit: Edit, kept: Tree) -> Tree:
        made = edit(kept)
        if len(msgspec.json.encode(made)) > self._most:
            raise Refused("SETTINGS_FULL", f"{FULL}: at most {self._most} bytes")
        try:
            msgspec.convert(self._over(made), Settings)
        except msgspec.ValidationError as problem:
            raise Unfit(_wrong(problem)) from None
        return made


page_settings = ComponentFactory(IPageSettings, PageSettings)


@handler(PATH, SettingsGetAll)
async def settings_get_all(message: SettingsGetAll, context: IContext) -> Answer:
    """All of them."""
    return Reply(payload=await IPageSettings(context.services).all(context.session.user_id))


@handler(PATH, SettingsGet)
@placed
async def settings_get(message: SettingsGet, context: IContext) -> Answer:
    """One, or null."""
    found = await IPageSettings(context.services).get(context.session.user_id, message.key)
    return Reply(payload=found)


@handler(PATH, SettingsSet)
@placed
async def settings_set(message: SettingsSet, context: IContext) -> Answer:
    """Set one."""
    names = paths.names_in(message.key)
    paths.require_harmless({names[-1]: message.value}, names[:-1])
    await _changed(context, partial(paths.put, names=names, value=message.value))
    _tell(context, message.key, message.value)
    return None


@handler(PATH, SettingsUpdate)
@placed
async def settings_update(message: SettingsUpdate, context: IContext) -> Answer:
    """Set many."""
    paths.require_harmless(message.changes)
    changed = await _changed(context, partial(paths.merged, changes=message.changes))
    return _told(context, *changed)


@handler(PATH, SettingsReset)
@placed
async def settings_reset(message: SettingsReset, context: IContext) -> Answer:
    """Take back what was set."""
    if message.key is None:
        changed = await _changed(context, lambda kept: {})
    else:
        names = paths.names_in(message.key)
        changed = await _changed(context, partial(paths.without, names=names))
    return _told(context, *changed)


async def _changed(context: IContext, edit: Edit) -> tuple[Tree, Tree]:
    settings: Any = IPageSettings(context.services)
    both: tuple[Tree, Tree] = await settings.change(context.session.user_id, edit)
    return both


def _told(context: IContext, before: Tree, after: Tree) -> Answer:
    """One event for each setting at the top that is another now; all of them."""
    for key in (*after, *(gone for gone in before if gone not in after)):
        if before.get(key) != after.get(key):
            _tell(context, key, after.get(key))
    return Reply(payload=after)


def _tell(context: IContext, key: str, value: Any) -> None:
    event = SettingsChanged(payload=Setting(key=key, value=value))
    IChannels(context.services).emit_to_user(context.session.user_id, event)


def _wrong(problem: msgspec.ValidationError) -> Wrong:
    text, _, place = str(problem).partition(" - at `$.")
    return Wrong(path=place.rstrip("`"), message=text)
