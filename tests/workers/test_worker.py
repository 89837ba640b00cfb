"""Workers bring every record of every enterprise once, in slices, each enterprise in one place."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from attrs import evolve

from gizwits_async.scan import StoreMismatchError
from gizwits_async.workers import (
    Fleet,
    ScanArguments,
    Schedule,
    TenantStatus,
    cancel_scan,
    defer_scan,
    fleet_status,
)
from gizwits_async.workers.enterprise import schema_of
from tests.scan.cluster import sql
from tests.workers.fleets import RANGE, Tenant, all_done, tenants, until, working

FEW = 40_000
"""Calls an hour: what follows the first burst takes seconds."""


def states(found: list[TenantStatus]) -> list[str]:
    return [one.state for one in found]


async def test_a_worker_scans_all_enterprises_in_slices(url: str) -> None:
    """Two slots for four enterprises: each is scanned, and all records are there once."""
    async with tenants(4) as found, Fleet(url) as fleet:
        for name in found:
            assert await fleet.defer_scan(name, RANGE)
            assert not await fleet.defer_scan(name, RANGE)
        async with working(url, found, concurrency=2, slice_seconds=0.05):
            statuses = await until(fleet, all_done)
        assert all(one.windows_left == 0 and one.records > 0 for one in statuses)
        assert all(one.coverage == 1.0 and one.calls_per_hour > 0 for one in statuses)
        assert all(one.owner is None and one.last_error is None for one in statuses)
        for tenant in found.values():
            assert await tenant.differs(url) == (0, 0)
        assert await sql(url, "SELECT * FROM procrastinate_jobs") == []
        columns = await sql(url, "SELECT * FROM gizwits_tenants")
        assert "hidden" not in repr(columns)


async def test_what_a_dead_worker_left_goes_on_though_all_slots_are_taken(url: str) -> None:
    """Its job shows no sign of life: another worker does it at once, beside its own."""
    async with tenants(2, devices=10, calls_per_hour=FEW) as found, Fleet(url) as fleet:
        await fleet.defer_scan("tenant000", RANGE)
        await sql(
            url,
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '9 s')",
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id ="
            " (SELECT id FROM procrastinate_workers)",
            "UPDATE gizwits_tenants SET state = 'running', owner = 'gone:1:00'",
            "SELECT 1",
        )
        await fleet.defer_scan("tenant001", RANGE)
        async with working(url, found, concurrency=1):
            await until(
                fleet, lambda now: len({one.owner for one in now} - {None, "gone:1:00"}) == 1
                and states(now) == ["running", "running"] and now[0].owner == now[1].owner,
            )  # fmt: skip


async def test_a_cancelled_scan_ends_and_begins_no_more_slices(url: str) -> None:
    """What waits is removed, what runs makes no further call; what is stored stays."""
    async with tenants(2, devices=10, calls_per_hour=FEW) as found, Fleet(url) as fleet:
        await defer_scan(fleet, "tenant000", RANGE)
        await defer_scan(fleet, "tenant001", RANGE)
        assert await cancel_scan(fleet, "tenant001")
        assert not await cancel_scan(fleet, "tenant001")
        async with working(url, found):
            await until(fleet, lambda now: now[0].records > 0)
            assert await cancel_scan(url, "tenant000")
            statuses = await until(fleet, lambda now: now[0].state == "cancelled")
        assert [one.state for one in statuses] == ["cancelled", "cancelled"]
        assert statuses[0].windows_left
        assert (statuses[1].windows_left, statuses[1].records) == (None, 0)
        assert await sql(url, "SELECT * FROM procrastinate_jobs") == []


async def test_a_schedule_begins_runs_and_the_next_one_reads_what_is_new(url: str) -> None:
    """The first run at once; a time that was missed is left out, and none begins twice."""
    async with tenants(1) as found, Fleet(url) as fleet:
        schedule = Schedule(profile="tenant000", every=3600, scan=ScanArguments(logs=("data",)))
        kept = await fleet.add_schedule(schedule)
        assert [one.state for one in await fleet.fleet_status()] == ["scheduled"]
        assert kept == (await fleet.schedules())[0]
        async with working(url, found):
            (first,) = await until(fleet, all_done)
            assert first.next_run == pytest.approx((kept.next_run or 0) + 3600)
            await sql(
                url,
                "UPDATE gizwits_tenants SET due_at = due_at - 8000, next_run = next_run - 8000",
                "SELECT 1",
            )
            again = await until(fleet, lambda now: all_done(now) and now[0].since > first.since)
        assert again[0].next_run == pytest.approx(first.next_run, abs=3600)
        assert again[0].windows <= first.windows
        assert await fleet.remove_schedule("tenant000")
        assert not await fleet.remove_schedule("tenant000")
        assert (await fleet.fleet_status())[0].next_run is None


async def test_a_scan_that_cannot_begin_says_why(url: str) -> None:
    """A profile that the worker lacks, and secrets that are refused, fail; neither is tried again."""
    async with tenants(1) as found, Fleet(url) as fleet:
        (tenant,) = found.values()
        wrong = evolve(tenant.profile.credentials, enterprise_secret="hidden-wrong")
        bad = Tenant(
            cloud=tenant.cloud,
            profile=evolve(tenant.profile, credentials=wrong, products={"default": wrong}),
        )
        await fleet.defer_scan("nobody")
        await fleet.defer_scan("tenant000", RANGE)
        async with working(url, {"tenant000": bad}):
            statuses = await until(fleet, lambda now: states(now) == ["failed", "failed"])
        errors = [one.last_error or "" for one in statuses]
        assert errors[0].startswith("no profile 'nobody' among the 1 of ")
        assert errors[1].startswith("AuthenticationError")
        assert "hidden" not in errors[1]


async def test_all_products_of_an_enterprise_are_one_unit(url: str) -> None:
    """They share client and quota, each has a schema; a finished one is not begun again."""
    async with tenants(1, devices=2) as found, Fleet(url) as fleet:
        (tenant,) = found.values()
        second = evolve(
            tenant.profile.credentials, product_key="Second-Product", product_secret="p"
        )
        tenant.cloud.add_product("Second-Product", "p", tenant.cloud.fleet)
        products = {"one": tenant.profile.credentials, "two": second}
        both = evolve(tenant, profile=evolve(tenant.profile, products=products))
        await fleet.defer_scan("tenant000", RANGE)
        async with working(url, {"tenant000": both}, slice_seconds=0.1):
            (status,) = await until(fleet, all_done)
        assert await both.differs(url) == (0, 0)
        other = evolve(
            tenant, profile=evolve(tenant.profile, credentials=second, products={"two": second})
        )
        assert await other.differs(url) == (0, 0)
        rows = await sql(
            url, f"SELECT count(*) FROM {schema_of('product0')}.data_log"
        )  # fmt: skip
        assert status.records > rows[0][0]


async def test_a_worker_derives_a_log_as_a_scan_does(url: str) -> None:
    """The data log is read, or made out of the cmd log, though it is none of `logs`."""
    async with tenants(1) as found, Fleet(url) as fleet:
        await fleet.defer_scan("tenant000", evolve(RANGE, logs=("online", "cmd"), derive="data"))
        async with working(url, found):
            await until(fleet, all_done)
        assert await found["tenant000"].differs(url) == (0, 0)


async def test_two_profiles_of_one_enterprise_never_run_together(url: str) -> None:
    """They have one quota: the second waits, and says for what."""
    async with tenants(1, devices=10, calls_per_hour=FEW) as found, Fleet(url) as fleet:
        (tenant,) = found.values()
        twin = evolve(tenant, profile=evolve(tenant.profile, name="twin"))
        await fleet.defer_scan("tenant000", RANGE)
        await fleet.defer_scan("twin", RANGE)
        async with working(url, {**found, "twin": twin}):
            statuses = await until(fleet, lambda now: any(one.last_error for one in now))
        texts = [one.last_error for one in statuses if one.last_error]
        assert texts == ["waits for another profile of the same enterprise"]


async def test_a_database_of_a_newer_version_or_another_program_is_refused(url: str) -> None:
    """Missing tables are made, by one of several processes that begin at once; those that this version does not know stay as they are."""
    assert await asyncio.gather(*(fleet_status(url) for _ in range(4))) == [[]] * 4
    await sql(url, "UPDATE gizwits_fleet SET engine = '99.0.0'", "SELECT 1")
    with pytest.raises(StoreMismatchError, match=r"made with procrastinate 99.0.0, and 3\.\d+"):
        await fleet_status(url)
    await sql(url, "UPDATE gizwits_fleet SET engine = '3.4.0'", "SELECT 1")
    assert await fleet_status(url) == []
    await sql(url, "UPDATE gizwits_fleet SET version = 2", "SELECT 1")
    with pytest.raises(StoreMismatchError, match="made by a newer version of this package"):
        await fleet_status(url)
    await sql(url, "DROP TABLE gizwits_fleet", "SELECT 1")
    with pytest.raises(StoreMismatchError, match="has a job queue of another program"):
        await fleet_status(url)


async def test_an_unexpected_error_ends_the_run_and_not_the_enterprise(url: str) -> None:
    """It has failed, says so, and can be asked for again; "running" without a job would be for ever."""
    async with tenants(1) as found, Fleet(url) as fleet:
        await fleet.defer_scan("tenant000", RANGE)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("gizwits_async.workers.worker.Enterprise", _broken)
            async with working(url, found):
                (status,) = await until(fleet, lambda now: now[0].state == "failed")
        assert status.last_error == "ImportError: no such extra"
        assert await fleet.defer_scan("tenant000", RANGE)


def _broken(*_given: object, **_named: object) -> None:
    raise ImportError("no such extra")


async def test_a_run_without_a_job_goes_on(url: str) -> None:
    """A worker that lost the database at the end of a slice leaves such a run."""
    async with tenants(1) as found, Fleet(url) as fleet:
        await fleet.defer_scan("tenant000", RANGE)
        await sql(
            url,
            "DELETE FROM procrastinate_jobs",
            "UPDATE gizwits_tenants SET state = 'running', owner = 'gone:1:00',"
            " since = now() - interval '9 s'",
            "SELECT 1",
        )
        async with working(url, found):
            await until(fleet, all_done)


async def test_a_cancelled_scan_that_is_asked_for_at_once_has_a_job(url: str) -> None:
    """Whoever cancels removes the job of the old run, and not that of the new one."""
    async with Fleet(url) as one, Fleet(url) as other:
        for number in range(20):
            name = f"tenant{number}"
            await one.defer_scan(name)

            async def ask(name: str = name) -> None:
                while not await other.defer_scan(name):
                    await asyncio.sleep(0)

            await asyncio.gather(one.cancel_scan(name), ask())
        jobs = await sql(url, "SELECT * FROM procrastinate_jobs WHERE status = 'todo'")
        assert len(jobs) == 20


async def test_a_slice_ends_when_another_worker_owns_its_run(url: str) -> None:
    """Two clients of one enterprise would spend its quota twice."""
    async with tenants(1, devices=60, calls_per_hour=FEW) as found, Fleet(url) as fleet:
        await fleet.defer_scan("tenant000", RANGE)
        async with working(url, found):
            await until(fleet, lambda now: now[0].records > 0)
            await sql(url, "UPDATE gizwits_tenants SET owner = 'other:1:00' RETURNING 1")
            await fleet.cancel_scan("tenant000")
            await until(fleet, lambda now: now[0].state == "cancelled")


async def test_waits_are_measured_by_the_clock_of_the_database(
    url: str,
) -> None:
    """A machine whose clock is hours ahead tries again no later than others."""
    ahead = datetime.now(UTC) + timedelta(hours=2)
    async with Fleet(url) as fleet, fleet.database.transaction() as transaction:
        with time_machine.travel(ahead, tick=True):
            await fleet.queue.defer("tenant000", transaction, after=5)
        (row,) = await transaction.rows(
            "SELECT scheduled_at - now() < '9 s' AS soon FROM procrastinate_jobs"
        )
        assert row["soon"]
