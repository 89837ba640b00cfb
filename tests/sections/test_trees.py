"""Trees of groups and locations, read from every shape that the document shows or leaves open."""

from typing import Any

import pytest

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.converter import structure
from gizwits_async.models.device_groups import GroupMacs, GroupNode, GroupTree
from gizwits_async.models.device_reports import FaultReport, RealtimeCounts, RealtimeReport
from gizwits_async.models.locations import Location

# --- C18: group trees

LEAF = GroupNode(gid="b")
CHAIN = (GroupNode(gid="a", children=(GroupNode(gid="b", children=(GroupNode(gid="c"),)),)),)
PAIR = (GroupNode(gid="a", children=(LEAF, GroupNode(gid="c"))),)


@pytest.mark.parametrize(
    ("wire", "groups"),
    [
        *[(nothing, ()) for nothing in ({}, [], "", None)],
        *[({"a": leaf}, (GroupNode(gid="a"),)) for leaf in ("", None, {}, [])],
        ({"gid": ""}, (GroupNode(gid="gid"),)),
        ({"a": {"b": {"c": ""}}}, CHAIN),
        ({"a": [{"b": [{"c": None}]}]}, CHAIN),
        ({"a": {"b": ["c"]}}, CHAIN),
        ([{"gid": "a", "children": [{"gid": "b", "children": {"c": ""}}]}], CHAIN),
        ({"a": {"b": "", "c": None}}, PAIR),
        ({"a": [{"b": ""}, {"c": {}}]}, PAIR),
        ({"a": [{"b": "", "c": ""}]}, PAIR),
        ({"a": ["b", {"gid": "c"}]}, PAIR),
    ],
)
def test_c18_a_group_tree_is_read_however_it_nests(wire: Any, groups: Any) -> None:
    """C18: only a lone leaf is documented; all likely nestings give the same nodes."""
    assert structure(wire, GroupTree).groups == groups


@pytest.mark.parametrize("wire", [5, {"a": 5}, {"a": "b"}, [[5]], {"a": True}])
def test_c18_what_is_no_tree_is_an_error(wire: Any) -> None:
    """A reply that cannot be read as a whole is an error, not part of a tree."""
    with pytest.raises(InvalidResponseError, match="expected groups by their ids"):
        structure(wire, GroupTree)


def test_a_group_walks_through_all_below_it() -> None:
    """Parents come before their children."""
    assert [node.gid for node in CHAIN[0].walk()] == ["a", "b", "c"]


@pytest.mark.parametrize("reply", [{}, {"macs": None}, {"macs": "m"}, {"macs": {}}, []])
def test_group_macs_without_a_list_are_no_empty_group(reply: Any) -> None:
    """A reply that lost its list must not look like a group without devices."""
    with pytest.raises(InvalidResponseError):
        structure(reply, GroupMacs)


# --- C28: location trees


def node(name: str, counts: Any, *children: Location, detail: Any = None) -> Location:
    counts = {"count": counts} if isinstance(counts, int) else counts
    return Location(name=name, counts=counts, children=children, detail=detail or {})


FAULTS = {"total": 2, "resolved": 1, "unresolved": 1}


@pytest.mark.parametrize(
    ("wire", "children"),
    [
        *[(nothing, ()) for nothing in ({}, [], "", None)],
        pytest.param(
            {"China": {"count": 3, "Guangdong": {"count": 3, "Guangzhou": 3}}},
            (node("China", 3, node("Guangdong", 3, node("Guangzhou", 3))),),
            id="S15: a city is a bare number",
        ),
        pytest.param(
            {"China": {"count": 1, "Guangdong": {"count": 1, "Guangzhou": {"count": "1"}}}},
            (node("China", 1, node("Guangdong", 1, node("Guangzhou", 1))),),
            id="S18: a city is an object",
        ),
        pytest.param(
            {"China": {"count": {"activated": 2}, "Gd": {"count": {"faulty": 1, "alert": None}}}},
            (node("China", {"activated": 2}, node("Gd", {"faulty": 1})),),
            id="S19: counts by name, zeros left out",
        ),
        pytest.param(
            {"China": {"count": FAULTS, "detail": {"fault_roomtemp": FAULTS}}},
            (node("China", FAULTS, detail={"fault_roomtemp": FAULTS}),),
            id="S20: detail by data point",
        ),
        pytest.param(
            {"China": {"count": 14, "Beijing": {"count": 14, "Beijing": {"count": 14}}}},
            (node("China", 14, node("Beijing", 14, node("Beijing", 14))),),
            id="S22: a region called like its city",
        ),
        pytest.param(
            {"China": {"count": {"count": 3, "Guangzhou": 3}}},
            (node("China", {}, node("count", 3, node("Guangzhou", 3))),),
            id="a region called count",
        ),
        pytest.param(
            {"count": {"Guangdong": {"Guangzhou": 3}}},
            (node("count", {}, node("Guangdong", {}, node("Guangzhou", 3))),),
            id="a country called count, without a count",
        ),
        pytest.param(
            {"China": {"count": 1, "detail": 1}},
            (node("China", 1, node("detail", 1)),),
            id="a city called detail, as a number",
        ),
        pytest.param(
            {"China": {"count": 1, "detail": {"count": 1, "Guangzhou": 1}}},
            (node("China", 1, node("detail", 1, node("Guangzhou", 1))),),
            id="a region called detail",
        ),
        pytest.param(
            {"China": {"detail": {"count": FAULTS, "fault": FAULTS}}},
            (node("China", {}, detail={"count": FAULTS, "fault": FAULTS}),),
            id="a data point called count",
        ),
        pytest.param({"China": None}, (node("China", {}),), id="nothing said of it"),
        pytest.param({"China": 2.0}, (node("China", 2),), id="a whole number as float"),
    ],
)
def test_c28_a_place_is_read_from_every_shape(wire: Any, children: Any) -> None:
    """C28: number or object, one counter or several; the type decides what is a location."""
    assert structure(wire, Location) == Location(children=children)


@pytest.mark.parametrize("wire", [{"China": True}, {"China": [1]}, {"China": {"count": "x"}}, True])
def test_c28_what_is_no_place_is_an_error(wire: Any) -> None:
    """A count of the wrong type is an error that names its class."""
    with pytest.raises(
        InvalidResponseError, match=r"expected locations by their names, got \w+ @ \$$"
    ):
        structure(wire, Location)


def test_a_bad_place_inside_a_report_is_found_by_its_path() -> None:
    """Errors in a tree are reported with the path of the field that holds it."""
    with pytest.raises(InvalidResponseError) as caught:
        structure({"location": [1], "total": "x"}, FaultReport | None)
    assert caught.value.problems


def test_c28_zero_counters_that_are_left_out_are_zero() -> None:
    """C28: the real-time report omits what is zero."""
    report = structure({"count": {"activated": 3}}, RealtimeReport)
    assert report.count == RealtimeCounts(activated=3, faulty=0, alert=0)


def test_a_place_walks_and_counts() -> None:
    """`count` is the number of a report with one counter; `walk` yields every location."""
    root = structure({"China": {"count": 3, "Gd": 3}, "X": {"count": FAULTS}}, Location)
    assert [(place.name, place.count) for place in root.walk()] == [
        ("", None),
        ("China", 3),
        ("Gd", 3),
        ("X", None),
    ]
