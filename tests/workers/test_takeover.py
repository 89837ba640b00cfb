"""Whatever ends or silences a worker, others go on with its scans, and each record is there once."""

import asyncio
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest

from gizwits_async.workers import Fleet, TenantStatus
from tests.scan.cluster import PGBOUNCER, pooler, restart
from tests.workers.fleets import RANGE, Tenant, all_done, config, tenants, until, worker

SLOW = 72_000
"""Calls an hour: a scan takes some seconds."""


def owners(found: list[TenantStatus]) -> set[str]:
    return {one.owner for one in found if one.owner and one.windows_left}


def run_by(process: Process, found: list[TenantStatus]) -> list[str]:
    """Return the profiles that a process is scanning, and has read something of."""
    return [
        one.profile
        for one in found
        if one.owner and f":{process.pid}:" in one.owner and one.windows_left
    ]


async def complete(fleet: Fleet, url: str, found: Mapping[str, Tenant]) -> None:
    """Wait until all is done, and compare the stores with the truth."""
    await until(fleet, all_done)
    for name, tenant in found.items():
        assert await tenant.differs(url) == (0, 0), name


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("pooled", [False, *([True] if PGBOUNCER else [])])
async def test_others_take_over_though_all_their_slots_are_taken(
    server: str, url: str, tmp_path: Path, how: signal.Signals, pooled: bool
) -> None:
    """Of a killed worker after `stalled_after`, of one that was asked to stop at once.

    Behind pgbouncer in transaction mode, once they look for it: it cannot announce anything there.
    """
    async with tenants(2, devices=10, calls_per_hour=SLOW) as found, Fleet(url) as fleet:
        file = config(found, tmp_path)
        for name in found:
            await fleet.defer_scan(name, RANGE)
        with pooler(server, "transaction") if pooled else nullcontext(server) as before:
            way = url.replace(server.partition("host=")[2], before.partition("host=")[2])
            async with (
                worker(way, file, concurrency=1) as one,
                worker(way, file, concurrency=1) as other,
            ):
                statuses = await until(fleet, lambda now: len(owners(now)) == 2)
                (profile,) = run_by(one, statuses)
                one.send_signal(how)
                began = time.monotonic()
                await until(fleet, lambda now: profile in run_by(other, now))
                assert time.monotonic() - began < (6 if how is signal.SIGKILL else 3)
                await complete(fleet, url, found)
                if how is signal.SIGTERM:
                    assert await one.wait() == 0


@pytest.mark.slow
async def test_a_frozen_worker_that_thaws_writes_nothing_more(url: str, tmp_path: Path) -> None:
    """Its scan went on elsewhere meanwhile; afterwards it works on as before."""
    async with tenants(1, devices=10, calls_per_hour=SLOW) as found, Fleet(url) as fleet:
        file = config(found, tmp_path)
        await fleet.defer_scan("tenant000", RANGE)
        async with worker(url, file) as frozen:
            await until(fleet, lambda now: run_by(frozen, now) == ["tenant000"])
            frozen.send_signal(signal.SIGSTOP)
            async with worker(url, file) as other:
                await until(fleet, lambda now: run_by(other, now) == ["tenant000"])
                frozen.send_signal(signal.SIGCONT)
                await complete(fleet, url, found)
                other.send_signal(signal.SIGTERM)
                assert await other.wait() == 0
            await fleet.defer_scan("tenant000", RANGE)
            await until(fleet, all_done)
            assert await found["tenant000"].differs(url) == (0, 0)


@pytest.mark.slow
async def test_a_restart_of_the_database_is_survived(url: str, tmp_path: Path) -> None:
    """Scans end, and go on by themselves when it is back."""
    async with tenants(2, devices=10, calls_per_hour=SLOW) as found, Fleet(url) as fleet:
        file = config(found, tmp_path)
        for name in found:
            await fleet.defer_scan(name, RANGE)
        async with worker(url, file) as process:
            await until(fleet, lambda now: len(run_by(process, now)) == 2)
            await asyncio.to_thread(restart, url)
            await complete(fleet, url, found)
            assert process.returncode is None
