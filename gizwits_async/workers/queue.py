"""The job queue of the fleet. The only module that knows the engine behind it, procrastinate.

A job is one slice of the scan of one profile. Two queues keep slots free: the slices of a worker may
all be taken for ten minutes, and what a dead worker left has to go on at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import version as installed
from importlib.resources import files
from typing import LiteralString, Self

from attrs import frozen
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager
from procrastinate.worker import Worker

from gizwits_async.scan.errors import StoreMismatchError
from gizwits_async.workers.database import DATABASE_FAILS, Database, Transaction

__all__ = ["QUEUE_FAILS", "Queue", "Stalled", "schema", "upgrades", "version"]

QUEUE_FAILS = (ConnectorException, *DATABASE_FAILS)
"""What the queue raises when its database is away."""
_SCAN = "gizwits_async.scan"
_SLICES, _TAKEOVERS = "gizwits_async.slices", "gizwits_async.takeovers"
_DAILY = "17 3 * * *"
_IN_SECONDS: LiteralString = "SELECT clock_timestamp() + make_interval(secs => %(after)s) AS begin"
_REMOVE: LiteralString = """
SELECT procrastinate_cancel_job_v1(id, false, true) FROM procrastinate_jobs
WHERE queueing_lock = %(lock)s AND status = 'todo'
"""
_LOST: LiteralString = """
SELECT profile FROM gizwits_tenants AS t
WHERE state IN ('waiting', 'running')
    AND since < clock_timestamp() - make_interval(secs => %(seconds)s)
    AND NOT EXISTS (
        SELECT FROM procrastinate_jobs AS j
        WHERE j.queueing_lock = 'scan:' || t.profile AND j.status IN ('todo', 'doing'))
