"""A worker: scans the enterprises of a fleet in slices, beside other workers on other machines."""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from gizwits_async.errors import (
    ArgumentError,
    AuthenticationError,
    CredentialsError,
    GizwitsError,
    LogRangeError,
)
from gizwits_async.profiles import Profile, two_quotas
from gizwits_async.scan.errors import StoreLockedError, StoreLostError, StoreMismatchError
from gizwits_async.workers import statements
from gizwits_async.workers.database import Row
from gizwits_async.workers.enterprise import Enterprise, Observer, digest_of
from gizwits_async.workers.fleet import Fleet
from gizwits_async.workers.progress import RunningSlices, logged
from gizwits_async.workers.queue import QUEUE_FAILS
from gizwits_async.workers.schedules import ScanArguments
from gizwits_async.workers.signals import stopped_by_signals

__all__ = ["WorkerApp", "worker_app"]

_log = logging.getLogger("gizwits_async.workers")

_FINAL = (AuthenticationError, CredentialsError, ArgumentError, LogRangeError, StoreMismatchError)
"""Errors that waiting does not mend."""
_RETRY: Final = (5.0, 60.0, 300.0, 900.0, 3600.0)
"""Seconds that an enterprise waits after one failed slice, after two, and so on."""
_LOCKED = 15.0
"""The same, each time, where another program holds the store or scans the enterprise."""
_TEXT = 500
"""Characters of an error that are kept."""


def worker_app(
    database: str,
    profiles: Mapping[str, Profile],
    *,
    slice_seconds: float = 600,
    stalled_after: float = 10,
    observer: Callable[[Profile], Observer] | None = None,
) -> "WorkerApp":
    """Return a worker for the enterprises of these profiles.

    Args:
        database: `postgresql://USER:PASSWORD@HOST/DATABASE`; holds queue and stores. Tables that are
            missing are made.
        profiles: As `load_profiles` returns them; all workers of a fleet need the same ones.
        slice_seconds: After how long a scan gives its slot to the next enterprise.
        stalled_after: Seconds of silence after which others take over what a worker was doing. Ten,
            so that a takeover takes at most 15: finding the silence, and beginning anew, come on top.
            A worker gives three signs of life in that time; a longer one suits a slow network.
        observer: Makes what takes in the calls of an enterprise, its quota and the progress of its
            scans: `lambda profile: opentelemetry.observe(**{"gizwits.profile": profile.name})`.

    Raises:
        ArgumentError: No URL of PostgreSQL, a number that is not positive, or two profiles of one
            enterprise with different quotas.
    """
    return WorkerApp(
        database,
        profiles,
        slice_seconds=slice_seconds,
        stalled_after=stalled_after,
        observer=observer,
    )


