"""What the status, the queue and an observer tell of a scan that waits, lacks something or runs."""

import asyncio

from attrs import define, evolve, field

from gizwits_async import CallReport, Quota
from gizwits_async.profiles import Profile
from gizwits_async.scan import ScanProgress, SqlStore
from gizwits_async.workers import Fleet
from gizwits_async.workers.enterprise import schema_of
from tests.scan.cluster import sql
from tests.workers.fleets import RANGE, all_done, tenants, until, working


async def test_a_store_that_another_program_holds_is_tried_again(url: str) -> None:
    """After fifteen seconds, and without a slot meanwhile; the status says for what it waits."""
    async with tenants(1) as found, Fleet(url) as fleet:
        await fleet.defer_scan("tenant000", RANGE)
        held = SqlStore(url, schema=schema_of("product0"))
        await held.open()
        alive = asyncio.ensure_future(_renewing(url))
        async with working(url, found):
            (status,) = await until(fleet, lambda now: now[0].last_error is not None)
            assert status.state == "waiting"
            assert (status.last_error or "").startswith("StoreLockedError: ")
            ((wait,),) = await sql(
                url,
                "SELECT extract(epoch FROM scheduled_at - now())::float FROM procrastinate_jobs",
            )
            assert 5 < wait <= 15
            alive.cancel()
            await held.aclose()
            await sql(url, "UPDATE procrastinate_jobs SET scheduled_at = now()", "SELECT 1")
            (status,) = await until(fleet, all_done)
        assert status.last_error is None
        assert await found["tenant000"].differs(url) == (0, 0)


async def _renewing(url: str) -> None:
    """Give the signs of life of a scan."""
    while True:
        await sql(
            url,
            "UPDATE product_product0.scan_lease SET renewals = renewals + 1,"
            " renewed_at = extract(epoch FROM clock_timestamp()) RETURNING 1",
        )
        await asyncio.sleep(0.2)


@define
class Recorder:
    """Takes in what an enterprise does."""

    profile: Profile
    calls: list[CallReport] = field(factory=list)
    windows: list[int] = field(factory=list)
    quotas: list[Quota] = field(factory=list)

    def __call__(self, report: CallReport, /) -> None:
        self.calls.append(report)

    def on_progress(self, now: ScanProgress, /) -> None:
        self.windows.append(now.windows)

    def watch(self, quota: Quota, /) -> None:
        self.quotas.append(quota)


async def test_what_a_finished_scan_lacks_is_said(url: str) -> None:
    """Trying again would bring no more: it is done, and names the closed log. An observer saw it all."""
    recorders: list[Recorder] = []

    def observer(profile: Profile) -> Recorder:
        recorders.append(Recorder(profile))
        return recorders[-1]

    async with tenants(1) as found, Fleet(url) as fleet:
        (tenant,) = found.values()
        tenant.cloud.quirks = evolve(tenant.cloud.quirks, forbidden_logs={"cmd"})
        await fleet.defer_scan("tenant000", RANGE)
        async with working(url, found, observer=observer):
            (status,) = await until(fleet, all_done)
        assert (status.last_error or "").startswith("default: cmd log closed: ")
        (seen,) = recorders
        assert seen.profile == tenant.profile
        assert len(seen.calls) >= status.calls_per_hour > 0
        assert max(seen.windows) == status.windows
        assert [quota.snapshot().limit for quota in seen.quotas] == [10**9]
