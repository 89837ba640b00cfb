"""The promise of the log streams, against every kind of server and any interruption."""

import asyncio
import json
from collections import Counter
from contextlib import aclosing
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, note, settings
from hypothesis import strategies as st

from gizwits_async.errors import GizwitsError
from gizwits_async.models import to_dict
from gizwits_async.simulator import Fleet, Quirks, SimulatedCloud, SimulatorTransport
from gizwits_async.simulator.state.timeline import Record
from gizwits_async.simulator.transport import Fate
from tests.doubles import client_of, virtually

NOW = 1_790_000_000
DID = "d" * 22


def canonical(records: list[Any]) -> Counter[str]:
    """Return a multiset of records as JSON."""
    plain = [r if isinstance(r, dict) else to_dict(r) for r in records]
    return Counter(json.dumps(r, sort_keys=True) for r in plain)


# Times cluster on few seconds, so that windows, seams and busy seconds all come up.
offsets = st.lists(
    st.one_of(
        st.integers(-2, 62_000).map(lambda ms: ms / 1000),
        st.sampled_from([10.0, 10.5, 10.999, 11.0, 29.0, 30.0, 30.001, 31.0]),
    ),
    max_size=40,
)
servers = st.builds(
    Quirks,
    bounds=st.sampled_from(["closed", "half_open", "left_open"]),
    comparison=st.sampled_from(["float", "whole"]),
    data_ts=st.sampled_from(["whole", "fractional", "hidden"]),
    second_order=st.sampled_from(["time", "reversed", "shuffled"]),
    context_place=st.sampled_from(["meta", "top", "both", "last_object", "extra_object"]),
    context_end=st.sampled_from(["empty", "null", "absent"]),
    last_page=st.sampled_from(["exact", "full", "empty", "endless"]),
    empty_pages=st.integers(0, 3),
    empty_pages_before=st.integers(0, 2),
    context_kind=st.sampled_from(["position", "single_use", "scroll"]),
    dead_context=st.sampled_from(["error", "empty"]),
    context_death=st.sampled_from([0.0, 0.0, 0.05]),
    hits=st.booleans(),
    total=st.sampled_from(["right", "over", "page_only", "missing", "null"]),
    log_cap=st.integers(1, 7),
    refuse_future_end=st.booleans(),
    seed=st.integers(0, 9),
)


async def walk_all(
    cloud: SimulatedCloud,
    transport: SimulatorTransport,
    arguments: dict[str, Any],
    span: int,
    stops: list[int],
) -> list[Any]:
    """Walk, put down after so many pages, take up elsewhere, and return all that was given."""
    got: list[Any] = []
    resume: str | None = None
    stops = list(stops)
    for _ in range(200):
        client = client_of(
            cloud, transport=transport, max_log_span=span, max_retries=8, context_lifetime=3600
        )
        stop = stops.pop(0) if stops else None
        count = 0
        try:
            async with aclosing(client.devices.data_log(DID, **arguments).pages(resume)) as pages:
                async for page in pages:
                    got += page.items
                    resume = page.resume
                    if resume is None:
                        return got
                    count += 1
                    if count == stop:
                        break
        except GizwitsError as error:
            assert error.resume is not None, error
            resume = error.resume
        await asyncio.sleep(4000 if stop == 2 else 1)
    raise AssertionError("the walk does not end")


