"""The slices under way in one worker: how far they are, and how they are ended from outside."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import frozen

from gizwits_async.errors import GizwitsError
from gizwits_async.workers import statements
from gizwits_async.workers.database import Database
from gizwits_async.workers.enterprise import Counts
from gizwits_async.workers.queue import QUEUE_FAILS

__all__ = ["RunningSlice", "RunningSlices", "logged"]

_log = logging.getLogger("gizwits_async.workers")


@frozen
class RunningSlice:
    """A slice under way."""

    counts: Counts
    stop: asyncio.Event
    """Ends it at the borders of pages."""


class RunningSlices:
    """All slices of a worker; one statement writes down the progress of all of them."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database, self._owner = database, owner
        self._slices: dict[str, RunningSlice] = {}

    def begin(self, name: str) -> RunningSlice:
        """Add a slice of a profile."""
        running = self._slices[name] = RunningSlice(Counts(), asyncio.Event())
        return running

    def over(self, name: str) -> None:
        """Remove the slice of a profile."""
        self._slices.pop(name, None)

    def end_all(self) -> None:
        """Ask all slices to end."""
        for running in self._slices.values():
            running.stop.set()

    async def report(self, interval: float) -> None:
        """Write down every few seconds how far the slices are, and end those that were cancelled."""
        while True:
            await asyncio.sleep(interval)
            with logged("writing the progress"):
                await self.flush(*self._slices)

    async def flush(self, *names: str) -> None:
        """Write down how far these slices are.

        Raises:
            ScanStoreError: The database refused, or is away.
        """
        slices = {name: self._slices[name] for name in names if name in self._slices}
        if not slices:
            return
        taken = [running.counts.take() for running in slices.values()]
        columns = {
            name: [one[name] for one in taken] for name in ("windows", "left", "records", "calls")
        }
        rows = await self._database.rows(
            statements.PROGRESS, owner=self._owner, profiles=list(slices), **columns
        )
        wanted = {row["profile"] for row in rows if not row["stop"]}
        for name, running in slices.items():
            if name not in wanted:  # Cancelled, or another worker goes on with it.
                running.stop.set()


@contextmanager
def logged(what: str) -> Iterator[None]:
    """Log errors of the database: the next attempt may succeed."""
    try:
        yield
    except (GizwitsError, *QUEUE_FAILS) as error:
        _log.warning("%s: %s", what, error)
