"""What a worker takes from a profile: the quota that others use too, and secrets that stand nowhere."""

from functools import partial
from pathlib import Path

import pytest
from attrs import evolve

from gizwits_async import Lane
from gizwits_async.profiles import Profile
from gizwits_async.quota.shared import SharedQuota
from gizwits_async.scan import FleetScan
from gizwits_async.simulator import Fleet as Devices
from gizwits_async.simulator import SimulatedCloud, SimulatorServer
from gizwits_async.workers import Fleet, TenantStatus
from tests.canaries import CREDENTIALS, leaks, listening, quoted, rendered
from tests.scan.cluster import connected, plain
from tests.workers.fleets import NOW, RANGE, Tenant, tenants, until, working

CALLS = 10_000_000


async def test_a_quota_that_other_programs_use_too_is_shared_by_its_url(
    url: str, tmp_path: Path
) -> None:
    """What a worker called is gone for them, by one count; a URL that is none is named."""
    where = f"file://{tmp_path / 'quota'}"
    async with tenants(2) as found, Fleet(url) as fleet:
        one, two = (
            evolve(tenant, profile=evolve(tenant.profile, quota_url=quota_url))
            for tenant, quota_url in zip(found.values(), (where, "hidden://x"), strict=True)
        )
        for name in found:
            await fleet.defer_scan(name, RANGE)
        async with working(url, {"tenant000": one, "tenant001": two}):
            first, second = await until(
                fleet, lambda now: [each.state for each in now] == ["done", "failed"]
            )
        other = SharedQuota(where, "enterprise0", calls=CALLS)
        await other.acquire(Lane.BULK)
        assert CALLS - other.snapshot().remaining > first.calls_per_hour > 0
        await other.aclose()
        assert (second.last_error or "").startswith(
            "ArgumentError: quota_url of the profile must be"
        )
        assert "hidden" not in (second.last_error or "")


async def test_no_secret_is_in_a_table_a_log_or_a_traceback(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether a scan ends well, with a refusal or with an error that nobody foresaw."""
    way = url.replace("postgres@", f"postgres:{quoted('postgres password')}@")
    cloud = SimulatedCloud(Devices.generate(2, 3, now=NOW), credentials=CREDENTIALS, quota=10**9)
    proxy = f"http://x:{quoted('proxy password')}@127.0.0.1:1/%"
    async with SimulatorServer(cloud) as service, Fleet(way) as fleet:
        profile = Profile(name="good", credentials=CREDENTIALS, base_url=service.url)
        found = {
            "good": Tenant(cloud=cloud, profile=profile),
            "refused": Tenant(cloud=cloud, profile=evolve(profile, name="refused", proxy=proxy)),
        }
        with listening() as heard, pytest.MonkeyPatch.context() as patch:
            async with working(way, found):
                for name, state in (("good", "done"), ("refused", "failed"), ("good", "failed")):
                    await fleet.defer_scan(name, RANGE)
                    await until(fleet, partial(_is, name, state))
                    patch.setattr(FleetScan, "run", _unforeseen)
    async with connected(plain(url)) as connection:
        tables = await connection.fetch(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace NOT IN"
            " ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"
        )
        dump = [repr(await connection.fetch(f"SELECT * FROM {name}")) for (name,) in tables]
    errors = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert [type(error) for error in errors] == [RuntimeError]
    assert leaks("".join([heard.text, *dump, *map(rendered, filter(None, errors))])) == []
    assert len(dump) > 10
    assert "RuntimeError" in "".join(dump)


def _is(name: str, state: str, found: list[TenantStatus]) -> bool:
    return (name, state) in [(one.profile, one.state) for one in found]


async def _unforeseen(*_given: object, **_named: object) -> None:
    raise RuntimeError
