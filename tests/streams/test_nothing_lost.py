"""Servers that lie or lose pages: what a log walk cannot return is an error, a gap, or never asked for."""

import asyncio
import logging
from collections import Counter
from math import floor
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from gizwits_async.errors import GizwitsError, InvalidResponseError
from gizwits_async.simulator import (
    FaultRule,
    Fleet,
    Quirks,
    Rates,
    SimulatedCloud,
    SimulatorTransport,
)
from gizwits_async.simulator.state.timeline import Record
from tests.doubles import client_of, virtually

NOW = 1_790_000_000
DID = "d" * 22
DAY = 86_400
PATH = f"*/devices/{DID}/data"


def service(
    times: list[float], *faults: FaultRule, settings: dict[str, Any] | None = None
) -> SimulatedCloud:
    records = [Record(at=at, body={"attrs": {"n": n}}) for n, at in enumerate(sorted(times))]
    fleet = Fleet.of([DID], {("data", DID): records}, now=NOW)
    return SimulatedCloud(fleet, quirks=Quirks(**(settings or {})), faults=faults, quota=10**9)


class Result:
    """What a walk returned, and how it ended."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.gaps: list[tuple[int, int]] = []
        self.error: GizwitsError | None = None
        self.resume: str | None = None
        self.seconds = 0.0


async def walked(
    cloud: SimulatedCloud,
    *,
    transport: SimulatorTransport | None = None,
    resume: str | None = None,
    options: dict[str, Any] | None = None,
    **arguments: Any,
) -> Result:
    """Walk the data log once and return what came of it."""
    result = Result()
    transport = transport or SimulatorTransport(cloud)
    began = transport.now()
    client = client_of(cloud, transport=transport, **(options or {}))
    try:
        async for page in client.devices.data_log(DID, **arguments).pages(resume):
            result.numbers += [record.attrs["n"] for record in page.items]
            result.gaps += page.gaps
            result.resume = page.resume
    except GizwitsError as error:
        result.error = error
    result.seconds = transport.now() - began
    return result


def expected(cloud: SimulatedCloud, start: float, end: float) -> Counter[int]:
    rows: list[Any] = cloud.truth("data", DID, start, end)
    return Counter(row["attrs"]["n"] for row in rows)


SPREAD = [NOW - 10 - 6.5 * n for n in range(515)]


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("total", ["right", "missing", "page_only"])
def test_a_context_that_always_dies_at_one_page_loses_nothing(
    sort: Any, page: int, total: Any
) -> None:
    """It dies silently at each attempt, but each attempt comes further."""
    quirks = {"dead_page": page, "dead_context": "empty", "total": total}
    cloud = service(SPREAD, settings=quirks)
    found = virtually(walked(cloud, start=NOW - 4000, end=NOW, sort=sort))
    assert found.error is None
    assert Counter(found.numbers) == expected(cloud, NOW - 4000, NOW)


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_second_of_many_pages_whose_context_always_dies_is_an_error(sort: Any) -> None:
    """The server's own total says that records are missing, and no attempt comes further."""
    busy = [NOW - 100 + n / 400 for n in range(300)]
    cloud = service(
        [NOW - 50, *busy, NOW - 200], settings={"dead_page": 1, "dead_context": "empty"}
    )
    found = virtually(walked(cloud, start=NOW - 4000, end=NOW, sort=sort))
    assert isinstance(found.error, InvalidResponseError)
    assert found.error.resume is not None
    assert found.seconds >= 10, "there are pauses between the looks"
    cloud.quirks = Quirks()
    rest = virtually(walked(cloud, start=NOW - 4000, end=NOW, sort=sort, resume=found.error.resume))
    assert Counter(found.numbers + rest.numbers) == expected(cloud, NOW - 4000, NOW)


