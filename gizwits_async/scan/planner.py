"""Decides what a run reads, by what was asked for and what the store holds, and forecasts what it takes."""

from gizwits_async.scan.activity import ALL_ACTIVE, Expected, expected
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.definition import DESCRIBED
from gizwits_async.scan.estimate import forecast
from gizwits_async.scan.report import ScanPlan
from gizwits_async.scan.scan_range import ScanState, resolve_range
from gizwits_async.scan.settings import ScanSettings
from gizwits_async.scan.store.protocol import Remaining, ScanStore
from gizwits_async.scan.trust import LastRun, Trust

__all__ = ["Planner"]


class Planner:
    """Plans one run of a scan."""

    def __init__(self, client: BulkClient, store: ScanStore, settings: ScanSettings) -> None:
        self._client, self._store, self._settings = client, store, settings

    async def resolve(self, held: ScanState | None) -> tuple[ScanState, Remaining]:
        """Return the range to scan, and what was left to read of the range that the store holds.

        Args:
            held: The range that the store holds; None: no run began in it yet.

        Raises:
            ScanStoreError: The store belongs to another product or range.
            ValueError: The range begins in the future, or `Since()` found no earlier scan.
        """
        client = self._client
        await client.learn_time()
        left = Remaining() if held is None else await self._remaining(held)
        state = resolve_range(
            self._settings.requested,
            held,
            product_key=client.product_key,
            now=client.now(),
            oldest=client.oldest(),
            owned=client.owned,
            finished=held is not None and self._finished(held) and not any(left.windows.values()),
        )
        return state, left

    async def plan(self) -> ScanPlan:
        """Return what a run would take; the store is only read.

        Raises:
            ScanStoreError: The store cannot be read, or belongs to another product or range.
            ValueError: As `resolve`.
        """
        settings, client, store = self._settings, self._client, self._store
        store.choose_product(client.product_key)
        held = await store.peek()
        state, left = await self.resolve(held)
        if held is not None:
            left = await self._remaining(state)
        devices = await self._count_devices(held, left)
        described = not DESCRIBED.isdisjoint(settings.logs)
        active = ALL_ACTIVE
        if settings.active_only and described:
            active = await self._expected(state, left, devices)
        return forecast(
            state,
            left,
            devices,
            logs=settings.logs,
            client=client,
            resumes=held is not None,
            listed=settings.devices is None,
            last=await self._last_run(held),
            definition=described and await store.wants_datapoints(state.run),
            active=active,
            note=settings.requested.note_on_start(state, now=client.now(), oldest=client.oldest()),
        )

    async def _remaining(self, state: ScanState) -> Remaining:
        settings = self._settings
        return await self._store.remaining(
            settings.logs, state.end, self._client.owned, dids=settings.devices
        )

    def _finished(self, held: ScanState) -> bool:
        # A run that was stopped in its second listing is not over.
        return held.over and (held.listing == "done" or self._settings.devices is not None)

    async def _count_devices(self, held: ScanState | None, left: Remaining) -> int:
        if self._settings.devices is not None:
            return len(self._settings.devices)
        if held is None or held.listing != "done":
            return max(left.devices, await self._client.count_devices())
        return left.devices

    async def _expected(self, state: ScanState, left: Remaining, devices: int) -> Expected:
        """Return the expected outcome of asking which devices reported data."""
        fresh = devices > left.devices
        if not fresh and left.oldest is None:
            return ALL_ACTIVE  # Nothing is left to read.
        start = state.start
        if left.oldest is not None and not fresh:
            start = max(start, left.oldest - self._settings.settle)  # A new run goes back that far.
        start = min(max(start, self._client.oldest()), state.end)
        return await expected(self._client, start, state.end, devices)

    async def _last_run(self, held: ScanState | None) -> LastRun | None:
        """Return what the last run did with its windows, if this one may pass over any."""
        if held is None or self._settings.skip == "never":
            return None
        return Trust.from_json(await self._store.trust()).last
