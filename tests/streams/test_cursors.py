"""Cursors that never end: what is learned of them saves calls, and hides no record."""

import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gizwits_async.models.page import PageReply
from gizwits_async.scan import FleetScan, MemoryStore, ScanReport, Since
from gizwits_async.simulator import Fleet, Quirks, SimulatedCloud
from gizwits_async.streams.chain import Chain
from gizwits_async.streams.end_check import End, end_of
from gizwits_async.streams.seconds import PartialSecond, SecondBuffer
from gizwits_async.streams.windows import Bounds, Range, Window
from gizwits_async.wire.request import get
from gizwits_async.wire.traits import CursorTraits
from tests.doubles import AlteringTransport, client_of, virtually
from tests.scan.common import in_memory, truth

NOW = 1_790_000_000
DID = "d" * 22
DAY = 86_400


def scanned(fleet: Fleet, **quirks: Any) -> ScanReport:
    """Scan four days of a fleet, and check that each record came once."""
    cloud, store = SimulatedCloud(fleet, quirks=Quirks(**quirks), quota=10**9), MemoryStore()

    async def main() -> ScanReport:
        scan = FleetScan(client_of(cloud), store, start=Since(4 * DAY), skip="never")
        return await scan.run()

    report = virtually(main())
    assert report.complete
    assert in_memory(store) == truth(cloud, report.start, report.end)
    return report


@pytest.mark.parametrize("kind", ["scroll", "position"])
@pytest.mark.parametrize(
    ("total", "most"), [("right", 1.2), ("missing", 2.1), ("page_only", 2.1), ("short", 2.1)]
)
def test_a_cursor_that_never_ends_costs_a_call_a_window_at_most(
    kind: Any, total: Any, most: float
) -> None:
    """Ten devices and four days; with an exact total the confirming calls are the only ones."""
    fleet = Fleet.generate(10, 4)
    least = scanned(fleet).log_calls
    report = scanned(fleet, last_page="endless", context_kind=kind, total=total)
    assert report.log_calls <= most * least


def test_windows_without_records_cost_a_second_call() -> None:
    """Where it was seen that no empty page stands before records."""
    names = [f"{number:022d}" for number in range(10)]
    logs: Any = {
        ("data", did): [NOW - (9000 + 500 * number) * (n + 1) for n in range(30)]
        for number, did in enumerate(names[:5])
    }
    fleet = Fleet.of(names, logs, now=NOW)
    report = scanned(fleet, last_page="endless", total="missing")
    assert report.log_calls <= 2.25 * report.windows


def walked(times: list[float], spans: list[tuple[float, float]], **quirks: Any) -> list[int]:
    """Return the numbers of the records that one client reads in some ranges, one after the other."""
    cloud = SimulatedCloud(
        Fleet.of([DID], {("data", DID): times}, now=NOW), quirks=Quirks(**quirks), quota=10**9
    )

    async def main() -> list[int]:
        client, got = client_of(cloud), []
        for start, end in spans:
            log = client.devices.data_log(DID, start=start, end=end, sort="asc")
            got += [record.attrs["number"] async for record in log]
        return got

    return virtually(main())


@pytest.mark.parametrize("empties", [1, 2, 5])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_what_was_learned_hides_no_page_behind_empty_ones(empties: int, before: int) -> None:
    """Three windows of a page, and then one of several with empty pages in the middle."""
    times = [NOW - 9000 + 1000 * part + n for part in range(3) for n in range(5 + part)]
    times += [NOW - 5000 + 7 * n for n in range(500)]
    spans = [(NOW - 9000 + 1000 * part, NOW - 8500 + 1000 * part) for part in range(3)]
    spans += [(NOW - 5000, NOW)]
    for total in ("missing", "page_only", "right"):
        got = walked(
            times, spans, last_page="endless", empty_pages=empties, empty_pages_before=before,
            total=total, log_cap=20,
        )  # fmt: skip
        assert Counter(got) == Counter(range(len(times)))


@pytest.mark.parametrize("total", ["page_only", "missing", "right"])
def test_a_cap_that_no_page_reached_so_far_is_not_the_end(total: Any) -> None:
    """Small windows confirm that a cursor goes on in vain; a page of the server's limit is not small."""
    times = [NOW - 9000 + 1000 * part + n for part in range(5) for n in range(19)]
    times += [NOW - 3000 + n for n in range(45)]
    spans = [(NOW - 9000 + 1000 * part, NOW - 8500 + 1000 * part) for part in range(5)]
    spans += [(NOW - 3000, NOW)]
    got = walked(times, spans, last_page="endless", log_cap=20, total=total)
    assert Counter(got) == Counter(range(len(times)))


