"""An outage of network or service: a scan waits up to `keep_trying` seconds, and loses no record."""

import asyncio
import logging
from typing import Any

import pytest

from gizwits_async import NotSentError, ServerError
from gizwits_async.scan import FleetScan, MemoryStore, ScanReport
from gizwits_async.simulator import FaultRule, SimulatorTransport
from gizwits_async.simulator.transport import Fate
from tests.doubles import client_of, virtually
from tests.scan.common import DAY, cloud_of, truth

BEGINS = 3
"""Number of the first request that fails."""


def scanned(how: str, *, lasts: float, keep_trying: float) -> tuple[ScanReport, Any, float]:
    """Scan through an outage; return the report, the service and the seconds that the scan took."""
    cloud = cloud_of(2, 2)

    async def main() -> tuple[ScanReport, Any, float]:
        loop = asyncio.get_running_loop()
        ends: list[float] = []

        def fate(_: object, number: int) -> Fate:
            if number == BEGINS:
                ends.append(loop.time() + lasts)
                if how == "gateway":
                    cloud.faults.set([FaultRule(action="html", status=503)])
                    loop.call_later(lasts, cloud.faults.set, [])
            down = how == "no connection" and ends and loop.time() < ends[0]
            return Fate.NOT_SENT if down else Fate.DELIVER

        transport = SimulatorTransport(cloud, fates=fate)
        async with client_of(cloud, transport=transport, max_retries=0) as client:
            end = cloud.fleet.now
            scan = FleetScan(
                client, MemoryStore(), start=end - 2 * DAY, end=end, keep_trying=keep_trying
            )
            began = loop.time()
            report = await scan.run()
            return report, cloud, loop.time() - began

    return virtually(main())


@pytest.mark.parametrize("how", ["no connection", "gateway"])
def test_a_scan_outlasts_an_outage_and_says_so_once(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No log is set aside, every record is there, and each change is one line of the log."""
    with caplog.at_level(logging.WARNING, "gizwits_async.scan"):
        report, cloud, seconds = scanned(how, lasts=600.0, keep_trying=3600.0)
    assert (report.complete, report.failed) == (True, 0)
    assert sum(report.records.values()) == truth(cloud, report.start, report.end).total()
    assert 600 <= seconds < 700
    said = [one.getMessage() for one in caplog.records if one.name == "gizwits_async.scan"]
    assert len(said) == 2
    assert "trying again for up to 3600 s" in said[0]
    assert "the service answers again" in said[1]


@pytest.mark.parametrize(
    ("how", "error"), [("no connection", NotSentError), ("gateway", ServerError)]
)
def test_an_outage_that_lasts_too_long_ends_the_run(how: str, error: type[Exception]) -> None:
    """With the error itself, soon after the time was over."""
    with pytest.raises(error):
        scanned(how, lasts=7200.0, keep_trying=3600.0)


def test_without_it_each_log_is_set_aside(caplog: pytest.LogCaptureFixture) -> None:
    """The run ends at once, and reports what it could not read."""
    report, _, seconds = scanned("no connection", lasts=600.0, keep_trying=0.0)
    assert report.failed
    assert seconds < 10