@pytest.mark.parametrize("lost", [(2, 3), (1, 2, 3), (1, 3), (1, 2, 3, 4, 5, 6, 7, 8)])
def test_empty_replies_that_contradict_their_total_lose_nothing(lost: tuple[int, ...]) -> None:
    """They are looked at again after a pause; only if that does not help is it an error."""
    cloud = service(SPREAD, FaultRule(action="empty_page", path=PATH, nth=lost))
    found = virtually(walked(cloud, start=NOW - 4000, end=NOW))
    if len(lost) < 5:
        assert found.error is None
        assert Counter(found.numbers) == expected(cloud, NOW - 4000, NOW)
    else:
        assert isinstance(found.error, InvalidResponseError)
        assert found.error.resume is not None


@pytest.mark.parametrize("total", ["right", "over", "drifting", "missing", "short"])
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("empties", [4, 8])
def test_empty_pages_in_the_middle_of_a_window_hide_nothing(
    total: Any, before: int, empties: int
) -> None:
    """Four or more in a row, before the first page or later: a further look follows more of them."""
    quirks = {"empty_pages": empties, "empty_pages_before": before, "total": total}
    cloud = service(SPREAD, settings=quirks)
    found = virtually(walked(cloud, start=NOW - 4000, end=NOW))
    assert found.error is None
    assert Counter(found.numbers) == expected(cloud, NOW - 4000, NOW)


def test_many_more_empty_pages_are_an_error_where_a_total_contradicts_them() -> None:
    """And a warning where none does: never silence."""
    cloud = service(SPREAD, settings={"empty_pages": 60, "empty_pages_before": 0})
    found = virtually(walked(cloud, start=NOW - 4000, end=NOW))
    assert isinstance(found.error, InvalidResponseError)
    assert found.error.resume is not None


