"""Where a SQL store lies: how it is reached, and how one scan holds it against all others."""

import os
import sqlite3
from contextlib import closing
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout
from sqlalchemy import URL, Text, cast, func, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from gizwits_async.options import Secret
from gizwits_async.scan.errors import ScanStoreError

__all__ = ["Backend", "backend_of", "hidden"]

_ADVISORY = 0x67697A77  # "gizw": the first half of the lock's number, the schema is the other


class Backend(Protocol):
    """A database that can hold a store."""

    @property
    def name(self) -> str:
        """What to call it in a message: without a password."""
        ...

    @property
    def insert(self) -> Any:
        """The INSERT of its dialect, which knows what to do with a row that is there already."""
        ...

    def absent(self) -> bool:
        """Return whether there is nothing to look at; raise `ScanStoreError` if it is no store."""
        ...

    def engine(self) -> AsyncEngine:
        """Return a fresh engine."""
        ...

    async def hold(self, connection: AsyncConnection | None) -> bool:
        """Take the lock and return True, or return False if somebody else has it.

        Args:
            connection: None before there is one; a lock that needs one says True until then.
        """
        ...

    async def prepare(self, connection: AsyncConnection) -> None:
        """Prepare the database for a scan, once it is sure to be a store."""
        ...

    def release(self) -> None:
        """Give back the lock; safe to repeat."""
        ...


def hidden(where: str | PathLike[str]) -> Secret:
    """Return a path or URL so that no traceback with locals shows the password in it."""
    return Secret(os.fspath(where))


def backend_of(where: str | PathLike[str]) -> Backend:
    """Return the backend that a path or URL names.

    Raises:
        ValueError: It cannot be read, or names a database that is not supported.
    """
    where = text = hidden(where)
    if not text:
        raise ValueError("the store is missing: give the path of a file, or a URL")
    if "://" not in text:
        return SqliteBackend(URL.create("sqlite+aiosqlite", database=text))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None:  # Raised here, where no context holds the parser's frames.
        raise ValueError("the URL of the store cannot be read")
    match url.get_backend_name():
        case "sqlite":
            return SqliteBackend(url.set(drivername="sqlite+aiosqlite"))
        case "postgresql":
            plain = url.drivername == "postgresql"
            return PostgresBackend(url.set(drivername="postgresql+asyncpg") if plain else url)
        case other:
            del url  # What is no URL of ours may hold a password anywhere.
            raise ValueError(f"the store must be sqlite or postgresql, not {other}")


class SqliteBackend:
    """A SQLite file, with a lock file beside it that the system lets go of when a process dies."""

    insert = staticmethod(sqlite.insert)

    def __init__(self, url: URL) -> None:
        if not url.database or url.database == ":memory:":
            raise ValueError("a store in memory is MemoryStore; give the path of a file")
        self._url = url
        self._path = Path(url.database)
        self.name = str(self._path)
        # Not bound to a thread: who takes it and who gives it back need not be the same one.
        self._lock = FileLock(f"{self._path}.lock", timeout=0, thread_local=False)

    def absent(self) -> bool:
        """See `Backend.absent`."""
        # Only SQLite may open the file: closing any other descriptor of it drops the locks that a
        # scan of this process holds on it (POSIX), and the next reader then deletes its WAL.
        try:
            empty = self._path.stat().st_size == 0
        except FileNotFoundError:
            # The lock would make the folder on the fly, and a typing mistake a second store.
            if not self._path.absolute().parent.is_dir():
                raise ScanStoreError(f"{self.name}: there is no such folder") from None
            return True
        except OSError as error:
            raise ScanStoreError(f"{self.name}: {error.strerror}") from None
        if not empty:
            self._try("rw")
        return empty

    def _try(self, mode: str) -> None:
        """Open and read the file; an engine that fails at that would leave a thread behind."""
        try:
            uri = f"{self._path.absolute().as_uri()}?mode={mode}"
            with closing(sqlite3.connect(uri, uri=True)) as base:
                base.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
                reason = f"{self.name} is no SQLite database; it was left as it is"
            else:
                reason = f"{self.name}: {error}"
            raise ScanStoreError(reason) from None

    def engine(self) -> AsyncEngine:
        """See `Backend.engine`."""
        return create_async_engine(self._url, poolclass=NullPool)

    async def hold(self, connection: AsyncConnection | None) -> bool:
        """See `Backend.hold`."""
        if connection is not None:
            return True
        self._try("rwc")
        try:
            self._lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            raise ScanStoreError(f"{self.name}: {error.strerror or error}") from None
        return True

    async def prepare(self, connection: AsyncConnection) -> None:
        """See `Backend.prepare`."""
        # Readers do not wait for the scan, nor it for them.
        await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        # A page costs a second of quota: the milliseconds in which it gets onto the disk, so that
        # it outlives a power cut too, are nothing beside that.
        await connection.exec_driver_sql("PRAGMA synchronous=FULL")

    def release(self) -> None:
        """See `Backend.release`."""
        self._lock.release()


class PostgresBackend:
    """A PostgreSQL database; its advisory lock ends with the connection that holds it."""

    insert = staticmethod(postgresql.insert)

    def __init__(self, url: URL) -> None:
        self._url = url
        self.name = url.set(query={}).render_as_string(hide_password=True)

    def absent(self) -> bool:
        """See `Backend.absent`."""
        return False

    def engine(self) -> AsyncEngine:
        """See `Backend.engine`."""
        try:
            return create_async_engine(self._url, poolclass=NullPool)
        except ModuleNotFoundError as error:
            extra = "'gizwits-async[postgres]'" if error.name == "asyncpg" else error.name
            raise ImportError(f"this store needs {error.name}: install {extra}") from error

    async def hold(self, connection: AsyncConnection | None) -> bool:
        """See `Backend.hold`."""
        if connection is None:
            return True
        schema = func.hashtext(cast(func.current_schema(), Text))
        locked = await connection.scalar(select(func.pg_try_advisory_lock(_ADVISORY, schema)))
        return bool(locked)

    async def prepare(self, connection: AsyncConnection) -> None:
        """See `Backend.prepare`."""

    def release(self) -> None:
        """See `Backend.release`."""
