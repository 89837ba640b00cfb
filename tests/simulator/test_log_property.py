"""Under all quirks, the whole seconds inside a range are returned once each, in order."""

import json
from math import floor

from hypothesis import given, settings
from hypothesis import strategies as st

from gizwits_async.simulator import Fleet, Quirks, SimulatedCloud, SimulatedRequest

NOW = 1_790_000_000
DID = "d" * 22
START, END = NOW - 60, NOW - 40
NAMES = {"online": "timestamp", "data": "ts"}

quirks = st.builds(
    Quirks,
    bounds=st.sampled_from(["closed", "half_open", "left_open"]),
    comparison=st.sampled_from(["float", "whole"]),
    data_ts=st.sampled_from(["whole", "fractional", "hidden"]),
    event_timestamp=st.sampled_from(["whole", "fractional", "hidden"]),
    second_order=st.sampled_from(["time", "reversed", "shuffled"]),
    context_place=st.sampled_from(["meta", "top", "both", "last_object", "extra_object"]),
    context_end=st.sampled_from(["empty", "null", "absent"]),
    last_page=st.sampled_from(["exact", "full", "empty"]),
    empty_pages=st.integers(0, 2),
    empty_pages_before=st.integers(0, 2),
    context_kind=st.sampled_from(["position", "single_use", "scroll"]),
    context_life_from=st.sampled_from(["opening", "use"]),
    hits=st.booleans(),
    total=st.sampled_from(["right", "missing", "null", "page_only", "over", "drifting"]),
    log_cap=st.integers(1, 100),
)


def walk(cloud: SimulatedCloud, log: str, sort: str, limit: int) -> list[dict]:
    """Follow the contexts of one window, wherever they are written, and return all records."""
    token, _ = cloud.tokens.issue(cloud.product.key, NOW, revoke_others=False)
    root = f"/v1/products/{cloud.credentials.product_key}/devices/{DID}/{log}"
    query = f"start_ts={START}&end_ts={END}&sort={sort}&limit={limit}"
    rows, context = [], ""
    for _ in range(200):
        more = f"&context={context}" if context else ""
        request = SimulatedRequest(
            method="GET",
            target=f"{root}?{query}{more}",
            headers={"Authorization": f"token {token}"},
        )
        page = json.loads(cloud.handle(request, NOW).body)
        objects = page["objects"]["hits"]["objects"] if cloud.quirks.hits else page["objects"]
        found = [holder.pop("context", None) for holder in (page["meta"], page, *objects)]
        context = next((one for one in found if one), "").replace("+", "%2B")
        rows += [row for row in objects if row]
        if not context:
            return rows
    raise AssertionError("the chain has no end")


@settings(max_examples=200, deadline=None)
@given(
    quirks,
    st.sampled_from(["online", "data"]),
    st.sampled_from(["asc", "desc"]),
    st.integers(1, 30),
    st.lists(st.integers(-2_000, 22_000), max_size=40),
)
def test_inner_seconds_are_certain(switches, log, sort, limit, offsets):
    """A query with integer bounds returns each record of the seconds between them exactly once."""
    times = [START + offset / 1000 for offset in offsets]
    cloud = SimulatedCloud(Fleet.of([DID], {(log, DID): times}, now=NOW), quirks=switches)
    rows, name = walk(cloud, log, sort, limit), NAMES[log]
    seconds = [floor(row[name]) for row in rows]
    assert seconds == sorted(seconds, reverse=sort == "desc")
    inner = [row for row in rows if START < floor(row[name]) < END]
    expected = cloud.truth(log, DID, START + 1, END)
    assert sorted(map(json.dumps, inner)) == sorted(map(json.dumps, expected))
    assert len(rows) <= len(times)
