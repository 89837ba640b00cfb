"""Records in PostgreSQL: `jsonb` for what they hold, and `timestamptz` beside the time as it came."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Computed,
    Connection,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from gizwits_async.models.devices import DataRecord
from gizwits_async.scan.store.column_types import (
    Number,
    Plain,
    from_json,
    to_json,
    to_json_texts,
    to_plain_texts,
)
from gizwits_async.scan.store.records import StoredPage, qualified, values_of
from gizwits_async.scan.store.tables import DEVICES
from gizwits_async.scan.store.wide_page import write_wide_page
from gizwits_async.scan.task import LOGS, LogName, Record, Span

__all__ = ["WIDE_TABLES", "WideRecords"]


class Json(TypeDecorator[Any]):
    """Any JSON value. A text holds the JSON of a value that `jsonb` refuses: a NUL, half a surrogate pair."""

    impl = JSONB(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> Any | None:
        """Return the value as it is stored."""
        del dialect
        text = to_json(value)
        return text if _is_odd(value, text) else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any | None:
        """Return the value as it was given."""
        del dialect
        return from_json(value) if isinstance(value, str) else value


def _is_odd(value: Any, text: str) -> bool:
    """Return whether `jsonb` refuses a value with this JSON, or it is a text and could be taken for one."""
    return isinstance(value, str) or "\\u0000" in text or "\\ud" in text


def _as_jsonb(value: Any, text: str) -> str | None:
    """Return the text of what `Json` stores."""
    if value is None:
        return None
    return to_json(text) if _is_odd(value, text) else text


_METADATA = MetaData()
_INSTANT = "CASE WHEN timestamp BETWEEN 0 AND 99999999999 THEN to_timestamp(timestamp) END"
"""A time beyond the calendar of PostgreSQL would be an error."""
_WHAT = {"online": "Events of the online log", "cmd": "Frames of the cmd log", "data": "Reports"}


_COMMON = {
    "device": "The device, by its number in the table devices.",
    "timestamp": "When, in epoch seconds UTC, as the service gave it.",
    "time": "The same instant.",
}
_OWN: Mapping[LogName, Mapping[str, str]] = {
    "online": {
        "type": "dev_online, dev_offline, or another word of the service.",
        "payload": "Details of the event.",
    },
    "cmd": {"type": "app2dev or dev2app.", "payload": "The frame, in hexadecimal."},
    "data": {"attrs": "Data point -> value, in its unit."},
}
_OF_VIEW = {"did": "Device id.", "product_key": "The product of the device."}


def _table(log: LogName, *own: Column[Any]) -> Table:
    table = Table(
        f"{log}_record",
        _METADATA,
        Column("device", Integer, nullable=False),
        Column("timestamp", Number, nullable=False),
        *own,
        Column("time", DateTime(timezone=True), Computed(_INSTANT, persisted=True)),
        comment=f"{_WHAT[log]}; the view {log}_log shows their device ids.",
    )
    for column in table.c:
        column.comment = {**_COMMON, **_OWN[log]}[column.name]
    Index(f"{log}_record_by_device", table.c.device, table.c.timestamp)
    Index(f"{log}_record_by_time", table.c.time)
    return table


WIDE_TABLES: Mapping[LogName, Table] = {
    "online": _table("online", Column("type", Plain), Column("payload", Json)),
    "cmd": _table("cmd", Column("type", Plain), Column("payload", Plain)),
    "data": _table("data", Column("attrs", Json)),
}


class WideRecords:
    """See `RecordTables`."""

    tables = WIDE_TABLES
    names = (*_METADATA.tables, *(f"{log}_log" for log in LOGS))

    def create(self, connection: Connection) -> None:
        """See `RecordTables.create`."""
        _METADATA.create_all(connection, checkfirst=False)
        devices = qualified(connection, DEVICES.name)
        for log, table in WIDE_TABLES.items():
            own = ", ".join(f"r.{column.name}" for column in _own(table))
            view, rows = qualified(connection, f"{log}_log"), qualified(connection, table.name)
            connection.exec_driver_sql(
                f"CREATE VIEW {view} AS"  # noqa: S608 - names of our own
                f" SELECT d.did, r.timestamp, {own}, r.time, d.product_key"
                f" FROM {rows} AS r JOIN {devices} AS d ON d.number = r.device"
            )
            what = f"{_WHAT[log]}, with their device ids."
            connection.exec_driver_sql(f"COMMENT ON VIEW {view} IS '{what}'")
            comments = {**_COMMON, **_OWN[log], **_OF_VIEW}
            for name in ("did", "timestamp", *_OWN[log], "time", "product_key"):
                comment = f"COMMENT ON COLUMN {view}.{name} IS '{comments[name]}'"
                connection.exec_driver_sql(comment)

    def insert(
        self, connection: Connection, log: LogName, device: int, records: Sequence[Record]
    ) -> None:
        """See `RecordTables.insert`."""
        rows = [{"device": device, **_row(record)} for record in records]
        connection.execute(insert(WIDE_TABLES[log]), rows)

    def write_page(self, connection: Connection, page: StoredPage) -> None:
        """See `RecordTables.write_page`."""
        log = page.task.log
        values = values_of(log, page.records)
        bodies = (
            to_plain_texts(values)
            if log == "cmd"
            else list(map(_as_jsonb, values, to_json_texts(values)))
        )
        write_wide_page(connection, WIDE_TABLES[log], page, bodies=bodies)

    def delete(self, connection: Connection, log: LogName, device: int, span: Span) -> int:
        """See `RecordTables.delete`."""
        table, (start, end) = WIDE_TABLES[log], span
        time = table.c.timestamp
        old = delete(table).where(table.c.device == device, time >= start, time < end)
        return connection.execute(old).rowcount

    def rows(self, log: LogName, start: float, end: float) -> Select[Any]:
        """See `RecordTables.rows`."""
        table = WIDE_TABLES[log]
        kind = literal("") if log == "data" else type_coerce(table.c.type, Text)
        body: ColumnElement[Any] = table.c.attrs if log == "data" else table.c.payload
        if log == "cmd":
            body = type_coerce(body, Text)
        else:  # A text is the JSON of a value that `jsonb` refuses.
            text = func.jsonb_typeof(body) == "string"
            body = case(
                (text, body.op("#>>", return_type=Text())(literal_column("'{}'"))),
                else_=cast(body, Text),
            )
        did = type_coerce(DEVICES.c.did, Text)
        return (
            select(DEVICES.c.product_key, did, table.c.timestamp, kind, literal(""), body)
            .join_from(DEVICES, table, table.c.device == DEVICES.c.number)
            .where(table.c.timestamp >= start, table.c.timestamp < end)
            .order_by(DEVICES.c.product_key, DEVICES.c.did, table.c.timestamp)
        )


def _own(table: Table) -> list[Column[Any]]:
    """Return the columns that hold what a record says."""
    return [column for column in table.c if column.name in {"type", "payload", "attrs"}]


def _row(record: Record) -> dict[str, Any]:
    if isinstance(record, DataRecord):
        return {"timestamp": record.ts, "attrs": record.attrs}
    return {"timestamp": record.timestamp, "type": record.type, "payload": record.payload}
