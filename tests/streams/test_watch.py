"""`devices.watch`: every record once and in order, one call a poll, over any interruption."""

import asyncio
from contextlib import aclosing
from itertools import pairwise
from math import floor
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gizwits_async.client import GizwitsClient
from gizwits_async.errors import (
    ForbiddenError,
    GizwitsError,
    ResumeMismatchError,
    TimedOutError,
)
from gizwits_async.models.devices import DataRecord
from gizwits_async.simulator import FaultRule, Fleet, Quirks, SimulatedCloud, SimulatorTransport
from gizwits_async.simulator.state.timeline import Record
from gizwits_async.simulator.transport import Fate
from gizwits_async.wire.deadline import deadline
from tests.doubles import client_of, virtually

NOW = 1_790_000_000
DID = "d" * 22
DAY = 86_400


def service(records: list[Record], **quirks: Any) -> SimulatedCloud:
    fleet = Fleet.of([DID], {("data", DID): records}, now=NOW)
    return SimulatedCloud(fleet, quirks=Quirks(**quirks), quota=10**9)


def records_at(*offsets: float, late: float = 0.0) -> list[Record]:
    return [
        Record(at=round(NOW + at, 3), body={"attrs": {"n": n}}, seen_at=NOW + at + late)
        for n, at in enumerate(offsets)
    ]


def numbers(records: list[DataRecord]) -> list[int]:
    return [record.attrs["n"] for record in records]


async def watched(
    client: GizwitsClient, polls: int, resume: str | None = None, **arguments: Any
) -> tuple[list[DataRecord], str | None]:
    """Return what so many pages brought, and where to go on."""
    got: list[DataRecord] = []
    async with aclosing(client.devices.watch(DID, **arguments).pages(resume)) as pages:
        for _ in range(polls):
            page = await anext(pages)
            got += page.items
            resume = page.resume
    return got, resume


def test_a_poll_is_one_call_whether_or_not_there_is_news() -> None:
    """Nothing before the watch, each record after it once; a call every thirty seconds."""
    cloud = service(records_at(-5, 1, 1, 29.5, 31, 95.25, 200))

    async def main() -> None:
        got, _ = await watched(client_of(cloud), 5)
        assert numbers(got) == [1, 2, 3, 4, 5]
        assert cloud.tally["log.data"] == 5
        times = [entry.at for entry in cloud.ledger if entry.kind == "log.data"]
        assert [round(at - NOW) for at in times] == pytest.approx([30, 60, 90, 120, 150], abs=2)

    virtually(main())


def test_no_second_is_asked_for_twice_but_at_the_seams() -> None:
    """Queries touch, and overlap by the bounds that may or may not be included."""
    cloud = service(records_at(3))
    virtually(watched(client_of(cloud), 6))
    asked = [(int(e.query["start_ts"]), int(e.query["end_ts"])) for e in cloud.ledger if e.query]
    assert len(asked) == 6
    for (_, end), (start, _) in pairwise(asked):
        assert start == end - 1
    assert all(end - start < 40 for start, end in asked)


def test_late_records_come_in_order_within_the_settle_time() -> None:
    """A record that shows four seconds late is not lost; one that takes longer is."""
    cloud = service(records_at(10, 24.5, 25.5, 40, late=4.0))
    got, _ = virtually(watched(client_of(cloud), 3))
    assert numbers(got) == [0, 1, 2, 3]
    cloud = service(records_at(10, 24.5, 25.5, 40, late=40.0))
    got, _ = virtually(watched(client_of(cloud), 3, settle=50.0))
    assert numbers(got) == [0, 1, 2, 3]
    cloud = service(records_at(10, late=40.0))
    got, _ = virtually(watched(client_of(cloud), 4))
    assert got == []


def test_a_watch_that_was_put_down_brings_what_happened_since_at_once() -> None:
    """In another process, days later, over several windows."""
    cloud = service(records_at(3, 4000, 2 * DAY + 5, 5 * DAY, 5 * DAY + 40, 6 * DAY))

    async def main() -> None:
        transport = SimulatorTransport(cloud)
        first, resume = await watched(client_of(cloud, transport=transport), 1)
        assert numbers(first) == [0]
        for _ in range(5):
            await asyncio.sleep(DAY - 1)
        began = asyncio.get_running_loop().time()
        rest, resume = await watched(client_of(cloud, transport=transport), 3, resume)
        assert asyncio.get_running_loop().time() == began
        assert numbers(rest) == [1, 2, 3]
        more, _ = await watched(client_of(cloud, transport=transport), 3, resume)
        assert numbers(more) == [4]

    virtually(main())


