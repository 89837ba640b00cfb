"""Scans of hours and days of quota, in virtual time: never refused, never idle."""

import asyncio
import time

import pytest

from gizwits_async.client import GizwitsClient
from gizwits_async.quota import HourlyQuota
from gizwits_async.scan import FleetScan, MemoryStore
from gizwits_async.simulator import Fleet, Rates, SimulatedCloud, SimulatorTransport
from tests.doubles import virtually
from tests.scan.common import DAY, log_calls

NOW = 1_790_000_000


@pytest.mark.parametrize(
    ("devices", "days"), [(12, 30), pytest.param(200, 30, marks=pytest.mark.slow)]
)
def test_a_scan_of_thirty_days_is_never_refused_and_wastes_no_hour(devices: int, days: int) -> None:
    """No refusal by a server with the real quota, and at most 2 % more time than the quota needs."""
    fleet = Fleet.generate(devices, days, rates=Rates(reports=6))
    cloud = SimulatedCloud(fleet)
    store = MemoryStore(keep=False)
    span = days * DAY - 20_000

    async def main() -> tuple[float, float]:
        client = GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=HourlyQuota(reserve=0)
        )
        began = asyncio.get_running_loop().time()
        report = await FleetScan(client, store, start=NOW - span, end=NOW).run()
        await client.aclose()
        assert report.failed == 0
        assert report.gap_count == 0 or devices == 200
        asked = report.calls_least + report.windows_empty
        return (asyncio.get_running_loop().time() - began) / 3600, report.log_calls / asked

    wall = time.perf_counter()
    hours, ratio = virtually(main())
    wall = time.perf_counter() - wall
    least = log_calls(cloud) / 3600
    print(f"{devices} devices: {hours:.3f} h, least {least:.3f} h, ratio {ratio:.4f}, {wall:.1f} s")  # noqa: T201
    assert cloud.tally["error 5013"] == 0
    assert ratio <= 1.02
    assert hours <= least * 1.02 + 0.02
