"""Cursors that stand still, go in circles or die, busy seconds, seams and ranges."""

import logging
from typing import Any

import pytest

from gizwits_async import errors
from gizwits_async.simulator import FaultRule, SimulatedCloud
from tests.doubles import client_of, virtually
from tests.faults.logs import DATA, DID, NOW, bag, log_of, openings, walk, whole


@pytest.mark.fault("X5")
def test_one_cursor_for_all_pages_is_normal() -> None:
    """A scroll id stays the same on every page, the empty last one included."""
    cloud = log_of(
        [NOW - 10.5 - 3 * n for n in range(450)], context_kind="scroll", last_page="endless"
    )
    assert bag(walk(cloud)) == whole(cloud)
    used = {e.query["context"] for e in cloud.ledger if "context" in e.query}
    assert len(used) == 1


@pytest.mark.fault("X5", "X6")
@pytest.mark.parametrize(
    ("loop_at", "length"), [(1, 1), (0, 2), (0, 3)], ids=["A-A", "A-B-A", "A-B-C-A"]
)
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_circle_of_cursors_is_left_at_the_first_unfinished_second(
    loop_at: int, length: int, sort: str
) -> None:
    """Each opening brings new seconds before it goes round; so the log comes whole."""
    cloud = log_of([NOW - 10 - 3 * n for n in range(650)], loop_at=loop_at, loop_length=length)
    assert bag(walk(cloud, sort=sort)) == whole(cloud)
    assert len(cloud.ledger) <= 40


@pytest.mark.fault("X6", "X13")
@pytest.mark.parametrize("length", [2, 3])
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_circle_back_to_a_later_page_is_an_error_that_can_be_gone_on_from(
    length: int, sort: Any
) -> None:
    """Time runs backwards there: an error with `.resume`; from it the log comes whole."""
    cloud = log_of([NOW - 10 - 3 * n for n in range(650)], loop_at=1, loop_length=length)

    async def main() -> list[Any]:
        got: list[Any] = []
        resume: str | None = None
        async with client_of(cloud) as client:
            log = client.devices.data_log(DID, start=NOW - 5000, end=NOW, sort=sort)
            for _ in range(6):
                try:
                    async for page in log.pages(resume):
                        got += page.items
                except errors.InvalidResponseError as error:
                    assert error.resume not in {None, resume}
                    resume = error.resume
                else:
                    return got
        raise AssertionError("it does not get on")

    assert bag(virtually(main())) == whole(cloud)


@pytest.mark.fault("X5")
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_log_that_has_no_end_is_an_error_behind_the_last_record_but_one(sort: Any) -> None:
    """The first page again for ever: all is given, but what only an end or a total would complete."""
    times = [NOW - 10 - 3 * n for n in range(250)]
    counting = log_of(times, loop_at=0)
    assert bag(walk(counting, sort=sort)) == whole(counting)
    cloud = log_of(times, loop_at=0, total="missing")
    got: list[Any] = []

    async def main() -> None:
        async with client_of(cloud) as client:
            async for record in client.devices.data_log(DID, start=NOW - 5000, end=NOW, sort=sort):
                got.append(record)  # noqa: PERF401 - those before the error are the point

    with pytest.raises(errors.InvalidResponseError, match="never came past") as caught:
        virtually(main())
    assert caught.value.resume is not None
    assert (whole(cloud) - bag(got)).total() == 1
    assert not bag(got) - whole(cloud)


@pytest.mark.fault("X5", "X6")
@pytest.mark.parametrize("length", [1, 2])
def test_an_opening_that_finishes_no_second_is_an_error_with_a_token(length: int) -> None:
    """More than a page in one second, and circles: InvalidResponseError, in few calls."""
    cloud = log_of([NOW - 9] + [NOW - 10.5] * 350 + [NOW - 11], loop_at=0, loop_length=length)
    with pytest.raises(errors.InvalidResponseError) as caught:
        walk(cloud)
    assert caught.value.resume is not None
    assert len(cloud.ledger) <= 30

    async def rest() -> list[Any]:
        # The service is well again: from the error's token on, nothing is missing.
        well = SimulatedCloud(cloud.fleet, quota=10**9)
        async with client_of(well) as client:
            log = client.devices.data_log(DID, start=NOW - 5000, end=NOW)
            return [one async for page in log.pages(caught.value.resume) for one in page.items]

    assert len(virtually(rest())) in {351, 352}


