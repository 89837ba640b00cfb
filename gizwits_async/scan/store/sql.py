"""A scan's store in a SQL database: a SQLite file, or PostgreSQL by URL."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from sqlalchemy import ColumnElement, Connection, func

from gizwits_async.models.devices import Device
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.definition import run_in, values_of_definition
from gizwits_async.scan.presence import Seen
from gizwits_async.scan.report import Failure, Gap
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store import counts, queries, runs, skips
from gizwits_async.scan.store.connection import StoreConnection
from gizwits_async.scan.store.meta import TRUST, values_of
from gizwits_async.scan.store.protocol import Change, Remaining
from gizwits_async.scan.store.session import TEXT
from gizwits_async.scan.store.tables import DEVICES
from gizwits_async.scan.task import LogName, Task

__all__ = ["SqlStore"]


class SqlStore(StoreConnection):
    """Keeps a scan in a SQL database.

    A page's rows and the progress of its walk are one transaction: whatever ends the process, even
    `kill -9` or a power cut, the next run goes on from the last page that is there.

    One scan at a time writes. It holds a lease, which every transaction that writes proves and
    renews; a scan that was silent for longer than the lease may be replaced by another one, and
    then stops with `StoreLostError`, having written nothing since.
    """

    async def begin(self, state: ScanState, *, again: bool) -> None:
        """See `ScanStore.begin`."""
        self._know(state)

        def work(connection: Connection) -> None:
            self._put(connection, values_of(state))
            runs.note_run(connection, self._backend, state)
            if again:
                connection.execute(queries.REWIND, {"of_product": self._product})
            if state.over:
                skips.forget_skipped(connection, product=self._product)

        await self._write(work)

    async def add(
        self,
        devices: Sequence[Device],
        logs: Collection[LogName],
        state: ScanState,
        *,
        start: int | None = None,
        replace: bool = True,
    ) -> int:
        """See `ScanStore.add`."""
        first = state.start if start is None else start
        tasks = [Task.new(device.did, log, first) for device in devices for log in logs]

        def work(connection: Connection) -> int:
            self._put(connection, values_of(state))
            if not devices:
                return 0
            return queries.write_devices(
                connection,
                product=self._product,
                devices=devices,
                tasks=tasks,
                replace=replace,
                upsert=self._backend.insert,
            )

        return await self._write(work)

    async def wants_datapoints(self, run: int) -> bool:
        """See `ScanStore.wants_datapoints`."""
        if self._backend.absent():
            return True
        return run_in(await self._session.do(self._meta)) != str(run)

    async def keep_datapoints(self, points: ProductDataPoints | None) -> None:
        """See `ScanStore.keep_datapoints`."""
        await self._write(partial(self._put, values=values_of_definition(points, self._run)))

    async def by_mac(self, macs: Collection[str]) -> list[str]:
        """See `ScanStore.by_mac`."""
        return await self._dids(DEVICES.c.mac.in_(macs))

    async def without_mac(self) -> list[str]:
        """See `ScanStore.without_mac`."""
        return await self._dids(func.coalesce(DEVICES.c.mac, "") == "")

    async def _dids(self, wanted: ColumnElement[bool]) -> list[str]:
        return await self._read(counts.find_dids, wanted=wanted)

    async def due(
        self,
        logs: Collection[LogName],
        end: int,
        limit: int,
        *,
        dids: Collection[str] | None = None,
    ) -> list[Task]:
        """See `ScanStore.due`."""
        return await self._read(queries.find_due, logs=logs, end=end, limit=limit, dids=dids)

    async def commit(self, change: Change) -> None:
        """See `ScanStore.commit`."""
        write = queries.write_change
        await self._change(write, backend=self._backend, change=change, run=self._run)

    async def unskip(self, rule: str) -> int:
        """See `ScanStore.unskip`."""
        return await self._change(skips.unskip, rule=rule)

    async def presence(self) -> dict[str, Seen]:
        """See `ScanStore.presence`."""
        return await self._read(skips.find_presence)

    async def keep_presence(self, seen: Mapping[str, Seen]) -> None:
        """See `ScanStore.keep_presence`."""
        await self._change(skips.write_presence, seen=seen, upsert=self._backend.insert)

    async def trust(self) -> str | None:
        """See `ScanStore.trust`."""
        return (await self._session.do(self._meta)).get(TRUST)

    async def keep_trust(self, text: str) -> None:
        """See `ScanStore.keep_trust`."""
        await self._write(partial(self._put, values={TRUST: text}))

    async def fail(self, task: Task, error: str, text: str) -> None:
        """See `ScanStore.fail`."""
        await self._change(queries.set_aside, task=task, error=error, text=text[:TEXT])

    async def split(self, window: Task, rest: Task) -> None:
        """See `ScanStore.split`."""
        await self._change(queries.write_split, window=window, rest=rest)

    async def requeue_failed(
        self, logs: Collection[LogName], *, dids: Collection[str] | None = None
    ) -> int:
        """See `ScanStore.requeue_failed`."""
        return await self._change(queries.requeue_failed, logs=logs, dids=dids)

    # --- counts

    async def remaining(
        self,
        logs: Collection[LogName],
        end: int,
        owned: int,
        *,
        dids: Collection[str] | None = None,
    ) -> Remaining:
        """See `ScanStore.remaining`."""
        return await self._read(counts.count_remaining, logs=logs, end=end, owned=owned, dids=dids)

    async def failures(
        self, logs: Collection[LogName], limit: int, *, dids: Collection[str] | None = None
    ) -> tuple[int, list[Failure]]:
        """See `ScanStore.failures`."""
        return await self._read(counts.find_failures, logs=logs, limit=limit, dids=dids)

    async def gaps(
        self, limit: int, *, dids: Collection[str] | None = None
    ) -> tuple[int, list[Gap]]:
        """See `ScanStore.gaps`."""
        return await self._read(counts.find_gaps, limit=limit, dids=dids)
