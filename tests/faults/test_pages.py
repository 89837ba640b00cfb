"""Lists that move or lie about their length, through the client to the simulator."""

import inspect
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from gizwits_async import errors
from gizwits_async.simulator import Device, FaultRule, Fleet, Quirks, SimulatedCloud
from gizwits_async.streams import PageStream
from tests.doubles import client_of, virtually

NOW = 1_790_000_000


def device(number: int) -> Device:
    """Return a device; a higher number was made later."""
    return Device(did=f"{number:022d}", mac=f"{number:012X}", created_at=NOW - 10**6 + number * 100)


def list_of(count: int, **quirks: Any) -> SimulatedCloud:
    """Return a service that lists so many devices."""
    return SimulatedCloud(
        Fleet([device(n) for n in range(count)], now=NOW), quirks=Quirks(**quirks)
    )


def listed(
    cloud: SimulatedCloud, between: Callable[[int], None] = lambda _: None, **options: Any
) -> list[str]:
    """Return the dids of one walk; `between` is called with the number of each page."""

    async def main() -> list[str]:
        got: list[str] = []
        async with client_of(cloud, **options) as client:
            number = 0
            async for page in client.devices.search().pages():
                got += [one.did for one in page.items]
                number += 1
                between(number)
        return got

    return virtually(main())


@pytest.mark.fault("X1")
@pytest.mark.parametrize("cap", [1, 7, 20, 99])
def test_the_next_page_begins_behind_the_rows_that_came(cap: int) -> None:
    """The service gives fewer than asked; skip goes on by what came, and no row is missed."""
    cloud = list_of(50, list_cap=cap)
    assert listed(cloud) == [one.did for one in cloud.fleet.devices]
    skips = [int(e.query["skip"]) for e in cloud.ledger if e.kind == "devices.search"]
    # A total that is no larger than a full page might be the page's own.
    assert skips == [*range(0, 50, cap), *([50] if cap >= 50 else [])]


@pytest.mark.fault("X2")
@pytest.mark.parametrize("total", ["right", "missing", "over"])
def test_a_list_that_shrinks_ends(total: Any) -> None:
    """Half of the devices are deleted after the first page; it ends, and those that stay come."""
    cloud = list_of(60, list_cap=10, total=total)

    def between(number: int) -> None:
        for gone in range(0, 60, 2) if number == 1 else ():
            cloud.fleet.remove(device(gone).did)

    got = listed(cloud, between)
    assert len(got) == len(set(got))
    assert cloud.tally["devices.search"] <= 12
    if total == "right":
        assert {one.did for one in cloud.fleet.devices} <= set(got)


@pytest.mark.fault("X2")
def test_a_list_that_is_emptied_ends_with_the_next_call() -> None:
    """Nothing is left of it; no further call than the one or two that show that."""
    cloud = list_of(60, list_cap=10)

    def between(number: int) -> None:
        for one in cloud.fleet.devices if number == 2 else ():
            cloud.fleet.remove(one.did)

    assert len(listed(cloud, between)) == 20
    assert cloud.tally["devices.search"] <= 4


@pytest.mark.fault("X3")
@pytest.mark.parametrize("added", [1, 5, 10, 25])
def test_rows_put_in_at_the_front_double_nothing_and_miss_nothing_old(added: int) -> None:
    """Newest first, and new ones come between any two pages: each old row exactly once."""
    cloud = list_of(40, list_cap=10, list_order="created_desc")
    fresh = iter(range(1000, 2000))

    def between(number: int) -> None:
        for _ in range(added if number in {1, 2} else 0):
            cloud.fleet.add(device(next(fresh)))

    got = listed(cloud, between)
    assert len(got) == len(set(got))
    assert {device(n).did for n in range(40)} <= set(got)
    # The optional second pass finds what came meanwhile.
    assert len(set(got) | set(listed(cloud))) == 40 + 2 * added


@pytest.mark.fault("X3")
@pytest.mark.parametrize("after", ["break", "error"])
def test_across_a_resumption_rows_may_come_twice_but_none_is_lost(after: str) -> None:
    """What was seen is remembered within one walk; the token holds the position alone."""
    lost = FaultRule(action="reset", path="*/devices/search", nth=3)
    cloud = list_of(40, list_cap=10, list_order="created_desc")
    cloud.faults.set([lost] if after == "error" else [])

    async def main() -> None:
        got: list[str] = []
        resume: str | None = None
        async with client_of(cloud, max_retries=0) as client:
            pages = client.devices.search().pages()
            try:
                async for page in pages:
                    got += [one.did for one in page.items]
                    resume = page.resume
                    if len(got) == 20 and after == "break":
                        break
            except errors.NoReplyError as error:
                resume = error.resume
            await pages.aclose()
            for number in range(1000, 1003):
                cloud.fleet.add(device(number))
            rest = [
                d.did async for page in client.devices.search().pages(resume) for d in page.items
            ]
        assert (len(got), len(rest)) == (20, 23)
        assert Counter(got + rest) - Counter(device(n).did for n in range(40)) == Counter(got[-3:])

    virtually(main())


@pytest.mark.fault("X3")
def test_it_is_said_that_a_list_is_no_snapshot() -> None:
    """The limits of paging by skip stand where users read them."""
    assert "not a snapshot" in (inspect.getdoc(PageStream) or "").lower()


@pytest.mark.fault("X4")
@pytest.mark.parametrize("link", ["absent", "relative"])
def test_an_empty_page_ends_a_list_and_the_total_is_complained_of(
    link: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """`total` and `next` promise more than there is: one empty page, one warning, the end."""
    cloud = list_of(30, list_cap=10, total="over", next_link=link)
    with caplog.at_level(logging.WARNING, "gizwits_async"):
        assert len(listed(cloud)) == 30
    assert cloud.tally["devices.search"] == 4
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert "ended at 30 of" in record.getMessage()
