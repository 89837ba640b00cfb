"""Work that is measured in two builds, by names that are public in both; a process of `builds.Build` runs it."""

import asyncio
import gc
import inspect
import json
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from email.utils import formatdate
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.client import client
from benchmarks.points import product, report
from benchmarks.served import FIRST, PAGES
from gizwits_async import Credentials, GizwitsClient, HourlyQuota, Page, Stream
from gizwits_async.fastapi import json_lines
from gizwits_async.payload import DataPointCodec, Frame
from gizwits_async.scan import FleetScan

__all__: list[str] = []

_RECORDS = 100 * PAGES
_DAY = 86_400
_GRANTS = 4_000
_WALKS = 5
_LEFT = 10**9

Work = Callable[[], Awaitable[None]]


def _over_http(gizwits: GizwitsClient) -> dict[str, Work]:
    """Return a call and two walks by the default client."""

    async def call() -> None:
        for _ in range(300):
            await gizwits.devices.detail("ACCF23000001")

    async def log() -> None:
        for _ in range(_WALKS):
            stream = gizwits.devices.data_log("d", start=FIRST - _RECORDS + 1, end=FIRST + 1)
            assert len([one async for one in stream]) == _RECORDS

    async def devices() -> None:
        for _ in range(_WALKS):
            assert len([one async for one in gizwits.devices.search()]) == _RECORDS

    return {"call": call, "log": log, "devices": devices}


class _Ready(Stream[Any]):
    """A stream whose pages are there, so that only the response is measured."""

    def __init__(self, pages: list[Page[Any]]) -> None:
        self._pages = pages

    async def pages(  # type: ignore[override]  # A generator, as in older builds.
        self, resume: str | None = None
    ) -> AsyncGenerator[Page[Any], None]:
        del resume
        for page in self._pages:
            yield page


def _json_lines(gizwits: GizwitsClient) -> Work:
    """Return one that sends a listing as a web app does."""
    pages: list[Page[Any]] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def run() -> None:
        if not pages:
            pages.extend([page async for page in gizwits.devices.search().pages()])
        lines = 0

        async def send(message: Any) -> None:
            nonlocal lines
            lines += message.get("body", b"").count(b"\n")

        response = await json_lines(_Ready(pages))
        await response({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
        assert lines >= _RECORDS

    return run


def _permits() -> Work:
    """Return one that takes permits of the quota and reports the headers of each reply."""
    quota = HourlyQuota(_LEFT, 3600.0, burst=10**7, initial=10**7, reserve=0)
    now = time.time()
    date, reset = formatdate(now, usegmt=True), str(int(now) + 1800)
    left = iter(range(_LEFT - 1, 0, -1))

    async def run() -> None:
        for _ in range(_GRANTS):
            await quota.acquire()
            quota.observe({
                "date": date, "x-ratelimit-limit": str(_LEFT),
                "x-ratelimit-remaining": str(next(left)), "x-ratelimit-reset": reset,
            })  # fmt: skip

    return run


def _codec(protocol_type: str) -> Work:
    """Return one that decodes reports of 64 data points."""
    points = product(protocol_type, 4)
    codec, frame = DataPointCodec(points), Frame.parse(report(points))

    async def run() -> None:
        for _ in range(1_000):
            codec.decode(frame)

    return run


def _scan(folder: str, given: list[Any]) -> Work:
    """Return one that scans a fleet into a new SQLite file each time."""
    # All windows in either build: a build that passes over idle devices makes fewer calls.
    known = inspect.signature(FleetScan).parameters
    options: dict[str, Any] = {"skip": "never"} if "skip" in known else {}

    async def run() -> None:
        url, identity, secret, key, product_secret, now = given
        credentials = Credentials(
            enterprise_id=identity, enterprise_secret=secret,
            product_key=key, product_secret=product_secret,
        )  # fmt: skip
        quota = HourlyQuota(10_000_000, burst=1000, reserve=0)
        path = f"{folder}/{time.time_ns()}.db"
        async with GizwitsClient(credentials, base_url=url, quota=quota) as gizwits:
            await FleetScan(gizwits, path, start=now - 4 * _DAY, end=now, **options).run()

    return run


async def _main(base: str, given: list[Any]) -> None:
    """Run the workload that each line of standard input names, and print its CPU seconds."""
    async with AsyncExitStack() as stack:
        gizwits = await stack.enter_async_context(client(base))
        folder = stack.enter_context(TemporaryDirectory())
        works = {
            **_over_http(gizwits),
            "json_lines": _json_lines(gizwits),
            "permit": _permits(),
            "standard": _codec("standard"),
            "var_len": _codec("var_len"),
            "scan": _scan(folder, given),
        }
        for line in sys.stdin:
            gc.collect()
            began = time.process_time()
            await works[line.strip()]()
            print(time.process_time() - began, flush=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], json.loads(sys.argv[2])))
