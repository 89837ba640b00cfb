"""Statements of a page's transaction, whose text is made once: SQLAlchemy costs more than the database."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.base import Executable

__all__ = ["Prepared", "driver_of"]

_SCHEMA = "gizwits_schema"
"""Stands in a text for the schema of a store."""


def driver_of(connection: Connection) -> Any | None:
    """Return the `sqlite3.Connection` below a connection; None in other databases."""
    if connection.dialect.name != "sqlite":
        return None
    return connection.connection.driver_connection


class _Text:
    """A statement as the text of one dialect."""

    def __init__(self, statement: Executable, dialect: Dialect, **options: Any) -> None:
        compiled: Any = statement.compile(dialect=dialect, **options)  # type: ignore[attr-defined]
        self.text = str(compiled)
        self._given: Mapping[str, Any] = compiled.params
        self._order: Sequence[str] = compiled.positiontup or ()
        processors: dict[str, Callable[[Any], Any] | None] = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in compiled.binds.items()
            if name in self._given
        }
        self._processors = {name: found for name, found in processors.items() if found}

    def named(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        values = {**self._given, **parameters}
        for name, process in self._processors.items():
            values[name] = process(values[name])
        return values

    def in_order(self, parameters: Mapping[str, Any]) -> list[Any]:
        values = self.named(parameters)
        return [values[name] for name in self._order]

    def of_schema(self, connection: Connection) -> str:
        schema: Any = connection.get_execution_options()["schema_translate_map"][None]
        # Always by its name, as SQLAlchemy does: a pooler hands on a connection with the search path
        # of another client, in which the tables may be those of another store.
        schema = schema or connection.dialect.default_schema_name
        name = connection.dialect.identifier_preparer.quote(schema)
        return self.text.replace(f"{_SCHEMA}.", f"{name}.")


class Prepared:
    """A statement with named parameters, executed by the driver itself: sqlite3 or asyncpg."""

    def __init__(self, statement: Executable) -> None:
        """Take the statement."""
        self._statement = statement

    @cached_property
    def _sqlite(self) -> _Text:
        return _Text(self._statement, sqlite.dialect(paramstyle="named"))

    @cached_property
    def _asyncpg(self) -> _Text:
        return _Text(
            self._statement,
            asyncpg.dialect(),  # type: ignore[no-untyped-call]
            schema_translate_map={None: _SCHEMA},
            render_schema_translate=True,
        )

    def row(self, connection: Connection, parameters: Mapping[str, Any]) -> Any | None:
        """Execute it, and return the first row; None if there is none."""
        driver = driver_of(connection)
        if driver is not None:
            return driver.execute(self._sqlite.text, self._sqlite.named(parameters)).fetchone()
        if connection.dialect.driver == "asyncpg":
            text, values = self._asyncpg.of_schema(connection), self._asyncpg.in_order(parameters)
            return connection.connection.run_async(lambda driver: driver.fetchrow(text, *values))
        return connection.execute(self._statement, dict(parameters)).first()

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute it for each row of parameters."""
        driver = driver_of(connection)
        if driver is not None:
            driver.executemany(self._sqlite.text, [self._sqlite.named(row) for row in rows])
        elif connection.dialect.driver == "asyncpg":
            text = self._asyncpg.of_schema(connection)
            values = [self._asyncpg.in_order(row) for row in rows]
            connection.connection.run_async(lambda driver: driver.executemany(text, values))
        else:
            connection.execute(self._statement, [dict(row) for row in rows])
