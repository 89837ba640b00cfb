"""The tables of a scan's store, except those of its records; see `records.py`."""

from typing import Any

from attrs import fields
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

from gizwits_async.models import values
from gizwits_async.models.devices import Device
from gizwits_async.scan.store.column_types import Number, Plain

__all__ = [
    "DAYS",
    "DEVICES",
    "GAPS",
    "LEASE",
    "META",
    "METADATA",
    "PRESENCE",
    "RUNS",
    "SKIPPED",
    "TASKS",
]

METADATA = MetaData()
_COLUMNS: dict[object, type[TypeDecorator[Any] | Boolean]] = {
    str | None: Plain,
    bool | None: Boolean,
    values.Number | None: Number,
}
_OF_DEVICE = {
    "did": "Device id.",
    "mac": "MAC address.",
    "is_online": "Whether it was connected when it was listed.",
    "is_faulty": "Whether a fault was pending.",
    "is_alert": "Whether an alert was pending.",
    "country": "Country, by the address that it connects from.",
    "region": "Province.",
    "city": "City.",
    "longitude": "Degrees east.",
    "latitude": "Degrees north.",
    "online_latest": "When it last came online, in epoch seconds UTC.",
    "created_at": "When it was registered, in epoch seconds UTC.",
    "mcu_hard_version": "Hardware version of the controller.",
    "mcu_soft_version": "Software version of the controller.",
    "wifi_hard_version": "Hardware version of the radio module.",
    "wifi_soft_version": "Software version of the radio module.",
}
_OF_TASKS = {
    "product": "Product key.",
    "did": "Device id.",
    "log": "online, cmd or data.",
    "part": "0, or the first second of a window that was split off.",
    "seen": "First second that was not read yet, in epoch seconds UTC, as all seconds here.",
    "upto": "Where the next run begins: late records may still appear after it.",
    "had": "Rows before this second may be of an earlier run, and are replaced.",
    "until": "End of a window that was split off.",
    "window_end": "End of the window that is open.",
    "resume": "Where the walk of that window goes on.",
    "covered": "First second of that window that is not stored yet.",
    "asked": "When that window was opened.",
    "windows": "Windows that were read.",
    "pages": "Pages that were read.",
    "failed": "1: set aside by an error. 2: passed over by a rule.",
    "error": "Class of the error, or name of the rule.",
    "error_text": "Its message.",
}

META = Table(
    "scan_meta",
    METADATA,
    Column("product", Text, primary_key=True, server_default=""),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="The scans of the store, a product each; product is empty for what holds for all.",
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
    comment="One row: the process that may write, and its last sign of life.",
)
"""One row; see `lease.py`. It says how long the holder of an epoch was silent."""
DEVICES = Table(
    "devices",
    METADATA,
    *(
        Column(
            item.name,
            _COLUMNS.get(item.type, Plain)(),
            nullable=item.name != "did",
            comment=_OF_DEVICE.get(item.name),
        )
        for item in fields(Device)
    ),
    Column("product_key", Text, nullable=False, comment="The product that it belongs to."),
    Column(
        "number", Integer, Identity(), primary_key=True, comment="By which records name the device."
    ),
    UniqueConstraint("product_key", "did"),
    comment="Devices as the service listed them last.",
)
TASKS = Table(
    "scan_task",
    METADATA,
    Column("product", Text, primary_key=True),
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
    comment="How far each log of each device was read.",
    sqlite_with_rowid=False,
)
for _column in TASKS.c:
    _column.comment = _OF_TASKS[_column.name]
SKIPPED = 2
"""Value of `failed` of a task that is not due because a rule expects no records; `error` names it."""
Index(
    "scan_task_by_age",
    *(TASKS.c[name] for name in ("product", "failed", "next_second", "did", "log")),
)
"""In the order of `due`, so that its first tasks are found without a sort of all that are as old."""
PRESENCE = Table(
    "device_presence",
    METADATA,
    Column("product", Text, primary_key=True),
    Column("did", Plain, primary_key=True),
    Column("online", SmallInteger),
    Column("latest", Number),
    Column("since", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    comment="Devices as listings showed them last, for the rules that expect empty windows.",
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
    Column("product", Text, nullable=False),
    comment="Seconds that fell off the edge of a log before they were read.",
)
DAYS = Table(
    "scan_day",
    METADATA,
    Column("log", Text, primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("pruned", BigInteger, nullable=False, server_default="0"),
    comment="The days of each log that hold rows, in days since 1970-01-01 UTC.",
)
"""`version` grows with each commit that changes rows of the day, and is larger than any before it in
the table: an export rewrites the days whose version its manifest does not have. A day whose rows
were pruned keeps its row, with the version that it had then as `pruned`: what an export wrote of
that version or an earlier one stays in the lake.
"""
Index("scan_day_by_version", DAYS.c.version)
RUNS = Table(
    "scan_run",
    METADATA,
    Column("product", Text, primary_key=True),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("range_start", BigInteger, nullable=False),
    Column("range_end", BigInteger, nullable=False),
    Column("began", Double, nullable=False),
    Column("ended", Double),
    comment="When each range of a scan was begun and ended, in epoch seconds of the database's clock.",
)