def test_what_fell_off_the_log_meanwhile_is_a_gap() -> None:
    """After forty days the edge of the log is the beginning, and the gap is on a page."""
    cloud = service(records_at(3, 11 * DAY, 39 * DAY))

    async def main() -> None:
        transport = SimulatorTransport(cloud)
        _, resume = await watched(client_of(cloud, transport=transport), 1)
        for _ in range(40):
            await asyncio.sleep(DAY - 1)
        client = client_of(cloud, transport=transport)
        gaps, got = [], []
        async with aclosing(client.devices.watch(DID).pages(resume)) as pages:
            async for page in pages:
                gaps += page.gaps
                got += page.items
                if numbers(got) == [1, 2]:
                    break
        assert gaps[-1][1] - gaps[0][0] > 9 * DAY
        assert all(after[0] == before[1] + 1 for before, after in pairwise(gaps))

    virtually(main())


def test_a_slow_consumer_misses_nothing_and_causes_no_burst() -> None:
    """What was missed comes in one poll, the next one at its time."""
    cloud = service(records_at(1, 100, 900))

    async def main() -> None:
        got: list[DataRecord] = []
        async with aclosing(client_of(cloud).devices.watch(DID).pages()) as pages:
            for pause in (1000, 0, 0):
                got += (await anext(pages)).items
                await asyncio.sleep(pause)
        assert numbers(got) == [0, 1, 2]
        at = [entry.at - NOW for entry in cloud.ledger if entry.kind == "log.data"]
        assert at[1] - at[0] == pytest.approx(1000, abs=1)
        assert at[2] - at[1] == pytest.approx(30, abs=1)

    virtually(main())


def test_items_can_be_walked_and_two_walks_do_not_disturb_each_other() -> None:
    """A stream holds no state."""
    cloud = service(records_at(1, 2, 50))

    async def main() -> None:
        stream = client_of(cloud).devices.watch(DID, every=5)
        first, both = await asyncio.gather(stream.first(), stream.collect(limit=3))
        assert first is not None
        assert numbers([first]) == [0]
        assert numbers(both) == [0, 1, 2]

    virtually(main())


def test_an_error_says_where_to_go_on() -> None:
    """What the token brings is what the broken walk did not."""
    cloud = service(records_at(1, 50, 100))
    cloud.faults.set([FaultRule(path="*/data", nth=2, action="status", code=5301)])

    async def main() -> None:
        client = client_of(cloud)
        with pytest.raises(GizwitsError) as caught:
            await watched(client, 3)
        got, _ = await watched(client, 3, caught.value.resume)
        assert numbers(got) == [1, 2]

    virtually(main())


def test_a_closed_log_is_an_error_and_so_is_a_foreign_token() -> None:
    """Neither is a stream that is silent for ever."""
    cloud = service([], forbidden_logs=frozenset({"data"}))

    async def main() -> None:
        client = client_of(cloud)
        with pytest.raises(ForbiddenError):
            await watched(client, 1)
        async with aclosing(client.devices.data_log(DID, start=NOW - 9).pages()) as pages:
            with pytest.raises(ForbiddenError) as caught:
                await anext(pages)
        for token in (caught.value.resume, "nonsense"):
            with pytest.raises(ResumeMismatchError):
                await watched(client, 1, token)

    virtually(main())


@pytest.mark.parametrize("arguments", [
    {"every": 0.5}, {"every": float("nan")}, {"every": "5"}, {"every": True}, {"every": 1e9},
    {"settle": -1}, {"settle": None}, {"settle": float("inf")},
])  # fmt: skip
def test_bad_arguments_are_refused_when_they_are_given(arguments: Any) -> None:
    """Half a second between polls would be twice the quota."""
    cloud = service([])

    async def main() -> None:
        with pytest.raises(ValueError, match=next(iter(arguments))):
            client_of(cloud).devices.watch(DID, **arguments)

    virtually(main())


