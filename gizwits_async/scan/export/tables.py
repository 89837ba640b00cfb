"""Writes the tables of a lake out of a store: the days that changed, and nothing else."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec
from attrs import evolve, frozen

from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.calendar import iso_day, number_of
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.export.cells import (
    DEVICE_COLUMNS,
    GAP_COLUMNS,
    Layout,
    layout_of,
    widen,
)
from gizwits_async.scan.export.columns import Column, Kind, MisfitError, instant
from gizwits_async.scan.export.manifest import File, Manifest, Table, fields_of, kinds_in
from gizwits_async.scan.export.pruned import late_rows, outlived
from gizwits_async.scan.export.sinks import DayRows, Part, Sink, Target, blocking
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.days import FIRST_DAY, LAST_DAY
from gizwits_async.scan.store.snapshot import DayVersion, Snapshot
from gizwits_async.scan.task import LogName

__all__ = ["Exported", "Source", "TableWriter"]

_log = logging.getLogger("gizwits_async.scan")


@frozen(kw_only=True)
class Source:
    """The store, as of one moment, and what its product promises."""

    rows: Snapshot
    store: str
    """The random name of the store."""
    state: ScanState
    definition: ProductDataPoints | None
    how: Mapping[str, Any]
    """How files are written; they are written anew where it was another way."""

    @property
    def settings(self) -> dict[str, Any]:
        """What else than the rows and the columns decides what is in a file."""
        return {**self.how, "typed": self.definition is not None}

    @property
    def product(self) -> str:
        """The product key."""
        return self.state.product_key


@frozen(kw_only=True)
class Exported:
    """A table as it is after an export."""

    table: Table
    changed: tuple[str, ...]
    """Paths of the files that were written."""
    late: int = 0
    """Rows that stay out of the lake: they came after their day was pruned from the store."""


class TableWriter:
    """Writes the tables of one product."""

    def __init__(
        self, source: Source, sink: Sink, before: Manifest | None, *, by_product: bool, nested: bool
    ) -> None:
        self._source, self._sink, self._before = source, sink, before
        self._by_product, self._nested = by_product, nested

    async def all(self, logs: Sequence[LogName]) -> list[Exported]:
        """Write all tables, but of the logs these only."""
        found = [await self.devices()]
        found += [await self.log(log) for log in logs]
        return [*found, await self.gaps()]

    async def devices(self) -> Exported:
        """Write the table of devices."""
        rows, product = self._source.rows, self._source.product
        return await self._small("devices", DEVICE_COLUMNS, partial(rows.devices, product))

    async def gaps(self) -> Exported:
        """Write the table of what is missing."""
        rows, state = self._source.rows, self._source.state
        missing = partial(rows.missing, state.product_key, state.end)
        return await self._small("gaps", GAP_COLUMNS, missing)

    async def log(self, log: LogName) -> Exported:
        """Write the days of a log that changed.

        Raises:
            ScanStoreError: The store or the lake cannot be used, or a record is at no date.
        """
        source, old = self._source, self._entry(log)
        days = await source.rows.days(log)
        await self._check_dates(log, days)
        version = max((day.version for day in days.values()), default=0)
        days = {number: day for number, day in days.items() if FIRST_DAY <= number < LAST_DAY}
        try:
            layout = await self._layout(log, old, days)
            target = self._target(log, layout.columns, version)
            kept, changed = await self._compared(old, layout, days)
            late = await late_rows(source.rows, log, source.product, days, old)
            written = [
                file async for file in self._days(target, log, layout, changed=changed, kept=kept)
            ]
        except MisfitError as error:
            raise ScanStoreError(f"{source.rows.name}: {log} log, {error}") from None
        except ValueError as error:
            raise ScanStoreError(
                f"{source.rows.name}: damaged, a value in it cannot be read ({error})"
            ) from None
        until = await source.rows.complete_until(source.product, log)
        files = sorted(kept.values(), key=lambda file: file.day or "")
        table = self._table(target, files, complete_until=instant(until))
        return Exported(table=table, changed=tuple(written), late=late)

    async def _check_dates(self, log: LogName, days: Mapping[int, DayVersion]) -> None:
        """Refuse records at times that no calendar has.

        Raises:
            ScanStoreError: It names the first.
        """
        source = self._source
        for day in days:
            if FIRST_DAY <= day < LAST_DAY:
                continue
            async with aclosing(source.rows.rows(log, day, source.product)) as batches:
                async for rows in batches:
                    where = f"device {rows.dids[0]} at {rows.times[0]!r}"
                    raise ScanStoreError(f"{source.rows.name}: {log} log, {where}: that is no date")

    async def _compared(
        self, old: Table | None, layout: Layout, days: Mapping[int, DayVersion]
    ) -> tuple[dict[str | None, File], dict[str, int]]:
        """Return the days that the lake has, and the days to write with their versions."""
        settings = (self._source.settings, fields_of(layout.columns))
        same = old is not None and (old.settings, old.fields) == settings
        known = {file.day: file for file in old.files} if old else {}
        kept = {day: evolve(file, pruned=file.rows > 0) for day, file in known.items()}
        changed: dict[str, int] = {}
        unchanged: dict[str, File] = {}
        for number, day in days.items():
            iso = iso_day(number)
            file = known.get(iso)
            if outlived(file, day):
                continue
            if file is not None:
                kept[iso] = file
            if file is not None and same and file.version == day.version > 0:
                unchanged[iso] = file
            else:
                changed[iso] = day.version
        for file in await blocking(self._gone, unchanged.values()):
            changed[file.day or ""] = file.version
        if old is not None and not same and any(file.pruned for file in kept.values()):
            _log.warning(
                "%s: days that were pruned from the store keep their old columns", old.name
            )
        if not changed and not kept:  # Readers find an empty table, with its columns.
            changed[iso_day(self._source.state.start // 86_400)] = 0
        return kept, changed

    def _gone(self, files: Iterable[File]) -> list[File]:
        return [file for file in files if not self._sink.has(file)]

    async def _days(
        self,
        target: Target,
        log: LogName,
        layout: Layout,
        *,
        changed: Mapping[str, int],
        kept: dict[str | None, File],
    ) -> AsyncIterator[str]:
        """Write days, put their entries into `kept`, and give the paths that were written."""
        days = list(changed)
        parts = [days] if self._sink.whole_table else [[day] for day in days]
        for part in filter(None, parts):
            before = [kept[day] for day in part if day in kept]
            async with self._part(target) as filling:
                for day in part:
                    await self._fill(filling, log, layout, day, changed[day])
                files, new = await blocking(self._sink.publish, target, filling, before)
            kept |= {file.day: file for file in files}
            for file in files if new else ():
                yield file.path

    async def _layout(
        self, log: LogName, old: Table | None, days: Mapping[int, DayVersion]
    ) -> Layout:
        """Return the columns of a log: those of the definition, or wide enough for all its values."""
        source, kinds = self._source, dict[str, Kind]()
        if log == "data" and source.definition is None:
            known: dict[str | None, int] = {}
            if old is not None and old.settings.get("typed") == source.settings["typed"]:
                kinds = dict(kinds_in(old.fields))
                known = {file.day: file.version for file in old.files}
            for day, version in days.items():
                if version.version and known.get(iso_day(day)) == version.version:
                    continue
                async with aclosing(source.rows.rows(log, day, source.product)) as batches:
                    async for rows in batches:
                        await blocking(widen, kinds, rows)
        return layout_of(log, source.definition, kinds, nested=self._nested)

    async def _fill(self, part: Part, log: LogName, layout: Layout, iso: str, version: int) -> None:
        """Add the rows of a day."""
        source, before = self._source, layout.misfits
        day = DayRows(day=iso, version=version)
        part.days.append(day)

        def add(rows: Any) -> None:
            part.write(layout.cells(rows))
            day.add(rows.times)

        async with aclosing(source.rows.rows(log, number_of(iso), source.product)) as batches:
            async for rows in batches:
                await blocking(add, rows)
        day.misfits = layout.misfits - before

    async def _small(
        self,
        name: str,
        columns: tuple[Column, ...],
        batches: Callable[[], Any],
    ) -> Exported:
        """Write a table that has no days."""
        old, target = self._entry(name), self._target(name, columns)
        day = DayRows(day=None)

        def add(part: Part, rows: Sequence[Mapping[str, Any]]) -> None:
            cells = [[row[column.name] for row in rows] for column in columns[1:]]
            part.write([[target.product] * len(rows), *cells])
            day.rows += len(rows)

        async with self._part(target) as part:
            part.days.append(day)
            async with aclosing(batches()) as found:
                async for rows in found:
                    await blocking(add, part, rows)
            before = [] if old is None else old.files
            files, new = await blocking(self._sink.publish, target, part, before)
        changed = tuple(file.path for file in files) if new else ()
        return Exported(table=self._table(target, files), changed=changed)

    @asynccontextmanager
    async def _part(self, target: Target) -> AsyncIterator[Part]:
        part = await blocking(self._sink.part, target)
        try:
            yield part
        finally:
            await blocking(part.drop)

    def _entry(self, name: str) -> Table | None:
        return None if self._before is None else self._before.table(name, self._source.product)

    def _target(self, name: str, columns: tuple[Column, ...], version: int = 0) -> Target:
        source = self._source
        how = json.dumps(msgspec.to_builtins([source.settings, fields_of(columns)])).encode()
        words = ("gizwits-async", source.store, source.product, name, sha256(how).hexdigest()[:16])
        return Target(
            name=name,
            product=source.product,
            columns=columns,
            by_product=self._by_product,
            app="/".join(words),
            version=version,
        )

    def _table(self, target: Target, files: list[File], complete_until: str | None = None) -> Table:
        return Table(
            name=target.name,
            product_key=target.product,
            store=self._source.store,
            rows=sum(file.rows for file in files),
            misfits=sum(file.misfits for file in files),
            first=min((file.first for file in files if file.first), default=None),
            last=max((file.last for file in files if file.last), default=None),
            complete_until=complete_until,
            settings=self._source.settings,
            fields=fields_of(target.columns),
            files=files,
        )
