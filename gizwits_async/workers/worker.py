"""A worker: scans the enterprises of a fleet in slices, beside other workers on other machines."""

import asyncio
import logging
import os
import secrets
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from attrs import frozen

from gizwits_async.errors import (
    ArgumentError,
    AuthenticationError,
    CredentialsError,
    GizwitsError,
    LogRangeError,
)
from gizwits_async.profiles import Profile
from gizwits_async.scan.errors import StoreLockedError, StoreLostError, StoreMismatchError
from gizwits_async.workers import statements
from gizwits_async.workers.enterprise import CALLS_PER_HOUR, Counts, Enterprise, digest_of
from gizwits_async.workers.fleet import Fleet
from gizwits_async.workers.queue import QUEUE_FAILS
from gizwits_async.workers.schedules import ScanArguments

__all__ = ["WorkerApp", "worker_app"]

_log = logging.getLogger("gizwits_async.workers")

_FINAL = (AuthenticationError, CredentialsError, ArgumentError, LogRangeError, StoreMismatchError)
"""Errors that waiting does not mend."""
_RETRY: Final = (5.0, 60.0, 300.0, 900.0, 3600.0)
"""Seconds that an enterprise waits after one failed slice, after two, and so on."""
_LOCKED = 15.0
"""Seconds after which a store that another program holds is tried again."""
_TEXT = 500
"""Characters of an error that are kept."""


@frozen
class _Slice:
    """A slice under way."""

    counts: Counts
    stop: asyncio.Event


def worker_app(
    database: str,
    profiles: Mapping[str, Profile],
    *,
    slice_seconds: float = 600,
    stalled_after: float = 10,
) -> "WorkerApp":
    """Return a worker for the enterprises of these profiles.

    Args:
        database: `postgresql://USER:PASSWORD@HOST/DATABASE`; holds queue and stores. Tables that are
            missing are made.
        profiles: As `load_profiles` returns them; all workers of a fleet need the same ones.
        slice_seconds: After how long a scan gives its slot to the next enterprise.
        stalled_after: Seconds of silence after which others take over what a worker was doing.

    Raises:
        ArgumentError: No URL of PostgreSQL, a number that is not positive, or two profiles of one
            enterprise with different quotas.
    """
    return WorkerApp(database, profiles, slice_seconds=slice_seconds, stalled_after=stalled_after)


