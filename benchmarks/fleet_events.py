"""The rows of the fleet's benchmark in which something breaks: workers, machines, the database."""

import asyncio
import random
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from benchmarks.fleet_parts import network, promoted, standby
from benchmarks.measure import Figure
from gizwits_async.workers import Fleet, TenantStatus
from tests.scan.cluster import cluster, restart, sql
from tests.workers.fleets import RANGE, Tenant, all_done, config, tenants, until, worker

__all__ = [
    "FULL",
    "QUICK",
    "WITHIN",
    "Sizes",
    "events_survived",
    "kills",
    "new_database",
    "takeovers",
]

_SLOW = 18_000
"""Calls an hour of a tenant whose scan is disturbed."""
WITHIN = 240.0


@frozen
class Sizes:
    """How much is done."""

    tenants: int
    kills: int
    events: int
    running: int
    carried: int
    fair: int
    idle: int
    seconds: float
    slice_seconds: float
    """Length of a slice where the calls of each tenant are compared; to begin one takes 0.1 s."""


QUICK = Sizes(8, 4, 1, 20, 40, 20, 100, 15, 1.0)
FULL = Sizes(20, 20, 10, 100, 200, 500, 500, 40, 4.0)


async def new_database(server: str) -> str:
    name = f"fleet{time.monotonic_ns()}"
    await sql(server, f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


async def compared(found: Mapping[str, Tenant], url: str) -> tuple[int, int]:
    """Return how many records all stores hold twice, and how many they lack."""
    twice = missing = 0
    for tenant in found.values():
        more, less = await tenant.differs(url)
        twice, missing = twice + more, missing + less
    return twice, missing


def pair(what: str, found: tuple[int, int]) -> list[Figure]:
    return [Figure(f"{what}: records twice", found[0], 0), Figure(f"{what}: missing", found[1], 0)]


def _scanned_by(process: Process, found: list[TenantStatus]) -> list[str]:
    mine = f":{process.pid}:"
    return [one.profile for one in found if one.owner and mine in one.owner and one.windows_left]


def _scans(process: Process, profile: str, found: list[TenantStatus]) -> bool:
    return profile in _scanned_by(process, found)


async def kills(server: str, sizes: Sizes) -> list[Figure]:
    """Workers are killed at random and started again, until all is done."""
    url, chance = await new_database(server), random.Random(21)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        found = await stack.enter_async_context(
            tenants(sizes.tenants, devices=40, calls_per_hour=_SLOW)
        )
        fleet = await stack.enter_async_context(Fleet(url))
        file = config(found, folder)

        async def start() -> Process:
            return await stack.enter_async_context(
                worker(url, file, concurrency=sizes.tenants, stalled=2)
            )

        for name in found:
            await fleet.defer_scan(name, RANGE)
        workers, done = [await start() for _ in range(3)], 0
        while done < sizes.kills and not all_done(await fleet.fleet_status()):
            await asyncio.sleep(chance.uniform(0.5, 3.0))
            number = chance.randrange(len(workers))
            workers[number].kill()
            await workers[number].wait()
            workers[number] = await start()
            done += 1
        await until(fleet, all_done, WITHIN)
        what = f"{sizes.tenants} tenants, 3 workers, {done} random kill -9"
        return pair(what, await compared(found, url))


async def event(server: str, kind: str) -> tuple[int, int]:
    """Disturb the scans of two tenants on two workers once, and compare in the end."""
    url = await new_database(server)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        found = await stack.enter_async_context(tenants(2, devices=12, calls_per_hour=_SLOW))
        way, net = await stack.enter_async_context(network(url))
        direct, other_net = await stack.enter_async_context(network(url))
        target = None
        if kind == "standby":
            target = await asyncio.to_thread(stack.enter_context, standby(server))
        file = config(found, folder)
        async with Fleet(direct) as fleet:
            for name in found:
                await fleet.defer_scan(name, RANGE)
            one = await stack.enter_async_context(worker(way, file, stalled=2))
            await until(fleet, lambda now: len(_scanned_by(one, now)) == len(found))
        await stack.enter_async_context(worker(direct, file, stalled=2))
        await asyncio.sleep(random.uniform(0.5, 2.0))
        if kind == "frozen":
            one.send_signal(signal.SIGSTOP)
            asyncio.get_running_loop().call_later(8, one.send_signal, signal.SIGCONT)
        elif kind == "silent":
            net.silent = True
        elif kind == "restart":
            await asyncio.to_thread(restart, server)
        elif target is not None:
            await asyncio.to_thread(promoted, server, target[1])
            net.folder = other_net.folder = target[0]
            url = url.replace(server.partition("host=")[2], target[0])
        await asyncio.sleep(4)
        async with Fleet(direct) as fleet:
            await until(fleet, all_done, WITHIN)
        differing = await compared(found, url)
        if target is not None:
            await asyncio.to_thread(restart, server)  # So that it can be stopped in an orderly way.
        return differing


async def _events(kind: str, count: int) -> tuple[int, int]:
    """Disturb so many fleets, one after the other, on a server of their own."""
    twice = missing = 0
    async with AsyncExitStack() as stack:
        server = await asyncio.to_thread(stack.enter_context, cluster())
        for number in range(count):
            if number and kind == "standby":  # The primary was lost.
                server = await asyncio.to_thread(stack.enter_context, cluster())
            more, less = await event(server, kind)
            twice, missing = twice + more, missing + less
            print(f"{kind} {number + 1}: {more} twice, {less} missing", file=sys.stderr)
    return twice, missing


async def events_survived(_server: str, sizes: Sizes) -> list[Figure]:
    names = {
        "frozen": "frozen and thawed process", "silent": "silent machine",
        "restart": "PostgreSQL restart", "standby": "primary lost to a standby",
    }  # fmt: skip
    found = await asyncio.gather(*(_events(kind, sizes.events) for kind in names))
    return [
        figure
        for what, counts in zip(names.values(), found, strict=True)
        for figure in pair(f"{what}, {sizes.events} times", counts)
    ]


async def takeovers(server: str, _sizes: Sizes) -> list[Figure]:
    """With the defaults of a worker; its only slot, and that of the other one, are taken."""
    figures = []
    for kind in ("kill -9", "SIGTERM", "frozen", "silent machine"):
        url = await new_database(server)
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            found = await stack.enter_async_context(tenants(2, devices=60, calls_per_hour=_SLOW))
            way, net = await stack.enter_async_context(network(url))
            fleet = await stack.enter_async_context(Fleet(url))
            file = config(found, folder)
            await fleet.defer_scan("tenant000", RANGE)
            one = await stack.enter_async_context(worker(way, file, concurrency=1, stalled=10))
            await until(fleet, partial(_scans, one, "tenant000"), 90)
            await fleet.defer_scan("tenant001", RANGE)
            other = await stack.enter_async_context(worker(url, file, concurrency=1, stalled=10))
            await until(fleet, partial(_scans, other, "tenant001"), 90)
            before = (await fleet.fleet_status())[0].owner
            signals = {
                "kill -9": signal.SIGKILL,
                "SIGTERM": signal.SIGTERM,
                "frozen": signal.SIGSTOP,
            }
            began = time.monotonic()
            if kind in signals:
                one.send_signal(signals[kind])
            net.silent = kind == "silent machine"

            def taken(now: list[TenantStatus], before: str | None = before) -> bool:
                return now[0].state == "running" and now[0].owner != before

            await until(fleet, taken, 90)
            figures.append(Figure(f"takeover: {kind}", time.monotonic() - began, 15, " s"))
    return figures
