"""A scan's store in a SQL database: a SQLite file, or PostgreSQL by URL."""

import os
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from os import PathLike
from typing import TypeVar

from attrs import asdict
from sqlalchemy import bindparam, case, delete, func, insert, inspect, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gizwits_async.models.devices import Device
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.definition import run_in, values_of_definition
from gizwits_async.scan.errors import ScanStoreError, StoreLockedError
from gizwits_async.scan.report import Failure, Gap
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.backend import backend_of, hidden
from gizwits_async.scan.store.meta import holder_in, state_in, values_of
from gizwits_async.scan.store.protocol import Change, Remaining
from gizwits_async.scan.store.queries import count_remaining, find_dids, find_failures, find_gaps
from gizwits_async.scan.store.session import TEXT, Session
from gizwits_async.scan.store.tables import DEVICES, GAPS, LOG_TABLES, META, METADATA, TASKS, as_row
from gizwits_async.scan.task import LogName, Task

__all__ = ["SqlStore"]

T = TypeVar("T")

_ASIDE = {"failed", "error", "error_text"}
_FIELDS = [column for column in TASKS.c if column.key not in _ASIDE]
_SHOWN = [column.label(column.key) for column in _FIELDS]
_OF_TASK = [TASKS.c[name] == bindparam(f"of_{name}") for name in ("did", "log", "part")]
_MOVE = (
    update(TASKS)
    .where(*_OF_TASK)
    .values({column: bindparam(f"to_{column.key}") for column in _FIELDS})
)
_BROUGHT = case((TASKS.c.covered < TASKS.c.next_second, TASKS.c.next_second), else_=TASKS.c.covered)
_REWIND = (  # `Task.rewound` for all of them at once.
    update(TASKS)
    .where(
        TASKS.c.rescan_from < TASKS.c.next_second,
        or_(TASKS.c.end.is_(None), TASKS.c.part_end.is_not(None)),
    )
    .values(
        {
            TASKS.c.replace_before: case(
                (TASKS.c.replace_before < _BROUGHT, _BROUGHT), else_=TASKS.c.replace_before
            ),
            TASKS.c.next_second: TASKS.c.rescan_from,
            TASKS.c.end: None,
            TASKS.c.resume: None,
        }
    )
)


