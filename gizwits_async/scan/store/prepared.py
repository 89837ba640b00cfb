"""Statements of a page's transaction, whose text is made once: SQLAlchemy costs more than SQLite itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.base import Executable

__all__ = ["Prepared", "driver_of"]

_DIALECT = sqlite.dialect(paramstyle="named")


def driver_of(connection: Connection) -> Any | None:
    """Return the `sqlite3.Connection` below a connection; None in other databases."""
    if connection.dialect.name != "sqlite":
        return None
    return connection.connection.driver_connection


class Prepared:
    """A statement with named parameters, executed by SQLite's own driver where there is one."""

    def __init__(self, statement: Executable) -> None:
        """Take the statement."""
        self._statement = statement
        compiled: Any = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
        self._text = str(compiled)
        self._given: Mapping[str, Any] = compiled.params
        processors: dict[str, Callable[[Any], Any] | None] = {
            name: bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            for name, bind in compiled.binds.items()
            if name in self._given
        }
        self._processors = {name: found for name, found in processors.items() if found}

    def row(self, connection: Connection, parameters: Mapping[str, Any]) -> Any | None:
        """Execute it, and return the first row; None if there is none."""
        driver = driver_of(connection)
        if driver is None:
            return connection.execute(self._statement, dict(parameters)).first()
        return driver.execute(self._text, self._values(parameters)).fetchone()

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute it for each row of parameters."""
        driver = driver_of(connection)
        if driver is None:
            connection.execute(self._statement, [dict(row) for row in rows])
        else:
            driver.executemany(self._text, [self._values(row) for row in rows])

    def _values(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        values = {**self._given, **parameters}
        for name, process in self._processors.items():
            values[name] = process(values[name])
        return values
