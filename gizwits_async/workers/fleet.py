"""Begins, cancels, schedules and lists the scans of a fleet; needs its database, and no secrets."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from attrs import evolve

from gizwits_async.workers import statements
from gizwits_async.workers.database import Database, Row, Transaction
from gizwits_async.workers.queue import Queue
from gizwits_async.workers.schedules import ScanArguments, Schedule
from gizwits_async.workers.status import TenantStatus

__all__ = ["Fleet", "cancel_scan", "defer_scan", "fleet_status"]


class Fleet:
    """The scans of one database; an async context manager.

    ```python
    async with Fleet("postgresql://db/fleet") as fleet:
        await fleet.defer_scan("acme", ScanArguments(since=86_400))
    ```
    """

    def __init__(self, database: str) -> None:
        """Name the database; nothing is opened.

        Args:
            database: `postgresql://USER:PASSWORD@HOST/DATABASE`; tables that are missing are made.

        Raises:
            ArgumentError: It is no URL of PostgreSQL.
        """
        self.database = Database(database)
        self.queue = Queue(self.database)

    @property
    def name(self) -> str:
        """What to call its database in a message: without user and password."""
        return self.database.name

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            ScanStoreError: The database cannot be reached or used.
            StoreMismatchError: A newer version of this package, or another program, made its tables.
        """
        await self.database.__aenter__()
        await self.queue.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.queue.__aexit__(*error)
        await self.database.__aexit__(*error)

    async def defer_scan(self, profile: str, scan: ScanArguments = ScanArguments()) -> bool:  # noqa: B008 - frozen
        """Ask for a scan of an enterprise, unless one is under way.

        Args:
            profile: The name of its profile, which the workers have to know.
            scan: What to read.

        Returns:
            Whether a new scan begins; False if one is waiting or running, which goes on.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        async with self.database.transaction() as transaction:
            return await self._ask(transaction, profile, scan.to_json())

    async def _ask(self, transaction: Transaction, profile: str, scan: Any) -> bool:
        asked = await transaction.rows(statements.ASK, profile=profile, scan=scan)
        if asked:
            await self.queue.defer(profile, transaction)
        return bool(asked)

    async def cancel_scan(self, profile: str) -> bool:
        """End the scan of an enterprise; what it stored stays. Its schedule begins the next one.

        Returns:
            Whether one was waiting or running. A running one makes no further call, some seconds
            from now.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        async with self.database.transaction() as transaction:
            found = await transaction.rows(statements.CANCEL, profile=profile)
            if found and found[0]["state"] == "cancelled":
                await self.queue.remove(profile, transaction)
        return bool(found)

    async def fleet_status(self) -> list[TenantStatus]:
        """Return how each enterprise stands, by the name of its profile.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        return [_status(row) for row in await self.database.rows(statements.FIND_STATUS)]

    async def add_schedule(self, schedule: Schedule) -> Schedule:
        """Scan an enterprise again and again from now on; an earlier schedule of it is replaced.

        Returns:
            The schedule, with its `next_run`.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        (row,) = await self.database.rows(
            statements.ADD_SCHEDULE,
            profile=schedule.profile,
            schedule=schedule.scan.to_json(),
            every=schedule.every,
            jitter=schedule.jitter,
        )
        return evolve(schedule, next_run=row["next_run"])

    async def remove_schedule(self, profile: str) -> bool:
        """Begin no further scans of an enterprise by schedule; one that runs goes on.

        Returns:
            Whether there was a schedule.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        return bool(await self.database.rows(statements.REMOVE_SCHEDULE, profile=profile))

    async def schedules(self) -> list[Schedule]:
        """Return all schedules, by the name of the profile.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        return [
            Schedule(
                profile=row["profile"],
                every=row["every"],
                jitter=row["jitter"],
                scan=ScanArguments.from_json(row["schedule"]),
                next_run=row["next_run"],
            )
            for row in await self.database.rows(statements.FIND_SCHEDULES)
        ]

    async def look_after(self, *, interval: float, stalled_after: float) -> None:
        """Begin what is due, and queue again what stalled; of all processes one does it.

        Args:
            interval: Seconds between two such looks.
            stalled_after: Seconds of silence after which a worker counts as gone.
        """
        if not await self.database.rows(statements.CLAIM_UPKEEP, interval=interval):
            return
        for row in await self.database.rows(statements.DUE):
            async with self.database.transaction() as transaction:
                await self._ask(transaction, row["profile"], row["schedule"])
                await transaction.rows(statements.NEXT_RUN, profile=row["profile"])
        for stalled in await self.queue.stalled(stalled_after):
            # In this order: a process that ends in between leaves a slice too many, and not none.
            await self._take_over(stalled.profile)
            await self.queue.drop(stalled)
        for profile in await self.queue.lost(stalled_after):
            await self._take_over(profile)

    async def _take_over(self, profile: str) -> None:
        async with self.database.transaction() as transaction:
            await transaction.rows(statements.REQUEUE, profile=profile)
            await self.queue.defer(profile, transaction, takeover=True)


def _status(row: Row) -> TenantStatus:
    values = dict(row)
    if values["state"] != "running":
        values["owner"] = None
    return TenantStatus(**values)


@asynccontextmanager
async def _opened(fleet: "Fleet | str") -> AsyncIterator[Fleet]:
    if isinstance(fleet, Fleet):
        yield fleet
    else:
        async with Fleet(fleet) as opened:
            yield opened


async def defer_scan(
    database: str | Fleet,
    profile: str,
    scan: ScanArguments = ScanArguments(),  # noqa: B008 - frozen
) -> bool:
    """Ask for a scan of an enterprise; see `Fleet.defer_scan`.

    Args:
        database: Its URL, or a fleet that is open.
        profile: The name of its profile.
        scan: What to read.
    """
    async with _opened(database) as fleet:
        return await fleet.defer_scan(profile, scan)


async def cancel_scan(database: str | Fleet, profile: str) -> bool:
    """End the scan of an enterprise; see `Fleet.cancel_scan`.

    Args:
        database: Its URL, or a fleet that is open.
        profile: The name of its profile.
    """
    async with _opened(database) as fleet:
        return await fleet.cancel_scan(profile)


async def fleet_status(database: str | Fleet) -> Sequence[TenantStatus]:
    """Return how each enterprise stands; see `Fleet.fleet_status`.

    Args:
        database: Its URL, or a fleet that is open.
    """
    async with _opened(database) as fleet:
        return await fleet.fleet_status()
