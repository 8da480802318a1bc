"""One set of stores for each kind of database, and a loop that waits for their threads."""

import os
import queue
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from mentra.stores import schema
from mentra.stores.code_store import CodeLimits
from mentra.stores.engine import FILE_NAME
from mentra.stores.opening import Stores, open_stores, upgrade_store
from mentra.testing.photos import MemoryPhotoFiles, MemoryPhotoStore
from mentra.testing.simple_storage import MemorySimpleStorage
from mentra.testing.stores import MemoryAppStore, MemoryUserStore

ADMIN_URL = os.environ.get(
    "MENTRA_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
PATIENCE = 60.0

# every transaction there waits for a disk and every test for a clean database
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.slow)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever needs that server by name is slow as well."""
    for item in items:
        if "postgresql_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


class ThreadLoop:
    """As much of a reactor as threads need: runs what they hand over while it waits."""

    def __init__(self) -> None:
        self._handed_over: queue.Queue[Callable[[], object]] = queue.Queue()

    def callFromThread(  # noqa: N802 - the reactor's name for it
        self, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        self._handed_over.put(lambda: function(*args, **kwargs))

    def wait(self, awaitable: Awaitable[Any]) -> Any:
        """The awaitable's result, or the exception it failed with."""
        results: list[Any] = []
        deferred = (
            awaitable if isinstance(awaitable, Deferred) else Deferred.fromCoroutine(awaitable)
        )
        deferred.addBoth(results.append)
        while not results:
            self._handed_over.get(timeout=PATIENCE)()
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]


@pytest.fixture
def loop() -> ThreadLoop:
    return ThreadLoop()


@attrs.define
class Open:
    """Stores of one kind, open.

    :ivar fresh: a SQLite file to begin with; None for other kinds.
    :ivar now: the wall time they see.
    :ivar opened: the service, None in memory.
    """

    kind: str
    loop: ThreadLoop
    url: str | None
    state_dir: Path
    fresh: Path | None
    now: float = 1_000.0
    apps: Any = None
    users: Any = None
    storage: Any = None
    photos: Any = None
    photo_files: Any = None
    chats: Any = None
    page_settings: Any = None
    credentials: Any = None
    code: Any = None
    analytics: Any = None
    limits: CodeLimits = attrs.field(factory=CodeLimits)
    images: Any = None
    image_files: Any = None
    keys: str = "bWVudHJhIG1lbnRyYSBtZW50cmEgbWVudHJhICEhISE="
    opened: Stores | None = None

    def wait(self, awaitable: Awaitable[Any]) -> Any:
        return self.loop.wait(awaitable)

    def open(self) -> None:
        if self.kind == "memory":
            self.apps = MemoryAppStore()
            self.users = MemoryUserStore(self.apps, lambda: self.now)
            self.storage = MemorySimpleStorage(self.apps, self.users)
            self.photos = MemoryPhotoStore(self.users)
            self.photo_files = MemoryPhotoFiles(lambda: self.now)
            return
        if self.fresh is not None and not (self.state_dir / FILE_NAME).exists():
            shutil.copy(self.fresh, self.state_dir)
        self.opened = open_stores(
            self.url, self.state_dir, self.loop, lambda: self.now, lambda: self.keys, self.limits
        )
        self.opened.startService()
        self.wait(self.opened.ready())
        self.apps, self.users = self.opened.apps, self.opened.users
        self.storage, self.chats = self.opened.storage, self.opened.chats
        self.page_settings, self.credentials = self.opened.page_settings, self.opened.credentials
        self.code, self.analytics = self.opened.code, self.opened.analytics
        self.photos, self.photo_files = self.opened.photos, self.opened.photo_files
        self.images, self.image_files = self.opened.images, self.opened.image_files

    def close(self) -> None:
        if self.opened is not None:
            self.wait(self.opened.stopService())
            self.opened = None

    def write(self, function: Callable[..., Any]) -> Any:
        """An awaitable of what *function* returns for a connection."""
        assert self.opened is not None
        return self.opened._database.write(function)

    def reopen(self) -> None:
        """As after a restart; what is in memory cannot be, and stays."""
        if self.kind != "memory":
            self.close()
            self.open()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of an empty database of our own."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    name = f"mentra_test_{os.getpid()}"
    server = create_engine(ADMIN_URL, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError:
        pytest.skip(f"no PostgreSQL answers at {ADMIN_URL}")
    yield make_url(ADMIN_URL).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def empty_postgresql(postgresql_server: str) -> str:
    """URL of a PostgreSQL database without tables."""
    engine = create_engine(postgresql_server)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return postgresql_server


@pytest.fixture
def postgresql(postgresql_server: str, tmp_path: Path) -> str:
    """URL of a PostgreSQL database with our tables, without rows."""
    upgrade_store(postgresql_server, tmp_path)
    engine = create_engine(postgresql_server)
    with engine.begin() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()
    return postgresql_server


def _opened(
    kind: str, loop: ThreadLoop, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Open]:
    url = request.getfixturevalue("postgresql") if kind == "postgresql" else None
    fresh = request.getfixturevalue("fresh_file") if kind == "sqlite" else None
    stores = Open(kind, loop, url, tmp_path, fresh)
    stores.open()
    yield stores
    stores.close()


@pytest.fixture(params=["memory", "sqlite", POSTGRESQL])
def stores(loop: ThreadLoop, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Stores of every kind, one after the other."""
    yield from _opened(request.param, loop, tmp_path, request)


@pytest.fixture(params=["sqlite", POSTGRESQL])
def kept(loop: ThreadLoop, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Stores that have a database."""
    yield from _opened(request.param, loop, tmp_path, request)
