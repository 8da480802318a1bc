"""Texts that an app keeps about its users, over HTTP.  Source: docs/protocol/storage.rst."""

from typing import Annotated, Any, Generic, TypedDict

import attrs
import msgspec
from msgspec import Meta
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from mentra.answers import DataT, Done
from mentra.errors import Denied, NotThere, Refused
from mentra.extension import Access, ComponentFactory, ConfigSection, Section, route
from mentra.identity import canonical_user_id
from mentra.interfaces.services import IServices
from mentra.interfaces.shared import IStorageWrites
from mentra.interfaces.stores import ISimpleStorage
from mentra.interfaces.web import ICall

MINUTE = 60.0
MOST_COUNTED = 10_000
"""Pairs of app and user whose writes are counted; more, and the counting begins anew."""

_ALL = "/api/sdk/simple-storage/{email}"
_ONE = "/api/sdk/simple-storage/{email}/{key}"
_WRONG = {
    400: "A key is empty or too long, or a value too long.",
    404: "No such user.",
    413: "It would be too much.",
    429: "Too many writes.",
}


class StorageSettings(Section, frozen=True, kw_only=True):
    """[simple_storage]: what an app may keep about one user."""

    max_key: Annotated[int, Meta(ge=1, description="Longest key, characters.")] = 10_000
    max_value: Annotated[int, Meta(ge=1, description="Longest text, characters.")] = 100_000
    max_total: Annotated[
        int, Meta(ge=1, description="All keys and texts together, characters.")
    ] = 1_000_000
    writes_per_minute: Annotated[
        int,
        Meta(
            ge=0,
            description="Writes of one app about one user in a minute; SDKs send about 20 at most "
            "and lose what is refused. 0 is no bound.",
        ),
    ] = 600


storage_section = ConfigSection("simple_storage", StorageSettings)


@implementer(IStorageWrites)
class StorageWrites:
    """Counts, and forgets the counts every minute."""

    def __init__(self, services: IServices) -> None:
        self._clock: IReactorTime = services.clock
        self._most: int = services.settings(StorageSettings).writes_per_minute
        self._counts: dict[tuple[str, str], int] = {}
        self._until = 0.0

    def allow(self, package_name: str, user_id: str) -> bool:
        """Whether one more is allowed; it is counted then."""
        if not self._most:
            return True
        now = self._clock.seconds()
        if now >= self._until or len(self._counts) >= MOST_COUNTED:
            self._counts.clear()
            self._until = now + MINUTE
        count = self._counts.get((package_name, user_id), 0)
        self._counts[package_name, user_id] = count + 1
        return count < self._most


storage_writes = ComponentFactory(IStorageWrites, StorageWrites)


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """What to put in.

    :ivar data: key to text.
    """

    data: dict[str, str]


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """What to put under one key."""

    value: str


class Kept(TypedDict, Generic[DataT]):
    """What was kept."""

    success: bool
    data: DataT
    message: str


@attrs.frozen
class Shelf:
    """What one app keeps about one user."""

    call: ICall
    package_name: str
    user_id: str

    async def read(self) -> dict[str, str]:
        """All of it."""
        kept: dict[str, str] = await ISimpleStorage(self.call.services).read(
            self.user_id, self.package_name
        )
        return kept

    async def write(self, changes: dict[str, str | None]) -> None:
        """Change some of it.

        :raises Denied: as the routes answer.
        """
        self._count()
        settings: StorageSettings = self.call.services.settings(StorageSettings)
        for key, value in changes.items():
            _check(key, value, settings)
        try:
            await ISimpleStorage(self.call.services).merge(
                self.user_id, self.package_name, changes, settings.max_total
            )
        except NotThere as unknown:
            raise _no(404, "User not found") from unknown
        except Refused as full:
            raise _no(413, full.message) from full

    async def clear(self) -> None:
        """Forget all of it."""
        self._count()
        await ISimpleStorage(self.call.services).clear(self.user_id, self.package_name)

    def _count(self) -> None:
        if not IStorageWrites(self.call.services).allow(self.package_name, self.user_id):
            raise _no(429, "Too many writes; try again in a minute")


def _shelf(call: ICall) -> Shelf:
    if call.package_name is None:
        raise _no(401, "Missing or invalid Authorization header")
    return Shelf(call, call.package_name, canonical_user_id(call.values["email"]))


def _check(key: str, value: str | None, settings: StorageSettings) -> None:
    if not 0 < len(key) <= settings.max_key:
        raise _no(400, f"A key has 1 to {settings.max_key} characters")
    if value is not None and len(value) > settings.max_value:
        raise _no(400, f"A value has at most {settings.max_value} characters")


def _no(status: int, message: str) -> Denied:
    return Denied(status, {"success": False, "error": message, "message": message})


MOST_BODY = 8 * 1024 * 1024
"""Longest body, bytes: a million characters may well be spelt with escapes."""


@route("GET", _ALL, access=Access.APP, answer=Kept[dict[str, str]])
async def get_storage(call: ICall) -> Any:
    """Everything the calling app keeps about a user."""
    return {"success": True, "data": await _shelf(call).read(), "message": "Storage retrieved"}


@route("PUT", _ALL, access=Access.APP, body=Texts, max_body=MOST_BODY, answer=Done, errors=_WRONG)
async def put_storage(call: ICall) -> Any:
    """Put in several."""
    wanted: Texts = call.body
    await _shelf(call).write(dict(wanted.data))
    return {"success": True, "message": "Storage updated"}


@route("DELETE", _ALL, access=Access.APP, answer=Done, errors={429: "Too many writes."})
async def delete_storage(call: ICall) -> Any:
    """Forget everything; that there is nothing is fine."""
    await _shelf(call).clear()
    return {"success": True, "message": "Storage cleared"}


@route("GET", _ONE, access=Access.APP, answer=Kept[Text],
       errors={404: "There is nothing under this key."})  # fmt: skip
async def get_stored(call: ICall) -> Any:
    """One text."""
    value = (await _shelf(call).read()).get(call.values["key"])
    if value is None:
        raise _no(404, "Key not found")
    return {"success": True, "data": {"value": value}, "message": "Value retrieved"}


@route("PUT", _ONE, access=Access.APP, body=Text, max_body=MOST_BODY, answer=Done, errors=_WRONG)
async def put_stored(call: ICall) -> Any:
    """Put in one."""
    wanted: Text = call.body
    await _shelf(call).write({call.values["key"]: wanted.value})
    return {"success": True, "message": "Value stored"}


@route("DELETE", _ONE, access=Access.APP, answer=Done, errors={429: "Too many writes."})
async def delete_stored(call: ICall) -> Any:
    """Forget one; that it is not there is fine."""
    shelf, key = _shelf(call), call.values["key"]
    if key in await shelf.read():
        await shelf.write({key: None})
    return {"success": True, "message": "Value deleted"}
