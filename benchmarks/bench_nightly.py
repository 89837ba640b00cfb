"""What a scan costs beside its records, in virtual time: the rows of "fewer calls".

Fleets of 1,000 devices are scanned four nights in a row. The floor is a call for each page that held
a record, and one listing.
"""

import asyncio
import logging
from collections.abc import Mapping
from statistics import mean
from typing import Any

from benchmarks.measure import Figure, markdown
from gizwits_async.scan import FleetScan, MemoryStore, ScanReport, Since
from gizwits_async.scan.settings import Derive, Skip
from gizwits_async.simulator import Fleet, Quirks, Rates, SimulatedCloud
from tests.doubles import client_of, virtually

__all__ = ["figures"]

DAY = 86_400
_MIXED = {"always-on": 300, "dormant": 300, "sporadic": 400}
_ONLINE = {"always-on": 850, "dormant": 50, "sporadic": 100}
_OFFLINE = {"always-on": 100, "dormant": 700, "sporadic": 200}
_DAILY = {"daily": 1000}


def _nights(
    kinds: Mapping[Any, int],
    *,
    listing: str = "right",
    skip: Skip = "proven",
    nights: int = 4,
    span: int = DAY,
    derive: Derive | None = None,
) -> list[ScanReport]:
    """Return the reports of some nights."""
    fleet = Fleet.preset(kinds, sum(kinds.values()), span // DAY)
    cloud = SimulatedCloud(fleet, quirks=Quirks().evolve(listing=listing), quota=10**9)
    store = MemoryStore(keep=False)

    async def main() -> list[ScanReport]:
        client, reports = client_of(cloud), []
        for _ in range(nights):
            scan = FleetScan(client, store, start=Since(span), skip=skip, derive=derive)
            reports.append(await scan.run())
            for _ in range(24):
                await asyncio.sleep(3600)
        return reports

    return virtually(main())


def _over_floor(report: ScanReport) -> float:
    return report.calls / (report.pages_with_records + report.devices / 100)


def _passing_over() -> list[Figure]:
    """Scan fleets of several kinds, night after night, and one far back."""
    mixed, whole = _nights(_MIXED)[-1], _nights(_MIXED, skip="never")[-1]
    backfill = _nights(_MIXED, nights=1, span=28 * DAY)[0]
    return [
        Figure("fourth night, mixed fleet: calls over the floor", _over_floor(mixed), 1.2),
        Figure("calls over those of a scan that asks everything", mixed.calls / whole.calls, 0.36),
        Figure(
            'fourth night, mixed fleet, derive="data": calls over those without',
            _nights(_MIXED, derive="data")[-1].calls / mixed.calls,
            0.7,
        ),
        Figure("fourth night, mostly online", _over_floor(_nights(_ONLINE)[-1]), 1.1),
        Figure("fourth night, mostly offline", _over_floor(_nights(_OFFLINE)[-1]), 1.2),
        Figure("fourth night, a session a day", _over_floor(_nights(_DAILY)[-1]), 1.1),
        Figure(
            "back-fill of 28 days, mixed fleet: calls over the floor", _over_floor(backfill), 1.5
        ),
    ]


def _listing_that_tells_nothing() -> list[Figure]:
    wrong, honest = (_nights(_MIXED, listing="wrong", skip=skip) for skip in ("proven", "never"))
    lost = sum(sum(report.records.values()) for report in honest)
    lost -= sum(sum(report.records.values()) for report in wrong)
    more = sum(report.calls for report in wrong) / sum(report.calls for report in honest)
    return [
        Figure("a listing that tells nothing: records lost", lost, 0),
        Figure("a listing that tells nothing: calls over asking everything", more, 1.02),
    ]


def _scanned(fleet: Fleet, days: int, **quirks: Any) -> ScanReport:
    """Return the report of a scan that asks everything."""
    cloud = SimulatedCloud(fleet, quirks=Quirks(**quirks), quota=10**9)

    async def main() -> ScanReport:
        store = MemoryStore(keep=False)
        return await FleetScan(client_of(cloud), store, start=Since(days * DAY), skip="never").run()

    return virtually(main())


def _windows() -> list[Figure]:
    fleet, found = Fleet.generate(10, 4), []
    for days, most in ((2, 1), (4, 2), (30, 15)):
        windows = _scanned(fleet, days).windows / (3 * len(fleet.devices))
        found.append(Figure(f"Since({days} days): windows a log", windows, most))
    return found


def _endless_cursors() -> list[Figure]:
    """Ten devices and four days, on a service that returns a cursor with every page.

    The third row is the mean of six fleets with a record on half of the days.
    """
    busy = [Fleet.generate(10, 4)]
    quiet = [
        Fleet.generate(10, 4, seed, rates=Rates(empty_day=0.5, edge=0.0)) for seed in range(1, 7)
    ]
    rows = (
        ("exact totals", busy, "right", 1.2),
        ("no totals", busy, "missing", 2.1),
        ("no totals, also for empty ranges", quiet, "missing", 2.1),
    )
    return [
        Figure(
            f"cursors that never end, {name}: log calls over the least",
            mean(_over_least(fleet, total) for fleet in fleets),
            most,
        )
        for name, fleets, total, most in rows
    ]


def _over_least(fleet: Fleet, total: str) -> float:
    least = _scanned(fleet, 4)
    report = _scanned(fleet, 4, last_page="endless", context_kind="scroll", total=total)
    if report.records != least.records:
        raise AssertionError("records were lost")
    return report.log_calls / least.log_calls


def figures() -> list[Figure]:
    """Return all rows."""
    logging.getLogger("gizwits_async").setLevel(logging.ERROR)
    return [
        *_passing_over(),
        *_listing_that_tells_nothing(),
        *_windows(),
        *_endless_cursors(),
    ]


if __name__ == "__main__":
    print(markdown(figures()))