def test_an_end_by_empty_pages_without_a_total_is_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once a client, and only of windows without records: there nothing confirms the end."""
    cloud = service(SPREAD, settings={"last_page": "endless", "total": "missing"})
    with caplog.at_level(logging.WARNING, "gizwits_async"):
        found = virtually(walked(cloud, start=NOW - 4000, end=NOW, options={"max_log_span": 1000}))
        assert Counter(found.numbers) == expected(cloud, NOW - 4000, NOW)
        assert not caplog.records
        virtually(walked(cloud, start=NOW - 9000, end=NOW - 4000, options={"max_log_span": 1000}))
    assert ["context promised more" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize("total", ["over", "drifting"])
def test_totals_that_are_too_large_are_found_out_and_not_used(
    total: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """At the cost of a few calls a client, and a warning; then each window costs what it must."""
    cloud = service(SPREAD, settings={"total": total})

    async def main() -> None:
        client = client_of(cloud)
        for _ in range(3):
            calls = len(cloud.ledger)
            log = client.devices.data_log(DID, start=NOW - 4000, end=NOW)
            got = [record.attrs["n"] async for record in log]
            assert Counter(got) == expected(cloud, NOW - 4000, NOW)
        assert len(cloud.ledger) - calls <= 7 + 2

    with caplog.at_level(logging.WARNING, "gizwits_async"):
        virtually(main())


def test_a_server_that_keeps_logs_for_seven_days_gives_the_newest() -> None:
    """The refusal of an older range is understood once; the rest is a gap, without a call."""
    times = [NOW - 5 - n * 3600.5 for n in range(240)]
    for sort in ("asc", "desc"):
        cloud = service(times, settings={"log_days": 7})
        found = virtually(walked(cloud, start=NOW - 10 * DAY, end=NOW, sort=sort))
        assert found.error is None
        ((first, last),) = found.gaps
        assert (first, last) == (NOW - 10 * DAY, pytest.approx(NOW - 7 * DAY, abs=5))
        assert Counter(found.numbers) == expected(cloud, last + 1, NOW)
        refused = [entry for entry in cloud.ledger if entry.error_code is not None]
        assert 1 <= len(refused) <= 3


def test_what_was_learned_of_the_age_of_logs_is_remembered() -> None:
    """The next walk, of any device, is not refused at all."""
    cloud = service([NOW - 5], settings={"log_days": 7})

    async def main() -> None:
        client = client_of(cloud)
        for _ in range(2):
            calls = len(cloud.ledger)
            stream = client.devices.cmd_log(DID, start=NOW - 20 * DAY, end=NOW, sort="asc")
            gaps = [gap async for page in stream.pages() for gap in page.gaps]
            assert len(gaps) == 1
        assert not any(entry.error_code for entry in [*cloud.ledger][calls:])

    virtually(main())


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize("refuse_future_end", [False, True])
@pytest.mark.parametrize("log_days", [30, 7])
def test_a_server_whose_two_days_are_less_is_understood(
    sort: Any, refuse_future_end: bool, log_days: int
) -> None:
    """The default log call and longer ranges: at most a few refusals, once a client."""
    times = [NOW - 3 - n * 1800.5 for n in range(600)]
    quirks = {
        "span_strict": True,
        "refuse_future_end": refuse_future_end,
        "log_days": log_days,
    }
    cloud = service(times, settings=quirks)

    async def main() -> None:
        client = client_of(cloud)
        log = client.devices.data_log(DID, sort=sort)
        got = [record.attrs["n"] async for record in log]
        assert Counter(got) == expected(cloud, NOW - 172_799, NOW + 1)
        refused = sum(entry.error_code is not None for entry in cloud.ledger)
        assert refused <= 3
        got.clear()
        gaps = []
        async for page in client.devices.data_log(DID, start=NOW - 10 * DAY, sort=sort).pages():
            got += [record.attrs["n"] for record in page.items]
            gaps += page.gaps
        start = gaps[-1][1] + 1 if gaps else NOW - 10 * DAY
        assert bool(gaps) == (log_days == 7)
        assert Counter(got) == expected(cloud, start, NOW + 60)
        assert sum(entry.error_code is not None for entry in cloud.ledger) <= refused + 7

    virtually(main())


def test_a_refusal_for_another_reason_leaves_no_gap_and_teaches_nothing() -> None:
    """All explanations are tried; then the error is the caller's, with nothing passed over."""
    cloud = service(
        [NOW - 5], FaultRule(action="status", code=5002, path=PATH, nth=tuple(range(1, 9)))
    )
    found = virtually(walked(cloud, start=NOW - 10 * DAY, end=NOW, sort="asc"))
    assert found.error is not None
    assert found.gaps == []
    rest = virtually(
        walked(
            service([NOW - 9 * DAY, NOW - 5]),
            start=NOW - 10 * DAY, end=NOW, sort="asc", resume=found.error.resume,
        )
    )  # fmt: skip
    assert (rest.numbers, rest.gaps) == ([0, 1], [])


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize("end", ["open", "given"])
def test_a_date_that_falls_behind_cuts_nothing_off(sort: Any, end: str) -> None:
    """One node's clock is a minute slow: a range that was resolved is asked for to its end."""
    times = [NOW - 0.5 - n * 2 for n in range(200)]
    for seed in range(6):
        quirks = {"node_clocks": (0.0, -60.0), "seed": seed}
        cloud = service(times, settings=quirks)
        to = None if end == "open" else NOW
        found = virtually(
            walked(cloud, start=NOW - 400, end=to, sort=sort, options={"max_log_span": 30})
        )
        assert found.error is None
        until = NOW if end == "given" or max(found.numbers) == 199 else NOW - 61
        missing = expected(cloud, NOW - 400, until) - Counter(found.numbers)
        assert not missing
        assert max(Counter(found.numbers).values()) == 1