class WorkerApp:
    """One process of a fleet; `worker_app` makes it."""

    def __init__(
        self,
        database: str,
        profiles: Mapping[str, Profile],
        *,
        slice_seconds: float,
        stalled_after: float,
        observer: Callable[[Profile], Observer] | None = None,
    ) -> None:
        for name, value in {"slice_seconds": slice_seconds, "stalled_after": stalled_after}.items():
            if not value > 0:
                raise ArgumentError(f"{name} must be positive, not {value}")
        problem = two_quotas(
            (one.name, one.credentials.enterprise_id, one.calls_per_hour)
            for one in profiles.values()
        )
        if problem:
            raise ArgumentError(problem)
        self.fleet = Fleet(database)
        """Begins, cancels and lists scans; open while `run` runs."""
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
        """Its name in `TenantStatus.owner`."""
        self._profiles, self._observer = dict(profiles), observer
        self._seconds, self._stalled_after = slice_seconds, stalled_after
        self._enterprises: dict[str, Enterprise] = {}
        self._slices = RunningSlices(self.fleet.database, self.owner)
        self._stopping: asyncio.Event | None = None

    async def run(self, *, concurrency: int = 200, stop: asyncio.Event | None = None) -> None:
        """Scan until asked to stop, by SIGTERM or SIGINT or an event; slices end at page borders.

        Where the database goes away, the slices end, and the worker waits until it is back.

        Args:
            concurrency: Enterprises at a time; as many again go on that a dead worker left.
            stop: Stops the worker, as a signal does.

        Raises:
            ScanStoreError: The database cannot be reached at the beginning, or used.
        """
        if concurrency < 1:
            raise ArgumentError(f"concurrency must be positive, not {concurrency}")
        self._stopping = stopping = asyncio.Event() if stop is None else stop
        with stopped_by_signals(stopping):
            async with self.fleet:
                beside = [
                    asyncio.ensure_future(self._slices.report(self._stalled_after / 2)),
                    asyncio.ensure_future(self._look_after()),
                ]
                try:
                    while not stopping.is_set():
                        await self._work(concurrency, stopping)
                finally:
                    for task in beside:
                        task.cancel()
                    await asyncio.gather(*beside, return_exceptions=True)
                    for enterprise in self._enterprises.values():
                        await enterprise.aclose()
                    self._enterprises.clear()

    async def _work(self, concurrency: int, stopping: asyncio.Event) -> None:
        try:
            await self.fleet.queue.work(
                self._slice,
                self._prune,
                concurrency=concurrency,
                heartbeat=self._stalled_after / 3,
                poll=self._stalled_after,
                grace=self._stalled_after * 2,
                stopping=stopping,
                on_stop=self._slices.end_all,
            )
        except QUEUE_FAILS as error:
            _log.warning("the queue cannot be used, trying again: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 1.0)

    @property
    def _leaving(self) -> bool:
        return self._stopping is not None and self._stopping.is_set()

    async def _prune(self) -> None:
        await self.fleet.database.rows(statements.PRUNE)

    async def _look_after(self) -> None:
        interval = self._stalled_after / 4
        while True:
            await asyncio.sleep(interval)
            with logged("looking after the fleet"):
                await self.fleet.look_after(
                    interval=interval * 0.9, stalled_after=self._stalled_after
                )

    # --- one slice

    async def _slice(self, name: str) -> None:
        """Do a slice of the scan of a profile, and queue the next one."""
        profile = self._profiles.get(name)
        row = await self._begin(name, profile)
        if row is None:
            await self._wait_or_cancel(name)
        elif profile is None:
            error = f"no profile {name!r} among the {len(self._profiles):,} of {self.owner}"
            await self._end(name, "failed", error=error)
        else:
            await self._scan(profile, row)

    async def _begin(self, name: str, profile: Profile | None) -> Row | None:
        """Write down that the slice runs here; None if it is not to run."""
        enterprise = None if profile is None else digest_of(profile)
        async with self.fleet.database.transaction() as transaction:
            await transaction.rows(statements.LOCK_ENTERPRISE, enterprise=enterprise)
            rows = await transaction.rows(
                statements.BEGIN,
                profile=name,
                owner=self.owner,
                enterprise=enterprise,
                quota=None if profile is None else profile.quota,
            )
        return rows[0] if rows else None

    async def _scan(self, profile: Profile, row: Row) -> None:
        name, finished = profile.name, row["finished"]
        running = self._slices.begin(name)
        if self._leaving:
            running.stop.set()
        try:
            enterprise = await self._enterprise(profile, row["spent"], known=row["same_owner"])
            outcome = await enterprise.scan(
                self.fleet.database.url,
                ScanArguments.from_json(row["scan"]),
                every=row["every"],
                finished=finished,
                seconds=self._seconds,
                lease=self._stalled_after,
                stop=running.stop,
                counts=running.counts,
            )
        except GizwitsError as error:
            await self._failed(name, finished, error)
        except Exception as error:  # noqa: BLE001 - see below
            # The engine deletes the job of a slice that raises: the run would stay "running" for ever.
            _log.exception("%s: unexpected error", name)
            text = f": {error}" if isinstance(error, ImportError) else ""
            text = f"{type(error).__name__}{text}"[:_TEXT]
            await self._end(name, "failed", finished=finished, error=text)
        else:
            state = "done" if outcome.over else "waiting"
            await self._end(name, state, finished=outcome.finished, error=outcome.missing)
        finally:
            self._slices.over(name)

    async def _enterprise(
        self, profile: Profile, spent: int | None, *, known: bool | None
    ) -> Enterprise:
        """Return the enterprise, made anew if another worker has made calls for it meanwhile."""
        kept = self._enterprises.pop(profile.name, None)
        if kept is not None and not known:
            await kept.aclose()
            kept = None
        if kept is None:
            observer = None if self._observer is None else self._observer(profile)
            kept = Enterprise(profile, spent=spent, observer=observer)
        self._enterprises[profile.name] = kept
        return kept

    async def _failed(self, name: str, finished: list[str], error: GizwitsError) -> None:
        text = f"{type(error).__name__}: {error}"[:_TEXT]
        if isinstance(error, StoreLostError):
            _log.warning("%s: another worker goes on with it: %s", name, text)
            return  # Its status and its next slice are that worker's.
        if isinstance(error, _FINAL):
            _log.error("%s: %s", name, text)
            await self._end(name, "failed", finished=finished, error=text)
            return
        _log.warning("%s: %s", name, text)
        retry = (_LOCKED,) if isinstance(error, StoreLockedError) else _RETRY
        await self._end(name, "waiting", finished=finished, error=text, retry=retry)

    async def _end(
        self,
        name: str,
        state: str,
        *,
        finished: Sequence[str] = (),
        error: str | None = None,
        retry: Sequence[float] = (),
    ) -> None:
        """Write down how a slice ended, and queue the next one in the same transaction.

        Args:
            name: The profile.
            state: The state of the run, if it was not cancelled.
            finished: Products that the run has read to their end.
            error: What went wrong.
            retry: Of a slice that failed: seconds to wait after one failure, after two, and so on.
        """
        await self._slices.flush(name)
        async with self.fleet.database.transaction() as transaction:
            rows = await transaction.rows(
                statements.END,
                profile=name,
                owner=self.owner,
                state=state,
                finished=list(finished),
                failed=bool(retry),
                error=error,
            )
            if rows and rows[0]["state"] == "waiting":
                after = retry[min(rows[0]["failures"], len(retry)) - 1] if retry else 0.0
                await self.fleet.queue.defer(name, transaction, after=after, takeover=self._leaving)

    async def _wait_or_cancel(self, name: str) -> None:
        """Queue a slice again whose enterprise another profile is scanning, if it is still wanted."""
        async with self.fleet.database.transaction() as transaction:
            (row,) = await transaction.rows(statements.STILL_WANTED, profile=name) or ({},)
            if row.get("state") in {"waiting", "running"}:
                await self.fleet.queue.defer(name, transaction, after=_LOCKED)
