"""A store in a PostgreSQL database."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Connection, column, func, inspect, literal_column, select, table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateSchema

from gizwits_async.scan.store.backend import Runner, Trouble, wrong_option
from gizwits_async.scan.store.postgres_options import connect_arguments
from gizwits_async.scan.store.records import qualified
from gizwits_async.scan.store.tables import LEASE, METADATA
from gizwits_async.scan.store.whole import whole
from gizwits_async.scan.store.wide import WideRecords

__all__ = ["PostgresBackend"]

T = TypeVar("T")
_LOCKS = table("pg_locks", column("pid"), column("transactionid"), column("granted"))
_CONNECTIONS = 5
"""Connections to one address, for all stores of an event loop."""

_OPENING = 0x67697A77
"""Number of the advisory lock under which a store is opened: "gizw"."""
_IDLE = 10_000
"""Milliseconds that a transaction may wait for a silent client before the server ends it.

Its row locks would otherwise keep others out for as long as the client's machine is silent.
"""
_LOCK = 5_000
"""Milliseconds to wait for a row or table that another program has locked, before trying again."""
_LOST = frozenset({"57P01", "57P02", "57P03", "25006"})
"""SQLSTATEs of a server that shuts down, starts up, or became a replica by a failover."""
_PASSWORDS = ("password", "sslpassword")
"""Options of a URL that are secrets."""
_BUSY = frozenset({"55P03", "40001", "40P01"})
"""SQLSTATEs of a transaction that met others: a lock, a serialization failure, a deadlock."""


class PostgresBackend:
    """A PostgreSQL database, reached directly or through a pooler, in transaction mode too."""

    insert = staticmethod(postgresql.insert)
    records = WideRecords()
    shares_database = True
    clock = func.extract("epoch", func.clock_timestamp())
    shares_clock = True
    guards = tuple(
        func.set_config(f"{name}_timeout", str(limit), True)  # noqa: FBT003
        for name, limit in {"idle_in_transaction_session": _IDLE, "lock": _LOCK}.items()
    )
    lock_wait = 120.0

    deadline: float | None = 20.0
    """Seconds after which a transaction counts as unanswered."""

    def __init__(self, url: URL, schema: str | None) -> None:
        """Name a database, and the schema of the tables in it; None is the connection's own."""
        self._url = url
        self.schema = schema
        self.name = url.set(query={}).render_as_string(hide_password=True)
        if schema is not None:
            self.name += f" (schema {schema})"

    @property
    def arguments(self) -> tuple[str, ...]:
        """See `Backend.arguments`: the password is that of PGPASSWORD or ~/.pgpass."""
        url = self._url.difference_update_query(_PASSWORDS)
        address = url._replace(password=None).render_as_string()
        return (address,) if self.schema is None else (address, "--schema", self.schema)

    def whole(self, number: Any) -> Any:
        """See `Backend.whole`."""
        return func.floor(number)

    def absent(self) -> bool:
        """See `Backend.absent`."""
        return False

    def database(self, *, reads: bool) -> "_Pool":
        """See `Backend.database`."""
        options: dict[str, Any] = {"schema_translate_map": {None: self.schema}}
        if reads:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return _Pool(self._url, self, options)

    def lock(self) -> bool:
        """See `Backend.lock`."""
        return True  # An advisory lock of a session would stay on a pooler's connection.

    def unlock(self) -> None:
        """See `Backend.unlock`."""

    def enter(self, connection: Connection) -> None:
        """See `Backend.enter`."""
        connection.execute(select(func.pg_advisory_xact_lock(_OPENING), *self.guards))
        if self.schema is not None and not inspect(connection).has_schema(self.schema):
            connection.execute(CreateSchema(self.schema))

    def evict(self, connection: Connection, silence: float) -> None:
        """See `Backend.evict`."""
        # The guards do not see a client that froze between two messages of one statement.
        connection.execute(
            select(func.pg_terminate_backend(_LOCKS.c.pid))
            .select_from(LEASE)
            .join(_LOCKS, _LOCKS.c.transactionid == literal_column("xmax"))
            .where(_LOCKS.c.granted, self.clock - LEASE.c.renewed_at > silence)
            .where(_LOCKS.c.pid != func.pg_backend_pid())
        )

    def keep_views(self, connection: Connection) -> None:
        """See `Backend.keep_views`."""
        del connection  # A table that such a view needs cannot be dropped: it is an error.

    def size(self, connection: Connection) -> int:
        """See `Backend.size`."""
        sizes = (
            connection.execute(select(func.pg_total_relation_size(qualified(connection, name))))
            for name in [*METADATA.tables, *(table.name for table in self.records.tables.values())]
        )
        return sum(int(size.scalar_one()) for size in sizes)

    def compact(self, connection: Connection) -> None:
        """See `Backend.compact`."""
        del connection  # The server's own vacuum makes room for later rows.

    def prepare(self, connection: Connection) -> None:
        """See `Backend.prepare`."""

    def trouble(self, error: Exception) -> Trouble | None:
        """See `Backend.trouble`."""
        if not isinstance(error, DBAPIError):
            return "lost" if isinstance(error, OSError) else None
        if error.connection_invalidated or _state(error) in _LOST:
            return "lost"
        return "busy" if _state(error) in _BUSY else None


