"""The tables of a scan's store, and column types for values that databases refuse."""

import json
from typing import Any

from attrs import fields
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

from gizwits_async.models import values
from gizwits_async.models.devices import CommandRecord, DataRecord, Device, OnlineEvent
from gizwits_async.scan.task import LogName, Record

__all__ = [
    "DAYS",
    "DEVICES",
    "GAPS",
    "LEASE",
    "LOG_TABLES",
    "META",
    "METADATA",
    "PRESENCE",
    "TASKS",
    "as_row",
]


class Plain(TypeDecorator[str]):
    """Any Python text. One with a NUL or a lone surrogate, which databases refuse, is stored as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the value as it is stored."""
        del dialect
        if value is None or (value.isascii() and "\0" not in value and not value.startswith('"')):
            return value
        odd = (
            value.startswith('"') or "\0" in value or any("\ud800" <= c <= "\udfff" for c in value)
        )
        return json.dumps(value) if odd else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Return the value as it was given."""
        del dialect
        return str(json.loads(value)) if value is not None and value.startswith('"') else value


class Json(TypeDecorator[Any]):
    """Any JSON value, as ASCII text: integers of any size and all characters survive."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        """Return the value as it is stored."""
        del dialect
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any | None:
        """Return the value as it was given."""
        del dialect
        return None if value is None else json.loads(value)


class Number(TypeDecorator[float]):
    """A number of the service; one beyond the range of a double becomes NULL."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """Return the value as it is stored."""
        del dialect
        try:
            return None if value is None else float(value)
        except OverflowError:
            return None


METADATA = MetaData()
_COLUMNS: dict[object, type[TypeDecorator[Any] | Boolean]] = {
    str | None: Plain,
    bool | None: Boolean,
    values.Number | None: Number,
}


def _log(name: LogName, *columns: Column[Any]) -> Table:
    table = Table(
        f"{name}_log",
        METADATA,
        Column("did", Plain, nullable=False),
        Column("timestamp", Number, nullable=False),
        *columns,
    )
    Index(f"{name}_log_by_device", table.c.did, table.c.timestamp)
    return table


META = Table(
    "scan_meta",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
LEASE = Table(
    "scan_lease",
    METADATA,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("renewals", BigInteger, nullable=False),
    Column("renewed_at", Double, nullable=False),
    Column("machine", Text),
    Column("pid", BigInteger),
    Column("since", Text),
)
"""One row; see `lease.py`. It says how long the holder of an epoch was silent."""
DEVICES = Table(
    "devices",
    METADATA,
    *(
        Column(item.name, _COLUMNS.get(item.type, Plain)(), primary_key=item.name == "did")
        for item in fields(Device)
    ),
)
LOG_TABLES: dict[LogName, Table] = {
    "online": _log("online", Column("type", Plain), Column("payload", Json)),
    "cmd": _log("cmd", Column("type", Plain), Column("payload", Plain)),
    "data": _log("data", Column("attrs", Json)),
}
TASKS = Table(
    "scan_task",
    METADATA,
    Column("did", Plain, primary_key=True),
    Column("log", Text, primary_key=True),
    Column("part", BigInteger, primary_key=True, autoincrement=False),
    Column("seen", BigInteger, key="next_second", nullable=False),
    Column("upto", BigInteger, key="rescan_from", nullable=False),
    Column("had", BigInteger, key="replace_before", nullable=False),
    Column("until", BigInteger, key="part_end"),
    Column("window_end", BigInteger, key="end"),
    Column("resume", Text),
    Column("covered", BigInteger, nullable=False),
    Column("asked", BigInteger, key="opened_at", nullable=False),
    Column("windows", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("failed", SmallInteger, nullable=False, server_default="0"),
    Column("error", Text),
    Column("error_text", Plain),
)
SKIPPED = 2
"""Value of `failed` of a task that is not due because a rule expects no records; `error` names it."""
Index("scan_task_by_age", TASKS.c.failed, TASKS.c.next_second)
PRESENCE = Table(
    "device_presence",
    METADATA,
    Column("did", Plain, primary_key=True),
    Column("online", SmallInteger),
    Column("latest", Number),
    Column("since", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""The devices as listings showed them last; see `presence.py`."""
GAPS = Table(
    "scan_gap",
    METADATA,
    Column("did", Plain, nullable=False),
    Column("log", Text, nullable=False),
    Column("gap_start", BigInteger, key="start", nullable=False),
    Column("gap_end", BigInteger, key="end", nullable=False),
    Column("run", Integer, nullable=False),
)
DAYS = Table(
    "scan_day",
    METADATA,
    Column("log", Text, primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("pruned", SmallInteger, nullable=False, server_default="0"),
)
"""The days of each log that hold rows, in days since 1970-01-01 UTC.

`version` grows with each commit that changes rows of the day, and is larger than any before it in
the table: an export rewrites the days whose version its manifest does not have. A day whose rows
were pruned keeps its row, with `pruned` 1.
"""


def as_row(did: str, record: Record) -> dict[str, Any]:
    """Return the row of a record in its table."""
    match record:
        case DataRecord():
            return {"did": did, "timestamp": record.ts, "attrs": record.attrs}
        case OnlineEvent() | CommandRecord():
            return {
                "did": did,
                "timestamp": record.timestamp,
                "type": record.type,
                "payload": record.payload,
            }
