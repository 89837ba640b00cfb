"""A scan page by page: time-outs around `anext`, several readers, and readers that leave."""

import asyncio
import gc
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gizwits_async.scan import FleetScan, MemoryStore
from gizwits_async.simulator import FaultRule, SimulatedCloud, SimulatorTransport
from tests.doubles import client_of, interrupted, virtually
from tests.scan.common import DAY, Rows, cloud_of, row, truth

NOW = 1_790_000_000


def scan_of(cloud: SimulatedCloud, store: MemoryStore | None = None) -> FleetScan:
    transport = SimulatorTransport(cloud, latency=0.5, reply_latency=0.5)
    client = client_of(cloud, transport=transport)
    return FleetScan(client, store, start=NOW - 2 * DAY, end=NOW - DAY, logs=["data"])


def rows_of(pages: list[Any]) -> Rows:
    return Counter(row(page.did, page.log, item) for page in pages for item in page.items)


@pytest.mark.parametrize("examples", [15, pytest.param(500, marks=pytest.mark.slow)])
def test_a_scan_goes_on_after_each_time_out(examples: int) -> None:
    """Every record once, whatever `anext` is interrupted; the scan itself goes on meanwhile."""
    cloud = cloud_of(3, 3)
    wanted = truth(cloud, NOW - 2 * DAY, NOW - DAY, ["data"])

    @settings(max_examples=examples)
    @given(limits=st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.9, 1.3]), max_size=40))
    def check(limits: list[float]) -> None:
        assert rows_of(virtually(_interrupted(cloud, limits))) == wanted

    check()


async def _interrupted(cloud: SimulatedCloud, limits: list[float]) -> list[Any]:
    return await interrupted(aiter(scan_of(cloud)), limits)


def test_four_readers_share_one_scan() -> None:
    """Each page goes to one of them."""
    cloud = cloud_of(3, 3)

    async def main() -> list[Any]:
        pages: list[Any] = []
        walk = aiter(scan_of(cloud))

        async def read() -> None:
            pages.extend([page async for page in walk])

        await asyncio.gather(*(read() for _ in range(4)))
        return pages

    assert rows_of(virtually(main())) == truth(cloud, NOW - 2 * DAY, NOW - DAY, ["data"])


def test_a_reader_that_breaks_off_leaves_no_task() -> None:
    """`break` closes nothing by itself: the scan stops when the iterator is dropped."""
    cloud = cloud_of(3, 3)

    async def main() -> None:
        async for _ in scan_of(cloud):
            break
        gc.collect()
        await asyncio.sleep(30)
        assert len(asyncio.all_tasks()) == 1

    virtually(main())


def test_closing_ends_the_scan_and_the_step_of_another_reader() -> None:
    """After `aclose` the store is closed, nothing more is sent, and other readers see the end."""
    cloud = cloud_of(3, 3)

    async def main() -> None:
        walk = aiter(scan_of(cloud))
        await anext(walk)
        reading = asyncio.ensure_future(_read(walk))
        await asyncio.sleep(1.1)
        await walk.aclose()
        calls = len(cloud.ledger)
        await reading
        await asyncio.sleep(30)
        assert len(cloud.ledger) == calls
        assert len(asyncio.all_tasks()) == 1

    virtually(main())


async def _read(walk: Any) -> None:
    async for _ in walk:
        pass


def test_an_error_of_the_scan_comes_after_its_pages() -> None:
    """And again for a reader that asks again: an error is never followed by a silent end."""
    cloud = cloud_of(3, 3)
    cloud.faults.set([FaultRule(path="*/devices/search", action="status", code=5004)])

    async def main() -> None:
        walk = aiter(scan_of(cloud))
        for _ in range(2):
            with pytest.raises(Exception, match="5004"):
                await anext(walk)

    virtually(main())
