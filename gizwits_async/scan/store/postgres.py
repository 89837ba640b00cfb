"""A store in a PostgreSQL database."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import URL, func, inspect, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateSchema

__all__ = ["PostgresBackend"]

_OPENING = 0x67697A77
"""Number of the advisory lock under which a store is opened: "gizw"."""
_IDLE = 10_000
"""Milliseconds that a transaction may wait for a silent client before the server ends it.

Its row locks would otherwise keep others out for as long as the client's machine is silent.
"""
_CONNECT = 10.0
"""Seconds that connecting may take."""
_NUMBERS: Mapping[str, Callable[[str], int | float]] = {
    "command_timeout": float,
    "max_cacheable_statement_size": int,
    "max_cached_statement_lifetime": int,
    "prepared_statement_cache_size": int,
    "statement_cache_size": int,
    "timeout": float,
}
"""Options of asyncpg that are no text."""
_LIBPQ = {"sslmode": "ssl", "connect_timeout": "timeout"}
"""Options as libpq spells them -> as asyncpg does."""
_SETTINGS = frozenset({"application_name", "options"})
"""Options that the server is to know."""
_OF_URL = frozenset({"host", "port"})
"""Options that SQLAlchemy reads itself."""


class PostgresBackend:
    """A PostgreSQL database, reached directly or through a pooler, in transaction mode too."""

    insert = staticmethod(postgresql.insert)
    clock = func.extract("epoch", func.clock_timestamp())
    shares_clock = True
    guards = (func.set_config("idle_in_transaction_session_timeout", str(_IDLE), True),)  # noqa: FBT003

    deadline = 20.0

    def __init__(self, url: URL, schema: str | None) -> None:
        """Name a database, and the schema of the tables in it; None is the connection's own."""
        self._url = url
        self.schema = schema
        self.name = url.set(query={}).render_as_string(hide_password=True)
        if schema is not None:
            self.name += f" (schema {schema})"

    def abort(self, driver_connection: Any) -> None:
        """See `Backend.abort`."""
        if hasattr(driver_connection, "terminate"):
            driver_connection.terminate()  # asyncpg
        else:
            driver_connection.pgconn.finish()  # psycopg

    def absent(self) -> bool:
        """See `Backend.absent`."""
        return False

    def engine(self, *, reads: bool) -> AsyncEngine:
        """See `Backend.engine`."""
        options: dict[str, Any] = {"schema_translate_map": {None: self.schema}}
        if reads:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        url = self._url
        arguments: dict[str, Any] = {}
        if url.drivername == "postgresql+asyncpg":
            url, arguments = _for_asyncpg(url)
        try:
            return create_async_engine(
                url,
                connect_args=arguments,
                execution_options=options,
                pool_size=1,
                max_overflow=0,
            )
        except ModuleNotFoundError as error:
            extra = "'gizwits-async[postgres]'" if error.name == "asyncpg" else error.name
            raise ImportError(f"this store needs {error.name}: install {extra}") from error

    def lock(self) -> bool:
        """See `Backend.lock`."""
        return True  # An advisory lock of a session would stay on a pooler's connection.

    def unlock(self) -> None:
        """See `Backend.unlock`."""

    async def enter(self, connection: AsyncConnection) -> None:
        """See `Backend.enter`."""
        await connection.execute(select(func.pg_advisory_xact_lock(_OPENING), *self.guards))
        if self.schema is not None:
            schema = self.schema
            if not await connection.run_sync(lambda sync: inspect(sync).has_schema(schema)):
                await connection.execute(CreateSchema(schema))

    async def prepare(self, engine: AsyncEngine) -> None:
        """See `Backend.prepare`."""


def _for_asyncpg(url: URL) -> tuple[URL, dict[str, Any]]:
    """Return the URL without the options that asyncpg wants otherwise than as text, and those.

    Raises:
        ArgumentError: A number among them is none.
    """
    # Prepared statements without a name and a cache: behind a pooler in transaction mode the next
    # transaction may run on another connection, where a statement that was prepared is unknown.
    arguments: dict[str, Any] = {
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "timeout": _CONNECT,
    }
    settings: dict[str, str] = {}
    for spelling, value in url.query.items():
        name = _LIBPQ.get(spelling, spelling)
        text = value if isinstance(value, str) else value[-1]
        if name in _SETTINGS:
            settings[name] = text
        elif name in _NUMBERS:
            arguments[name] = _number(name, text)
        elif name not in _OF_URL:
            arguments[name] = text
    if settings:
        arguments["server_settings"] = settings
    if not arguments["prepared_statement_cache_size"]:
        arguments["prepared_statement_name_func"] = str  # The empty name.
    kept = {name: value for name, value in url.query.items() if name in _OF_URL}
    return url.set(query=kept), arguments


def _number(name: str, text: str) -> int | float:
    try:
        return _NUMBERS[name](text)
    except ValueError:
        pass
    raise ArgumentError(f"an option of its URL is wrong: {name} must be a number")