@settings(
    max_examples=50,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    times=st.lists(st.integers(-3_000, 60_000).map(lambda ms: ms / 1000), max_size=30),
    lags=st.lists(st.sampled_from([0.0, 0.5, 4.0]), min_size=1, max_size=5),
    every=st.sampled_from([2, 7, 30]),
    begin=st.sampled_from([0.0, 0.25, 0.999]),
    stops=st.lists(st.integers(1, 4), max_size=5),
    losses=st.sets(st.integers(2, 60), max_size=8),
    bounds=st.sampled_from(["closed", "half_open", "left_open"]),
    shown=st.sampled_from(["whole", "fractional", "hidden"]),
    last_page=st.sampled_from(["exact", "full", "endless"]),
    cap=st.integers(1, 5),
)
def test_nothing_is_lost_and_nothing_doubled(
    times: list[float],
    lags: list[float],
    every: int,
    begin: float,
    stops: list[int],
    losses: set[int],
    bounds: Any,
    shown: Any,
    last_page: Any,
    cap: int,
) -> None:
    """Any records, lags up to the settle time, servers, lost calls and resumptions: each one once."""
    log = [
        Record(
            at=round(NOW + at, 3), body={"attrs": {"n": n}}, seen_at=NOW + at + lags[n % len(lags)]
        )
        for n, at in enumerate(times)
    ]
    cloud = service(log, bounds=bounds, data_ts=shown, last_page=last_page, log_cap=cap)
    fates = [Fate.REPLY_LOST, Fate.NOT_SENT, Fate.STALL_AFTER]
    first: list[int] = []

    async def main() -> list[DataRecord]:
        transport = SimulatorTransport(
            cloud, fates=lambda _, n: fates[n % 3] if n in losses else Fate.DELIVER
        )
        transport.now()
        await asyncio.sleep(begin)
        got: list[DataRecord] = []
        resume: str | None = None
        left = [*stops]
        while transport.now() < NOW + 190:
            client = client_of(cloud, transport=transport, max_retries=1)
            stop, pages_seen = (left.pop(0) if left else None), 0
            try:
                async with aclosing(client.devices.watch(DID, every=every).pages(resume)) as pages:
                    async for page in pages:
                        if not first:
                            queries = (e.query for e in cloud.ledger if e.kind == "log.data")
                            first.append(int(next(queries)["start_ts"]) + 1)
                        got += page.items
                        resume = page.resume
                        pages_seen += 1
                        if pages_seen == stop or transport.now() > NOW + 190:
                            break
            except GizwitsError as error:
                if error.resume is not None:  # None: the watch had not begun yet.
                    resume = error.resume
                    if not first:
                        queries = (e.query for e in cloud.ledger if e.kind == "log.data")
                        first.append(int(next(queries, {"start_ts": NOW - 1})["start_ts"]) + 1)
                await asyncio.sleep(1)
        return got

    got = virtually(main())
    expected = cloud.truth("data", DID, first[0], NOW + 62)
    assert sorted(numbers([r for r in got if r.ts < NOW + 62])) == sorted(
        row["attrs"]["n"] for row in expected
    )
    seconds = [floor(record.ts) for record in got]
    assert seconds == sorted(seconds)


@pytest.mark.fault("P2")
def test_a_deadline_around_a_watch_ends_its_rest_too() -> None:
    """In the middle of a rest it is over, and what came since is there for who goes on."""
    cloud = service(records_at(1, 31, 40))

    async def main() -> None:
        async with client_of(cloud, deadline=2.0) as client:
            loop = asyncio.get_running_loop()
            got: list[DataRecord] = []
            began = loop.time()

            async def watch() -> None:
                async for record in client.devices.watch(DID):
                    got.append(record)  # noqa: PERF401 - it ends in an error

            with pytest.raises(TimedOutError) as caught, deadline(45.0):
                await watch()
            assert loop.time() - began == pytest.approx(45.0)
            assert numbers(got) == [0]
            await asyncio.sleep(60)
            more, _ = await watched(client, 1, caught.value.resume)
            assert numbers(more) == [1, 2]

    virtually(main())
