"""A store read as of one moment, for exports: a scan may write to it meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Self, TypeVar

from attrs import frozen
from sqlalchemy import Connection, CursorResult, Select, func, literal, null, select, union_all

from gizwits_async.scan.errors import StoreMissingError
from gizwits_async.scan.store.backend import Backend, Runner
from gizwits_async.scan.store.column_types import from_plain
from gizwits_async.scan.store.counts import find_first_left
from gizwits_async.scan.store.creation import read_meta
from gizwits_async.scan.store.days import LAST_DAY
from gizwits_async.scan.store.meta import Meta, products_in, state_in, values_in
from gizwits_async.scan.store.session import STORE_FAILS, translated
from gizwits_async.scan.store.tables import DAYS, DEVICES, GAPS, TASKS
from gizwits_async.scan.task import LogName

__all__ = ["DayVersion", "LogRows", "Snapshot"]

T = TypeVar("T")
_BATCH = 2_000
"""Rows that are read at a time, at most."""
_BYTES = 2**20
"""Characters of bodies that are read at a time, about."""
_NEVER = 1e308
"""A time after that of any record."""


@frozen
class DayVersion:
    """A day of a log in the store."""

    version: int
    """Differs whenever the rows of the day may differ; 0 if nothing is known of that."""
    pruned: int
    """The version at which its rows were removed from the store to make room; 0 if they were not."""


@frozen(kw_only=True)
class LogRows:
    """Rows of a log, column by column."""

    products: Sequence[str]
    """Product keys."""
    dids: Sequence[str]
    """Devices."""
    times: Sequence[float]
    """Times, in epoch seconds UTC."""
    types: Sequence[str | None]
    """Types of the records of the online and the cmd log."""
    names: Sequence[str]
    """JSON array of the names of the values in a body that is an array; else empty."""
    bodies: Sequence[str | None]
    """JSON of the data points or of the payload; the payload itself in the cmd log."""


class Snapshot:
    """One read transaction over the tables of a store."""

    def __init__(self, backend: Backend) -> None:
        """Name the store; nothing is opened.

        Raises:
            StoreMissingError: There is no store.
        """
        self._backend = backend
        self.name = backend.name
        """What to call the store in a message."""
        if backend.absent():
            raise StoreMissingError(f"{self.name}: there is no store")
        self._database = backend.database(reads=True)
        self._stack = AsyncExitStack()
        self._run: Runner | None = None

    async def __aenter__(self) -> Self:
        """Open the store."""
        try:
            self._run = await self._stack.enter_async_context(self._database.pinned())
        except STORE_FAILS as error:
            failure = translated(self._backend, error)
        else:
            return self
        await self._database.aclose()
        raise failure  # Not in the handler, as in `Session`.

    async def __aexit__(self, *_: object) -> None:
        """End the transaction."""
        await self._stack.aclose()
        await self._database.aclose()

    async def meta(self) -> Meta:
        """Return the table `scan_meta`, once it is sure that this version can read the store.

        Raises:
            ScanStoreError: Another version wrote it, it is damaged, or cannot be read.
        """
        meta = await self._do(partial(read_meta, backend=self._backend))
        for product in products_in(meta):
            state_in(values_in(meta, product, self.name), self.name)
        return meta

    async def days(self, log: LogName) -> dict[int, DayVersion]:
        """Return the days of a log that have rows, or had some before they were pruned, in order.

        Returns:
            Days since 1970-01-01 UTC -> what is known of the day.

        Raises:
            ScanStoreError: The store cannot be read.
        """
        columns = (DAYS.c.day, DAYS.c.version, DAYS.c.pruned)
        query = select(*columns).where(DAYS.c.log == log).order_by(DAYS.c.day)
        rows = await self._do(lambda connection: connection.execute(query).all())
        return {day: DayVersion(version, pruned) for day, version, pruned in rows}

    async def rows(self, log: LogName, day: int, product: str) -> AsyncGenerator[LogRows, None]:
        """Read a day of a log, some thousand rows at a time, in order of device and time.

        Args:
            log: Which log.
            day: Days since 1970-01-01 UTC; `LAST_DAY` for all rows at times that are no dates.
            product: The product key of the rows.

        Raises:
            ScanStoreError: The store cannot be read.
        """
        end = (day + 1) * 86_400 if day < LAST_DAY else _NEVER
        query = self._backend.records.rows(log, day * 86_400, end)
        query = query.where(DEVICES.c.product_key == product)
        async for batch in self._batches(query, plain=True):
            yield await asyncio.to_thread(_as_columns, batch, log)

    def devices(self, product: str) -> AsyncGenerator[Sequence[Mapping[str, Any]], None]:
        """Read the devices, in order of their dids, as rows with the fields of `Device`."""
        query = select(DEVICES).where(DEVICES.c.product_key == product).order_by(DEVICES.c.did)
        return self._rows(query)

    def missing(self, product: str, end: int) -> AsyncGenerator[Sequence[Mapping[str, Any]], None]:
        """Read what the logs lack, in order of device, log and time.

        Args:
            product: A product key.
            end: Where the range of the scan ends, in epoch seconds UTC.

        Returns:
            Rows with `did`, `log`, `start` and `end` in epoch seconds UTC, and `reason`: `expired`
            for what fell off the edge of the log, `failed` with `error` and `message`, `unread`.
        """
        of_gap, of_task = GAPS.c, TASKS.c
        stop = func.coalesce(of_task.part_end, end)
        nothing = null().label("error"), null().label("message")
        ours = of_task.product == product
        span = (of_task.did, of_task.log, of_task.next_second, stop)
        left = of_task.next_second < stop
        found = union_all(
            select(
                of_gap.did, of_gap.log, of_gap.start, of_gap.end, literal("expired"), *nothing
            ).where(of_gap.product == product),
            select(*span, literal("failed"), of_task.error, of_task.error_text).where(
                ours, of_task.failed == 1, left
            ),
            select(*span, literal("unread"), *nothing).where(ours, of_task.failed == 0, left),
        ).subquery()
        names = ("did", "log", "start", "end", "reason", "error", "message")
        columns = [column.label(name) for column, name in zip(found.c, names, strict=True)]
        return self._rows(select(*columns).order_by(*columns[:3]))

    async def complete_until(self, product: str, log: LogName) -> int | None:
        """Return the first second that a log of some device may still lack, unless it failed.

        In epoch seconds UTC; None if the scan does not read this log.
        """
        of_task = TASKS.c
        wanted = (of_task.product == product, of_task.log == log, of_task.failed == 0)
        return await self._do(lambda connection: find_first_left(connection, *wanted))

    async def _rows(self, query: Select[Any]) -> AsyncGenerator[Sequence[Mapping[str, Any]], None]:
        names = [str(column.key) for column in query.selected_columns]
        async for batch in self._batches(query):
            yield [dict(zip(names, row, strict=True)) for row in batch]

    async def _batches(
        self, query: Select[Any], *, plain: bool = False
    ) -> AsyncGenerator[Sequence[Sequence[Any]], None]:
        """Give the rows of a query; if they are plain, their types need no conversion."""
        result: CursorResult[Any] | None = None
        count = _BATCH

        def read(connection: Connection) -> Sequence[Sequence[Any]]:
            nonlocal result
            sqlite = connection.dialect.name == "sqlite"  # Its driver reads row by row in any case.
            if result is None:
                options = {} if sqlite else {"stream_results": True}
                result = connection.execute(query, execution_options=options)
            # SQLAlchemy's own rows cost as much as reading them. Of other databases it has read some.
            cursor = result.cursor if plain and sqlite else None
            return (cursor or result).fetchmany(count)

        try:
            while batch := await self._do(read):
                yield batch
                if plain:  # The next rows are about as long as these.
                    length = sum(len(row[-1] or "") for row in batch) // len(batch)
                    count = max(1, min(_BATCH, _BYTES // (length + 1)))
        finally:
            await self._do(lambda _: None if result is None else result.close())

    async def _do(self, work: Callable[[Connection], T]) -> T:
        if self._run is None:
            raise AssertionError("unreachable")
        try:
            return await self._run(work)
        except STORE_FAILS as error:
            failure = translated(self._backend, error)
        raise failure


def _as_columns(batch: Sequence[Sequence[Any]], log: LogName) -> LogRows:
    products, stored, times, types, names, bodies = zip(*batch, strict=True)
    dids = {did: from_plain(did) or "" for did in set(stored)}
    kinds = {kind: from_plain(kind) for kind in set(types)}
    return LogRows(
        products=products,
        dids=[dids[did] for did in stored],
        times=times,
        types=[kinds[kind] for kind in types],
        names=names,
        bodies=list(map(from_plain, bodies)) if log == "cmd" else bodies,
    )
