"""What the service no longer keeps, or contradicts itself about, is a gap or an open window, never silence."""

import pytest

from gizwits_async.scan import FleetScan, MemoryStore, Since
from gizwits_async.simulator import Quirks
from tests.doubles import client_of, virtually
from tests.scan.common import DAY, cloud_of, in_memory, truth

NOW = 1_790_000_000


@pytest.mark.parametrize("start", [NOW - 10 * DAY, Since(10 * DAY)])
def test_of_a_service_that_keeps_seven_days_the_rest_is_a_gap(start: Since | int) -> None:
    """The newest windows are read, the older ones are reported, also when the scan is run again."""
    cloud, store = cloud_of(4, 20, quirks=Quirks(log_days=7)), MemoryStore()

    async def main() -> None:
        client = client_of(cloud)
        for _ in range(2):
            report = await FleetScan(client, store, start=start).run()
            assert (report.failed, report.windows_left) == (0, 0)
            assert not report.complete
            edge = max(gap.end for gap in report.gaps)
            assert NOW - 7 * DAY - 5 <= edge <= NOW - 7 * DAY + 600
            assert {(gap.did, gap.log) for gap in report.gaps} == {
                (device.did, log) for device in cloud.fleet.devices for log in report.records
            }
            assert in_memory(store) == truth(cloud, edge, report.end)

    virtually(main())


def test_a_window_whose_total_contradicts_its_end_stays_open() -> None:
    """It is failed and left, with all that came of it; all other windows are read."""
    quirks = Quirks(dead_context="empty_with_total", dead_page=1)
    cloud, store = cloud_of(8, 6, quirks=quirks), MemoryStore()

    async def main() -> None:
        scan = FleetScan(client_of(cloud), store, start=NOW - 4 * DAY, end=NOW - 1000)
        report = await scan.run()
        assert report.failed == report.windows_left > 0
        assert {failure.error for failure in report.failures} == {"InvalidResponseError"}
        assert not report.complete
        held = truth(cloud, NOW - 4 * DAY, NOW - 1000)
        assert not in_memory(store) - held
        missing = {key[:2] for key in held - in_memory(store)}
        assert missing <= {(failure.did, failure.log) for failure in report.failures}
        cloud.quirks = Quirks()
        assert (await scan.run()).complete
        assert in_memory(store) == held

    virtually(main())
