"""How a store keeps the records of the three logs: `compact.py` in SQLite, `wide.py` in PostgreSQL."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any, Protocol

from attrs import frozen
from sqlalchemy import Connection, Select, Table

from gizwits_async.scan.task import LogName, Record, Span, Task

__all__ = ["RecordTables", "StoredPage", "qualified", "times_of", "types_of", "values_of"]

_TIME: Mapping[LogName, Callable[[Record], float]] = {
    "online": attrgetter("timestamp"),
    "cmd": attrgetter("timestamp"),
    "data": attrgetter("ts"),
}
_VALUE: Mapping[LogName, Callable[[Record], Any]] = {
    "online": attrgetter("payload"),
    "cmd": attrgetter("payload"),
    "data": attrgetter("attrs"),
}
_TYPE = attrgetter("type")


@frozen(kw_only=True)
class StoredPage:
    """A page of a log as its transaction writes it."""

    product: str
    """Product key of the device."""
    task: Task
    """The task as it is after the page."""
    records: Sequence[Record]
    """At least one."""
    days: Collection[int]
    """The days whose rows it changes, as `day_of` counts them."""


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

    def write_page(self, connection: Connection, page: StoredPage) -> None:
        """Add the records of a page, note the days that it changes, and how far its task is."""
        ...

    def delete(self, connection: Connection, log: LogName, device: int, span: Span) -> int:
        """Delete the records of one device in a span of seconds; return how many there were."""
        ...

    def rows(self, log: LogName, start: float, end: float) -> Select[Any]:
        """Return a query for records, in order of product, device id and time.

        Its columns are texts as they are stored, but for the time: product key, device id, time,
        type, the JSON names of the values in a body that is a JSON array (else empty), and the body.

        Args:
            log: Which log.
            start: First second, in epoch seconds UTC.
            end: The second after the last one.
        """
        ...


def qualified(connection: Connection, name: str) -> str:
    """Return the name of a table or view in SQL, with the schema of the store."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    schemas = connection.get_execution_options().get("schema_translate_map") or {}
    schema = schemas.get(None)
    return quote(name) if schema is None else f"{quote(schema)}.{quote(name)}"


def times_of(log: LogName, records: Iterable[Record]) -> list[float]:
    """Return when records of a log happened, in epoch seconds UTC."""
    return list(map(float, map(_TIME[log], records)))


def types_of(log: LogName, records: Iterable[Record]) -> Iterable[str]:
    """Return the types of records of a log; those of the data log have an empty one."""
    return repeat("") if log == "data" else map(_TYPE, records)


def values_of(log: LogName, records: Iterable[Record]) -> list[Any]:
    """Return what records of a log hold: their data points, or their payload."""
    return list(map(_VALUE[log], records))
