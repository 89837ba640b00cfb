"""A store in a SQLite file."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Engine,
    Integer,
    cast,
    create_engine,
    create_pool_from_url,
    event,
    func,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.store.backend import Runner, Trouble, wrong_option
from gizwits_async.scan.store.compact import CompactRecords
from gizwits_async.scan.store.prepared import driver_of
from gizwits_async.scan.store.whole import whole

__all__ = ["SqliteBackend"]

T = TypeVar("T")
_LOCK_WAIT = 120.0
"""Seconds for which the write lock of another program is waited for, unless the URL says it."""
_BUSY = 5.0
"""Seconds of that in one attempt, in which a caller that is cancelled cannot leave."""
_LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED")
_COMPILED: dict[Any, Any] = {}
"""Compiled statements, for the stores of all files: compiling them costs a quarter of a short scan."""


class SqliteBackend:
    """A SQLite file, with a lock file beside it that the system releases when a process dies.

    Only SQLite may open the database file: when a process closes any descriptor of a file, POSIX
    drops all locks that the process has on it, those of a scan too, and the next reader that closes
    the file would delete the scan's write-ahead log.
    """

    insert = staticmethod(sqlite.insert)
    schema = None
    records = CompactRecords()
    shares_database = False
    clock = (func.julianday("now") - 2_440_587.5) * 86_400.0
    shares_clock = False
    guards: tuple[Any, ...] = ()
    deadline: float | None = None

    def __init__(self, url: URL) -> None:
        """Name a file.

        Raises:
            ValueError: The URL names none, or a timeout that is no number.
        """
        if not url.database or url.database == ":memory:":
            raise ValueError("a store in memory is MemoryStore; give the path of a file")
        self.lock_wait = _seconds(url.query.get("timeout", _LOCK_WAIT))
        self._timeout = min(self.lock_wait, _BUSY)
        self._url = url.update_query_dict({"timeout": str(self._timeout)})
        self._path = Path(url.database)
        self.name = str(self._path)
        self.arguments: tuple[str, ...] = (self.name,)
        # Not bound to a thread: it may be released in another one than it was taken in.
        self._lock = FileLock(f"{self._path}.lock", timeout=0, thread_local=False)

    def trouble(self, error: Exception) -> Trouble | None:
        """See `Backend.trouble`."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        return "busy" if getattr(cause, "sqlite_errorname", "").startswith(_LOCKED) else None

    def whole(self, number: Any) -> Any:
        """See `Backend.whole`."""
        return cast(number, Integer)  # FLOOR is not in every build of SQLite.

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
            if mode == "rw" and self._is_frozen():
                uri += "&immutable=1"
            with closing(sqlite3.connect(uri, uri=True, timeout=self._timeout)) as base:
                base.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
                reason = f"{self.name} is no SQLite database; it was left as it is"
            else:
                reason = f"{self.name}: {error}"
            raise ScanStoreError(reason) from None

    def _is_frozen(self) -> bool:
        """Return whether the file was closed cleanly, and its folder may not be written.

        SQLite reads it only with the promise that nobody writes: otherwise it needs files beside it.
        """
        effective = os.access in os.supports_effective_ids
        writable = os.access(self._path.absolute().parent, os.W_OK, effective_ids=effective)
        return not writable and not self._path.with_name(f"{self._path.name}-wal").exists()

    def database(self, *, reads: bool) -> "_Thread":
        """See `Backend.database`."""
        url = self._url
        if reads and self._is_frozen():
            url = url.set(database=self._path.absolute().as_uri())
            url = url.update_query_dict({"immutable": "1", "uri": "true"})
        pool = create_pool_from_url(url, pool_size=1, max_overflow=0)
        # `create_engine` would give it a dialect of its own, and compiled statements belong to one.
        options = {"compiled_cache": _COMPILED}
        engine = Engine(pool, _dialect(), url, execution_options=options)

        @event.listens_for(engine, "connect")
        def configure(connection: sqlite3.Connection, _: object) -> None:
            # The driver would begin a transaction by itself, and only before an INSERT or UPDATE;
            # see `_Thread.transaction`.
            connection.isolation_level = None
            # A page costs a second of quota. Beside that, the milliseconds in which a commit reaches
            # the disk, and so survives a power cut, are nothing.
            connection.execute("PRAGMA synchronous=FULL").close()

        return _Thread(engine, "BEGIN" if reads else "BEGIN IMMEDIATE")

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

    def enter(self, connection: Connection) -> None:
        """See `Backend.enter`."""
        del connection  # BEGIN IMMEDIATE keeps all other writers out.

    def evict(self, connection: Connection, silence: float) -> None:
        """See `Backend.evict`."""
        del connection, silence  # A file has no server that could end it.

    def keep_views(self, connection: Connection) -> None:
        """See `Backend.keep_views`."""
        # Else the views would be rewritten for the new name, which is dropped in the end.
        connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")

    def size(self, connection: Connection) -> int:
        """See `Backend.size`."""
        pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        return int(connection.exec_driver_sql(pages).scalar_one())

    def compact(self, connection: Connection) -> None:
        """See `Backend.compact`."""
        connection.exec_driver_sql("VACUUM")

    def prepare(self, connection: Connection) -> None:
        """See `Backend.prepare`."""
        # Readers do not wait for the scan, nor the scan for readers.
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")


@cache
def _dialect() -> Dialect:
    """Return the dialect of all stores, as the first connection of an engine sets it up."""
    engine = create_engine("sqlite://")
    engine.connect().close()
    engine.dispose()
    return engine.dialect


def _seconds(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        pass
    raise ValueError("the timeout in the URL of the store must be a number of seconds")


class _Thread:
    """A connection to a SQLite file, on a thread of its own; see `Database`."""

    def __init__(self, engine: Engine, begin: str) -> None:
        self._engine, self._begin = engine, begin
        self._connection: Connection | None = None
        self._closed = False
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="gizwits-async-store")

    @contextmanager
    def transaction(self, connection: Connection) -> Iterator[None]:
        """See `Database.transaction`."""
        # By the driver: what SQLAlchemy does for a transaction costs as much as the page in it.
        driver: Any = driver_of(connection)
        driver.execute(self._begin)
        try:
            yield
            driver.commit()
        except BaseException:
            driver.rollback()
            raise

    async def run(self, work: Callable[[Connection], T]) -> T:
        """See `Database.run`."""
        return await self._visit(lambda: work(self._connect()))

    @asynccontextmanager
    async def pinned(self) -> AsyncIterator[Runner]:
        """See `Database.pinned`."""
        stack = ExitStack()
        await self._visit(lambda: stack.enter_context(self.transaction(self._connect())))
        try:
            yield self.run
        finally:
            await self._visit(stack.close)

    async def aclose(self) -> None:
        """See `Database.aclose`."""
        if not self._closed:
            self._closed = True
            await self._visit(self._close)
            self._executor.shutdown(wait=False)

    async def _visit(self, work: Callable[[], T]) -> T:
        return await whole(asyncio.get_running_loop().run_in_executor(self._executor, work))

    def _connect(self) -> Connection:
        try:
            self._connection = self._connection or self._engine.connect()
        except (TypeError, ValueError) as error:
            wrong = wrong_option(error)
        else:
            return self._connection
        raise wrong

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()
