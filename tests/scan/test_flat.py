"""With a million rows and a slow consumer, read-ahead is bounded and memory is flat."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gizwits_async import GizwitsClient
from gizwits_async.scan import FleetScan
from gizwits_async.wire.transport import HttpReply
from tests.doubles import FreeQuota, client_of, virtually
from tests.doubles.scripted import CREDENTIALS
from tests.scan.common import DAY, cloud_of

NOW = 1_790_000_000
MB = 2**20


def resident() -> int:
    """Return the memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class Long:
    """A listing and a log of any length, generated page by page."""

    def __init__(self, rows: int) -> None:
        self.rows, self.calls = rows, 0

    def now(self) -> float:
        return NOW

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, **_: Any
    ) -> HttpReply:
        del method, headers, body
        if target.endswith("/access_token"):
            return HttpReply(201, {}, json.dumps({"token": "t", "expire_at": NOW + 10**6}).encode())
        self.calls += 1
        query = parse_qs(urlsplit(target).query)
        if "skip" in query:
            return self._listing(int(query["skip"][0]))
        return self._log(query)

    def _listing(self, skip: int) -> HttpReply:
        rows = [
            {"did": f"d{n}", "mac": f"{n:012X}"} for n in range(skip, min(skip + 100, self.rows))
        ]
        meta = {"total": self.rows, "skip": skip, "limit": 100, "next": None, "previous": None}
        return HttpReply(200, {}, json.dumps({"meta": meta, "objects": rows}).encode())

    def _log(self, query: Mapping[str, list[str]]) -> HttpReply:
        # A row a second; where a chain of pages is, stands in its context.
        first = int(query["context"][0]) if "context" in query else int(query["start_ts"][0])
        last = int(query["end_ts"][0]) if "end_ts" in query else self.last
        self.last = last
        until = min(first + 100, last + 1)
        rows = [{"ts": ts, "attrs": {"n": ts, "text": "x" * 20}} for ts in range(first, until)]
        meta = {"context": str(until) if until <= last else None}
        return HttpReply(200, {}, json.dumps({"objects": rows, "meta": meta}).encode())

    async def aclose(self) -> None:
        pass


async def counted(rows: AsyncIterator[Any], every: int) -> tuple[int, list[int]]:
    """Walk to the end, and return how many there were and the memory at intervals."""
    count, marks = 0, []
    async for _ in rows:
        count += 1
        if count % every == 0:
            marks.append(resident())
    return count, marks


@pytest.mark.fault("P14")
def test_a_million_rows_of_a_log_take_no_memory() -> None:
    """Each row comes once, with one call a page, and the process does not grow."""
    rows = 1_000_000
    door = Long(rows)

    async def main() -> tuple[int, list[int]]:
        async with GizwitsClient(CREDENTIALS, transport=door, quota=FreeQuota()) as client:
            log = client.devices.data_log("d", start=NOW - rows, end=NOW, sort="asc")
            return await counted(aiter(log), rows // 20)

    count, marks = virtually(main())
    print([mark // MB for mark in marks], door.calls)  # noqa: T201
    assert count == rows
    assert door.calls < rows / 100 * 1.02
    assert max(marks) - marks[0] < 8 * MB


@pytest.mark.fault("P14")
def test_a_listing_remembers_what_it_gave_and_nothing_else() -> None:
    """A listing keeps ids, about a hundred bytes a device, and no rows."""
    rows = 200_000
    door = Long(rows)

    async def main() -> tuple[int, list[int]]:
        async with GizwitsClient(CREDENTIALS, transport=door, quota=FreeQuota()) as client:
            return await counted(aiter(client.devices.search()), rows // 20)

    count, marks = virtually(main())
    print([mark // MB for mark in marks], door.calls)  # noqa: T201
    # The last page is full: only the call behind it shows that the total counts all rows.
    assert (count, door.calls) == (rows, rows // 100 + 1)
    assert max(marks) - marks[0] < 200 * rows < 50 * MB


@pytest.mark.fault("P14")
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_slow_consumer_of_a_scan_is_not_run_ahead_of(concurrency: int) -> None:
    """Each worker may be ahead by one queued page and one page of its own."""
    cloud = cloud_of(10, 6)

    async def main() -> None:
        scan = FleetScan(
            client_of(cloud), start=NOW - 6 * DAY, end=NOW, logs=["data"], concurrency=concurrency
        )
        pages = aiter(scan)
        taken = 0
        async for _ in pages:
            taken += 1
            await asyncio.sleep(3600)
            ahead = cloud.tally["log.data"] - taken
            assert ahead <= 2 * concurrency + 1
            if taken == 50:
                break
        await pages.aclose()  # type: ignore[attr-defined]
        asked = cloud.tally["log.data"]
        await asyncio.sleep(3600)
        assert cloud.tally["log.data"] == asked

    virtually(main())


@pytest.mark.fault("P14")
@pytest.mark.parametrize("ask", ["devices", "log"])
def test_a_slow_consumer_of_a_stream_holds_one_page(ask: str) -> None:
    """The next page is asked for after the last row of this one was taken."""
    door = Long(100_000)

    async def main() -> None:
        async with GizwitsClient(CREDENTIALS, transport=door, quota=FreeQuota()) as client:
            walks: dict[str, Callable[[], AsyncIterator[Any]]] = {
                "devices": lambda: aiter(client.devices.search()),
                "log": lambda: aiter(
                    client.devices.data_log("d", start=NOW - 9999, end=NOW, sort="asc")
                ),
            }
            count = 0
            async for _ in walks[ask]():
                count += 1
                await asyncio.sleep(7)
                assert door.calls <= count // 99 + 2
                if count == 950:
                    break

    virtually(main())