@pytest.mark.fault("X7", "X10", "X16")
@settings(
    max_examples=300,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    times=offsets,
    twins=st.integers(0, 3),
    restart=st.booleans(),
    quirks=servers,
    span=st.integers(2, 70),
    start=st.sampled_from([0, 0.5, 1, 9.999, 10, 10.5]),
    end=st.sampled_from([11, 30, 30.5, 31, 60, None]),
    sort=st.sampled_from(["asc", "desc"]),
    stops=st.lists(st.integers(1, 3), max_size=4),
    losses=st.sets(st.integers(1, 40), max_size=6),
)
@example(  # Two equal events, one a page, under one context that stands in an object of its own.
    times=[29.0],
    twins=1,
    restart=False,
    quirks=Quirks(
        bounds="left_open", comparison="whole", context_place="extra_object", context_kind="scroll",
        last_page="endless", hits=True, log_cap=1, refuse_future_end=True,
    ),
    span=2,
    start=1,
    end=30.5,
    sort="asc",
    stops=[],
    losses=set(),
)  # fmt: skip
@example(  # The context died twice at the same page and restarted, which looked like equal events.
    times=[10.0],
    twins=0,
    restart=True,
    quirks=Quirks(
        bounds="half_open", comparison="whole", data_ts="hidden", context_place="last_object",
        context_end="absent", last_page="endless", context_death=0.05, log_cap=1,
        refuse_future_end=True, seed=8,
    ),
    span=16,
    start=1,
    end=30.5,
    sort="desc",
    stops=[2],
    losses={20, 30},
)  # fmt: skip
@example(  # The total of a page counts the object of its context, and was that of a window by chance.
    times=[10.0, 11.0, 25.0, 26.0, 27.0, 28.0],
    twins=0,
    restart=False,
    quirks=Quirks(context_place="extra_object", total="page_only", log_cap=1),
    span=12,
    start=5,
    end=40,
    sort="asc",
    stops=[],
    losses=set(),
)
@example(  # Two records of one second at a server with one record a page, whose contexts never end.
    times=[10.0, 0.322, 10.0],
    twins=0,
    restart=False,
    quirks=Quirks(
        bounds="closed", data_ts="whole", comparison="whole", second_order="reversed",
        last_page="endless", empty_pages=2, empty_pages_before=1, total="missing", log_cap=1,
    ),
    span=2,
    start=1,
    end=30,
    sort="asc",
    stops=[],
    losses=set(),
)  # fmt: skip
def test_a_walk_gives_exactly_the_records_of_its_range(
    times: list[float],
    twins: int,
    restart: bool,
    quirks: Quirks,
    span: int,
    start: float,
    end: float | None,
    sort: str,
    stops: list[int],
    losses: set[int],
) -> None:
    """Any log, range, server, interruption: each record of the range once, and nothing else."""
    if twins:
        # Without a total, a page of equal events looks like a server that goes in a circle.
        quirks = quirks.evolve(total="right")
    elif restart:
        # Begun again in another order inside a second, a page is like any other.
        order = "time" if quirks.second_order == "shuffled" else quirks.second_order
        # Empty pages that start over look like empty pages that go on.
        # And a total that is too large would make room for what came twice.
        total = "right" if quirks.total == "over" else quirks.total
        quirks = quirks.evolve(
            dead_context="restart", second_order=order, empty_pages=0, total=total
        )
    if quirks.dead_context == "empty":
        # An empty end that comes at the same page at each attempt looks like the true end; that it is
        # verified is tested in test_nothing_lost.py.
        quirks = quirks.evolve(context_death=0.0)
    if quirks.context_place == "last_object":
        quirks = quirks.evolve(empty_pages=0)  # An empty page has no object to hold the context.
    note(repr((times, quirks, span, start, end, sort, stops, losses)))
    base = NOW - 100
    records = [Record(at=round(base + t, 3), body={"attrs": {"n": i}}) for i, t in enumerate(times)]
    records += records[:twins]  # Genuinely equal events are two.
    fleet = Fleet.of([DID], {("data", DID): records}, now=NOW)
    cloud = SimulatedCloud(fleet, quirks=quirks, quota=10**9)
    fates = [Fate.REPLY_LOST, Fate.NOT_SENT, Fate.STALL_AFTER]
    transport = SimulatorTransport(
        cloud, fates=lambda _, n: fates[n % 3] if n in losses else Fate.DELIVER
    )
    arguments = {"start": base + start, "end": None if end is None else base + end, "sort": sort}
    got = virtually(walk_all(cloud, transport, arguments, span, stops))
    upto = NOW if end is None else base + end
    assert canonical(got) == canonical(cloud.truth("data", DID, base + start, upto))
    used = [e.query["context"] for e in cloud.ledger if "context" in e.query]
    if quirks.context_kind != "scroll" and not losses:
        assert len(used) == len(set(used)), "a context was sent twice"


SERVERS = list(
    product(
        ["closed", "half_open", "left_open"],
        ["float", "whole"],
        ["whole", "fractional", "hidden"],
        ["meta", "top"],
        ["empty", "null", "absent"],
        ["position", "scroll"],
        ["asc", "desc"],
    )
)


@pytest.mark.fault("X8", "X10")
@pytest.mark.parametrize("kind", ["position", "scroll"])
def test_every_combination_of_servers_loses_and_doubles_nothing(kind: str) -> None:
    """All 432 combinations of the issue: 0 lost, 0 doubled over three windows with busy seconds."""
    base = NOW - 3 * 172_799
    seams = [base, base + 172_799, base + 2 * 172_799]
    times = [s + d for s in seams for d in (-0.5, 0.0, 0.25, 0.999, 1.0, 1.5)]
    times += [base + 1000 + i * 3000.125 for i in range(120)]
    times += [base + 5000 + i / 1000 for i in range(0, 460, 3)]  # 154 in one second
    fleet = Fleet.of([DID], {("data", DID): times}, now=NOW)
    failed = []
    for bounds, comparison, shown, where, end, context, sort in SERVERS:
        if context != kind:
            continue
        quirks = Quirks(
            bounds=bounds, comparison=comparison, data_ts=shown, context_place=where,
            context_end=end, context_kind=context,
        )  # fmt: skip
        cloud = SimulatedCloud(fleet, quirks=quirks, quota=10**9)
        client = client_of(cloud)
        got = virtually(client.devices.data_log(DID, start=base, end=NOW, sort=sort).collect())
        if canonical(got) != canonical(cloud.truth("data", DID, base, NOW)):
            failed.append((bounds, comparison, shown, where, end, context, sort))
    assert failed == []
