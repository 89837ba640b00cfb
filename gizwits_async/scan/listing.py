"""Walks the device listing of a product into the store, page by page."""

from collections.abc import Callable
from contextlib import aclosing

from attrs import evolve

from gizwits_async.errors import ResumeMismatchError
from gizwits_async.scan.backoff import TRANSIENT, Backoff
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.counters import RunCounters
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import ScanStore
from gizwits_async.scan.task import LogName

__all__ = ["DeviceListing"]


class DeviceListing:
    """Keeps the devices of a product in a store, with a task for each of their logs."""

    def __init__(
        self,
        client: BulkClient,
        store: ScanStore,
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
            logs: Logs to make tasks for.
            backoff: Pauses for transient errors.
            counters: Counts devices and windows.
            notify: Called after each page.
        """
        self._client, self._store, self._logs = client, store, logs
        self._backoff, self._counters, self._notify = backoff, counters, notify

    async def walk(self, state: ScanState) -> tuple[ScanState, int]:
        """Walk the listing from where `state` left it, or from the beginning if it was finished.

        Returns:
            The state after it, and the number of devices that the store did not know.
        """
        first = state.listing != "done"
        resume = state.listing if first else None
        windows = len(self._logs) * -(-(state.end - state.start) // self._client.owned)
        new = 0
        # Disabled devices are included: their logs can still be read.
        stream = self._client.devices.search(show_disabled=True)
        while True:
            try:
                async with aclosing(stream.pages(resume)) as pages:
                    async for page in pages:
                        self._backoff.succeeded()
                        resume = page.resume
                        if first or resume is None:
                            state = evolve(state, listing=resume or "done")
                        added = await self._store.add(page.items, self._logs, state)
                        new += added
                        self._counters.devices += added
                        self._counters.windows_left += added * windows
                        self._notify()
            except ResumeMismatchError:
                resume = None
            except TRANSIENT as error:
                await self._backoff.pause(error)
            else:
                return state, new
