"""Transactions of a SQL store, one at a time, and the errors of a database in terms of ours."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from itertools import chain, repeat
from typing import TypeVar

from attrs import evolve, frozen
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError, StatementError

from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.store.backend import Backend, Database, Trouble
from gizwits_async.scan.store.whole import whole

__all__ = ["STORE_FAILS", "TEXT", "Session", "translated"]

T = TypeVar("T")

_NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_TRUNCATE")
"""What SQLite reports for a full disk, a quota of the file system, or a limit of the process."""
_OUTAGE = 120.0
"""Seconds for which a database is waited for that cannot be reached: a failover takes a minute or two."""
_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each further attempt at a transaction; then always as long as the last one."""
STORE_FAILS = (SQLAlchemyError, sqlite3.Error, OSError, ValueError)
"""What a database raises, through SQLAlchemy or not; a ValueError is a stored text that is no JSON."""
TEXT = 500
"""Characters of an error that are kept."""


@frozen
class _Failed:
    """A transaction that failed."""

    error: ScanStoreError
    trouble: Trouble | None
    """Why it may be repeated; None if it may not, for its commit was sent perhaps."""


class Session:
    """The transactions of one store: one at a time, and again if the connection was lost."""

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
            sleep: Waits before a transaction is repeated.
        """
        self._backend = backend
        self._reads = reads
        self._sleep = sleep
        self._database: Database | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self.reconnects = False
        """Whether a lost connection is replaced; at first, an address may simply be wrong."""

    async def do(self, work: Callable[[Connection], T], *, repeats: bool = True) -> T:
        """Run some work as one transaction: all of it, or nothing, also for a cancelled caller.

        Args:
            work: Is called again if the connection is lost before the commit, or others are in the way.
            repeats: Whether it may be.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        # A caller cancelled while waiting for the lock has no transaction open and may leave at
        # once; later it waits for the end of its own.
        async with self._exclusive():
            clock = asyncio.get_running_loop().time
            began = clock()
            outcome = await self._transaction(work)
            for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
                if not isinstance(outcome, _Failed) or not repeats:
                    break
                if clock() - began >= self._limit(outcome):
                    break
                await self._sleep(pause)
                outcome = await self._transaction(work)
        if not isinstance(outcome, _Failed):
            return outcome
        # Not raised in a handler: its context would be the driver's error, and among the locals of
        # the frames of that one is the password.
        raise outcome.error

    async def prepare(self) -> None:
        """Configure the database; see `Backend.prepare`."""
        await self._outside(self._backend.prepare)

    async def compact(self) -> None:
        """Give room that is not used any more back to the disk; see `Backend.compact`."""
        await self._outside(self._backend.compact)

    async def _outside(self, work: Callable[[Connection], None]) -> None:
        """Run some work outside transactions."""
        outcome = await self._attempt(work)
        if outcome is not None:
            raise outcome.error

    async def aclose(self) -> None:
        """Close the connections; safe to repeat."""
        await whole(self._close())

    def _limit(self, failed: _Failed) -> float:
        """Return for how many seconds a failed transaction is repeated."""
        if failed.trouble == "busy":
            return self._backend.lock_wait
        return _OUTAGE if failed.trouble == "lost" and self.reconnects else 0.0

    def _exclusive(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # `asyncio.Lock` binds to the loop of its first contended acquire, and a store may be
            # used in one loop after the other.
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock

    async def _transaction(self, work: Callable[[Connection], T]) -> T | _Failed:
        committing = False

        def transaction(connection: Connection) -> T:
            nonlocal committing
            with self._opened().transaction(connection):
                result = work(connection)
                committing = True
            return result

        outcome = await self._attempt(transaction)
        if isinstance(outcome, _Failed) and committing:
            return evolve(outcome, trouble=None)  # Perhaps it was committed.
        return outcome

    async def _attempt(self, work: Callable[[Connection], T]) -> T | _Failed:
        try:
            return await self._opened().run(work)
        except STORE_FAILS as error:
            return _Failed(translated(self._backend, error), trouble=self._backend.trouble(error))

    def _opened(self) -> Database:
        if self._database is None:
            self._database = self._backend.database(reads=self._reads)
        return self._database

    async def _close(self) -> None:
        database, self._database = self._database, None
        try:
            if database is not None:
                await database.aclose()
        except SQLAlchemyError as error:
            failure = translated(self._backend, error)
        else:
            return
        raise failure


def translated(backend: Backend, error: Exception) -> ScanStoreError:
    """Return the error of a database as one of ours, with what to do about it."""
    # SQLAlchemy's own text would show all parameters: a page of rows.
    cause = error.orig if isinstance(error, StatementError) and error.orig else error
    text = f"{backend.name}: {cause}"[:TEXT]
    if isinstance(error, ValueError):
        text = f"{backend.name}: damaged, a value in it cannot be read ({cause})"[:TEXT]
    if getattr(cause, "sqlite_errorname", "").startswith(_NO_ROOM):
        text += "; make room on its disk and run the same scan again: it goes on from here"
    return ScanStoreError(text)
