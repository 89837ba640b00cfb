"""Records in SQLite: rows that repeat neither device ids nor names, clustered by device and time.

What many records have in common, their type and the names of their values, is a row of the table
`record_shape`. A record is then its device's number, its time, the number of its shape, and its
values as a JSON array; the views put names and values together again.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    UniqueConstraint,
    select,
    type_coerce,
)
from sqlalchemy.dialects import sqlite

from gizwits_async.scan.store.column_types import (
    Number,
    Plain,
    to_json,
    to_json_texts,
    to_plain,
    to_plain_texts,
)
from gizwits_async.scan.store.days import mark_changed
from gizwits_async.scan.store.moves import PREPARED_MOVE, move_of, number_of
from gizwits_async.scan.store.prepared import driver_of
from gizwits_async.scan.store.records import StoredPage, times_of, types_of, values_of
from gizwits_async.scan.store.tables import DEVICES
from gizwits_async.scan.task import LOGS, LogName, Record, Span

__all__ = ["COMPACT_TABLES", "SHAPES", "CompactRecords"]

_METADATA = MetaData()
SHAPES = Table(
    "record_shape",
    _METADATA,
    Column("number", Integer, primary_key=True),
    Column("type", Plain, nullable=False),
    Column("names", Text, nullable=False),
    UniqueConstraint("type", "names"),
)
"""`names` is a JSON array; empty if the body of a record is no array of values, but the payload."""


def _table(log: LogName) -> Table:
    return Table(
        f"{log}_record",
        _METADATA,
        Column("device", Integer, primary_key=True, autoincrement=False),
        Column("timestamp", Number, primary_key=True),
        # Counts the records of one device at one time.
        Column("nth", Integer, primary_key=True, autoincrement=False),
        Column("shape", Integer, nullable=False),
        Column("body", Text),
        sqlite_with_rowid=False,
    )


COMPACT_TABLES: Mapping[LogName, Table] = {log: _table(log) for log in LOGS}
"""Their primary keys are the tables: nothing is stored twice."""


def _raw(array: str) -> str:
    """Return the SQL of the text of element `n.key` of a JSON array, as it stands there."""
    # One path would give a value: rounded if it is a large number. Two paths give a text, here with
    # a `null` for an element that does not exist.
    pair = f"json_extract({array}, '$[' || n.key || ']', '$[9999999]')"
    return f"substr({pair}, 2, length({pair}) - 7)"


_PAIR = f"{_raw('s.names')} || ':' || {_raw('r.body')}"
_OBJECT = f"""CASE s.names WHEN '' THEN r.body ELSE (
    SELECT '{{' || coalesce(group_concat({_PAIR}), '') || '}}' FROM json_each(s.names) AS n
  ) END"""  # noqa: S608 - texts of our own
_OWN: Mapping[LogName, str] = {
    "online": f"s.type AS type, {_OBJECT} AS payload",
    "cmd": "s.type AS type, r.body AS payload",
    "data": f"{_OBJECT} AS attrs",
}
_VIEW = """CREATE VIEW {log}_log AS
SELECT d.did AS did, r.timestamp AS timestamp, {own},
  strftime('%Y-%m-%dT%H:%M:%fZ', r.timestamp, 'unixepoch') AS time, d.product_key AS product_key
FROM {log}_record AS r JOIN devices AS d ON d.number = r.device
JOIN record_shape AS s ON s.number = r.shape"""

_SHAPE = "SELECT number FROM record_shape WHERE type = ? AND names = ?"
_NEW_SHAPE = "INSERT INTO record_shape (type, names) VALUES (?, ?) RETURNING number"
_NEXT = """SELECT timestamp, max(nth) + 1 FROM {log}_record
WHERE device = ? AND timestamp BETWEEN ? AND ? GROUP BY timestamp"""
_INSERT = "INSERT INTO {log}_record (device, timestamp, nth, shape, body) VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM {log}_record WHERE device = ? AND timestamp >= ? AND timestamp < ?"

_Shape: TypeAlias = tuple[str, tuple[str, ...] | None]
"""Type of a record, and the names of its values; None if its payload is no object."""


def _number_of(driver: sqlite3.Connection, shape: _Shape) -> int:
    """Return the number of a shape, which is new if there is none."""
    kind, names = shape
    row = (to_plain(kind), "" if names is None else to_json(names))
    # Looked up in each transaction: the number of one that was rolled back may mean another shape.
    found = driver.execute(_SHAPE, row).fetchone() or driver.execute(_NEW_SHAPE, row).fetchone()
    return int(found[0])


def _body(value: Any) -> Any:
    """Return what is stored of a value beside its shape."""
    return list(value.values()) if isinstance(value, dict) else value


def _nth(times: Sequence[float], taken: Mapping[float, int]) -> Iterator[int]:
    """Number the records of each time, after those that are stored already."""
    counts = dict(taken)
    for time in times:
        nth = counts.get(time, 0)
        counts[time] = nth + 1
        yield nth


class CompactRecords:
    """See `RecordTables`."""

    tables = COMPACT_TABLES
    names = (*_METADATA.tables, *(f"{log}_log" for log in LOGS))

    def create(self, connection: Connection) -> None:
        """See `RecordTables.create`."""
        _METADATA.create_all(connection, checkfirst=False)
        for log in LOGS:
            connection.exec_driver_sql(_VIEW.format(log=log, own=_OWN[log]))

    def insert(
        self, connection: Connection, log: LogName, device: int, records: Sequence[Record]
    ) -> None:
        """See `RecordTables.insert`."""
        driver: Any = driver_of(connection)
        times, values = times_of(log, records), values_of(log, records)
        names = (tuple(value) if isinstance(value, dict) else None for value in values)
        shapes = list(zip(types_of(log, records), names, strict=False))
        numbers = {shape: _number_of(driver, shape) for shape in set(shapes)}
        bodies = to_plain_texts(values) if log == "cmd" else to_json_texts(map(_body, values))
        span = (device, min(times), max(times))
        taken = dict(driver.execute(_NEXT.format(log=log), span))
        nth = _nth(times, taken) if taken or len(set(times)) < len(times) else repeat(0)
        rows = zip(repeat(device), times, nth, map(numbers.get, shapes), bodies, strict=False)
        driver.executemany(_INSERT.format(log=log), rows)

    def write_page(self, connection: Connection, page: StoredPage) -> None:
        """See `RecordTables.write_page`."""
        task = page.task
        number = number_of(connection, page.product, task.did)
        self.insert(connection, task.log, number, page.records)
        mark_changed(connection, sqlite.insert, task.log, page.days)
        PREPARED_MOVE.run(connection, [move_of(page.product, task)])

    def delete(self, connection: Connection, log: LogName, device: int, span: Span) -> int:
        """See `RecordTables.delete`."""
        driver: Any = driver_of(connection)
        return int(driver.execute(_DELETE.format(log=log), (device, *span)).rowcount)

    def rows(self, log: LogName, start: float, end: float) -> Select[Any]:
        """See `RecordTables.rows`."""
        table = COMPACT_TABLES[log]
        did, kind = (type_coerce(column, Text) for column in (DEVICES.c.did, SHAPES.c.type))
        return (
            select(
                DEVICES.c.product_key, did, table.c.timestamp, kind, SHAPES.c.names, table.c.body
            )
            .join_from(DEVICES, table, table.c.device == DEVICES.c.number)
            .join(SHAPES, SHAPES.c.number == table.c.shape)
            .where(table.c.timestamp >= start, table.c.timestamp < end)
            .order_by(DEVICES.c.product_key, DEVICES.c.did, table.c.timestamp, table.c.nth)
        )