class WorkerApp:
    """One process of a fleet; `worker_app` makes it."""

    def __init__(
        self,
        database: str,
        profiles: Mapping[str, Profile],
        *,
        slice_seconds: float,
        stalled_after: float,
    ) -> None:
        for name, value in {"slice_seconds": slice_seconds, "stalled_after": stalled_after}.items():
            if not value > 0:
                raise ArgumentError(f"{name} must be positive, not {value}")
        _refuse_two_quotas(profiles)
        self.fleet = Fleet(database)
        """Begins, cancels and lists scans; open while `run` runs."""
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
        """Its name in `TenantStatus.owner`."""
        self._profiles = dict(profiles)
        self._seconds, self._stalled_after = slice_seconds, stalled_after
        self._enterprises: dict[str, Enterprise] = {}
        self._slices: dict[str, _Slice] = {}
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
        with _signals(stopping):
            async with self.fleet:
                beside = [
                    asyncio.ensure_future(self._report()),
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
                on_stop=self._end_slices,
            )
        except QUEUE_FAILS as error:
            _log.warning("the queue cannot be used, trying again: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 1.0)

    def _end_slices(self) -> None:
        for running in self._slices.values():
            running.stop.set()

    async def _prune(self) -> None:
        await self.fleet.database.rows(statements.PRUNE)

    async def _look_after(self) -> None:
        interval = self._stalled_after / 4
        while True:
            await asyncio.sleep(interval)
            with _logged("looking after the fleet"):
                await self.fleet.look_after(
                    interval=interval * 0.9, stalled_after=self._stalled_after
                )

    # --- one slice

    async def _slice(self, name: str) -> None:
        """Do a slice of the scan of a profile, and queue the next one."""
        profile = self._profiles.get(name)
        quota = None if profile is None else profile.calls_per_hour or CALLS_PER_HOUR
        rows = await self.fleet.database.rows(
            statements.BEGIN,
            profile=name,
            owner=self.owner,
            enterprise=None if profile is None else digest_of(profile),
            quota=quota,
        )
        if not rows:
            await self._wait_or_cancel(name)
            return
        row = rows[0]
        if profile is None:
            error = f"no profile {name!r} among the {len(self._profiles):,} of {self.owner}"
            await self._end(name, "failed", error=error)
            return
        running = _Slice(Counts(), asyncio.Event())
        if self._stopping is not None and self._stopping.is_set():
            running.stop.set()
        self._slices[name] = running
        try:
            enterprise = await self._enterprise(profile, row["spent"], known=row["same_owner"])
            outcome = await enterprise.scan(
                self.fleet.database.url,
                ScanArguments.from_json(row["scan"]),
                every=row["every"],
                finished=row["finished"],
                seconds=self._seconds,
                lease=self._stalled_after,
                stop=running.stop,
                counts=running.counts,
            )
        except GizwitsError as error:
            await self._failed(name, row["finished"], error)
        else:
            state = "done" if outcome.over else "waiting"
            await self._end(name, state, finished=outcome.finished, error=outcome.missing)
        finally:
            self._slices.pop(name, None)

    async def _enterprise(
        self, profile: Profile, spent: int | None, *, known: bool | None
    ) -> Enterprise:
        """Return the enterprise, made anew if another worker has made calls for it meanwhile."""
        kept = self._enterprises.pop(profile.name, None)
        if kept is not None and not known:
            await kept.aclose()
            kept = None
        enterprise = kept or Enterprise(profile, spent=spent)
        self._enterprises[profile.name] = enterprise
        return enterprise

    async def _failed(self, name: str, finished: list[str], error: GizwitsError) -> None:
        text = f"{type(error).__name__}: {error}"[:_TEXT]
        if isinstance(error, StoreLostError):
            _log.warning("%s: another worker goes on with it: %s", name, text)
            return  # Its status and its next slice are that worker's.
        if isinstance(error, _FINAL) and not isinstance(error, StoreLockedError):
            _log.error("%s: %s", name, text)
            await self._end(name, "failed", finished=finished, error=text)
            return
        _log.warning("%s: %s", name, text)
        await self._end(
            name, "waiting", finished=finished, error=text, failed=True,
            locked=isinstance(error, StoreLockedError),
        )  # fmt: skip

    async def _end(
        self,
        name: str,
        state: str,
        *,
        finished: tuple[str, ...] | list[str] = (),
        error: str | None = None,
        failed: bool = False,
        locked: bool = False,
    ) -> None:
        """Write down how a slice ended, and queue the next one in the same transaction."""
        await self._flush(name)
        async with self.fleet.database.transaction() as transaction:
            rows = await transaction.rows(
                statements.END, profile=name, owner=self.owner, state=state,
                finished=list(finished), failed=failed, error=error,
            )  # fmt: skip
            if rows and rows[0]["state"] == "waiting":
                after = 0.0
                if failed:
                    after = _LOCKED if locked else _RETRY[min(rows[0]["failures"], len(_RETRY)) - 1]
                await self.fleet.queue.defer(name, transaction, after=after)

    async def _wait_or_cancel(self, name: str) -> None:
        """Queue a slice again whose enterprise another profile is scanning, if it is still wanted."""
        async with self.fleet.database.transaction() as transaction:
            (row,) = await transaction.rows(statements.STILL_WANTED, profile=name) or ({},)
            if row.get("state") in {"waiting", "running"}:
                await self.fleet.queue.defer(name, transaction, after=_LOCKED)

    # --- progress

    async def _report(self) -> None:
        """Write down every few seconds how far the slices are, and end those that were cancelled."""
        while True:
            await asyncio.sleep(self._stalled_after / 2)
            with _logged("writing the progress"):
                await self._flush(*self._slices)

    async def _flush(self, *names: str) -> None:
        slices = {name: self._slices[name] for name in names if name in self._slices}
        if not slices:
            return
        taken = [running.counts.take() for running in slices.values()]
        rows = await self.fleet.database.rows(
            statements.PROGRESS,
            owner=self.owner,
            profiles=list(slices),
            **{
                name: [one[name] for one in taken]
                for name in ("windows", "left", "records", "calls")
            },
        )
        for row in rows:
            if row["stop"]:
                slices[row["profile"]].stop.set()


def _refuse_two_quotas(profiles: Mapping[str, Profile]) -> None:
    seen: dict[str, Profile] = {}
    for profile in profiles.values():
        other = seen.setdefault(profile.credentials.enterprise_id, profile)
        if other.calls_per_hour != profile.calls_per_hour:
            raise ArgumentError(
                f"profiles {other.name} and {profile.name} are one enterprise, with different"
                f" calls_per_hour: {other.calls_per_hour or CALLS_PER_HOUR:,} and"
                f" {profile.calls_per_hour or CALLS_PER_HOUR:,}"
            )


@contextmanager
def _logged(what: str) -> Iterator[None]:
    """Log errors of the database: the next attempt may succeed."""
    try:
        yield
    except (GizwitsError, *QUEUE_FAILS) as error:
        _log.warning("%s: %s", what, error)


@contextmanager
def _signals(stopping: asyncio.Event) -> Iterator[None]:
    """Set the event at SIGTERM and SIGINT, where this thread may handle signals."""
    loop, handled = asyncio.get_running_loop(), list[signal.Signals]()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stopping.set)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
