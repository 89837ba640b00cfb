"""What a SQL store is asked about a scan as a whole, for its plan and its report."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gizwits_async.scan.report import Failure, Gap
from gizwits_async.scan.store.protocol import Remaining
from gizwits_async.scan.store.tables import DEVICES, GAPS, TASKS
from gizwits_async.scan.task import LogName

__all__ = ["count_remaining", "find_dids", "find_failures", "find_gaps"]


async def count_remaining(
    connection: AsyncConnection, *, logs: Collection[LogName], end: int, owned: int
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
        .where(TASKS.c.log.in_(logs))
        .group_by(TASKS.c.log)
    )
    devices = await connection.scalar(select(func.count()).select_from(DEVICES))
    rows = (await connection.execute(query)).all()
    return Remaining(
        devices=devices or 0,
        windows={log: int(windows) for log, windows, _, _, _ in rows},
        oldest=min((seen for _, _, seen, _, _ in rows if seen is not None), default=None),
        done={log: (int(finished), int(pages)) for log, _, _, finished, pages in rows},
    )


async def find_dids(connection: AsyncConnection, *, wanted: ColumnElement[bool]) -> list[str]:
    """Return the dids of the devices that are wanted."""
    return list(await connection.scalars(select(DEVICES.c.did).where(wanted)))


async def find_failures(
    connection: AsyncConnection, *, logs: Collection[LogName], limit: int
) -> tuple[int, list[Failure]]:
    """See `ScanStore.failures`."""
    wanted = (TASKS.c.failed == 1, TASKS.c.log.in_(logs))
    count = await connection.scalar(select(func.count()).select_from(TASKS).where(*wanted))
    query = (
        select(TASKS.c.did, TASKS.c.log, TASKS.c.error, TASKS.c.error_text, TASKS.c.next_second)
        .where(*wanted)
        .order_by(TASKS.c.did, TASKS.c.log)
        .limit(limit)
    )
    return count or 0, [
        Failure(did=did, log=log, error=error or "", text=text or "", since=seen)
        for did, log, error, text, seen in await connection.execute(query)
    ]


async def find_gaps(connection: AsyncConnection, *, run: int, limit: int) -> tuple[int, list[Gap]]:
    """See `ScanStore.gaps`."""
    here = GAPS.c.run == run
    count = await connection.scalar(select(func.count()).select_from(GAPS).where(here))
    query = select(GAPS.c.did, GAPS.c.log, GAPS.c.start, GAPS.c.end).where(here).limit(limit)
    return count or 0, [
        Gap(did=did, log=log, start=start, end=end)
        for did, log, start, end in await connection.execute(query)
    ]