class SqlStore:
    """Keeps a scan in a SQL database.

    A page's rows and how far its walk came are one transaction: whatever ends the process, even
    `kill -9` or a power cut, the next run goes on from the last page that is there.
    """

    def __init__(self, where: str | PathLike[str]) -> None:
        """Name a store; nothing is opened.

        Args:
            where: Path of a SQLite file, or an SQLAlchemy URL with an asyncio driver:
                `sqlite+aiosqlite:///fleet.db`, `postgresql+asyncpg://...`, `postgresql+psycopg://...`.

        Raises:
            ValueError: The URL cannot be read, or names another kind of database.
        """
        where = hidden(where)
        self._backend = backend_of(where)
        self._session = Session(self._backend)
        self._run = 0

    @property
    def name(self) -> str:
        """What to call it: its path, or its URL without a password."""
        return self._backend.name

    def __repr__(self) -> str:
        # Also where making it failed: tools that show locals would fail with it.
        return f"<{type(self).__name__} {getattr(getattr(self, '_backend', None), 'name', '')}>"

    # --- opening and closing

    async def open(self) -> ScanState | None:
        """Take hold of the store, create it if need be, and return what it knows of its scan.

        Raises:
            StoreLockedError: Another scan has hold of it.
            StoreMismatchError: A newer version wrote it.
            ScanStoreError: It is damaged, read-only, full, or no store of a scan.
        """
        absent = self._backend.absent()
        free = await self._backend.hold(None)
        if absent and not free:
            raise self._busy({})

        async def work(connection: AsyncConnection) -> ScanState | None:
            if not free or not await self._backend.hold(connection):
                raise self._busy(await self._meta(connection))
            meta = await self._meta(connection)
            state = state_in(meta, self._backend.name)
            if not meta:
                await connection.run_sync(METADATA.create_all)
            now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            holder = f"process {os.getpid()} on {socket.gethostname()}, since {now}"
            await self._put(connection, values_of(state, holder))
            return state

        state = await self._begun(work)
        await self._session.do(self._backend.prepare)
        return state

    async def peek(self) -> ScanState | None:
        """Return what the store knows; nothing is created or locked. Wants `aclose` too.

        Raises:
            ScanStoreError: As `open`.
        """
        if self._backend.absent():
            return None

        async def work(connection: AsyncConnection) -> ScanState | None:
            return state_in(await self._meta(connection), self._backend.name)

        return await self._begun(work)

    async def _begun(
        self, work: Callable[[AsyncConnection], Awaitable[ScanState | None]]
    ) -> ScanState | None:
        try:
            state = await self._session.do(work)
        except BaseException:
            await self.aclose()
            raise
        self._run = 0 if state is None else state.run
        return state

    async def aclose(self) -> None:
        """Let go of the store; safe to repeat."""
        await self._session.aclose()

    async def _meta(self, connection: AsyncConnection) -> dict[str, str]:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        if META.name not in names:
            if names:
                raise ScanStoreError(
                    f"{self._backend.name} holds tables, but no scan; it was left as it is"
                )
            return {}
        return dict((await connection.execute(select(META.c.key, META.c.value))).all())

    async def _put(self, connection: AsyncConnection, values: dict[str, str]) -> None:
        new = self._backend.insert(META)
        new = new.on_conflict_do_update(
            index_elements=[META.c.key], set_={"value": new.excluded.value}
        )
        await connection.execute(new, [{"key": k, "value": v} for k, v in values.items()])

    # --- the scan

    async def begin(self, state: ScanState, *, again: bool) -> None:
        """See `ScanStore.begin`."""

        async def work(connection: AsyncConnection) -> None:
            await self._put(connection, values_of(state))
            if again:
                await connection.execute(_REWIND)

        await self._session.do(work)
        self._run = state.run

    async def add(
        self, devices: Sequence[Device], logs: Collection[LogName], state: ScanState
    ) -> int:
        """See `ScanStore.add`."""

        async def work(connection: AsyncConnection) -> int:
            count = select(func.count()).select_from(DEVICES)
            before = await connection.scalar(count) or 0
            if devices:
                new = self._backend.insert(DEVICES)
                others = {c.key: new.excluded[c.key] for c in DEVICES.c if c.key != "did"}
                new = new.on_conflict_do_update(index_elements=[DEVICES.c.did], set_=others)
                await connection.execute(new, [asdict(device) for device in devices])
                tasks = [Task.new(one.did, log, state.start) for one in devices for log in logs]
                await connection.execute(
                    self._backend.insert(TASKS).on_conflict_do_nothing(),
                    [asdict(task) for task in tasks],
                )
            await self._put(connection, values_of(state))
            return (await connection.scalar(count) or 0) - before

        return await self._session.do(work)

    async def wants_datapoints(self, run: int) -> bool:
        """See `ScanStore.wants_datapoints`."""
        if self._backend.absent():
            return True
        return run_in(await self._session.do(self._meta)) != str(run)

    async def keep_datapoints(self, points: ProductDataPoints | None) -> None:
        """See `ScanStore.keep_datapoints`."""
        values = values_of_definition(points, self._run)
        await self._session.do(partial(self._put, values=values))

    async def by_mac(self, macs: Collection[str]) -> list[str]:
        """See `ScanStore.by_mac`."""
        return await self._session.do(partial(find_dids, wanted=DEVICES.c.mac.in_(macs)))

    async def without_mac(self) -> list[str]:
        """See `ScanStore.without_mac`."""
        none = func.coalesce(DEVICES.c.mac, "") == ""
        return await self._session.do(partial(find_dids, wanted=none))

    async def due(self, logs: Collection[LogName], end: int, limit: int) -> list[Task]:
        """See `ScanStore.due`."""
        query = (
            select(*_SHOWN)
            .where(
                TASKS.c.failed == 0,
                TASKS.c.log.in_(logs),
                TASKS.c.next_second < func.coalesce(TASKS.c.part_end, end),
            )
            .order_by(TASKS.c.next_second, TASKS.c.did, TASKS.c.log)
            .limit(limit)
        )

        async def work(connection: AsyncConnection) -> list[Task]:
            return [Task(**row) for row in (await connection.execute(query)).mappings()]

        return await self._session.do(work)

    async def commit(self, change: Change) -> None:
        """See `ScanStore.commit`."""
        task, table = change.after, LOG_TABLES[change.after.log]

        async def work(connection: AsyncConnection) -> None:
            if change.replaced is not None:
                start, end = change.replaced
                time = table.c.timestamp
                await connection.execute(
                    delete(table).where(table.c.did == task.did, time >= start, time < end)
                )
            if change.rows:
                rows = [as_row(task.did, record) for record in change.rows]
                await connection.execute(insert(table), rows)
            if change.gaps:
                plain = {"did": task.did, "log": task.log, "run": self._run}
                gaps = [{**plain, "start": a, "end": b} for a, b in change.gaps]
                await connection.execute(insert(GAPS), gaps)
            if task.over:
                await connection.execute(delete(TASKS).where(*_OF_TASK), _key_of(task))
            else:
                await connection.execute(_MOVE, _key_of(task) | _values_of(task))

        await self._session.do(work)

    async def fail(self, task: Task, error: str, text: str) -> None:
        """See `ScanStore.fail`."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(
                update(TASKS)
                .where(*_OF_TASK)
                .values(failed=1, error=error, error_text=text[:TEXT]),
                _key_of(task),
            )

        await self._session.do(work)

    async def split(self, window: Task, rest: Task) -> None:
        """See `ScanStore.split`."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert(TASKS), [asdict(window)])
            await connection.execute(_MOVE, _key_of(rest) | _values_of(rest))

        await self._session.do(work)

    async def requeue_failed(self, logs: Collection[LogName]) -> int:
        """See `ScanStore.requeue_failed`."""

        async def work(connection: AsyncConnection) -> int:
            result = await connection.execute(
                update(TASKS)
                .where(TASKS.c.failed == 1, TASKS.c.log.in_(logs))
                .values(failed=0, error=None, error_text=None)
            )
            return result.rowcount

        return await self._session.do(work)

    # --- what is told

    async def remaining(self, logs: Collection[LogName], end: int, owned: int) -> Remaining:
        """See `ScanStore.remaining`."""
        return await self._session.do(partial(count_remaining, logs=logs, end=end, owned=owned))

    async def failures(self, logs: Collection[LogName], limit: int) -> tuple[int, list[Failure]]:
        """See `ScanStore.failures`."""
        return await self._session.do(partial(find_failures, logs=logs, limit=limit))

    async def gaps(self, limit: int) -> tuple[int, list[Gap]]:
        """See `ScanStore.gaps`."""
        return await self._session.do(partial(find_gaps, run=self._run, limit=limit))

    def _busy(self, meta: dict[str, str]) -> StoreLockedError:
        return StoreLockedError(
            f"{self._backend.name} is in use by {holder_in(meta)}; wait for it or stop it"
        )


def _key_of(task: Task) -> dict[str, str | int]:
    return {"of_did": task.did, "of_log": task.log, "of_part": task.part}


def _values_of(task: Task) -> dict[str, str | int | None]:
    return {f"to_{name}": value for name, value in asdict(task).items()}
