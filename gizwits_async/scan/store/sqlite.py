"""A store in a SQLite file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import URL, event, func
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gizwits_async.scan.errors import ScanStoreError

__all__ = ["SqliteBackend"]


class SqliteBackend:
    """A SQLite file, with a lock file beside it that the system releases when a process dies.

    Only SQLite may open the database file: when a process closes any descriptor of a file, POSIX
    drops all locks that the process has on it, those of a scan too, and the next reader that closes
    the file would delete the scan's write-ahead log.
    """

    insert = staticmethod(sqlite.insert)
    schema = None
    clock = (func.julianday("now") - 2_440_587.5) * 86_400.0
    shares_clock = False
    guards: tuple[Any, ...] = ()
    deadline = None

    def __init__(self, url: URL) -> None:
        """Name a file.

        Raises:
            ValueError: The URL names none.
        """
        if not url.database or url.database == ":memory:":
            raise ValueError("a store in memory is MemoryStore; give the path of a file")
        self._url = url
        self._path = Path(url.database)
        self.name = str(self._path)
        # Not bound to a thread: it may be released in another one than it was taken in.
        self._lock = FileLock(f"{self._path}.lock", timeout=0, thread_local=False)

    def abort(self, driver_connection: Any) -> None:
        """See `Backend.abort`."""
        del driver_connection  # There is no deadline.

    def absent(self) -> bool:
        """See `Backend.absent`."""
        try:
            empty = self._path.stat().st_size == 0
        except FileNotFoundError:
            # FileLock would create the folder, and so a typing error a second store.
            if not self._path.absolute().parent.is_dir():
                raise ScanStoreError(f"{self.name}: there is no such folder") from None
            return True
        except OSError as error:
            raise ScanStoreError(f"{self.name}: {error.strerror}") from None
        if not empty:
            self._try("rw")
        return empty

    def _try(self, mode: str) -> None:
        """Open and read the file; an engine that failed to would leave its thread behind."""
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

    def engine(self, *, reads: bool) -> AsyncEngine:
        """See `Backend.engine`."""
        # Nothing to reset: a connection returns to the pool after its transaction has ended.
        engine = create_async_engine(
            self._url, pool_size=1, max_overflow=0, pool_reset_on_return=None
        )
        begin = "BEGIN" if reads else "BEGIN IMMEDIATE"

        @event.listens_for(engine.sync_engine, "connect")
        def configure(connection: Any, _: object) -> None:
            # The driver would begin a transaction by itself, and only before an INSERT or UPDATE.
            connection.isolation_level = None
            with closing(connection.cursor()) as cursor:
                # A page costs a second of quota. Beside that, the milliseconds in which a commit
                # reaches the disk, and so survives a power cut, are nothing.
                cursor.execute("PRAGMA synchronous=FULL")

        @event.listens_for(engine.sync_engine, "begin")
        def start(connection: Any) -> None:
            if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
                connection.exec_driver_sql(begin)

        return engine

    def lock(self) -> bool:
        """See `Backend.lock`."""
        self._try("rwc")
        try:
            self._lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            raise ScanStoreError(f"{self.name}: {error.strerror or error}") from None
        return True

    def unlock(self) -> None:
        """See `Backend.unlock`."""
        self._lock.release()

    async def enter(self, connection: AsyncConnection) -> None:
        """See `Backend.enter`."""
        del connection  # BEGIN IMMEDIATE keeps all other writers out.

    async def prepare(self, engine: AsyncEngine) -> None:
        """See `Backend.prepare`."""
        async with engine.connect() as connection:
            plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
            # Readers do not wait for the scan, nor the scan for readers.
            await plain.exec_driver_sql("PRAGMA journal_mode=WAL")