"""
_FOREVER = 86_400.0
"""Seconds. Workers that were silent for shorter are found by us, and not by the engine."""


def version() -> str:
    """Return the version of the engine."""
    return installed("procrastinate")


def schema() -> LiteralString:
    """Return the statements that make the tables of the queue."""
    return SchemaManager.get_schema()


def upgrades(made_by: str, name: str) -> Iterator[LiteralString]:
    """Yield the statements that bring the tables of an earlier version of the engine up to date.

    Args:
        made_by: The version of the engine that made them.
        name: The database, for an error.

    Raises:
        StoreMismatchError: They were made by a newer one.
    """
    before, now = _numbers(made_by), _numbers(version())
    if before[:2] > now[:2]:
        raise StoreMismatchError(
            f"{name} was made with procrastinate {made_by}, and {version()} is installed here:"
            " update this machine too"
        )
    for file in sorted(files("procrastinate.sql.migrations").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".sql") and _numbers(file.name.partition("_")[0]) > before:
            yield file.read_text(encoding="utf-8")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())


@frozen
class Stalled:
    """A job whose worker gives no sign of life."""

    number: int
    profile: str


class _Worker(Worker):
    """A worker that says when it stops, so that the slices under way end at a border of pages."""

    on_stop: Callable[[], None]

    def stop(self) -> None:
        self.on_stop()
        super().stop()  # type: ignore[no-untyped-call]


class Queue:
    """Slices to do; an async context manager."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._app = App(connector=PsycopgConnector())
        self._slice: Callable[[str], Awaitable[None]] | None = None
        self._task = self._app.task(name=_SCAN, queue=_SLICES)(self._run)

    async def __aenter__(self) -> Self:
        await self._app.open_async(self._database.pool)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._app.close_async()

    async def _run(self, profile: str) -> None:
        assert self._slice is not None  # noqa: S101 - only `work` takes jobs
        await self._slice(profile)

    # --- jobs

    async def defer(
        self,
        profile: str,
        transaction: Transaction,
        *,
        after: float = 0.0,
        takeover: bool = False,
    ) -> None:
        """Add a slice, unless one is waiting.

        Args:
            profile: Whose.
            transaction: With which it comes into being.
            after: Seconds before it may begin.
            takeover: Whether it is to go on at once, past all that wait.
        """
        begin = None
        if after:  # By the clock of the database, by which the engine takes jobs.
            (row,) = await transaction.rows(_IN_SECONDS, after=after)
            begin = row["begin"]
        job = self._task.configure(
            # No `lock` of the engine: the slice that queues the next one still holds it, and a worker
            # that looked meanwhile would look again only seconds later. The store's lease is enough.
            queueing_lock=f"scan:{profile}",
            queue=_TAKEOVERS if takeover else _SLICES,
            schedule_at=begin,
            connection=transaction.connection,
        )
        with suppress(AlreadyEnqueued):
            async with transaction.connection.transaction():  # A savepoint.
                await job.defer_async(profile=profile)

    async def remove(self, profile: str, transaction: Transaction) -> None:
        """Remove the slice that waits, if there is one."""
        await transaction.rows(_REMOVE, lock=f"scan:{profile}")

    async def lost(self, seconds: float) -> Sequence[str]:
        """Return the profiles that have waited or run for so many seconds, and have no job.

        A worker that was cancelled, or lost the database at the end of a slice, leaves such ones.
        """
        return [row["profile"] for row in await self._database.rows(_LOST, seconds=seconds)]

    async def stalled(self, seconds: float) -> Sequence[Stalled]:
        """Return the jobs whose workers gave no sign of life for so many seconds."""
        found = await self._app.job_manager.get_stalled_jobs(
            task_name=_SCAN, seconds_since_heartbeat=seconds
        )
        return [Stalled(job.id, str(job.task_kwargs["profile"])) for job in found if job.id]

    async def drop(self, stalled: Stalled) -> None:
        """Delete a stalled job; its worker may be frozen, and must not end the job that follows."""
        with suppress(ConnectorException):  # It has ended after all.
            await self._app.job_manager.finish_job_by_id_async(
                stalled.number, status=Status.FAILED, delete_job=True
            )

    # --- working

    async def work(
        self,
        scan: Callable[[str], Awaitable[None]],
        prune: Callable[[], Awaitable[None]],
        *,
        concurrency: int,
        heartbeat: float,
        poll: float,
        grace: float,
        stopping: asyncio.Event,
        on_stop: Callable[[], None],
    ) -> None:
        """Do slices until asked to stop, or until the database is away.

        Args:
            scan: Does a slice of a profile.
            prune: Deletes what is no longer needed, once a day.
            concurrency: Slices at a time; as many again go to what others left.
            heartbeat: Seconds between two signs of life.
            poll: Seconds between two looks at the queue, which also wakes by itself.
            grace: Seconds that slices may take to end.
            stopping: Set to stop.
            on_stop: Called when no further slice is begun, and those under way should end.

        Raises:
            Exception: One of `QUEUE_FAILS`.
        """
        self._slice = scan
        self._prune_daily(prune)
        make = partial(
            _Worker,
            self._app,
            concurrency=concurrency,
            install_signal_handlers=False,
            update_heartbeat_interval=heartbeat,
            stalled_worker_timeout=_FOREVER,
            fetch_job_polling_interval=poll,
            abort_job_polling_interval=_FOREVER,
            delete_jobs="always",
            shutdown_graceful_timeout=grace,
        )
        workers = [make(queues=[name]) for name in (_SLICES, _TAKEOVERS)]
        for worker in workers:
            worker.on_stop = on_stop
        running = {asyncio.ensure_future(_running(worker)) for worker in workers}
        asked = asyncio.ensure_future(stopping.wait())
        try:
            await asyncio.wait({asked, *running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            for worker in workers:
                worker.stop()
            ended = await asyncio.gather(*running, return_exceptions=True)
        for error in ended:
            if isinstance(error, BaseException):
                raise error

    def _prune_daily(self, prune: Callable[[], Awaitable[None]]) -> None:
        # With a periodic task the engine notices that a heartbeat failed; without one its monitor
        # has ended by then.
        if self._app.periodic_registry.periodic_tasks:
            return

        async def daily(timestamp: int) -> None:
            del timestamp
            await prune()

        task = self._app.task(name=f"{_SCAN}.prune", queue=_TAKEOVERS)(daily)
        self._app.periodic(cron=_DAILY)(task)


async def _running(worker: Worker) -> None:
    await worker.run()  # type: ignore[no-untyped-call]