@pytest.mark.fault("X5")
def test_the_same_page_and_cursor_for_ever_is_an_error() -> None:
    """The fault rule of the simulator: whatever is asked, one page; the walk ends in an error with `.resume`."""
    cloud = log_of(
        [NOW - 10.5 - n / 1000 for n in range(150)], FaultRule(action="same_cursor", path=DATA)
    )
    with pytest.raises(errors.InvalidResponseError) as caught:
        walk(cloud)
    assert caught.value.resume is not None
    assert len(cloud.ledger) <= 30


@pytest.mark.fault("X7")
@pytest.mark.parametrize("dead", ["error", "empty", "restart"])
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_cursor_that_expired_early_costs_an_opening_and_no_record(
    dead: Any, sort: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Dead after ten minutes, shown by 5002, an empty end, or page one again: nothing is lost."""
    cloud = log_of([NOW - 10 - 3 * n for n in range(950)], context_life=600.0, dead_context=dead)
    with caplog.at_level(logging.INFO, "gizwits_async"):
        got = walk(cloud, sort=sort, pause=lambda number: 700.0 if number % 3 == 0 else 0.0)
    assert bag(got) == whole(cloud)
    assert 2 <= openings(cloud) <= 10
    if dead == "error":
        lines = [record for record in caplog.records if "opened anew" in record.getMessage()]
        assert len(lines) == openings(cloud) - 1, "each recovery is one line of the log"


@pytest.mark.fault("X7")
def test_a_cursor_is_left_before_its_hour_is_over() -> None:
    """A slow reader never sends a context in the last five minutes of its life."""
    cloud = log_of([NOW - 10 - 3 * n for n in range(950)], dead_context="empty", total="missing")
    assert bag(walk(cloud, pause=lambda _: 1000.0)) == whole(cloud)
    born = 0.0
    for entry in cloud.ledger:
        if "context" not in entry.query:
            born = entry.at
        assert entry.at - born <= 3300
    assert openings(cloud) >= 3


@pytest.mark.fault("X8")
@pytest.mark.parametrize("kind", ["position", "single_use", "scroll"])
@pytest.mark.parametrize("order", ["time", "reversed", "shuffled"])
@pytest.mark.parametrize("lost", [2, 3])
def test_a_busy_second_is_given_once_and_whole(kind: Any, order: Any, lost: int) -> None:
    """250 records in one second, and the reply within it is lost: it is opened from its start."""
    busy = [NOW - 100 + n / 250 for n in range(250)]
    rule = FaultRule(action="effect_without_reply", path=DATA, nth=lost)
    cloud = log_of(
        [NOW - 50, *busy, *busy[:3], NOW - 300], rule, context_kind=kind, second_order=order
    )
    assert bag(walk(cloud)) == whole(cloud)
    assert openings(cloud) == 2


@pytest.mark.fault("X10")
@pytest.mark.parametrize("bounds", ["closed", "half_open", "left_open"])
@pytest.mark.parametrize("comparison", ["float", "whole"])
def test_records_at_the_seams_come_once(bounds: Any, comparison: Any) -> None:
    """Records on, before and after each seam of windows of a minute, with fractions."""
    seams = [NOW - 59 * n for n in range(1, 12)]
    times = [seam + d for seam in seams for d in (-1.0, -0.001, 0.0, 0.001, 0.5, 0.999, 1.0)]
    cloud = log_of(times, bounds=bounds, comparison=comparison, data_ts="fractional")
    for sort in ("asc", "desc"):
        got = walk(cloud, since=600, sort=sort, max_log_span=60)
        assert bag(got) == whole(cloud, 600)
    spans = [int(e.query["end_ts"]) - int(e.query["start_ts"]) for e in cloud.ledger if e.query]
    assert max(spans) <= 60


@pytest.mark.fault("X11")
def test_a_range_of_thirty_days_is_split_by_itself() -> None:
    """Fifteen queries, none wider than two days, every record once."""
    since = 30 * 86_400 - 60
    cloud = log_of([NOW - 5 - n * 3600.5 for n in range(700)])
    assert bag(walk(cloud, since=since)) == whole(cloud, since)
    asked = [e.query for e in cloud.ledger if "start_ts" in e.query]
    assert all(int(q["end_ts"]) - int(q["start_ts"]) <= 172_800 for q in asked)
    assert openings(cloud) == 15
