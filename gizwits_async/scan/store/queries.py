"""What each method of a SQL store does in its transaction."""

from collections.abc import Callable, Collection, Sequence
from operator import attrgetter
from typing import Any

from attrs import asdict
from msgspec import structs
from sqlalchemy import (
    Connection,
    Table,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from gizwits_async.models.devices import Device
from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.counts import devices_of, tasks_of
from gizwits_async.scan.store.days import day_of, days_of, mark_changed
from gizwits_async.scan.store.prepared import Prepared
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.store.records import times_of
from gizwits_async.scan.store.tables import DEVICES, GAPS, SKIPPED, TASKS
from gizwits_async.scan.task import LogName, Task

__all__ = [
    "REWIND",
    "find_due",
    "requeue_failed",
    "set_aside",
    "write_change",
    "write_devices",
    "write_split",
]

_KEYS = {"product_key", "did", "number"}
"""Columns of a device that never change."""
_OF_FAILURE = {"failed", "error", "error_text"}
_FIELDS = [column for column in TASKS.c if column.key not in {*_OF_FAILURE, "product"}]
_LABELLED = [column.label(column.key) for column in _FIELDS]
_OF_TASK = [TASKS.c[name] == bindparam(f"of_{name}") for name in ("product", "did", "log", "part")]
"""WHERE clause of one task; takes `_key_of`."""
_MOVED = [column for column in _FIELDS if not column.primary_key]
_TO = [f"to_{column.key}" for column in _MOVED]
_read_moved = attrgetter(*(column.key for column in _MOVED))
_MOVE = Prepared(
    update(TASKS)
    .where(*_OF_TASK)
    .values({column: bindparam(f"to_{column.key}") for column in _MOVED})
)
"""Writes a task as it is now; takes `_key_of` and `_values_of_task`."""
_NUMBER = Prepared(
    select(DEVICES.c.number).where(
        DEVICES.c.product_key == bindparam("product_key"), DEVICES.c.did == bindparam("did")
    )
)
_BROUGHT = case((TASKS.c.covered < TASKS.c.next_second, TASKS.c.next_second), else_=TASKS.c.covered)
REWIND = (
    update(TASKS)
    .where(
        TASKS.c.product == bindparam("of_product"),
        TASKS.c.rescan_from < TASKS.c.next_second,
        or_(TASKS.c.end.is_(None), TASKS.c.part_end.is_not(None)),
    )
    .values(
        {
            TASKS.c.replace_before: case(
                (TASKS.c.replace_before < _BROUGHT, _BROUGHT), else_=TASKS.c.replace_before
            ),
            TASKS.c.next_second: TASKS.c.rescan_from,
            TASKS.c.end: None,
            TASKS.c.resume: None,
        }
    )
)
"""`Task.rewound` for all tasks of a product at once; takes `of_product`."""


def _key_of(product: str, task: Task) -> dict[str, str | int]:
    """Return the parameters of `_OF_TASK`."""
    return {"of_product": product, "of_did": task.did, "of_log": task.log, "of_part": task.part}


def _values_of_task(task: Task) -> dict[str, str | int | None]:
    """Return the parameters of `_MOVE`, besides `_key_of`."""
    return dict(zip(_TO, _read_moved(task), strict=True))


def write_devices(
    connection: Connection,
    *,
    product: str,
    devices: Sequence[Device],
    tasks: Sequence[Task],
    replace: bool,
    upsert: Callable[[Table], Any],
) -> int:
    """See `ScanStore.add`.

    Args:
        connection: In a transaction.
        product: Their product key.
        devices: At least one.
        tasks: Those for their logs.
        replace: Whether what is known of a device is replaced.
        upsert: Makes an INSERT that has `on_conflict_do_update`.
    """
    dids = {device.did for device in devices}
    known = select(func.count()).select_from(DEVICES).where(*devices_of(product, dids))
    new = len(dids) - (connection.scalar(known) or 0)
    rows = upsert(DEVICES)
    others = {c.key: rows.excluded[c.key] for c in DEVICES.c if c.key not in _KEYS}
    if replace:
        key = [DEVICES.c.product_key, DEVICES.c.did]
        rows = rows.on_conflict_do_update(index_elements=key, set_=others)
    else:
        rows = rows.on_conflict_do_nothing()
    connection.execute(rows, [{**asdict(device), "product_key": product} for device in devices])
    new_tasks = [{**structs.asdict(task), "product": product} for task in tasks]
    connection.execute(upsert(TASKS).on_conflict_do_nothing(), new_tasks)
    return new


def find_due(
    connection: Connection,
    *,
    product: str,
    logs: Collection[LogName],
    end: int,
    limit: int,
    dids: Collection[str] | None,
) -> list[Task]:
    """See `ScanStore.due`."""
    query = (
        select(*_LABELLED)
        .where(
            TASKS.c.failed == 0,
            *tasks_of(product, logs, dids),
            TASKS.c.next_second < func.coalesce(TASKS.c.part_end, end),
        )
        .order_by(TASKS.c.next_second, TASKS.c.did, TASKS.c.log)
        .limit(limit)
    )
    return [Task(**row) for row in connection.execute(query).mappings()]


def _number_of(connection: Connection, product: str, did: str) -> int:
    """Return the number of a device."""
    key = {"product_key": product, "did": did}
    found = _NUMBER.row(connection, key)
    if found is None:
        found = connection.execute(insert(DEVICES).returning(DEVICES.c.number), key).one()
    return int(found[0])


def write_change(
    connection: Connection, *, backend: Backend, product: str, change: Change, run: int
) -> None:
    """See `ScanStore.commit`."""
    task, records = change.after, backend.records
    if change.replaced is not None or change.rows:
        number = _number_of(connection, product, task.did)
        days = days_of(times_of(task.log, change.rows)) if change.rows else set()
        if change.replaced is not None:
            start, end = change.replaced
            if records.delete(connection, task.log, number, change.replaced):
                days |= set(range(day_of(start), day_of(end - 1) + 1))
        if change.rows:
            records.insert(connection, task.log, number, change.rows)
        mark_changed(connection, backend.insert, task.log, days)
    if change.gaps:
        plain = {"product": product, "did": task.did, "log": task.log, "run": run}
        gaps = [{**plain, "start": start, "end": end} for start, end in change.gaps]
        connection.execute(insert(GAPS), gaps)
    if change.skipped is not None:
        skipped = {"product": product, "failed": SKIPPED, "error": change.rule}
        connection.execute(insert(TASKS), [structs.asdict(change.skipped) | skipped])
    if task.over:
        connection.execute(delete(TASKS).where(*_OF_TASK), _key_of(product, task))
    else:
        _MOVE.run(connection, [_key_of(product, task) | _values_of_task(task)])


def write_split(connection: Connection, *, product: str, window: Task, rest: Task) -> None:
    """See `ScanStore.split`."""
    connection.execute(insert(TASKS), [{**structs.asdict(window), "product": product}])
    _MOVE.run(connection, [_key_of(product, rest) | _values_of_task(rest)])


def set_aside(connection: Connection, *, product: str, task: Task, error: str, text: str) -> None:
    """See `ScanStore.fail`."""
    failed = update(TASKS).where(*_OF_TASK).values(failed=1, error=error, error_text=text)
    connection.execute(failed, _key_of(product, task))


def requeue_failed(
    connection: Connection,
    *,
    product: str,
    logs: Collection[LogName],
    dids: Collection[str] | None,
) -> int:
    """See `ScanStore.requeue_failed`."""
    result = connection.execute(
        update(TASKS)
        .where(TASKS.c.failed == 1, *tasks_of(product, logs, dids))
        .values(failed=0, error=None, error_text=None)
    )
    return result.rowcount
