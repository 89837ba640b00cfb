"""Walks the device listing of a product into the store, in parts where the service cuts it short."""

import logging
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing

from attrs import evolve

from gizwits_async.errors import (
    ApiError,
    GizwitsError,
    InvalidResponseError,
    NotSentError,
    ResumeMismatchError,
    ServerError,
)
from gizwits_async.models.devices import Device
from gizwits_async.models.locations import Location
from gizwits_async.scan.backoff import TRANSIENT, Backoff
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.counters import RunCounters
from gizwits_async.scan.errors import SCAN_WIDE_ERRORS
from gizwits_async.scan.listing_part import ListingPart
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.settings import ScanSettings
from gizwits_async.scan.sharded import Sharded
from gizwits_async.scan.skipper import Skipper
from gizwits_async.scan.store.protocol import ScanStore
from gizwits_async.streams import Page

__all__ = ["DeviceListing"]

_log = logging.getLogger("gizwits_async.scan")

_MAX_FRUITLESS = 20
"""Parts in a row that bring no new device after which the rest is given up: the service may count
devices that it does not list."""


class DeviceListing:
    """Keeps the devices of a product in a store, with a task for each of their logs."""

    def __init__(
        self,
        client: BulkClient,
        store: ScanStore,
        state: ScanState,
        settings: ScanSettings,
        *,
        backoff: Backoff,
        counters: RunCounters,
        skipper: Skipper,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            client: Makes the calls.
            store: Keeps the devices.
            state: The state of the scan, as the store holds it.
            settings: What the scan was asked to do; a task is made for each of its logs.
            backoff: Pauses for transient errors.
            counters: Counts devices and windows, and is notified after each page.
            skipper: Learns from the devices.
        """
        self._client, self._store, self._logs = client, store, settings.logs
        self._backoff, self._counters, self._skipper = backoff, counters, skipper
        self._asked = int(client.now())
        self._windows = len(settings.logs) * -(-(state.end - state.start) // client.owned)
        # The range of a device that appears in a later run begins at the edge of its logs: what
        # fell off before it was known is not missing.
        self._start = state.start if state.run == 1 else max(state.start, client.oldest())
        self._walked = False
        self._front: list[str] | None = None
        """Dids of the first page of a listing that this run walked to its end."""
        self._fruitless = 0
        self._listed = 0
        """Rows that the last walk of the whole list has met."""
        self.seen = Sharded[None]()
        """Dids of the devices that this run listed."""
        self._nameless = 0
        self._total: int | None = None
        self._world = Location()
        self.state = state
        """The state of the scan, with its listing as far as it is."""
        self.problem: str | None = None
        """Why devices may be missing; None if the last walk listed all."""
        self.notes: list[str] = []
        """What was unusual about it."""

    async def walk(self) -> None:
        """Walk the listing, from where an earlier run left it if this is the first walk of a run.

        The second walk of a run finds devices that appeared, or moved to pages that were read
        already. It ends after the first page if that and the total are as they were: then as many
        devices were added as deleted, most likely none. One that was missed is listed by the next
        run, which reads its logs from the beginning.

        Raises:
            GizwitsError: Not a single device is known, or the logs would meet the error too.
        """
        resume = None if self._walked or self.state.listing == "done" else self.state.listing
        self._walked, self.problem = True, None
        try:
            await self._walk_all(resume)
        except SCAN_WIDE_ERRORS:
            raise
        except GizwitsError as error:
            if not self._counters.devices:
                raise
            if resume is not None:
                # Walk it as a whole: the devices that an earlier run listed must be counted too.
                await self.walk()
            elif not await self._walk_parts(error):
                total = "an unknown number" if self._total is None else f"{self._total:,}"
                self.problem = f"listing incomplete: {self._found:,} of {total}: {error}"
                _log.warning("%s", self.problem)

    async def add(self, dids: Iterable[str]) -> None:
        """Keep devices that were named by the caller, in place of a listing."""
        devices = [Device(did=did) for did in sorted(dids)]
        for first in range(0, len(devices), self._client.page_size):
            page = devices[first : first + self._client.page_size]
            await self._add(page, replace=False)

    async def _walk_all(self, resume: str | None) -> None:
        self._listed, finished = 0, self.state.listing == "done"
        counted, before, self._nameless = self._nameless, self._front, 0
        front, self._front = None, None
        async with aclosing(self._pages(ListingPart(), resume)) as pages:
            async for page in pages:
                if front is None:
                    front = [device.did for device in page.items]
                    if front == before and page.total == self._total == self._found + counted:
                        self._front, self._nameless = front, counted
                        await self._keep(page)
                        return
                self._listed += len(page.items) + page.set_aside
                self._nameless += page.set_aside
                # The list is walked again at the end of a run: count the same rows once.
                self._counters.set_aside += max(0, self._nameless - counted)
                counted = max(counted, self._nameless)
                self._total = self._total if page.total is None else page.total
                early = resume is not None or self._listed < (page.total or 0)
                if early and page.total and not page.items:
                    raise InvalidResponseError("the service ended the list there")
                if not finished:
                    self.state = evolve(self.state, listing=page.resume or "done")
                await self._keep(page)
        self._front = front if resume is None else None

    # --- in parts

    @property
    def _found(self) -> int:
        return len(self.seen) + self._nameless

    @property
    def _all_found(self) -> bool:
        return self._total is not None and self._found >= self._total

    async def _walk_parts(self, cut: GizwitsError) -> bool:
        """Look for the devices behind the point where the list was cut; return whether all were found."""
        if not self.seen or not isinstance(cut, ApiError | InvalidResponseError):
            return False
        if self._total is not None and self._listed >= self._total:
            self._total = None  # It stops counting where the list is cut.
        note = f"listing continued in parts after {self._found:,} devices: {cut}"
        _log.warning("%s", note)
        self.notes.append(note)
        try:
            self._world = (await self._client.locations()).location
        except SCAN_WIDE_ERRORS:
            raise
        except GizwitsError as error:
            _log.warning("the listing cannot be split by location: %s", error)
        self._fruitless = 0
        covered = await self._split(ListingPart())
        if not self._all_found and (self._total is not None or not covered):
            return False
        if self.state.listing != "done":
            self.state = evolve(self.state, listing="done")
            await self._store.begin(self.state, again=False)
        return True

    async def _split(self, part: ListingPart) -> bool:
        """Walk smaller parts of a part; return whether they cover it."""
        covered = True
        for smaller in part.split(self._world, self._client.now()):
            whole = await self._walk_part(smaller)
            covered = covered and whole
            if not whole and smaller.liveness_start is not None:
                break  # A longer time of activity selects more devices, and is cut short too.
        # Devices without a location are in no part by location.
        return covered and part.is_online is None

    async def _walk_part(self, part: ListingPart) -> bool:
        if self._all_found or self._fruitless >= _MAX_FRUITLESS:
            return False
        found, self._fruitless = self._found, self._fruitless + 1
        try:
            async with aclosing(self._pages(part)) as pages:
                listed = 0
                async for page in pages:
                    listed += len(page.items)
                    await self._keep(page)
                    # Without a total nothing but all the parts shows that all were found.
                    if self._found > found or self._total is None:
                        self._fruitless = 0
        except SCAN_WIDE_ERRORS:
            raise
        except GizwitsError as error:
            _log.info("a part of the listing was cut short: %s", error)
            return await self._split(part)
        if page.total and not page.items and listed < page.total:
            return await self._split(part)
        return True

    # --- pages

    async def _pages(
        self, part: ListingPart, resume: str | None = None
    ) -> AsyncGenerator[Page[Device], None]:
        stream = part.search(self._client.devices)
        self._asked = int(self._client.now())
        while True:
            try:
                async with aclosing(stream.pages(resume)) as pages:
                    async for page in pages:
                        self._backoff.succeeded()
                        resume = page.resume
                        yield page
            except ResumeMismatchError:
                resume = None
            except TRANSIENT as error:
                await self._backoff.pause(error)
            except (NotSentError, ServerError) as error:
                if not await self._backoff.outlast(error):
                    raise
            else:
                return

    async def _keep(self, page: Page[Device]) -> None:
        self.seen.update((device.did, None) for device in page.items)
        await self._add(page.items, replace=True)
        answered = int(self._client.now())
        await self._skipper.listed(page.items, asked=self._asked, answered=answered)
        self._asked = answered

    async def _add(self, devices: Sequence[Device], *, replace: bool) -> None:
        new = await self._store.add(
            devices, self._logs, self.state, start=self._start, replace=replace
        )
        self._counters.devices += new
        self._counters.windows_left += new * self._windows
        self._counters.notify()
