"""Walks the device listing of a product into the store, in parts where the service cuts it short."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from attrs import asdict, evolve, frozen

from gizwits_async.errors import (
    CLIENT_WIDE_ERRORS,
    ApiError,
    GizwitsError,
    InvalidResponseError,
    ResumeMismatchError,
)
from gizwits_async.models.devices import Device
from gizwits_async.models.locations import Location
from gizwits_async.scan.backoff import TRANSIENT, Backoff
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.counters import RunCounters
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import ScanStore
from gizwits_async.scan.task import LogName
from gizwits_async.streams import Page

__all__ = ["DeviceListing"]

_log = logging.getLogger("gizwits_async.scan")

_FINAL = (*CLIENT_WIDE_ERRORS, ScanStoreError)
"""Errors that the calls to the logs would meet too."""
_RECENT = (3600, 86_400, 7 * 86_400, 30 * 86_400)
"""Seconds of activity by which a part is tried that no other filter makes small enough."""


@frozen(kw_only=True)
class _Part:
    """Filters that select a part of the devices; None does not filter."""

    is_online: bool | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    liveness_start: int | None = None


class DeviceListing:
    """Keeps the devices of a product in a store, with a task for each of their logs."""

    def __init__(
        self,
        client: BulkClient,
        store: ScanStore,
        state: ScanState,
        logs: tuple[LogName, ...],
        *,
        backoff: Backoff,
        counters: RunCounters,
        notify: Callable[[], None],
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            client: Makes the calls.
            store: Keeps the devices.
            state: The state of the scan, as the store holds it.
            logs: Logs to make tasks for.
            backoff: Pauses for transient errors.
            counters: Counts devices and windows.
            notify: Called after each page.
        """
        self._client, self._store, self._logs = client, store, logs
        self._backoff, self._counters, self._notify = backoff, counters, notify
        self._windows = len(logs) * -(-(state.end - state.start) // client.owned)
        self._seen: set[str] = set()
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
        """Walk the listing from where the state left it, or once more if it was finished.

        Raises:
            GizwitsError: Not a single device is known, or the logs would meet the error too.
        """
        resume = None if self.state.listing == "done" else self.state.listing
        self.problem = None
        try:
            await self._walk_all(resume)
        except _FINAL:
            raise
        except GizwitsError as error:
            if not self._counters.devices:
                raise
            if resume is not None:
                # Walk it as a whole: the devices that an earlier run listed must be counted too.
                self.state = evolve(self.state, listing=None)
                await self.walk()
            elif not await self._walk_parts(error):
                total = "an unknown number" if self._total is None else f"{self._total:,}"
                self.problem = f"listing incomplete: {self._found:,} of {total}: {error}"
                _log.warning("%s", self.problem)

    async def _walk_all(self, resume: str | None) -> None:
        listed, finished = 0, self.state.listing == "done"
        self._nameless = 0
        async with aclosing(self._pages(_Part(), resume)) as pages:
            async for page in pages:
                listed += len(page.items) + page.set_aside
                self._nameless += page.set_aside
                self._total = page.total
                if resume is None and not page.items and page.total and listed < page.total:
                    raise InvalidResponseError("the service ended the list there")
                if not finished:
                    self.state = evolve(self.state, listing=page.resume or "done")
                await self._keep(page)

    # --- in parts

    @property
    def _found(self) -> int:
        return len(self._seen) + self._nameless

    @property
    def _all_found(self) -> bool:
        return self._total is not None and self._found >= self._total

    async def _walk_parts(self, cut: GizwitsError) -> bool:
        """Look for the devices behind the point where the list was cut; return whether all were found."""
        if not self._seen or not isinstance(cut, ApiError | InvalidResponseError):
            return False
        note = f"listing continued in parts after {self._found:,} devices: {cut}"
        _log.warning("%s", note)
        self.notes.append(note)
        try:
            self._world = (await self._client.locations()).location
        except _FINAL:
            raise
        except GizwitsError as error:
            _log.warning("the listing cannot be split by location: %s", error)
        covered = await self._split(_Part())
        if not self._all_found and (self._total is not None or not covered):
            return False
        if self.state.listing != "done":
            self.state = evolve(self.state, listing="done")
            await self._store.begin(self.state, again=False)
        return True

    async def _split(self, part: _Part) -> bool:
        """Walk smaller parts of a part; return whether they cover it."""
        covered = [await self._walk_part(smaller) for smaller in self._smaller(part)]
        # Devices without a location are in no part by location.
        return part.is_online is None and all(covered)

    async def _walk_part(self, part: _Part) -> bool:
        if self._all_found:
            return True
        try:
            async with aclosing(self._pages(part)) as pages:
                listed = 0
                async for page in pages:
                    listed += len(page.items)
                    await self._keep(page)
        except _FINAL:
            raise
        except GizwitsError as error:
            _log.info("a part of the listing was cut short: %s", error)
            return await self._split(part)
        if page.total and not page.items and listed < page.total:
            return await self._split(part)
        return True

    def _smaller(self, part: _Part) -> list[_Part]:
        if part.is_online is None:
            return [evolve(part, is_online=flag) for flag in (True, False)]
        if part.liveness_start is not None:
            return []
        places, level = self._world.children, "country"
        for name, below in (("country", "region"), ("region", "city"), ("city", "")):
            if getattr(part, name) is not None:
                inside = [place for place in places if place.name == getattr(part, name)]
                places, level = inside[0].children if inside else (), below
        found = [evolve(part, **{level: place.name}) for place in places if place.name and level]
        if level in {"country", ""}:
            now = int(self._client.now())
            found += [evolve(part, liveness_start=now - seconds) for seconds in _RECENT]
        return found

    # --- pages

    async def _pages(
        self, part: _Part, resume: str | None = None
    ) -> AsyncGenerator[Page[Device], None]:
        # Disabled devices are included: their logs can still be read.
        stream = self._client.devices.search(show_disabled=True, **asdict(part))
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
            else:
                return

    async def _keep(self, page: Page[Device]) -> None:
        new = await self._store.add(page.items, self._logs, self.state)
        self._seen.update(device.did for device in page.items)
        self._counters.devices += new
        self._counters.windows_left += new * self._windows
        self._notify()
