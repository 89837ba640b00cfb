"""Removes old records from a store, once a lake has them."""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from os import PathLike

from attrs import frozen

from gizwits_async.errors import ArgumentError
from gizwits_async.models.times import LOG_LIFE, Moment, as_epoch
from gizwits_async.scan.calendar import number_of
from gizwits_async.scan.errors import ScanStoreError, StoreMissingError
from gizwits_async.scan.export.lake import lake_of
from gizwits_async.scan.export.manifest import read_manifest
from gizwits_async.scan.store.address import backend_of, hidden
from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.counts import find_first_left
from gizwits_async.scan.store.creation import read_meta
from gizwits_async.scan.store.days import day_of
from gizwits_async.scan.store.meta import STORE_ID
from gizwits_async.scan.store.pruning import StoredDay, delete_rows, devices_with_rows, stored_days
from gizwits_async.scan.store.session import Session

__all__ = ["PruneReport", "prune_store"]

_DEVICES = 500
"""Devices whose rows of a day are removed in one transaction: some hundredths of a second."""
_Key = tuple[str, str, int]
"""Log, product key and day."""


@frozen(kw_only=True)
class PruneReport:
    """What a pruning did."""

    rows: int = 0
    """Records that were removed."""
    days: int = 0
    """Days of a log of which records were removed."""
    kept: int = 0
    """Days of a log before the date that were kept: no lake has them as they are now."""
    before: int = 0
    """The day before which records were removed, in days since 1970-01-01 UTC; earlier than asked
    for if a scan has something left to read there."""


async def prune_store(
    store: str | PathLike[str],
    *,
    before: Moment,
    lake: str | PathLike[str] | None = None,
    force: bool = False,
    schema: str | None = None,
    now: Callable[[], float] = time.time,
) -> PruneReport:
    """Remove the records of whole days (UTC) before a moment; a scan may run meanwhile.

    Days that the lake does not have as they are in the store are kept, and days in which a scan has
    something left to read. The lake keeps its files of days that were pruned. The progress of the
    scan stays: nothing is read anew. The file of a SQLite store does not shrink, later records take
    the room.

    Args:
        store: Path or URL of the store.
        before: An aware datetime, or epoch seconds UTC.
        lake: Folder or URL that `export` writes the store to.
        force: Whether to remove what no lake has, too.
        schema: Schema of a PostgreSQL database that holds the store.
        now: The time, in epoch seconds UTC.

    Raises:
        ArgumentError: Neither a lake nor `force` was given.
        ScanStoreError: The store or the manifest of the lake cannot be used.
    """
    if lake is None and not force:
        raise ArgumentError("name the lake that has the records, or force their removal")
    limit = as_epoch("before", before)
    if limit is None:
        raise ArgumentError("before is missing: an aware datetime, or epoch seconds")
    backend = backend_of(hidden(store), schema)
    if backend.absent():
        raise StoreMissingError(f"{backend.name}: there is no store")
    session = Session(backend, reads=False)
    try:
        meta = await session.do(partial(read_meta, backend=backend))
        if not meta:
            raise StoreMissingError(f"{backend.name}: there is no store")
        # What failed or was passed over counts too: a run reads it again.
        left = await session.do(find_first_left)
        if left is not None:  # Seconds beyond the edge of the logs can no more be read.
            limit = min(limit, max(left, now() - LOG_LIFE))
        days = await session.do(partial(stored_days, before=day_of(limit)))
        in_lake = (
            None if lake is None or force else await _days_of(lake, meta[""].get(STORE_ID, ""))
        )
        pruned = [await _prune_day(session, backend, day, in_lake) for day in days]
    finally:
        await session.aclose()
    return PruneReport(
        rows=sum(day.rows for day in pruned),
        days=sum(day.rows > 0 for day in pruned),
        kept=sum(day.kept for day in pruned),
        before=day_of(limit),
    )


@frozen
class _PrunedDay:
    """What became of a day."""

    rows: int
    """Records that were removed."""
    kept: bool = False
    """Whether others were kept: no lake has them, or a scan changed the day meanwhile."""


async def _prune_day(
    session: Session, backend: Backend, day: StoredDay, in_lake: Mapping[_Key, int] | None
) -> _PrunedDay:
    """Remove the records of a day, unless a lake is given that does not have them."""
    found = await session.do(partial(devices_with_rows, backend=backend, day=day))
    if in_lake is not None and not _has(in_lake, day, {product for product, _ in found}):
        return _PrunedDay(0, kept=bool(found))
    removed, numbers = 0, iter([number for _, number in found])
    while some := list(islice(numbers, _DEVICES)):
        count = await session.do(partial(delete_rows, backend=backend, day=day, devices=some))
        if count is None:
            return _PrunedDay(removed, kept=True)
        removed += count
        await asyncio.sleep(0)
    return _PrunedDay(removed)


async def _days_of(lake: str | PathLike[str], store: str) -> Mapping[_Key, int]:
    """Return the days that a lake has of a store, with their versions."""

    def read() -> dict[_Key, int]:
        with lake_of(lake) as opened:
            manifest = read_manifest(opened.read("manifest.json"), f"{opened.name}/manifest.json")
            if manifest is None:
                raise ScanStoreError(
                    f"{opened.name} holds no manifest.json: export the store to it first"
                )
            return {
                (table.name, table.product_key, number_of(file.day)): file.version
                for table in manifest.tables
                if store and table.store == store
                for file in table.files
                # A file may have been removed since; Delta tables have no sizes of days.
                if file.day is not None
                and (file.bytes is None or opened.size(file.path) == file.bytes)
            }

    return await asyncio.to_thread(read)


def _has(in_lake: Mapping[_Key, int], day: StoredDay, products: set[str]) -> bool:
    """Return whether the lake has all rows of a day as they are now.

    A day that was pruned before has only late rows, which no lake takes: they stay.
    """
    versions = [in_lake.get((day.log, product, day.day)) for product in products]
    return all(version == day.version for version in versions)