class _Pool:
    """Connections of an asyncio driver, few for any number of stores; see `Database`."""

    def __init__(self, url: URL, backend: PostgresBackend, options: dict[str, Any]) -> None:
        self._url, self._backend, self._options = url, backend, options
        self._engine: AsyncEngine | None = None

    def _connect(self) -> AsyncConnection:
        if self._engine is None:
            self._engine = _engines().acquire(self._url).execution_options(**self._options)
        return self._engine.connect()

    def transaction(self, connection: Connection) -> AbstractContextManager[object]:
        """See `Database.transaction`."""
        return connection.begin()

    async def run(self, work: Callable[[Connection], T]) -> T:
        """See `Database.run`."""
        opened: list[AsyncConnection] = []

        async def attempt() -> T:
            connection = await _opened(self._connect())
            opened.append(connection)
            try:
                return await _translated(connection.run_sync(work))
            except DBAPIError as error:
                if self._backend.trouble(error) == "lost":  # Also where SQLAlchemy would keep it.
                    await connection.invalidate()
                raise
            finally:
                opened.clear()
                await connection.close()

        return await whole(self._in_time(attempt(), opened))

    @asynccontextmanager
    async def pinned(self) -> AsyncIterator[Runner]:
        """See `Database.pinned`."""
        connection = await _opened(self._connect())

        async def run(work: Callable[[Connection], T]) -> T:
            return await self._in_time(_translated(connection.run_sync(work)), [connection])

        try:
            yield run
        finally:
            await connection.close()

    async def _in_time(self, work: Awaitable[T], opened: list[AsyncConnection]) -> T:
        """Give up work that the server does not answer, and the connections that it has opened."""
        deadline = self._backend.deadline
        running = asyncio.ensure_future(work)
        await asyncio.wait({running}, timeout=deadline)
        if running.done():
            return running.result()
        # Not `asyncio.timeout`: a driver that is cancelled asks the server to stop, and waits for
        # an answer to that, too.
        for connection in opened:
            _abort((await connection.get_raw_connection()).driver_connection)
        running.cancel()
        raise TimeoutError(f"no answer for {deadline:g} seconds")

    async def aclose(self) -> None:
        """See `Database.aclose`."""
        if self._engine is not None:
            self._engine = None
            await _engines().release(self._url)


class _Engines:
    """The engines of one event loop, one an address: all stores of a server share its connections."""

    def __init__(self) -> None:
        self._engines: dict[URL, AsyncEngine] = {}
        self._users: Counter[URL] = Counter()

    def acquire(self, url: URL) -> AsyncEngine:
        """Return the engine of an address."""
        if url not in self._engines:
            self._engines[url] = _engine_of(url)
        self._users[url] += 1
        return self._engines[url]

    async def release(self, url: URL) -> None:
        """Close the connections when their last user has left."""
        self._users[url] -= 1
        if not self._users[url]:
            await self._engines.pop(url).dispose()


_OF_LOOP: WeakKeyDictionary[asyncio.AbstractEventLoop, _Engines] = WeakKeyDictionary()


def _engines() -> _Engines:
    return _OF_LOOP.setdefault(asyncio.get_running_loop(), _Engines())


def _engine_of(url: URL) -> AsyncEngine:
    url, arguments = connect_arguments(url)
    try:
        return create_async_engine(
            url, connect_args=arguments, pool_size=_CONNECTIONS, max_overflow=0
        )
    except ModuleNotFoundError as error:
        extra = "'gizwits-async[postgres]'" if error.name == "asyncpg" else "'psycopg[binary]'"
        raise ImportError(f"this store needs {error.name}: install {extra}") from error


async def _opened(connection: AsyncConnection) -> AsyncConnection:
    try:
        return await _translated(connection)
    except (TypeError, ValueError) as error:
        wrong = wrong_option(error)
    raise wrong


async def _translated(work: Awaitable[T]) -> T:
    """Raise what SQLAlchemy 2.0 passes on of asyncpg as an error of SQLAlchemy.

    A refused login is such an error, and an InternalClientError, after which the connection is of
    no use: it comes where the server's last message has arrived, and not yet the end of the connection.
    """
    try:
        return await work
    except Exception as error:
        if not type(error).__module__.startswith("asyncpg."):
            raise
        useless = getattr(error, "sqlstate", None) is None
        raise DBAPIError(None, None, error, connection_invalidated=useless) from error


def _abort(driver_connection: Any) -> None:
    """Close a connection that does not answer, without sending anything."""
    if hasattr(driver_connection, "terminate"):
        driver_connection.terminate()  # asyncpg
    else:
        driver_connection.pgconn.finish()  # psycopg


def _state(error: DBAPIError) -> str:
    """Return the SQLSTATE of an error; empty if the server did not send it."""
    return getattr(error.orig, "sqlstate", None) or ""