@pytest.mark.parametrize("lag", [0.0, 0.5, 30.0, 59.0])
@pytest.mark.parametrize("skew", [0.0, 2.0, -2.0, 5000.0])
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_rounds_with_settle_miss_no_late_record(lag: float, skew: float, sort: Any) -> None:
    """One record each 2 s, read in rounds of a minute; our clock may be off as it likes."""
    times = [NOW - 100 + n * 2.0 + 0.3 for n in range(450)]
    cloud = service(times, settings={"record_lag": lag})

    async def main() -> list[int]:
        transport = SimulatorTransport(cloud)
        got: list[int] = []
        resume: str | None = None
        for _ in range(16):
            client = client_of(cloud, transport=transport)
            client._gateway.clock._wall = lambda: transport.now() + skew
            log = client.devices.data_log(DID, start=NOW - 100, sort=sort, settle=60)
            async for page in log.pages(resume):
                got += [record.attrs["n"] for record in page.items]
                resume = page.resume
                assert resume is not None
            await asyncio.sleep(60)
        return got

    got = virtually(main())
    assert Counter(got) == Counter(range(len(got)))
    assert len(got) >= 425


def test_a_range_with_a_given_end_settles_and_is_over() -> None:
    """`resume` is None once the end itself has settled."""
    cloud = service([NOW + n for n in range(0, 200, 10)], settings={"record_lag": 20.0})

    async def main() -> None:
        transport = SimulatorTransport(cloud)
        log = client_of(cloud, transport=transport).devices.data_log(
            DID, start=NOW - 5, end=NOW + 100, sort="asc", settle=20
        )
        got: list[int] = []
        resume: str | None = None
        rounds = 0
        while rounds == 0 or resume is not None:
            await asyncio.sleep(30)
            rounds += 1
            async for page in log.pages(resume):
                got += [record.attrs["n"] for record in page.items]
                resume = page.resume
        assert got == [*range(10)]
        assert rounds == 5

    virtually(main())


def test_rounds_after_a_long_pause_report_what_fell_off() -> None:
    """After forty days the token goes on with a gap, not with an error."""
    cloud = service([NOW - 50, NOW + 38 * DAY])

    async def main() -> None:
        transport = SimulatorTransport(cloud)
        first = await walked(cloud, transport=transport, start=NOW - 100, sort="asc", settle=10)
        assert first.numbers == [0]
        for _ in range(40):
            await asyncio.sleep(DAY - 1)
        later = await walked(
            cloud, transport=transport, start=NOW - 100, sort="asc", settle=10, resume=first.resume
        )
        assert later.numbers == [1]
        assert later.gaps[0][0] == NOW - 10
        assert later.gaps[-1][1] - later.gaps[0][0] > 9 * DAY

    virtually(main())


@pytest.mark.parametrize("settle", [-1, float("nan"), "5", True, 1e9])
def test_a_bad_settle_is_refused_where_it_is_given(settle: Any) -> None:
    """A ValueError before anything is sent."""

    async def main() -> None:
        with pytest.raises(ValueError, match="settle"):
            client_of(service([])).devices.data_log(DID, settle=settle)

    virtually(main())


