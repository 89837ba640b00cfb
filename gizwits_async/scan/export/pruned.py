"""Days that were pruned from the store: the lake keeps its files, and rows that come later stay out."""

from collections.abc import Mapping
from contextlib import aclosing

from gizwits_async.scan.calendar import iso_day
from gizwits_async.scan.export.manifest import File, Table
from gizwits_async.scan.store.snapshot import DayVersion, Snapshot
from gizwits_async.scan.task import LogName

__all__ = ["late_rows", "outlived"]


def outlived(file: File | None, day: DayVersion) -> bool:
    """Return whether the lake has more of a day than what a pruning left in the store."""
    return file is not None and file.rows > 0 and file.version <= day.pruned


async def late_rows(
    rows: Snapshot, log: LogName, product: str, days: Mapping[int, DayVersion], old: Table | None
) -> int:
    """Count the rows that a store got for days which it had pruned before.

    Args:
        rows: Reads the store.
        log: Which log.
        product: The product key of the rows.
        days: The days of the store.
        old: The table that the lake has.
    """
    known = {file.day: file for file in old.files} if old else {}
    count = 0
    for number, day in days.items():
        if day.version > day.pruned and outlived(known.get(iso_day(number)), day):
            async with aclosing(rows.rows(log, number, product)) as batches:
                count += sum([len(batch.times) async for batch in batches])
    return count
