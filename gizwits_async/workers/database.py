"""The PostgreSQL database that the workers share: a few connections, and the tables of the fleet."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gizwits_async.errors import ArgumentError
from gizwits_async.options import Secret
from gizwits_async.scan.errors import ScanStoreError, StoreMismatchError
from gizwits_async.scan.store.passwords import check_password
from gizwits_async.workers import statements

__all__ = ["DATABASE_FAILS", "Database", "Row", "Transaction"]

Row = Mapping[str, Any]
DATABASE_FAILS = (psycopg.Error, PoolTimeout, OSError)
"""What the driver raises when the database refuses or is away."""
_VERSION = 1
"""Of the tables of the fleet."""
_CONNECTIONS = 3
"""Connections of a process, beside one for each queue that it listens to and those of the stores."""
_WAIT = 10
"""Seconds to wait for a connection."""
_OPENING = 0x67697A78
"""Number of the advisory lock under which the tables are made."""
_SCHEMES = {"postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg"}
_LIBPQ = {"ssl": "sslmode", "timeout": "connect_timeout"}
"""Options as asyncpg spells them -> as libpq does."""
_OF_ASYNCPG = {
    "command_timeout",
    "max_cacheable_statement_size",
    "max_cached_statement_lifetime",
    "prepared_statement_cache_size",
    "statement_cache_size",
}


class Transaction:
    """A transaction under way."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self.connection = connection

    async def rows(self, statement: LiteralString, **values: object) -> Sequence[Row]:
        """Execute a statement, with dictionaries as JSON, and return its rows."""
        given = {
            name: Jsonb(value) if isinstance(value, dict) else value
            for name, value in values.items()
        }
        cursor = self.connection.cursor(row_factory=dict_row)
        await cursor.execute(statement, given or None)
        return await cursor.fetchall() if cursor.description else []


class Database:
    """The database of a fleet; an async context manager that makes missing tables."""

    def __init__(self, url: str) -> None:
        """Name a database; nothing is opened.

        Args:
            url: `postgresql://USER:PASSWORD@HOST/DATABASE`, also with the name of a driver, as the
                stores of scans take it.

        Raises:
            ArgumentError: It is no URL of PostgreSQL.
        """
        self.url = Secret(url)
        """For the stores of scans."""
        self._conninfo, self.name = _conninfo(self.url)
        self.pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            self._conninfo,
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_WAIT,
            # Prepared statements would be unknown to the next connection of a pooler.
            kwargs={"prepare_threshold": None},
            configure=_autocommit,
            check=AsyncConnectionPool.check_connection,
            open=False,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    async def __aenter__(self) -> Self:
        """Connect, and make the tables if they are missing.

        Raises:
            ScanStoreError: The database cannot be reached or used.
            StoreMismatchError: A newer version made the tables, or another program.
        """
        try:
            # The pool itself tries again and again, and does not say what was wrong.
            async with await AsyncConnection.connect(self._conninfo, connect_timeout=_WAIT):
                pass
            await self.pool.open(wait=True, timeout=_WAIT)
            async with self.transaction() as transaction:
                await self._prepare(transaction)
        except BaseException as error:
            await self.pool.close()
            if isinstance(error, DATABASE_FAILS):
                raise self.translated(error) from None
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.pool.close()

    def translated(self, error: Exception) -> ScanStoreError:
        """Return an error of the driver as one of ours."""
        return ScanStoreError(f"{self.name}: {' '.join(str(error).split())}"[:500])

    async def rows(self, statement: LiteralString, **values: object) -> Sequence[Row]:
        """Execute one statement, and return its rows.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        try:
            async with self.pool.connection() as connection:
                return await Transaction(connection).rows(statement, **values)
        except DATABASE_FAILS as error:
            failure = self.translated(error)
        raise failure

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Give a transaction that is committed at the end of the block.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        try:
            async with self.pool.connection() as connection, connection.transaction():
                yield Transaction(connection)
        except DATABASE_FAILS as error:
            failure = self.translated(error)
        else:
            return
        raise failure

    async def _prepare(self, transaction: Transaction) -> None:
        from gizwits_async.workers import queue  # noqa: PLC0415 - it needs this module

        await transaction.rows("SELECT pg_advisory_xact_lock(%(number)s)", number=_OPENING)
        (found,) = await transaction.rows(statements.FIND_TABLES)
        if found["fleet"] is None:
            if found["jobs"] is not None:
                raise StoreMismatchError(
                    f"{self.name} has a job queue of another program; give a database of its own"
                )
            await transaction.connection.execute(queue.schema())
            await transaction.connection.execute(statements.TABLES)
            await transaction.rows(statements.MADE, version=_VERSION, engine=queue.version())
            return
        (made,) = await transaction.rows(statements.FIND_VERSION)
        if made["version"] > _VERSION:
            raise StoreMismatchError(
                f"{self.name} was made by a newer version of this package: update this machine too"
            )
        for statement in queue.upgrades(made["engine"], self.name):
            await transaction.connection.execute(statement)
        if made["engine"] != queue.version():
            await transaction.rows(statements.UPGRADED, engine=queue.version())


async def _autocommit(connection: AsyncConnection[Any]) -> None:
    # Not among `kwargs`: the queue adds that argument itself to the connection that listens.
    await connection.set_autocommit(True)


def _conninfo(url: Secret) -> tuple[Secret, str]:
    """Return the URL as libpq takes it, and without password and options as a name."""
    check_password(Secret(url.partition("://")[2]))
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        del parts  # It may hold a password.
        raise ArgumentError("the database must be PostgreSQL: postgresql://USER@HOST/DATABASE")
    options = [
        (_LIBPQ.get(name, name), value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name not in _OF_ASYNCPG
    ]
    conninfo = urlunsplit(
        ("postgresql", parts.netloc, parts.path, urlencode(options, quote_via=quote), "")
    )
    try:
        conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        readable = False  # Its text quotes what it cannot read, and that may be the password.
    else:
        readable = True
    if not readable:
        raise ArgumentError("the URL of the database cannot be read; write %25 for a % in it")
    host = parts.netloc.rpartition("@")[2]
    return Secret(conninfo), f"postgresql://{host}{parts.path}"
