"""The one connection of a SQL store: whole transactions, one at a time, and errors in our words."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.store.backend import Backend

__all__ = ["STORE_FAILS", "TEXT", "Session", "connected", "translated"]

T = TypeVar("T")

_NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_TRUNCATE")
"""What SQLite says of a full disk, a quota of the file system, or a limit of the process."""
STORE_FAILS = (SQLAlchemyError, OSError, ValueError)
"""What comes up out of a database; a ValueError is a text in it that is no JSON."""
TEXT = 500
"""Characters of an error that are kept."""


class Session:
    """A connection that opens when it is first used."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._engine: AsyncEngine | None = None
        self._connection: AsyncConnection | None = None
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def do(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do some work as one transaction: all of it, or nothing, also for a cancelled caller.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        # A caller cancelled while waiting for the lock has no transaction open and may leave at once.
        await self._lock_here().acquire()
        return await _whole(self._transaction(work))

    async def aclose(self) -> None:
        """Close the connection and give back the place; safe to repeat."""
        await _whole(self._close())

    def _lock_here(self) -> asyncio.Lock:
        # `asyncio.Lock` binds to the loop of its first contended acquire.
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock

    async def _transaction(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        try:
            if self._connection is None:
                self._engine = self._backend.engine()
                self._connection = await connected(self._engine)
            async with self._connection.begin():
                return await work(self._connection)
        except STORE_FAILS as error:
            failure = translated(self._backend, error)
        finally:
            self._lock_here().release()
        # Not raised in the handler: its context would be the driver's error, and among the locals
        # of the frames that one came through is the password.
        raise failure

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        engine, self._engine = self._engine, None
        try:
            if connection is not None:
                await connection.close()
            if engine is not None:
                await engine.dispose()
        except SQLAlchemyError as error:
            failure = translated(self._backend, error)
        else:
            return
        finally:
            self._backend.release()
        raise failure


async def connected(engine: AsyncEngine) -> AsyncConnection:
    """Return a connection.

    Raises:
        SQLAlchemyError: It was refused; or the driver knows no such option as stands in the URL.
        OSError: The database is away.
    """
    # Elsewhere a TypeError is a mistake of ours, and a ValueError a damaged value.
    try:
        return await engine.connect()
    except (TypeError, ValueError) as error:
        wrong = ArgumentError(f"an option of its URL is wrong: {error}")
    raise wrong


def translated(backend: Backend, error: Exception) -> ScanStoreError:
    """Return what a failure of the database is in our words, and what to do about it."""
    # SQLAlchemy's own text would show the whole page of rows.
    cause = error.orig if isinstance(error, DBAPIError) else error
    text = f"{backend.name}: {cause}"[:TEXT]
    if isinstance(error, ValueError):
        text = f"{backend.name}: damaged, a value in it cannot be read ({cause})"[:TEXT]
    if getattr(cause, "sqlite_errorname", "").startswith(_NO_ROOM):
        text += "; make room on its disk and run the same scan again: it goes on from here"
    return ScanStoreError(text)


async def _whole(work: Coroutine[Any, Any, T]) -> T:
    """Do all of it even if the caller is cancelled meanwhile: half a transaction helps nobody."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # Whatever it was, the caller has gone.
        raise
