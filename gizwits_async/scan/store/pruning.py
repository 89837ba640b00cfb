"""Removes days of records from a store, in transactions short enough for a scan beside them."""

from collections.abc import Callable, Sequence

from attrs import frozen
from sqlalchemy import Connection, select, update

from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.tables import DAYS, DEVICES
from gizwits_async.scan.task import LogName

__all__ = ["StoredDay", "delete_rows", "devices_with_rows", "stored_days"]


@frozen(kw_only=True)
class StoredDay:
    """A day of a log."""

    log: LogName
    day: int
    """Days since 1970-01-01 UTC."""
    version: int
    """Differs whenever the rows of the day may differ."""
    pruned: bool
    """Whether rows of it were removed before."""

    @property
    def span(self) -> tuple[int, int]:
        """Its seconds."""
        return self.day * 86_400, (self.day + 1) * 86_400


def stored_days(connection: Connection, *, before: int) -> list[StoredDay]:
    """Return the days before a day, oldest first."""
    columns = (DAYS.c.log, DAYS.c.day, DAYS.c.version, DAYS.c.pruned)
    query = select(*columns).where(DAYS.c.day < before).order_by(DAYS.c.day, DAYS.c.log)
    return [
        StoredDay(log=log, day=day, version=version, pruned=bool(pruned))
        for log, day, version, pruned in connection.execute(query)
    ]


def devices_with_rows(
    connection: Connection, backend: Backend, day: StoredDay
) -> list[tuple[str, int]]:
    """Return product key and number of the devices that have rows on a day."""
    table, (start, end) = backend.records.tables[day.log], day.span
    any_row = (
        select(table.c.device)
        .where(table.c.device == DEVICES.c.number)
        .where(table.c.timestamp >= start, table.c.timestamp < end)
        .exists()
    )
    rows = connection.execute(select(DEVICES.c.product_key, DEVICES.c.number).where(any_row))
    return [(product, number) for product, number in rows]


def delete_rows(
    connection: Connection, backend: Backend, day: StoredDay, devices: Sequence[int]
) -> int | None:
    """Remove the rows that devices have on a day, and note that the day is not whole any more.

    Returns:
        How many there were; None, and nothing was removed, if a scan changed the day meanwhile.
    """
    same = (DAYS.c.log == day.log, DAYS.c.day == day.day, DAYS.c.version == day.version)
    # A commit that changes the day waits for this row, or has changed its version.
    if connection.execute(update(DAYS).where(*same).values(pruned=DAYS.c.version)).rowcount != 1:
        return None
    delete: Callable[..., int] = backend.records.delete
    return sum(delete(connection, day.log, device, day.span) for device in devices)
