"""The two ways in: for the server, and for a command that ends soon."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import attrs
from sqlalchemy import Connection, Engine
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from zope.interface.interface import InterfaceClass

from mentra.errors import StoreError
from mentra.interfaces.analytics import ICounts
from mentra.interfaces.channel_stores import (
    IArtifacts,
    IChats,
    ICodeSessions,
    ICredentials,
    IKeptSettings,
)
from mentra.interfaces.images import IImageFiles, IImageStore
from mentra.stores.account_store import AccountStore
from mentra.stores.analytics_store import AnalyticsStore
from mentra.stores.app_store import AppStore
from mentra.stores.artifact_store import ArtifactLimits, ArtifactStore
from mentra.stores.chat_store import ChatStore
from mentra.stores.code_store import CodeLimits, CodeStore
from mentra.stores.database import Database
from mentra.stores.engine import for_writing, locate, make_engine, transact
from mentra.stores.gallery import FOLDER as IMAGES
from mentra.stores.image_store import ImageFiles, ImageStore
from mentra.stores.migrate import Upgrade, prepare, upgrade
from mentra.stores.objects import FOLDER as OBJECTS
from mentra.stores.objects import Objects
from mentra.stores.page_stores import CredentialStore, PageSettingsStore
from mentra.stores.photo_files import FOLDER, PhotoFiles
from mentra.stores.photo_store import PhotoStore
from mentra.stores.storage import SimpleStorage
from mentra.stores.user_store import UserStore
from mentra.stores.whereabouts import Gate

P = ParamSpec("P")
T = TypeVar("T")


class Stores(MultiService):
    """The stores of a running server; made by :func:`open_stores`.

    :ivar apps: an ``IAppStore``.
    :ivar users: an ``IUserStore``.
    :ivar accounts: an ``IAccountStore``.
    :ivar storage: an ``ISimpleStorage``.
    :ivar photos: an ``IPhotoStore``.
    :ivar photo_files: an ``IPhotoFiles``.
    :ivar chats: an ``IChats``.
    :ivar page_settings: an ``IKeptSettings``.
    :ivar credentials: an ``ICredentials``.
    :ivar code: an ``ICodeSessions``.
    :ivar images: an ``IImageStore``.
    :ivar image_files: an ``IImageFiles``.
    :ivar analytics: an ``ICounts``.
    :ivar artifacts: an ``IArtifacts``.
    """

    _log = Logger()

    def __init__(
        self,
        database: Database,
        photo_files: PhotoFiles,
        image_files: ImageFiles,
        now: Callable[[], float],
        key_text: Callable[[], str],
        code: Callable[[Database], CodeStore],
        artifact_limits: ArtifactLimits,
    ) -> None:
        super().__init__()
        self._database = database
        for service in (database, photo_files, image_files):
            service.setServiceParent(self)
        self.photos = PhotoStore(database)
        self.photo_files = photo_files
        self.apps = AppStore(database, now)
        self.accounts = AccountStore(database, now)
        self.storage = SimpleStorage(database)
        self.chats = ChatStore(database, now)
        self.page_settings = PageSettingsStore(database)
        self.credentials = CredentialStore(database, key_text, now)
        self.code = code(database)
        self.images = ImageStore(database, now)
        self.image_files = image_files
        self.analytics = AnalyticsStore(database)
        self.artifacts = ArtifactStore(database, now, artifact_limits)
        self.users = UserStore(database, now, self._remove_files)

    def _remove_files(self, names: Iterable[str]) -> Deferred[None]:
        return Deferred.fromCoroutine(self._remove(tuple(names)))

    async def _remove(self, names: tuple[str, ...]) -> None:
        # their names tell them apart, whichever folder they are in
        await self.photo_files.remove(names)
        await self.image_files.remove(names)

    def of_channels(self) -> dict[InterfaceClass, object]:
        """What browser channels keep, by interface."""
        return {
            IChats: self.chats,
            IKeptSettings: self.page_settings,
            ICredentials: self.credentials,
            ICodeSessions: self.code,
            ICounts: self.analytics,
            IArtifacts: self.artifacts,
            IImageStore: self.images,
            IImageFiles: self.image_files,
        }

    def ready(self) -> Deferred[None]:
        """Fires when the database is up to date and what is kept in memory has been read.

        The service must be running.  It may be asked again.

        :raises mentra.errors.StoreError: the database cannot be used.
        """
        return Deferred.fromCoroutine(self._ready())

    async def _ready(self) -> None:
        done = await self._database.call(lambda: prepare(self._database.place))
        if done is not None and done.copy is not None:
            self._log.info(
                "the store {place} was upgraded to revision {after}; a copy from before is {copy}",
                place=str(self._database.place),
                after=done.after,
                copy=str(done.copy),
            )
        await self.refresh()

    def refresh(self) -> Deferred[None]:
        """Somebody else (the ``mentra`` command) wrote: read what is kept in memory again."""
        return Deferred.fromCoroutine(self._refresh())

    async def _refresh(self) -> None:
        await self.apps.refresh()
        await self.users.refresh()


def _no_keys() -> str:
    raise StoreError("this store was opened without a key for credentials")


def open_stores(
    url: str | None,
    state_dir: Path,
    reactor: IReactorFromThreads,
    now: Callable[[], float],
    key_text: Callable[[], str] = _no_keys,
    code_limits: CodeLimits = CodeLimits(),  # noqa: B008 - it is frozen
    artifact_limits: ArtifactLimits = ArtifactLimits(),  # noqa: B008 - likewise
    gate: Gate | None = None,
) -> Stores:
    """The stores at *url*, or in the SQLite file ``mentra.db`` in *state_dir*: a service.

    Wait for ``ready()`` after starting it.

    :param now: wall time, POSIX seconds.
    :param key_text: reads the key file of the credentials.
    :param code_limits: how much is kept of what coding assistants did.
    :param artifact_limits: how much of artifacts, and where they may come from.
    :param gate: approves of where a database on another machine may be.
    :raises mentra.errors.StoreError: the URL is none of ours, its driver is missing, or the file
        cannot be made.
    """
    database = Database(locate(url, state_dir, gate), reactor)

    def code(database: Database) -> CodeStore:
        return CodeStore(database, Objects(state_dir / OBJECTS), now, code_limits)

    photos = PhotoFiles(state_dir / FOLDER, reactor)
    images = ImageFiles(state_dir / IMAGES, reactor)
    return Stores(database, photos, images, now, key_text, code, artifact_limits)


@attrs.frozen
class CommandStore:
    """A store that answers at once; made by :func:`open_for_command`.

    What can be done are the functions of :mod:`mentra.stores.apps`, :mod:`mentra.stores.users` and
    :mod:`mentra.stores.accounts`.
    """

    _engine: Engine

    def run(
        self,
        function: Callable[Concatenate[Connection, P], T],
        /,
        *arguments: P.args,
        **keywords: P.kwargs,
    ) -> T:
        """What *function* returns for a connection and the arguments, once it is on the disk.

        :raises mentra.errors.StoreError: the database could not do it; nothing was changed.
        """
        return transact(
            for_writing(self._engine),
            lambda connection: function(connection, *arguments, **keywords),
        )


@contextmanager
def open_for_command(
    url: str | None, state_dir: Path, gate: Gate | None = None
) -> Iterator[CommandStore]:
    """The same database as :func:`open_stores`, without a reactor: ``store.run(users.all_ids)``.

    A server may run meanwhile; tell it to ``refresh`` afterwards.

    :raises mentra.errors.StoreError: as there, and as ``ready()`` does.
    """
    place = locate(url, state_dir, gate)
    prepare(place)
    engine = make_engine(place, 1)
    try:
        yield CommandStore(engine)
    finally:
        engine.dispose()


def upgrade_store(url: str | None, state_dir: Path, gate: Gate | None = None) -> Upgrade | None:
    """Bring the database up to this version's tables; None if it was there already.

    :raises mentra.errors.StoreError: as ``open_for_command``.
    """
    return upgrade(locate(url, state_dir, gate))
