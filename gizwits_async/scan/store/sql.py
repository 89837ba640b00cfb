"""A scan's store in a SQL database: a SQLite file, or PostgreSQL by URL."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from os import PathLike
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import Connection, func

from gizwits_async.models.devices import Device
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.definition import run_in, values_of_definition
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.presence import Seen
from gizwits_async.scan.report import Failure, Gap
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store import queries, skips
from gizwits_async.scan.store.address import backend_of, hidden
from gizwits_async.scan.store.days import create_days
from gizwits_async.scan.store.hold import Hold
from gizwits_async.scan.store.meta import STORE_ID, TRUST, state_in, values_of
from gizwits_async.scan.store.protocol import Change, Remaining
from gizwits_async.scan.store.session import TEXT, Session, whole
from gizwits_async.scan.store.tables import DEVICES, LEASE, METADATA
from gizwits_async.scan.task import LogName, Task

__all__ = ["SqlStore"]

T = TypeVar("T")


class SqlStore:
    """Keeps a scan in a SQL database.

    A page's rows and the progress of its walk are one transaction: whatever ends the process, even
    `kill -9` or a power cut, the next run goes on from the last page that is there.

    One scan at a time writes. It holds a lease, which every transaction that writes proves and
    renews; a scan that was silent for longer than the lease may be replaced by another one, and
    then stops with `StoreLostError`, having written nothing since.
    """

    def __init__(
        self,
        where: str | PathLike[str],
        *,
        schema: str | None = None,
        lease: float = 15.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Name a store; nothing is opened.

        Args:
            where: Path of a SQLite file, or an SQLAlchemy URL with an asyncio driver:
                `sqlite+aiosqlite:///fleet.db`, `postgresql+asyncpg://...`, `postgresql+psycopg://...`.
                Options of the driver may stand in the URL.
            schema: Schema of a PostgreSQL database for the tables; created if it does not exist.
            lease: Seconds of silence after which another scan may take the store over.
            sleep: Waits between looks at the lease of another scan, and renewals of its own.

        Raises:
            ValueError: The URL cannot be read, names another kind of database, or one without
                schemas; or the lease is not positive.
        """
        where = hidden(where)
        self._backend = backend_of(where, schema)
        if not lease > 0:
            raise ValueError(f"lease must be positive, not {lease}")
        self._lease, self._sleep = lease, sleep
        self._session = Session(self._backend, reads=True)
        self._hold: Hold | None = None
        self._run = 0

    @property
    def name(self) -> str:
        """What to call it: its path, or its URL without a password."""
        return self._backend.name

    def __repr__(self) -> str:
        # Tools that show locals call it also where `__init__` failed.
        return f"<{type(self).__name__} {getattr(getattr(self, '_backend', None), 'name', '')}>"

    async def open(self) -> ScanState | None:
        """Take the lease of the store, create it if need be, and return what it knows of its scan.

        If another scan holds the lease and gives no sign of life, this waits until it does, or
        until the lease has run out.

        Raises:
            StoreLockedError: Another scan writes to it.
            StoreMismatchError: A newer version wrote it.
            ScanStoreError: It is damaged, read-only, full, or no store of a scan.
        """
        self._session = Session(self._backend, reads=False)
        self._hold = Hold(self._backend, self._session, limit=self._lease, sleep=self._sleep)
        try:
            state = await self._hold.take(self._created)
            await self._write(partial(self._put, values=values_of(state)))
            await self._session.prepare()
        except BaseException:
            await self.aclose()
            raise
        self._session.reconnects = True
        self._run = 0 if state is None else state.run
        return state

    async def peek(self) -> ScanState | None:
        """Return what the store knows; nothing is created or locked. Call `aclose` afterwards.

        Raises:
            ScanStoreError: As `open`.
        """
        if self._backend.absent():
            return None
        self._session = Session(self._backend, reads=True)
        try:
            state = state_in(await self._session.do(self._meta), self.name)
        except BaseException:
            await self.aclose()
            raise
        self._run = 0 if state is None else state.run
        return state

    async def aclose(self) -> None:
        """Give the lease back and close the connection; safe to repeat."""
        await whole(self._close())

    async def _close(self) -> None:
        hold, self._hold = self._hold, None
        self._session.reconnects = False
        try:
            if hold is not None:
                await hold.release()
        finally:
            await self._session.aclose()

    def _created(self, connection: Connection) -> ScanState | None:
        """Create the tables of a new store, or what one of an earlier version lacks."""
        meta = self._meta(connection)
        state = state_in(meta, self.name)
        if meta:
            LEASE.create(connection, checkfirst=True)
        else:
            METADATA.create_all(connection)
        if STORE_ID not in meta:
            if meta:
                create_days(connection, self._backend)
            self._put(connection, {STORE_ID: uuid4().hex})
        return state

    def _meta(self, connection: Connection) -> dict[str, str]:
        return queries.read_meta(connection, self._backend.schema, self.name)

    def _put(self, connection: Connection, values: dict[str, str]) -> None:
        queries.write_meta(connection, self._backend.insert, values)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        if self._hold is None:
            raise ScanStoreError(f"{self.name} is not open")
        return await self._hold.write(work)

    async def begin(self, state: ScanState, *, again: bool) -> None:
        """See `ScanStore.begin`."""

        def work(connection: Connection) -> None:
            self._put(connection, values_of(state))
            if again:
                connection.execute(queries.REWIND)
            if state.over:
                skips.forget_skipped(connection)

        await self._write(work)
        self._run = state.run

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
        return await self._session.do(partial(queries.find_dids, wanted=DEVICES.c.mac.in_(macs)))

    async def without_mac(self) -> list[str]:
        """See `ScanStore.without_mac`."""
        none = func.coalesce(DEVICES.c.mac, "") == ""
        return await self._session.do(partial(queries.find_dids, wanted=none))

    async def due(
        self,
        logs: Collection[LogName],
        end: int,
        limit: int,
        *,
        dids: Collection[str] | None = None,
    ) -> list[Task]:
        """See `ScanStore.due`."""
        find = partial(queries.find_due, logs=logs, end=end, limit=limit, dids=dids)
        return await self._session.do(find)

    async def commit(self, change: Change) -> None:
        """See `ScanStore.commit`."""
        write, upsert = queries.write_change, self._backend.insert
        await self._write(partial(write, change=change, run=self._run, upsert=upsert))

    async def unskip(self, rule: str) -> int:
        """See `ScanStore.unskip`."""
        return await self._write(partial(skips.unskip, rule=rule))

    async def presence(self) -> dict[str, Seen]:
        """See `ScanStore.presence`."""
        return await self._session.do(skips.find_presence)

    async def keep_presence(self, seen: Mapping[str, Seen]) -> None:
        """See `ScanStore.keep_presence`."""
        upsert = self._backend.insert
        await self._write(partial(skips.write_presence, seen=seen, upsert=upsert))

    async def trust(self) -> str | None:
        """See `ScanStore.trust`."""
        return (await self._session.do(self._meta)).get(TRUST)

    async def keep_trust(self, text: str) -> None:
        """See `ScanStore.keep_trust`."""
        await self._write(partial(self._put, values={TRUST: text}))

    async def fail(self, task: Task, error: str, text: str) -> None:
        """See `ScanStore.fail`."""
        await self._write(partial(queries.set_aside, task=task, error=error, text=text[:TEXT]))

    async def split(self, window: Task, rest: Task) -> None:
        """See `ScanStore.split`."""
        await self._write(partial(queries.write_split, window=window, rest=rest))

    async def requeue_failed(
        self, logs: Collection[LogName], *, dids: Collection[str] | None = None
    ) -> int:
        """See `ScanStore.requeue_failed`."""
        return await self._write(partial(queries.requeue_failed, logs=logs, dids=dids))

    async def remaining(
        self,
        logs: Collection[LogName],
        end: int,
        owned: int,
        *,
        dids: Collection[str] | None = None,
    ) -> Remaining:
        """See `ScanStore.remaining`."""
        count = partial(queries.count_remaining, logs=logs, end=end, owned=owned, dids=dids)
        return await self._session.do(count)

    async def failures(
        self, logs: Collection[LogName], limit: int, *, dids: Collection[str] | None = None
    ) -> tuple[int, list[Failure]]:
        """See `ScanStore.failures`."""
        find = partial(queries.find_failures, logs=logs, limit=limit, dids=dids)
        return await self._session.do(find)

    async def gaps(
        self, limit: int, *, dids: Collection[str] | None = None
    ) -> tuple[int, list[Gap]]:
        """See `ScanStore.gaps`."""
        return await self._session.do(partial(queries.find_gaps, limit=limit, dids=dids))
