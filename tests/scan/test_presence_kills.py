"""Scans that are killed at random moments, of all mixes of devices and on all kinds of servers."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from gizwits_async.scan import FleetScan, MemoryStore, ScanReport, Since
from gizwits_async.simulator import SimulatedCloud, SimulatorTransport
from tests.doubles import client_of, virtually
from tests.scan.common import in_memory, truth
from tests.scan.living import DAY, living

HABITS = ("always-on", "daily", "sporadic", "dormant")
MIXES: tuple[dict[str, int], ...] = (
    {"always-on": 12, "dormant": 12, "sporadic": 16},
    {"always-on": 34, "dormant": 2, "sporadic": 4},
    {"always-on": 4, "dormant": 24, "sporadic": 12},
    {"daily": 40},
    {"always-on": 20, "daily": 20},
    {"sporadic": 40},
)
SERVERS: dict[str, tuple[Any, ...]] = {
    "listing": ("right", "right", "still", "wrong"),
    "listing_lag": (0.0, 0.0, 600.0),
    "record_lag": (0.0, 0.0, 300.0),
    "bounds": ("closed", "half_open", "left_open"),
    "data_ts": ("whole", "fractional", "hidden"),
    "last_page": ("exact", "full", "empty", "endless"),
    "total": ("right", "right", "missing", "page_only"),
    "list_order": ("created", "created_desc", "did"),
    "span_strict": (False, True),
    "clock_skew": (0.0, 5.0, -5.0),
}
SETTLE = 900


class Killed(MemoryStore):
    """A store that outlives the scans on it, each of which ends after some transactions."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 0
        self.victim: asyncio.Task[Any] | None = None

    async def commit(self, change: Any) -> None:
        await super().commit(change)
        self._count()

    async def keep_trust(self, text: str) -> None:
        await super().keep_trust(text)
        self._count()

    async def keep_presence(self, seen: Any) -> None:
        await super().keep_presence(seen)
        self._count()

    async def unskip(self, rule: str) -> int:
        found = await super().unskip(rule)
        self._count()
        return found

    async def begin(self, state: Any, *, again: bool) -> None:
        await super().begin(state, again=again)
        self._count()

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0 and self.victim is not None:
            self.victim.cancel()


async def survived(
    cloud: SimulatedCloud, store: Killed, rng: random.Random, derive: Any
) -> ScanReport:
    """Scan the last day, from run to run, until one comes to its end."""
    transport = SimulatorTransport(cloud)
    while True:
        store.left = rng.choice((rng.randrange(1, 12), rng.randrange(20, 300)))
        client = client_of(cloud, transport=transport)
        scan = FleetScan(client, store, start=Since(DAY), settle=SETTLE, derive=derive)
        store.victim = asyncio.ensure_future(scan.run())
        try:
            return await store.victim
        except asyncio.CancelledError:
            continue


def lost_or_doubled(seed: int) -> tuple[int, int]:
    """Return how many records are lost and doubled in four nights, on a server drawn by a seed."""
    rng = random.Random(seed)
    quirks = {name: rng.choice(values) for name, values in SERVERS.items()}
    cloud, store = living(rng.choice(MIXES), seed=seed, **quirks), Killed()
    derive = rng.choice((None, "data"))

    async def main() -> tuple[int, int]:
        lost = doubled = 0
        for _ in range(4):
            report = await survived(cloud, store, rng, derive)
            assert report.complete
            stored = in_memory(store)
            # The youngest records may not show yet; the next night reads their seconds again.
            sure = truth(cloud, report.start, report.end - SETTLE)
            lost += (sure - stored).total()
            doubled += (stored - truth(cloud, report.start, report.end)).total()
            for _ in range(24):
                await asyncio.sleep(3600)
        return lost, doubled

    return virtually(main())


@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(200), marks=pytest.mark.slow)])
def test_nothing_is_lost_or_doubled_however_often_a_scan_is_killed(seeds: range) -> None:
    """All mixes, listings that lag, lie or stand still, late records, cursors that never end."""
    found = Counter({seed: sum(lost_or_doubled(seed)) for seed in seeds})
    assert +found == Counter()
