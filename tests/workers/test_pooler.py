"""Workers behind pgbouncer, where it is installed."""

from typing import Literal

import pytest

from gizwits_async.workers import Fleet
from tests.scan.cluster import PGBOUNCER, pooler
from tests.workers.fleets import RANGE, all_done, tenants, until, working

if PGBOUNCER:

    @pytest.mark.parametrize("mode", ["transaction", "session"])
    async def test_workers_work_behind_pgbouncer(
        server: str, url: str, mode: Literal["transaction", "session"]
    ) -> None:
        """No new job is announced in transaction mode: an idle worker finds it by looking."""
        with pooler(server, mode, "default_pool_size = 10") as pooled:
            way = url.replace(server.partition("host=")[2], pooled.partition("host=")[2])
            async with tenants(2) as found, Fleet(way) as fleet:
                async with working(way, found, slice_seconds=0.05):
                    for name in found:
                        await fleet.defer_scan(name, RANGE)
                        await until(fleet, all_done)
                for tenant in found.values():
                    assert await tenant.differs(url) == (0, 0)
