"""What each method of a SQL store does in its transaction."""

from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any

from attrs import asdict
from msgspec import structs
from sqlalchemy import (
    Connection,
    Integer,
    Select,
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
from gizwits_async.scan.store.moves import (
    OF_TASK,
    PREPARED_MOVE,
    UNCHANGED,
    key_of,
    move_of,
    number_of,
)
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.store.records import StoredPage, times_of
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
_FIELDS = [column for column in TASKS.c if column.key not in {*UNCHANGED, "product"}]
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
    given = {"product": product, "logs": list(logs), "end": end, "limit": limit}
    if dids is not None:
        given["dids"] = list(dids)
    rows = connection.execute(_due(some=dids is not None), given)
    names = [column.key for column in _FIELDS]
    return [Task(**dict(zip(names, row, strict=True))) for row in rows]


@cache
def _due(*, some: bool) -> Select[Any]:
    """Return the query of `find_due`, for some devices or for all; idle workers ask it often."""
    wanted = [
        TASKS.c.failed == 0,
        TASKS.c.product == bindparam("product"),
        TASKS.c.log.in_(bindparam("logs", expanding=True)),
        TASKS.c.next_second < func.coalesce(TASKS.c.part_end, bindparam("end")),
    ]
    if some:
        wanted.append(TASKS.c.did.in_(bindparam("dids", expanding=True)))
    order = (TASKS.c.next_second, TASKS.c.did, TASKS.c.log)
    return select(*_FIELDS).where(*wanted).order_by(*order).limit(bindparam("limit", type_=Integer))


def write_change(
    connection: Connection, *, backend: Backend, product: str, change: Change, run: int
) -> None:
    """See `ScanStore.commit`."""
    task, records = change.after, backend.records
    days = days_of(times_of(task.log, change.rows)) if change.rows else set()
    if change.replaced is not None:
        start, end = change.replaced
        number = number_of(connection, product, task.did)
        if records.delete(connection, task.log, number, change.replaced):
            days |= set(range(day_of(start), day_of(end - 1) + 1))
    if change.gaps:
        plain = {"product": product, "did": task.did, "log": task.log, "run": run}
        gaps = [{**plain, "start": start, "end": end} for start, end in change.gaps]
        connection.execute(insert(GAPS), gaps)
    if change.skipped is not None:
        skipped = {"product": product, "failed": SKIPPED, "error": change.rule}
        connection.execute(insert(TASKS), [structs.asdict(change.skipped) | skipped])
    if change.rows:
        page = StoredPage(product=product, task=task, records=change.rows, days=days)
        records.write_page(connection, page)
    else:
        mark_changed(connection, backend.insert, task.log, days)
        PREPARED_MOVE.run(connection, [move_of(product, task)])
    if task.over:
        connection.execute(delete(TASKS).where(*OF_TASK), key_of(product, task))


def write_split(connection: Connection, *, product: str, window: Task, rest: Task) -> None:
    """See `ScanStore.split`."""
    connection.execute(insert(TASKS), [{**structs.asdict(window), "product": product}])
    PREPARED_MOVE.run(connection, [move_of(product, rest)])


def set_aside(connection: Connection, *, product: str, task: Task, error: str, text: str) -> None:
    """See `ScanStore.fail`."""
    failed = update(TASKS).where(*OF_TASK).values(failed=1, error=error, error_text=text)
    connection.execute(failed, key_of(product, task))


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
