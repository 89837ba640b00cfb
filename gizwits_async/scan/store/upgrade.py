"""Moves a store of schema 1 into the tables of this version, in a transaction of the caller."""

from typing import Any
from uuid import uuid4

from sqlalchemy import Column, Connection, MetaData, Table, Text, inspect, literal, select

from gizwits_async.models.devices import CommandRecord, DataRecord, OnlineEvent
from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.column_types import Number, Plain, from_json
from gizwits_async.scan.store.creation import create_tables, write_meta
from gizwits_async.scan.store.days import fill_days
from gizwits_async.scan.store.meta import SCHEMA, STORE_ID
from gizwits_async.scan.store.records import qualified
from gizwits_async.scan.store.tables import DAYS, DEVICES, GAPS, META, PRESENCE, TASKS
from gizwits_async.scan.task import LOGS, LogName, Record

__all__ = ["upgrade_tables"]

_BATCH = 1_000
"""Records that are moved at a time."""
_INDEXES = ("scan_task_by_age", *(f"{log}_log_by_device" for log in LOGS))
"""The names of old indexes, which new ones may have."""
_PRODUCT = {DEVICES: "product_key", TASKS: "product", GAPS: "product", PRESENCE: "product"}
"""The column that a table lacked: a store held one product."""


def upgrade_tables(connection: Connection, backend: Backend) -> int:
    """Move all rows, and return how many records there are.

    Whatever ends the transaction early leaves the store as it was.
    """
    existing = set(inspect(connection).get_table_names(backend.schema))
    names = {table.name for table in (META, *_PRODUCT)} | {f"{log}_log" for log in LOGS}
    backend.keep_views(connection)
    for index in _INDEXES:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {qualified(connection, index)}")
    old = [name for name in names if name in existing]
    for name in old:
        here = qualified(connection, name)
        connection.exec_driver_sql(f"ALTER TABLE {here} RENAME TO {_renamed(name)}")
    create_tables(connection, backend)
    product = _move_meta(connection, backend)
    for table in _PRODUCT:
        if table.name in old:
            _move(connection, table, product)
    moved = sum(_move_log(connection, backend, log, product) for log in LOGS)
    if DAYS.name not in existing:
        fill_days(connection, backend)
    for name in old:
        connection.exec_driver_sql(f"DROP TABLE {qualified(connection, _renamed(name))}")
    return moved


def _renamed(name: str) -> str:
    """Return the name of an old table while its rows are moved."""
    return f"scan_1_{name}"


def _old(name: str, *columns: Column[Any]) -> Table:
    return Table(_renamed(name), MetaData(), *columns)


def _move_meta(connection: Connection, backend: Backend) -> str:
    """Move the table `scan_meta`, and return the product key; empty if no scan was begun."""
    old = _old(META.name, Column("key", Text), Column("value", Text))
    values = {row[0]: row[1] for row in connection.execute(select(old))}
    product: str = values.get("product", "")
    new = {"schema": str(SCHEMA), STORE_ID: uuid4().hex}  # Schema 1 had no name of the store.
    write_meta(connection, backend, values | new, product)
    return product


def _move(connection: Connection, table: Table, product: str) -> None:
    """Move a table that only lacked the product."""
    columns = [column for column in table.c if column.name not in {_PRODUCT[table], "number"}]
    old = _old(table.name, *(Column(column.name, column.type) for column in columns))
    rows = select(*old.c, literal(product, Text)).order_by(old.c.did)
    connection.execute(table.insert().from_select([*columns, table.c[_PRODUCT[table]]], rows))


def _move_log(connection: Connection, backend: Backend, log: LogName, product: str) -> int:
    """Move the records of a log, device by device, and return how many there were."""
    own = ("attrs",) if log == "data" else ("type", "payload")
    plain = (Column("did", Plain), Column("timestamp", Number))
    kind = Text if log != "cmd" else Plain
    old = _old(
        f"{log}_log", *plain, *(Column(name, kind if name != "type" else Plain) for name in own)
    )
    dids = select(old.c.did).distinct().where(old.c.did.not_in(select(DEVICES.c.did)))
    unknown = select(dids.subquery().c.did, literal(product, Text))
    connection.execute(DEVICES.insert().from_select(["did", "product_key"], unknown))
    moved = 0
    devices = connection.execute(select(DEVICES.c.number, DEVICES.c.did)).all()
    for number, did in devices:
        query = select(old).where(old.c.did == did).order_by(old.c.timestamp)
        found = connection.execute(query)
        while rows := found.fetchmany(_BATCH):
            records = [_record(log, *row[1:]) for row in rows]
            backend.records.insert(connection, log, number, records)
            moved += len(records)
    return moved


def _record(log: LogName, time: float, *own: Any) -> Record:
    """Return a record as an old row held it."""
    if log == "data":
        return DataRecord(ts=time, attrs=_value(*own))
    kind, payload = own
    if log == "cmd":
        return CommandRecord(timestamp=time, type=kind or "", payload=payload)
    return OnlineEvent(timestamp=time, type=kind or "", payload=_value(payload))


def _value(text: str | None) -> Any:
    return None if text is None else from_json(text)
