"""How far each log of each device was read, and what is missing from it."""

from collections.abc import Iterable

from attrs import frozen
from sqlalchemy import Connection, case, func, select

from gizwits_async.scan.store.tables import DAYS, GAPS, SKIPPED, TASKS
from gizwits_async.scan.task import LogName

__all__ = ["LogCoverage", "find_coverage", "find_days"]


@frozen(kw_only=True)
class LogCoverage:
    """One log of one device."""

    did: str
    log: LogName
    until: int
    """The first second that was not read yet, in epoch seconds UTC; failed windows may be before it."""
    windows: int
    """Windows that were read."""
    pages: int
    """Pages that were read."""
    failed: int
    """Parts that are set aside since they could not be read."""
    gaps: int
    """Seconds that fell off the edge of the log before they were read."""


def find_coverage(connection: Connection, product: str) -> Iterable[LogCoverage]:
    """Return the coverage of each log of each device, in order of did and log."""
    lost = {
        (did, log): int(seconds)
        for did, log, seconds in connection.execute(
            select(GAPS.c.did, GAPS.c.log, func.sum(GAPS.c.end - GAPS.c.start))
            .where(GAPS.c.product == product)
            .group_by(GAPS.c.did, GAPS.c.log)
        )
    }
    query = (
        select(
            TASKS.c.did,
            TASKS.c.log,
            func.max(case((TASKS.c.part_end.is_(None), TASKS.c.next_second))),
            func.sum(TASKS.c.windows),
            func.sum(TASKS.c.pages),
            func.sum(case((TASKS.c.failed == 1, 1), else_=0)),
        )
        .where(TASKS.c.product == product, TASKS.c.failed != SKIPPED)
        .group_by(TASKS.c.did, TASKS.c.log)
        .order_by(TASKS.c.did, TASKS.c.log)
    )
    for did, log, until, windows, pages, failed in connection.execute(query):
        yield LogCoverage(
            did=did,
            log=log,
            until=int(until or 0),
            windows=int(windows),
            pages=int(pages),
            failed=int(failed),
            gaps=lost.get((did, log), 0),
        )


def find_days(connection: Connection) -> dict[LogName, tuple[int, int, int]]:
    """Return log -> first and last day with records in the store, in days since 1970, and their count."""
    query = (
        select(DAYS.c.log, func.min(DAYS.c.day), func.max(DAYS.c.day), func.count())
        .where(DAYS.c.pruned == 0)
        .group_by(DAYS.c.log)
    )
    return {log: (first, last, count) for log, first, last, count in connection.execute(query)}
