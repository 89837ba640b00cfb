"""`first()` and `collect(limit=n)` ask for what is wanted, and cost a call where that suffices."""

from typing import Any
from unittest.mock import patch

import pytest

from gizwits_async.simulator import Fleet, Quirks, SimulatedCloud
from tests.doubles import client_of, virtually

NOW = 1_790_000_000
DID = "d" * 22


def asked(
    cloud: SimulatedCloud, kind: str, ask: Any, *, page_size: int = 100
) -> tuple[Any, list[str]]:
    """Return what a client got, and the `limit` of each call of a kind."""

    async def main() -> Any:
        return await ask(client_of(cloud, page_size=page_size).devices)

    found = virtually(main())
    return found, [entry.query["limit"] for entry in cloud.ledger if entry.kind == kind]


def log_of(times: list[float], **quirks: Any) -> SimulatedCloud:
    """Return a service with one data log."""
    fleet = Fleet.of([DID], {("data", DID): times}, now=NOW)
    return SimulatedCloud(fleet, quirks=Quirks(**quirks), quota=10**9)


@pytest.mark.parametrize("page_size", [100, 1])
@pytest.mark.parametrize("step", [7.0, 1 / 2000], ids=["spread", "one second"])
@pytest.mark.parametrize("last_page", ["exact", "endless"])
def test_the_first_record_costs_one_call_of_two_records(
    page_size: int, step: float, last_page: Any
) -> None:
    """Also where 1,343 records share its second."""
    cloud = log_of([NOW - 10 - n * step for n in range(1343)], last_page=last_page)
    record, limits = asked(
        cloud, "log.data", lambda d: d.data_log(DID).first(), page_size=page_size
    )
    assert record.attrs["number"] == 0
    assert limits == ["2"]


@pytest.mark.parametrize(("wanted", "limits"), [(1, ["2"]), (5, ["5"]), (150, ["100"] * 2)])
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_log_is_asked_for_the_records_that_are_wanted(
    wanted: int, limits: list[str], sort: Any
) -> None:
    """In one call up to the size of a page."""
    cloud = log_of([NOW - 10 - n * 7.0 for n in range(400)])
    found, given = asked(
        cloud,
        "log.data",
        lambda d: d.data_log(DID, start=NOW - 5000, end=NOW, sort=sort).collect(limit=wanted),
    )
    numbers = [record.attrs["number"] for record in found]
    assert numbers == ([*range(399, 399 - wanted, -1)] if sort == "asc" else [*range(wanted)])
    assert given == limits


def test_a_log_with_too_few_on_its_first_page_is_read_on_in_whole_pages() -> None:
    """Records of a neighbouring second on a first page of two, and an empty window before them."""
    times = [NOW - 3600 + n / 10 for n in range(5)] + [NOW - 400_000 - n * 9.0 for n in range(30)]
    cloud = log_of(times)
    found, limits = asked(
        cloud,
        "log.data",
        lambda d: d.data_log(DID, start=NOW - 500_000, end=NOW - 3600).collect(limit=3),
    )
    assert [record.attrs["number"] for record in found] == [5, 6, 7]
    assert (limits[0], set(limits[1:])) == ("3", {"100"})


@pytest.mark.parametrize("page_size", [100, 1])
@pytest.mark.parametrize("total", ["right", "page_only", "missing"])
def test_a_listing_is_asked_for_the_rows_that_are_wanted(page_size: int, total: Any) -> None:
    """And a total that counts a page of two does not end a listing of many."""
    cloud = SimulatedCloud(Fleet.generate(50, 1), quirks=Quirks(total=total), quota=10**9)
    first, limits = asked(
        cloud, "devices.search", lambda d: d.search(show_disabled=True).first(), page_size=page_size
    )
    assert first is not None
    assert limits == ["2"]
    seven, limits = asked(
        cloud, "devices.search", lambda d: d.search(show_disabled=True).collect(limit=7)
    )
    assert (len(seven), limits[1:]) == (7, ["7"])


def test_items_alone_cost_no_resume_token_a_page() -> None:
    """Record by record and by `collect`: nobody sees the token of a page, only that of an error."""

    async def main() -> tuple[int, int]:
        devices = client_of(log_of([NOW - 10 - n for n in range(250)])).devices
        records = [record async for record in devices.data_log(DID)]
        return len(records), len(await devices.search().collect())

    with (
        patch("gizwits_async.streams.log_query.write_token", return_value="") as of_logs,
        patch("gizwits_async.streams.page_query.write_token", side_effect=AssertionError),
    ):
        assert virtually(main()) == (250, 1)
    assert of_logs.call_count == 1, "for an error of the login, which comes before the first page"
