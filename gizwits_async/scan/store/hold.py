"""One scan's hold on a SQL store: it takes the lease, proves it in every write, and renews it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from attrs import frozen
from sqlalchemy import Connection

from gizwits_async.scan.errors import ScanStoreError, StoreLockedError
from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.group import GroupCommit, Work
from gizwits_async.scan.store.lease import Lease, judge, read, release, renew, take
from gizwits_async.scan.store.session import Session

__all__ = ["Hold"]

T = TypeVar("T")
_LOOKS = 30
"""How often the lease of a silent holder is looked at before it runs out."""
_RENEWALS = 6
"""How often a lease is renewed before it would run out, while nothing is committed."""


@frozen
class _Taken:
    """A lease that was taken."""

    epoch: int


class Hold:
    """The hold of one scan on a store, from `take` to `release`."""

    def __init__(
        self,
        backend: Backend,
        session: Session,
        *,
        limit: float,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Describe a hold; nothing is taken.

        Args:
            backend: The database.
            session: Its transactions.
            limit: Seconds of silence after which a lease runs out.
            sleep: Waits between looks at the lease of another scan, and renewals of this one's.
        """
        self._backend, self._session = backend, session
        self._limit, self._sleep = limit, sleep
        self._group = GroupCommit(self._commit)
        self._epoch: int | None = None
        self._renewed_at = 0.0
        self._renewing: asyncio.Task[None] | None = None

    async def take(self, prepare: Callable[[Connection], T]) -> T:
        """Take the lease, once it is free, and return what the preparation found.

        Args:
            prepare: Creates the tables that are missing, and raises an error if the database is no
                store; it is called in the transaction that reads the lease.

        Raises:
            StoreLockedError: Another scan holds it, and was heard of lately.
        """
        absent = self._backend.absent()
        alone = self._backend.lock()
        if absent and not alone:
            raise self._in_use(None)
        interval, watched = self._limit / _LOOKS, 0.0
        first: Lease | None = None

        def look(connection: Connection) -> tuple[_Taken | Lease, T]:
            self._backend.enter(connection)
            found = prepare(connection)
            return self._try(connection, first, watched=watched, alone=alone), found

        while True:
            outcome, found = await self._session.do(look)
            if isinstance(outcome, _Taken):
                self._renewed_at = asyncio.get_running_loop().time()
                self._renewing = asyncio.ensure_future(self._keep_renewing())
                return found
            first = first or outcome
            await self._sleep(interval)
            watched += interval

    def _try(
        self, connection: Connection, first: Lease | None, *, watched: float, alone: bool
    ) -> _Taken | Lease:
        """Take the lease if it is free; return it if that is not clear yet."""
        lease = read(connection, self._backend)
        if not alone and (lease is None or lease.holder is None or lease.silence <= self._limit):
            # The lock of this machine is held by a scan that was heard of lately, or by one of an
            # earlier version, which knows no lease.
            raise self._in_use(lease)
        verdict = judge(
            lease,
            first or lease,
            watched=watched,
            limit=self._limit,
            shares_clock=self._backend.shares_clock,
        )
        if verdict == "held":
            raise self._in_use(lease)
        if lease is not None and verdict == "unclear":
            return lease
        self._backend.evict(connection, self._limit)
        epoch = take(connection, self._backend, lease)
        if epoch is None:  # A sign of its holder came in between.
            raise self._in_use(lease)
        self._epoch = epoch  # Here, so that a cancelled `take` gives it back.
        return _Taken(epoch)

    def _in_use(self, lease: Lease | None) -> StoreLockedError:
        name, holder = self._backend.name, None if lease is None else lease.holder
        if holder is None:
            return StoreLockedError(f"{name} is in use by another scan; wait for it or stop it")
        return StoreLockedError(
            f"{name} is in use by another scan (process {holder.pid} on {holder.host}, since"
            f" {holder.since}); wait for it or stop it"
        )

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run some work in a transaction, unless another scan has taken the store over.

        Raises:
            StoreLostError: It has; nothing was written.
            ScanStoreError: The database refused, or is away.
        """
        return await self._group.run(work)

    async def _commit(self, works: Sequence[Work[Any]]) -> list[Any]:
        epoch = self._epoch
        if epoch is None:
            raise ScanStoreError(f"{self._backend.name} is not open")

        def fenced(connection: Connection) -> list[Any]:
            renew(connection, self._backend, epoch)
            return [work(connection) for work in works]

        results = await self._session.do(fenced)
        self._renewed_at = asyncio.get_running_loop().time()
        return results

    async def _keep_renewing(self) -> None:
        """Renew the lease while the scan waits, for an hour's quota maybe, and commits nothing."""
        clock, interval = asyncio.get_running_loop().time, self._limit / _RENEWALS
        while True:
            await self._sleep(interval)
            while (left := self._renewed_at + interval - clock()) > 0:
                await self._sleep(left)
            with suppress(ScanStoreError):  # The scan's next transaction reports it.
                await self._commit(())

    async def release(self) -> None:
        """Let the next scan have the store at once; safe to repeat."""
        renewing, self._renewing = self._renewing, None
        epoch, self._epoch = self._epoch, None
        try:
            if renewing is not None and not renewing.done():
                renewing.cancel()
                await asyncio.wait({renewing})
            if epoch is not None:
                with suppress(ScanStoreError):  # It then runs out by itself.
                    await self._session.do(partial(release, epoch=epoch), repeats=False)
        finally:
            self._backend.unlock()
