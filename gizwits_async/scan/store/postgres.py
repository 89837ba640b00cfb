"""A store in a PostgreSQL database."""

from typing import Any

from sqlalchemy import URL, Connection, column, func, inspect, literal_column, select, table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from gizwits_async.scan.store.backend import Trouble
from gizwits_async.scan.store.postgres_pool import Pool
from gizwits_async.scan.store.records import qualified
from gizwits_async.scan.store.tables import LEASE, METADATA
from gizwits_async.scan.store.wide import WideRecords

__all__ = ["PostgresBackend"]

_LOCKS = table("pg_locks", column("pid"), column("transactionid"), column("granted"))
_OPENING = 0x67697A77
"""Seed of the number of the advisory lock under which a store is opened: "gizw"."""
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

    def database(self, *, reads: bool) -> Pool:
        """See `Backend.database`."""
        options: dict[str, Any] = {"schema_translate_map": {None: self.schema}}
        if reads:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return Pool(self._url, self, options)

    def lock(self) -> bool:
        """See `Backend.lock`."""
        return True  # An advisory lock of a session would stay on a pooler's connection.

    def unlock(self) -> None:
        """See `Backend.unlock`."""

    def enter(self, connection: Connection) -> None:
        """See `Backend.enter`."""
        # A lock a schema: one for all would keep the few connections waiting for each other.
        schema = self.schema or connection.dialect.default_schema_name
        lock = func.pg_advisory_xact_lock(func.hashtextextended(schema, _OPENING))
        # The guards first: the wait for this lock ends by them, before the server counts as silent.
        connection.execute(select(*self.guards, lock))
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


def _state(error: DBAPIError) -> str:
    """Return the SQLSTATE of an error; empty if the server did not send it."""
    return getattr(error.orig, "sqlstate", None) or ""
