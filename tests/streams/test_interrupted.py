"""Time-outs, cancellations and several readers around `anext`: each record once, and never a silent end."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gizwits_async.simulator import (
    Device,
    FaultRule,
    Fleet,
    Quirks,
    SimulatedCloud,
    SimulatorTransport,
)
from tests.doubles import client_of, interrupted, virtually

NOW = 1_790_000_000
DID = "d" * 22
TIMES = [NOW - 1 - n * 7.25 for n in range(90)]

limits = st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.9, 1.3, 31.0]), max_size=40)
"""A call takes 0.5 s to the service and 0.5 s back: some end before, some after it was handled."""
many = pytest.mark.parametrize("examples", [40, pytest.param(500, marks=pytest.mark.slow)])


def service(times: list[float], **quirks: Any) -> SimulatedCloud:
    fleet = Fleet.of([DID], {("data", DID): times}, now=NOW)
    return SimulatedCloud(fleet, quirks=Quirks(log_cap=20, **quirks), quota=10**9)


def slow_client(cloud: SimulatedCloud) -> Any:
    transport = SimulatorTransport(cloud, latency=0.5, reply_latency=0.5)
    return client_of(cloud, transport=transport)


def assert_no_context_twice(cloud: SimulatedCloud) -> None:
    used = [entry.query["context"] for entry in cloud.ledger if "context" in entry.query]
    assert len(used) == len(set(used))


@many
def test_a_log_goes_on_after_each_time_out(examples: int) -> None:
    """Items and pages: every record once and in order; no context call is sent twice."""

    @settings(max_examples=examples)
    @given(
        limits=limits,
        by_page=st.booleans(),
        sort=st.sampled_from(["asc", "desc"]),
        kind=st.sampled_from(["position", "single_use"]),
        total=st.sampled_from(["right", "missing"]),
    )
    def check(limits: list[float], by_page: bool, sort: Any, kind: Any, total: Any) -> None:
        cloud = service(TIMES, context_kind=kind, total=total)

        async def main() -> list[float]:
            log = slow_client(cloud).devices.data_log(DID, start=NOW - 5000, end=NOW, sort=sort)
            if by_page:
                pages = await interrupted(log.pages(), limits)
                assert [page.resume is None for page in pages] == [False] * (len(pages) - 1) + [
                    True
                ]
                return [record.ts for page in pages for record in page.items]
            return [record.ts for record in await interrupted(aiter(log), limits)]

        assert virtually(main()) == sorted(map(int, TIMES), reverse=sort == "desc")
        assert_no_context_twice(cloud)

    check()


@many
def test_a_listing_goes_on_after_each_time_out(examples: int) -> None:
    """Every device once and in order."""
    dids = [f"{number:022d}" for number in range(70)]

    @settings(max_examples=examples)
    @given(limits=limits, by_page=st.booleans())
    def check(limits: list[float], by_page: bool) -> None:
        devices = [Device(did=did, mac=did[-12:], created_at=NOW - 10**6) for did in dids]
        cloud = SimulatedCloud(Fleet(devices, now=NOW), quirks=Quirks(list_cap=15), quota=10**9)

        async def main() -> list[str]:
            listing = slow_client(cloud).devices.search()
            if by_page:
                pages = await interrupted(listing.pages(), limits)
                return [device.did for page in pages for device in page.items]
            return [device.did for device in await interrupted(aiter(listing), limits)]

        assert virtually(main()) == dids

    check()


@many
def test_a_watch_goes_on_after_each_time_out(examples: int) -> None:
    """An endless stream does not end; each record comes once and in order."""

    @settings(max_examples=examples)
    @given(limits=limits, by_page=st.booleans())
    def check(limits: list[float], by_page: bool) -> None:
        times = [NOW + 3 + n * 4.0 for n in range(60)]
        cloud = service(times)

        async def main() -> list[float]:
            watch = slow_client(cloud).devices.watch(DID, every=5.0)
            if not by_page:
                records = await interrupted(aiter(watch), limits, stop_after=30)
                return [record.ts for record in records]
            pages = await interrupted(watch.pages(), limits, stop_after=20)
            return [record.ts for page in pages for record in page.items]

        got = virtually(main())
        first = times.index(got[0])
        assert got == times[first : first + len(got)]
        assert len(got) >= 15
        assert_no_context_twice(cloud)

    check()


@pytest.mark.parametrize("by_page", [False, True])
def test_four_tasks_on_one_iterator_get_each_record_once(by_page: bool) -> None:
    """No "asynchronous generator is already running": the tasks share the walk."""
    cloud = service(TIMES)

    async def main() -> Counter[float]:
        log = slow_client(cloud).devices.data_log(DID, start=NOW - 5000, end=NOW)
        walk: Any = log.pages() if by_page else aiter(log)
        got: Counter[float] = Counter()

        async def read() -> None:
            async for value in walk:
                got.update(record.ts for record in (value.items if by_page else (value,)))
                await asyncio.sleep(0)

        await asyncio.gather(*(read() for _ in range(4)))
        return got

    assert virtually(main()) == Counter(map(int, TIMES))


def test_a_closed_walk_is_over_and_sends_nothing_more() -> None:
    """`aclose` returns when no step is under way; what comes after is the end, in every task."""
    cloud = service(TIMES)

    async def main() -> None:
        walk = aiter(slow_client(cloud).devices.data_log(DID, start=NOW - 5000, end=NOW))
        await anext(walk)
        reading = [asyncio.ensure_future(anext(walk, None)) for _ in range(30)]
        await asyncio.sleep(0.1)
        await walk.aclose()
        calls = len(cloud.ledger)
        assert await anext(walk, None) is None
        await walk.aclose()
        await asyncio.gather(*reading)
        assert len(cloud.ledger) == calls

    virtually(main())


def test_after_an_error_the_next_page_is_tried_again() -> None:
    """An error ends no walk: `anext` after it goes on where the last page left off."""
    cloud = service(TIMES)
    cloud.faults.set([FaultRule(path="*/data", nth=1, action="status", code=5301)])

    async def main() -> list[float]:
        walk = aiter(slow_client(cloud).devices.data_log(DID, start=NOW - 5000, end=NOW))
        with pytest.raises(Exception, match="5301"):
            await anext(walk)
        return [record.ts async for record in walk]

    assert virtually(main()) == [*map(int, TIMES)]