@pytest.mark.parametrize("max_quota_wait", [0.0, 1.0])
def test_a_slow_login_and_a_wrong_clock_refuse_no_good_range(max_quota_wait: float) -> None:
    """The server's time is not known yet, and ours is 2.5 h off: no ValueError for a good range."""
    for skew in (-9000.0, 9000.0):
        cloud = service([NOW - 100])

        async def main(cloud: SimulatedCloud = cloud, skew: float = skew) -> Result:
            transport = SimulatorTransport(cloud, latency=5.0)
            client = client_of(cloud, transport=transport, max_quota_wait=max_quota_wait)
            client._gateway.clock._wall = lambda: transport.now() + skew
            result = Result()
            start = NOW - 3600 if skew < 0 else NOW - 30 * DAY + 3600
            async for page in client.devices.data_log(DID, start=start, end=start + 60).pages():
                result.gaps += page.gaps
            return result

        assert virtually(main()).error is None


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_plain_server_is_asked_each_page_once(sort: Any) -> None:
    """None of these precautions costs a call: a query for each window, and a call for each page."""
    fleet = Fleet.generate(2, 30, now=NOW, rates=Rates(reports=160, dense=0.2, dense_size=120))
    cloud = SimulatedCloud(fleet, quota=10**9)
    days = (2, 9.5, 29)

    async def main() -> None:
        devices = client_of(cloud).devices
        for device in fleet.devices:
            for start in (NOW - part * DAY - 0.5 for part in days):
                await devices.data_log(device.did, start=start, sort=sort).collect()

    virtually(main())
    calls = [entry for entry in cloud.ledger if entry.kind == "log.data"]
    opened = [(entry.path, entry.query) for entry in calls if "context" not in entry.query]
    owned = 172_799
    assert len(opened) == len(fleet.devices) * sum(-(-int(d * DAY + 2) // owned) for d in days)
    pages = 0
    for path, query in opened:
        did = path.split("/")[-2]
        rows = cloud.truth("data", did, int(query["start_ts"]), int(query["end_ts"]) + 1)
        pages += max(1, -(-len(rows) // 100))
    assert len(calls) == pages


servers = st.fixed_dictionaries(
    {
        "total": st.sampled_from(["right", "short", "over", "drifting", "page_only", "missing"]),
        "log_cap": st.sampled_from([3, 7, 20]),
        "dead_page": st.sampled_from([None, None, 1, 2, 5]),
        "dead_context": st.sampled_from(["error", "empty"]),
        "context_death": st.sampled_from([0.0, 0.1]),
        "empty_pages": st.sampled_from([0, 0, 2, 5, 8]),
        "empty_pages_before": st.integers(0, 2),
        "last_page": st.sampled_from(["exact", "full", "empty", "endless"]),
        "context_kind": st.sampled_from(["position", "single_use"]),
        "record_lag": st.sampled_from([0.0, 0.5, 30.0]),
        "node_clocks": st.sampled_from([(0.0,), (0.0, -40.0), (0.0, 3.0, -3.0)]),
        "log_days": st.sampled_from([30, 7]),
        "span_strict": st.booleans(),
        "refuse_future_end": st.booleans(),
        "bounds": st.sampled_from(["closed", "half_open", "left_open"]),
        "seed": st.integers(0, 99),
    }
)


@pytest.mark.parametrize("examples", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_no_server_makes_a_walk_lose_records_in_silence(examples: int) -> None:
    """Each missing record lies in a gap or behind an error with `.resume`; none comes twice."""

    @settings(
        max_examples=examples,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        quirks=servers,
        empty=st.sets(st.integers(1, 25), max_size=4),
        days=st.sampled_from([0.02, 1, 9]),
        sort=st.sampled_from(["asc", "desc"]),
        span=st.sampled_from([172_800, 172_800, 12_000]),
    )
    def check(quirks: dict[str, Any], empty: set[int], days: float, sort: Any, span: int) -> None:
        untold = {"missing", "page_only", "short"} | ({"over", "drifting"} if span < DAY else set())
        if quirks["total"] in untold:
            # Where no total helps (one that is too large is not used after the first windows), an
            # empty reply is an empty window; and a context that dies at the same page again, at
            # the look after the pause, looks like the end.
            empty, quirks = set(), {**quirks, "context_death": 0.0}
        note(repr((quirks, empty, days, sort, span)))
        step = days * DAY / 90
        times = [NOW - 100 - step * (n + 0.3) for n in range(88)]
        rule = FaultRule(action="empty_page", path=PATH, nth=tuple(empty) or (10**6,))
        cloud = service(times, rule, settings=quirks)
        start = NOW - 100 - days * DAY
        options = {"max_log_span": span}
        found = virtually(
            walked(cloud, start=start, end=NOW, sort=sort, settle=90, options=options)
        )
        twice = [n for n, count in Counter(found.numbers).items() if count > 1]
        assert twice == []
        # The first `Date` may lag by 40 s: then the range ends earlier, and its token says so.
        missing = expected(cloud, start, NOW - 135) - Counter(found.numbers)
        if found.error is not None:
            assert found.error.resume is not None
            return
        at = dict(enumerate(sorted(times)))
        in_gaps = {n for n in missing if any(a <= floor(at[n]) <= b for a, b in found.gaps)}
        assert set(missing) == in_gaps

    check()
