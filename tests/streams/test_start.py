"""Whether `start_ts` is included: learned from a record that is seen there, and kept for all walks."""

from collections import Counter
from typing import Any

import pytest

from gizwits_async.scan import FleetScan, MemoryStore, Since
from gizwits_async.simulator import Fleet, Quirks, SimulatedCloud
from tests.doubles import client_of, virtually

NOW = 1_790_000_000
DID = "d" * 22
DAY = 86_400


def walks(times: list[float], spans: list[tuple[int, int]], **quirks: Any) -> list[tuple[int, int]]:
    """Return calls and windows of walks by one client; check that each record came once."""
    fleet = Fleet.of([DID], {("data", DID): times}, now=NOW)
    cloud, counts = SimulatedCloud(fleet, quirks=Quirks(**quirks), quota=10**9), []

    async def main() -> None:
        client = client_of(cloud)
        for start, end in spans:
            before = len(cloud.ledger)
            log = client.devices.data_log(DID, start=start, end=end, sort="asc")
            got = Counter([record.attrs["number"] async for record in log])
            rows: list[Any] = cloud.truth("data", DID, start, end)
            assert got == Counter(row["attrs"]["number"] for row in rows)
            asked = [e for e in [*cloud.ledger][before:] if e.kind == "log.data"]
            wide = [e for e in asked if e.query["start_ts"] != e.query["end_ts"]]
            counts.append((len(asked), len(wide)))

    virtually(main())
    return counts


SPAN = (NOW - 30 * DAY + 60, NOW + 60)
DENSE = [float(SPAN[0] + 172_799 * n - 1) for n in range(1, 15)]


def test_thirty_days_cost_fifteen_queries_once_the_start_is_known_to_be_included() -> None:
    """One query finds out, when a record was seen exactly there; it pays from the next walk on."""
    first, second = walks(DENSE, [SPAN, SPAN])
    assert first == (17, 16)
    assert second == (15, 15)


@pytest.mark.parametrize(
    "quirks",
    [
        {"bounds": "left_open", "data_ts": "hidden"},
        {"bounds": "left_open"},
        {"bounds": "half_open"},
    ],
)
def test_a_start_that_is_not_included_is_not_trusted(quirks: dict[str, Any]) -> None:
    """A record that is written at `start_ts` may have happened a fraction of a second later."""
    shifts = [at + shift for at in DENSE for shift in (0.0, 0.5, 1.0, 1.5)]
    first, second = walks(sorted(shifts), [SPAN, SPAN], **quirks)
    assert (first[1], second) == (16, (16, 16))
    assert first[0] <= 17


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("days", [2, 4, 30])
def test_since_n_times_two_days_takes_n_queries_a_log(days: int, strict: bool) -> None:
    """Also where two days are too long for the service, but for the windows that find it out."""
    fleet = Fleet.generate(10, 4, now=NOW)
    cloud = SimulatedCloud(fleet, quirks=Quirks(span_strict=strict), quota=10**9)

    async def main() -> None:
        scan = FleetScan(
            client_of(cloud), MemoryStore(keep=False), start=Since(days * DAY), skip="never"
        )
        report = await scan.run()
        assert report.windows == 3 * 10 * days // 2
        opened = sum(e.kind.startswith("log.") and "context" not in e.query for e in cloud.ledger)
        assert opened <= report.windows + (3 * 8 if strict else 0)

    virtually(main())
