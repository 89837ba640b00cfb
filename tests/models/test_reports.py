"""Reports in the shapes of the document's tables and of its examples mean the same."""

from typing import Any

import attrs
import pytest

from gizwits_async import InvalidResponseError
from gizwits_async.models.converter import structure
from gizwits_async.models.device_groups import GroupTree
from gizwits_async.models.device_reports import (
    DeviceSummary,
    FaultReport,
    LivenessHistory,
    LocationReport,
    RealtimeReport,
)
from gizwits_async.models.devices import OnlineEvent
from gizwits_async.models.user_reports import ActiveUsers, NewUsers, UserTotal
from tests.doubles import virtual
from tests.faults.spoken import END, START, T1, page, spoken

COUNTS = {
    FaultReport: {"total": 3, "resolved": 1, "unresolved": "2"},
    RealtimeReport: {"activated": 4, "faulty": 1, "alert": 1},
}
HISTORIES = pytest.mark.parametrize("kind", [NewUsers, LivenessHistory])


@pytest.mark.parametrize(("kind", "counts"), COUNTS.items())
@pytest.mark.parametrize("beside", [{}, {"count": None}])
def test_counts_are_read_flat_and_nested(kind: Any, counts: Any, beside: Any) -> None:
    """The tables list the counts beside `gid`, the examples under `count`."""
    rest = {"gid": "g", "location": {"China": {"count": counts}}}
    nested = structure({**rest, "count": counts}, kind)
    assert structure({**rest, **beside, **counts}, kind) == nested
    assert [*vars_of(nested.count)] == [int(one) for one in counts.values()]


def vars_of(counts: Any) -> Any:
    """Yield the values of a counts object in the order of its fields."""
    return (getattr(counts, one.name) for one in attrs.fields(type(counts)))


@pytest.mark.parametrize("kind", COUNTS)
def test_zero_counts_may_be_left_out(kind: Any) -> None:
    """The service leaves out what is zero, but not the object around it."""
    report = structure({"count": {}, "location": {}}, kind)
    assert set(vars_of(report.count)) == {0}


@pytest.mark.parametrize(
    "kind",
    [FaultReport, RealtimeReport, LocationReport, DeviceSummary, LivenessHistory, NewUsers,
     ActiveUsers, UserTotal],
)  # fmt: skip
@pytest.mark.parametrize("reply", [{}, {"other": 1}, []])
def test_a_reply_without_the_report_is_an_error(kind: Any, reply: Any) -> None:
    """A reply of another endpoint, or an empty object, must not look like a report of zeros."""
    with pytest.raises(InvalidResponseError):
        structure(reply, kind)


@pytest.mark.parametrize("kind", [FaultReport, RealtimeReport])
@pytest.mark.parametrize("reply", [{"gid": None}, {"gid": None, "location": {}}])
def test_a_report_without_counts_is_an_error(kind: Any, reply: Any) -> None:
    """Neither shape is there."""
    with pytest.raises(InvalidResponseError, match=r"required field missing @ \$\.count"):
        structure(reply, kind)


@pytest.mark.parametrize("kind", [LivenessHistory, NewUsers, ActiveUsers])
def test_a_history_without_rows_is_an_error(kind: Any) -> None:
    """`data` is required: a reply that lost it is no empty history."""
    for reply in ({"gid": None, "cycle": "date", "data": None}, {"data": {}}, {"data": "x"}):
        with pytest.raises(InvalidResponseError, match=r"\$\.data"):
            structure(reply, kind)
    assert structure({"data": []}, kind).data == ()


@HISTORIES
@pytest.mark.parametrize(
    ("cycle", "period"),
    [("date", "2017-12-01"), ("week", "2017-51"), ("month", "2017-12"), (None, "2017-12-01")],
)
def test_the_period_of_a_row_may_be_called_data(kind: Any, cycle: Any, period: str) -> None:
    """The table of new users names it so; the report's cycle states which period it is."""
    (row,) = structure({"cycle": cycle, "data": [{"data": period, "count": "3"}]}, kind).data
    assert (row.period, row.count) == (period, 3)
    assert getattr(row, cycle or "date") == period


@HISTORIES
def test_a_period_under_its_own_name_wins(kind: Any) -> None:
    """`data` beside `date` changes nothing."""
    (row,) = structure({"cycle": "date", "data": [{"data": "x", "date": "2017-12-01"}]}, kind).data
    assert row.period == "2017-12-01"


def test_a_single_gid_is_a_tree_of_one_group() -> None:
    """The document's table of response parameters lists `gid` alone."""
    (node,) = structure({"gid": "c8e4"}, GroupTree).groups
    assert (node.gid, node.children) == ("c8e4", ())


FLAT = {"KeepAlive": 130, "duration": 9, "reason": "no_heartbeat", "count": 2, "max": 3}


@pytest.mark.parametrize("payload", [{}, {"payload": ""}, {"payload": None}, {"payload": {}}])
@virtual
async def test_details_beside_the_payload_are_kept(payload: Any) -> None:
    """The table of the online log lists them beside `payload`, the examples inside it."""
    row = {"timestamp": T1, "type": "dev_offline", **FLAT, **payload}
    async with spoken(page(row)) as (client, _):
        (event,) = await client.devices.online_log("d", start=START, end=END).collect()
    assert event.payload == FLAT


def test_a_payload_wins_over_what_stands_beside_it() -> None:
    """Both shapes at once: the example's is the more certain one."""
    row = {"timestamp": 1, "type": "t", "duration": 9, "payload": {"duration": 7, "x": 1}}
    assert structure(row, OnlineEvent).payload == {"duration": 7, "x": 1}
