"""What a SQL store counts and lists for reports."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from gizwits_async.scan.report import Failure, Gap
from gizwits_async.scan.store.protocol import Remaining
from gizwits_async.scan.store.tables import DEVICES, GAPS, SKIPPED, TASKS
from gizwits_async.scan.task import LogName

__all__ = [
    "count_remaining",
    "devices_of",
    "find_dids",
    "find_failures",
    "find_first_left",
    "find_gaps",
    "tasks_of",
]


def tasks_of(
    product: str, logs: Collection[LogName], dids: Collection[str] | None
) -> list[ColumnElement[bool]]:
    """Return the WHERE clause of the tasks of some logs, and of some or all devices of a product."""
    wanted = [TASKS.c.product == product, TASKS.c.log.in_(logs)]
    return wanted if dids is None else [*wanted, TASKS.c.did.in_(dids)]


def devices_of(product: str, dids: Collection[str] | None = None) -> list[ColumnElement[bool]]:
    """Return the WHERE clause of some or all devices of a product."""
    wanted = [DEVICES.c.product_key == product]
    return wanted if dids is None else [*wanted, DEVICES.c.did.in_(dids)]


def count_remaining(
    connection: Connection,
    *,
    product: str,
    logs: Collection[LogName],
    end: int,
    owned: int,
    dids: Collection[str] | None,
) -> Remaining:
    """See `ScanStore.remaining`."""
    span = func.coalesce(TASKS.c.part_end, end) - TASKS.c.next_second
    query = (
        select(
            TASKS.c.log,
            func.sum(case((span > 0, (span + owned - 1) // owned), else_=0)),
            func.min(case((span > 0, TASKS.c.next_second))),
            func.sum(TASKS.c.windows),
            func.sum(TASKS.c.pages),
        )
        .where(TASKS.c.failed != SKIPPED, *tasks_of(product, logs, dids))
        .group_by(TASKS.c.log)
    )
    count = select(func.count()).select_from(DEVICES).where(*devices_of(product, dids))
    devices = connection.scalar(count)
    rows = connection.execute(query).all()
    return Remaining(
        devices=devices or 0,
        windows={log: int(windows) for log, windows, _, _, _ in rows},
        oldest=min((seen for _, _, seen, _, _ in rows if seen is not None), default=None),
        done={log: (int(finished), int(pages)) for log, _, _, finished, pages in rows},
    )


def find_dids(connection: Connection, *, product: str, wanted: ColumnElement[bool]) -> list[str]:
    """Return the dids of the devices of a product that fulfil a condition."""
    return list(connection.scalars(select(DEVICES.c.did).where(*devices_of(product), wanted)))


def find_first_left(connection: Connection, *wanted: ColumnElement[bool]) -> int | None:
    """Return the first second that a scan may still read, or read again; None without such a task.

    Args:
        connection: In a transaction.
        wanted: Conditions for the tasks that count; all tasks count if there are none.
    """
    left = or_(TASKS.c.part_end.is_(None), TASKS.c.next_second < TASKS.c.part_end)
    least = func.min(TASKS.c.next_second), func.min(TASKS.c.rescan_from)
    found = connection.execute(select(*least).where(left, *wanted)).one()
    return min((second for second in found if second is not None), default=None)


def find_failures(
    connection: Connection,
    *,
    product: str,
    logs: Collection[LogName],
    limit: int,
    dids: Collection[str] | None,
) -> tuple[int, list[Failure]]:
    """See `ScanStore.failures`."""
    wanted = (TASKS.c.failed == 1, *tasks_of(product, logs, dids))
    count = connection.scalar(select(func.count()).select_from(TASKS).where(*wanted))
    query = (
        select(TASKS.c.did, TASKS.c.log, TASKS.c.error, TASKS.c.error_text, TASKS.c.next_second)
        .where(*wanted)
        .order_by(TASKS.c.did, TASKS.c.log)
        .limit(limit)
    )
    return count or 0, [
        Failure(did=did, log=log, error=error or "", text=text or "", since=seen)
        for did, log, error, text, seen in connection.execute(query)
    ]


def find_gaps(
    connection: Connection, *, product: str, limit: int, dids: Collection[str] | None
) -> tuple[int, list[Gap]]:
    """See `ScanStore.gaps`."""
    wanted = [GAPS.c.product == product, *([] if dids is None else [GAPS.c.did.in_(dids)])]
    count = connection.scalar(select(func.count()).select_from(GAPS).where(*wanted))
    columns = (GAPS.c.did, GAPS.c.log, GAPS.c.start, GAPS.c.end)
    query = select(*columns).where(*wanted).limit(limit)
    return count or 0, [
        Gap(did=did, log=log, start=start, end=end)
        for did, log, start, end in connection.execute(query)
    ]
