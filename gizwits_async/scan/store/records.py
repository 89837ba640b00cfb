"""How a store keeps the records of the three logs: `compact.py` in SQLite, `wide.py` in PostgreSQL."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Executable, Select, Table

from gizwits_async.scan.store.tables import DEVICES
from gizwits_async.scan.task import LogName, Record, Span

__all__ = ["Reading", "RecordTables", "arranged", "qualified"]

_DAY = 86_400.0


@frozen(kw_only=True)
class Reading:
    """A query for records, and how its rows are read."""

    query: Executable
    """Selects rows of one log."""
    row: Callable[[Any], dict[str, Any]]
    """Return a row as `product_key`, `did`, `timestamp`, and `attrs` or `type` and `payload`."""


class RecordTables(Protocol):
    """Tables `LOG_record`, and views `LOG_log` that show their rows with device ids and names.

    A row names its device by the number that it has in the table `devices`.
    """

    @property
    def tables(self) -> Mapping[LogName, Table]:
        """The tables, which have the columns `device` and `timestamp`."""
        ...

    @property
    def names(self) -> Collection[str]:
        """The names of the tables and views."""
        ...

    def create(self, connection: Connection) -> None:
        """Create the tables and views; they must not exist."""
        ...

    def insert(
        self, connection: Connection, log: LogName, device: int, records: Sequence[Record]
    ) -> None:
        """Add records of one device, at least one."""
        ...

    def delete(self, connection: Connection, log: LogName, device: int, span: Span) -> int:
        """Delete the records of one device in a span of seconds; return how many there were."""
        ...

    def reading(
        self,
        log: LogName,
        *,
        span: Span | None = None,
        whole: Callable[[Any], Any] | None = None,
    ) -> Reading:
        """Return a query for records of a log, in order of product, device id and time.

        Args:
            log: Which log.
            span: Seconds to read; None for all.
            whole: Makes an integer of a number, in SQL; if it is given, they come day by day.
        """
        ...


def qualified(connection: Connection, name: str) -> str:
    """Return the name of a table or view in SQL, with the schema of the store."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    schemas = connection.get_execution_options().get("schema_translate_map") or {}
    schema = schemas.get(None)
    return quote(name) if schema is None else f"{quote(schema)}.{quote(name)}"


def arranged(
    query: Select[Any],
    time: ColumnElement[float],
    *others: ColumnElement[Any],
    span: Span | None,
    whole: Callable[[Any], Any] | None,
) -> Select[Any]:
    """Return a query with the span and the order of `RecordTables.reading`."""
    if span is not None:
        query = query.where(time >= span[0], time < span[1])
    day = [] if whole is None else [whole(time / _DAY)]
    return query.order_by(*day, DEVICES.c.product_key, DEVICES.c.did, time, *others)
