"""Which days of which log a commit changed, so that an export rewrites those days alone."""

from collections.abc import Callable, Collection, Sequence
from functools import cache
from math import floor
from typing import Any

from sqlalchemy import Connection, Table, bindparam, case, func, literal, select

from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.prepared import Prepared
from gizwits_async.scan.store.tables import DAYS
from gizwits_async.scan.task import LogName

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "NEXT_VERSION",
    "day_of",
    "days_of",
    "fill_days",
    "mark_changed",
    "marking",
]

FIRST_DAY = -719_162
"""The first day of the calendar, the first of January of the year 1."""
LAST_DAY = 2_932_897
"""The day after the calendar's last; rows at later times, which are no dates, count to this day."""
NEXT_VERSION = select(func.coalesce(func.max(DAYS.c.version), 0) + 1).scalar_subquery()
"""SQL expression: a version larger than any in the table."""


def day_of(second: float) -> int:
    """Return the day of UTC, counted from 1970-01-01, of a time in epoch seconds."""
    return floor(max(-LAST_DAY, min(second / 86_400, LAST_DAY)))


def days_of(times: Sequence[float]) -> set[int]:
    """Return the days of some times, at least one."""
    first, last = day_of(min(times)), day_of(max(times))
    return {first, last} if last - first <= 1 else {day_of(time) for time in times}


def mark_changed(
    connection: Connection, upsert: Callable[[Table], Any], log: LogName, days: Collection[int]
) -> None:
    """Give days of a log a new version.

    Args:
        connection: In the transaction that changes their rows.
        upsert: Makes an INSERT that has `on_conflict_do_update`.
        log: Which log.
        days: The days, as `day_of` counts them.
    """
    if days:
        rows = [{"log": log, "day": day} for day in sorted(days)]
        _statement(upsert).run(connection, rows)


@cache
def _statement(upsert: Callable[[Table], Any]) -> Prepared:
    row = {"log": bindparam("log"), "day": bindparam("day"), "version": NEXT_VERSION, "pruned": 0}
    return Prepared(marking(upsert(DAYS).values(row)))


def marking(new: Any) -> Any:
    """Return an INSERT of days that gives those a new version that are there."""
    return new.on_conflict_do_update(
        index_elements=[DAYS.c.log, DAYS.c.day],
        # Late rows of a day that was pruned are not all of it: it stays marked.
        set_={"version": new.excluded.version},
    )


def fill_days(connection: Connection, backend: Backend) -> None:
    """Fill the table of days of a store of an earlier version from its records."""
    for log, table in backend.records.tables.items():
        exact = table.c.timestamp / 86_400.0
        near = backend.whole(exact)  # Of a time before 1970 perhaps the day after.
        day = case(
            (exact >= LAST_DAY, LAST_DAY),
            (exact <= -LAST_DAY, -LAST_DAY),
            (near > exact, near - 1),
            else_=near,
        )
        found = select(literal(log), day, literal(1), literal(0)).distinct()
        connection.execute(DAYS.insert().from_select(["log", "day", "version", "pruned"], found))