@pytest.mark.parametrize("loop_at", [0, 1])
def test_a_page_of_one_second_that_repeats_is_followed_for_a_few_calls(loop_at: int) -> None:
    """Though the total has room for 136 of them."""
    cloud = SimulatedCloud(
        Fleet.of([DID], {("data", DID): [NOW - 500 + n / 20_000 for n in range(13_600)]}, now=NOW),
        quirks=Quirks(loop_at=loop_at, context_kind="scroll"),
        quota=10**9,
    )

    async def main() -> None:
        with pytest.raises(Exception, match="never came past"):
            await client_of(cloud).devices.data_log(DID, start=NOW - 1000, sort="asc").collect()

    virtually(main())
    assert sum(entry.kind == "log.data" for entry in cloud.ledger) <= 30


@pytest.mark.parametrize("last_page", ["exact", "full", "empty", "endless"])
@pytest.mark.parametrize("counted", [100, 110])
def test_a_total_that_stops_counting_ends_no_window(last_page: Any, counted: int) -> None:
    """Search engines count to 10,000, and the server cuts its pages: only the context says what is left."""
    times = [NOW - 9000 + n for n in range(70)] + [NOW - 5000 + 7 * n for n in range(330)]
    cloud = SimulatedCloud(
        Fleet.of([DID], {("data", DID): times}, now=NOW),
        quirks=Quirks(last_page=last_page, log_cap=50),
        quota=10**9,
    )

    def capped(target: str, reply: Any) -> dict[str, Any]:
        body = json.loads(reply.body)
        if "/data" in target and "meta" in body:
            body["meta"]["total"] = min(body["meta"]["total"], counted)
        return {"body": json.dumps(body).encode()}

    async def main() -> list[int]:
        client, got = client_of(cloud, transport=AlteringTransport(cloud, capped)), []
        for start, end in ((NOW - 9000, NOW - 8000), (NOW - 5000, NOW)):
            log = client.devices.data_log(DID, start=start, end=end, sort="asc")
            got += [record.attrs["number"] async for record in log]
        return got

    assert Counter(virtually(main())) == Counter(range(len(times)))


def test_the_end_of_a_full_second_is_not_asked_for_by_more_than_the_document_allows() -> None:
    """A log takes 100 as its largest `limit`: no call is spent on a refusal."""
    times = [NOW - 50 + n / 1000 for n in range(130)]
    cloud = SimulatedCloud(
        Fleet.of([DID], {("data", DID): times}, now=NOW),
        quirks=Quirks(last_page="endless"),
        quota=10**9,
    )
    asked: list[int] = []

    def seen(target: str, _: Any) -> dict[str, Any]:
        asked.extend(int(text) for text in parse_qs(urlsplit(target).query).get("limit", ()))
        return {}

    async def main() -> int:
        client = client_of(cloud, transport=AlteringTransport(cloud, seen))
        return len(await client.devices.data_log(DID, start=NOW - 100, end=NOW).collect())

    assert virtually(main()) == len(times)
    assert max(asked) == 100


@pytest.mark.parametrize(
    ("uneven", "pages", "last_page", "end"),
    [
        (False, 3, 30, End.COMPLETE),
        (True, 3, 30, End.LIKELY),
        (True, 4, 0, End.COMPLETE),
        (False, 3, 60, End.LIKELY),
        (False, 1, 60, End.COMPLETE),
    ],
)
def test_a_total_that_was_reached_is_the_end_only_behind_a_last_page(
    uneven: bool, pages: int, last_page: int, end: End
) -> None:
    """Where a context promises more: behind a page that is short, and where short ones are the last.

    Elsewhere a query in the opposite order shows the end: the context may be refused, used up.
    """
    seconds: SecondBuffer[float] = SecondBuffer(
        where="GET /v1/log",
        desc=False,
        span=Range(0, 1000),
        window=Window(0, 999),
        bounds=Bounds(0, 1000),
        fallback=PartialSecond(),
        last_second=900,
        pending=[900.0],
    )
    chain = Chain(
        request=get("/v1/log", PageReply[float]),
        limit=100,
        leave_at=0.0,
        position=0,
        seconds=seconds,
        context="more",
        total=150,
        received=150,
        pages=pages,
        first_page=60,
        last_page=last_page,
        tail_page=last_page or 30,
        empty_pages=not last_page,
    )
    cursor = CursorTraits(largest_page=60, uneven=uneven)
    assert end_of(chain, exact=True, inexact=False, max_empty=3, cursor=cursor) is end
