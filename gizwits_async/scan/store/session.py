"""Transactions of a SQL store, one at a time, and the errors of a database in terms of ours."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from attrs import frozen
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.store.backend import Backend

__all__ = ["STORE_FAILS", "TEXT", "Session", "connected", "translated", "whole"]

T = TypeVar("T")

_NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_TRUNCATE")
"""What SQLite reports for a full disk, a quota of the file system, or a limit of the process."""
_STARTING = frozenset({"57P01", "57P02", "57P03"})
"""SQLSTATEs of a PostgreSQL server that shuts down or starts up."""
_RECONNECT = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds to wait before each further attempt at a transaction whose connection was lost."""
STORE_FAILS = (SQLAlchemyError, OSError, ValueError)
"""What a database raises; a ValueError is a stored text that is no JSON."""
TEXT = 500
"""Characters of an error that are kept."""


@frozen
class _Failed:
    """A transaction that failed."""

    error: ScanStoreError
    may_repeat: bool
    """Whether the connection was lost before the commit was sent: there was no effect."""


class Session:
    """The connection of one store, opened for the first transaction, and replaced when it is lost."""

    def __init__(
        self,
        backend: Backend,
        *,
        reads: bool,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Describe a session; nothing is opened.

        Args:
            backend: The database.
            reads: Whether its transactions only read.
            sleep: Waits before a connection that was lost is opened again.
        """
        self._backend = backend
        self._reads = reads
        self._sleep = sleep
        self._engine: AsyncEngine | None = None
        self._driver_connection: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self.reconnects = False
        """Whether a lost connection is replaced; at first, an address may simply be wrong."""

    async def do(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run some work as one transaction: all of it, or nothing, also for a cancelled caller.

        Args:
            work: Is called again if the connection is lost before the commit.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        # A caller cancelled while waiting for the lock has no transaction open and may leave at
        # once; later it waits for the end of its own.
        async with self._exclusive():
            outcome = await whole(self._transaction(work))
            for pause in _RECONNECT if self.reconnects else ():
                if not (isinstance(outcome, _Failed) and outcome.may_repeat):
                    break
                await self._sleep(pause)
                outcome = await whole(self._transaction(work))
        if not isinstance(outcome, _Failed):
            return outcome
        # Not raised in a handler: its context would be the driver's error, and among the locals of
        # the frames of that one is the password.
        raise outcome.error

    async def prepare(self) -> None:
        """Configure the database; see `Backend.prepare`."""

        async def configure() -> None:
            try:
                await self._backend.prepare(self._opened())
            except STORE_FAILS as error:
                failure = translated(self._backend, error)
            else:
                return
            raise failure

        await whole(configure())

    async def aclose(self) -> None:
        """Close the connection; safe to repeat."""
        await whole(self._close())

    def _exclusive(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # `asyncio.Lock` binds to the loop of its first contended acquire, and a store may be
            # used in one loop after the other.
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock

    def _opened(self) -> AsyncEngine:
        if self._engine is None:
            self._engine = self._backend.engine(reads=self._reads)
        return self._engine

    async def _transaction(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T | _Failed:
        deadline = self._backend.deadline
        if deadline is None:
            return await self._attempt(work)
        attempt = asyncio.ensure_future(self._attempt(work))
        done, _ = await asyncio.wait({attempt}, timeout=deadline)
        if done:
            return attempt.result()
        # Not `asyncio.timeout`: a driver that is cancelled asks the server to stop, and waits for
        # an answer to that, too.
        if self._driver_connection is not None:
            self._backend.abort(self._driver_connection)
        attempt.cancel()
        text = f"{self._backend.name}: no answer for {deadline:g} seconds"
        return _Failed(ScanStoreError(text), may_repeat=False)

    async def _attempt(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T | _Failed:
        committing = False
        try:
            connection = await connected(self._opened())
            try:
                raw = await connection.get_raw_connection()
                self._driver_connection = raw.driver_connection
                async with connection.begin():
                    result = await work(connection)
                    committing = True
                return result
            finally:
                self._driver_connection = None
                await connection.close()
        except STORE_FAILS as error:
            return _Failed(
                translated(self._backend, error), may_repeat=_was_lost(error) and not committing
            )

    async def _close(self) -> None:
        engine, self._engine = self._engine, None
        try:
            if engine is not None:
                await engine.dispose()
        except SQLAlchemyError as error:
            failure = translated(self._backend, error)
        else:
            return
        raise failure


async def connected(engine: AsyncEngine) -> AsyncConnection:
    """Return a connection.

    Raises:
        SQLAlchemyError: It was refused; or the driver does not know an option of the URL.
        OSError: The database is away.
    """
    # Elsewhere a TypeError is a mistake of ours, and a ValueError a damaged value.
    try:
        return await engine.connect()
    except (TypeError, ValueError) as error:
        wrong = ArgumentError(f"an option of its URL is wrong: {error}")
    raise wrong


def translated(backend: Backend, error: Exception) -> ScanStoreError:
    """Return the error of a database as one of ours, with what to do about it."""
    # SQLAlchemy's own text would show all parameters: a page of rows.
    cause = error.orig if isinstance(error, DBAPIError) else error
    text = f"{backend.name}: {cause}"[:TEXT]
    if isinstance(error, ValueError):
        text = f"{backend.name}: damaged, a value in it cannot be read ({cause})"[:TEXT]
    if getattr(cause, "sqlite_errorname", "").startswith(_NO_ROOM):
        text += "; make room on its disk and run the same scan again: it goes on from here"
    return ScanStoreError(text)


def _was_lost(error: Exception) -> bool:
    """Return whether an error says that the connection, and not a statement, failed."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or getattr(error.orig, "sqlstate", "") in _STARTING
    return isinstance(error, OSError)


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Finish the work even if the caller is cancelled: half a transaction is of no use."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # Retrieved, or asyncio would log it: the caller has left.
        raise
