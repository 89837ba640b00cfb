"""What a nightly scan costs beside its records, in virtual time: windows that hold nothing are passed over.

A fleet of 1,000 devices is scanned four nights in a row. The floor is a call for each page that held a
record, and one listing.
"""

import asyncio
from collections.abc import Mapping

from benchmarks.measure import Figure, markdown
from gizwits_async.scan import FleetScan, MemoryStore, ScanReport, Since
from gizwits_async.scan.settings import Skip
from tests.doubles import client_of, virtually
from tests.scan.living import DAY, Living, Lying, living

__all__ = ["figures"]

_MIXED = {"always": 300, "dormant": 300, "sporadic": 400}
_ONLINE = {"always": 850, "dormant": 50, "sporadic": 100}
_OFFLINE = {"always": 100, "dormant": 700, "sporadic": 200}
_DAILY = {"daily": 1000}


def _nights(
    kinds: Mapping[str, int],
    *,
    service: type[Living] = Living,
    skip: Skip = "proven",
    nights: int = 4,
    span: int = DAY,
) -> list[ScanReport]:
    """Return the reports of some nights."""
    cloud = living(dict(kinds), days=span // DAY + 3, nights=nights)
    store = MemoryStore(keep=False)

    async def main() -> list[ScanReport]:
        client, reports = client_of(cloud, transport=service(cloud)), []
        for _ in range(nights):
            reports.append(await FleetScan(client, store, start=Since(span), skip=skip).run())
            for _ in range(24):
                await asyncio.sleep(3600)
        return reports

    return virtually(main())


def _over_floor(report: ScanReport) -> float:
    return report.calls / (report.pages_with_records + report.devices / 100)


def figures() -> list[Figure]:
    """Scan fleets of several kinds, and services whose listing tells nothing."""
    mixed, whole = _nights(_MIXED)[-1], _nights(_MIXED, skip="never")[-1]
    lying, honest = _nights(_MIXED, service=Lying), _nights(_MIXED, service=Lying, skip="never")
    lost = sum(sum(report.records.values()) for report in honest)
    lost -= sum(sum(report.records.values()) for report in lying)
    more = sum(report.calls for report in lying) / sum(report.calls for report in honest)
    backfill = _nights(_MIXED, nights=1, span=28 * DAY)[0]
    return [
        Figure("fourth night, mixed fleet: calls over the floor", _over_floor(mixed), 1.2),
        Figure("the same without passing over", _over_floor(whole)),
        Figure("calls over those of a scan that asks everything", mixed.calls / whole.calls, 0.36),
        Figure("fourth night, mostly online", _over_floor(_nights(_ONLINE)[-1]), 1.1),
        Figure("fourth night, mostly offline", _over_floor(_nights(_OFFLINE)[-1]), 1.2),
        Figure("fourth night, a session a day", _over_floor(_nights(_DAILY)[-1]), 1.1),
        Figure("a listing that tells nothing: records lost", lost, 0),
        Figure("a listing that tells nothing: calls over asking everything", more, 1.02),
        Figure(
            "back-fill of 28 days, mixed fleet: calls over the floor", _over_floor(backfill), 1.5
        ),
    ]


if __name__ == "__main__":
    print(markdown(figures()))
