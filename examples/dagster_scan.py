"""Dagster: an asset for the store of the nightly scan, and one for the lake that is exported from it.

`dagster dev -f examples/dagster_scan.py`, with the credentials in the environment. A run that is ended goes
on where it stopped: the retry makes the same calls that were left.
"""

import asyncio
import os

import dagster as dg

from gizwits_async import GizwitsClient
from gizwits_async.scan import FleetScan, ScanReport, Since, export

STORE = os.environ.get("GIZWITS_STORE", "fleet.db")
LAKE = os.environ.get("GIZWITS_LAKE", "lake")


async def scan() -> ScanReport:
    """Read what is new since the last whole run; the first run reads one day."""
    async with GizwitsClient.from_env() as gizwits:
        return await FleetScan(gizwits, STORE, start=Since(86_400), keep_trying=3600.0).run()


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=5, delay=600), pool="gizwits")
def fleet_store() -> dg.MaterializeResult:
    """The logs of all devices. The pool has one slot: the quota is the limit, not the workers."""
    report = asyncio.run(scan())
    if not report.complete:
        raise dg.Failure(f"incomplete: {report.windows_left} windows are left")
    return dg.MaterializeResult(metadata={"calls": report.calls, **report.records})


@dg.asset(deps=[fleet_store])
def lake() -> dg.MaterializeResult:
    """One file for each table and day; only days that changed are written."""
    written = asyncio.run(export(STORE, LAKE))
    return dg.MaterializeResult(metadata=dict(written.rows))


defs = dg.Definitions(
    assets=[fleet_store, lake],
    schedules=[dg.ScheduleDefinition(name="nightly", target="*", cron_schedule="15 1 * * *")],
)
