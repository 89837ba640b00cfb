"""Airflow 3: a DAG that scans every night, and exports the lake when the scan is whole.

Copy it into the folder of your DAGs, with the credentials in the environment of the workers. Airflow ends a
task by SIGTERM; the next try goes on where it stopped.
"""

import asyncio
import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task

from gizwits_async import GizwitsClient
from gizwits_async.scan import FleetScan, ScanReport, Since, export

STORE = os.environ.get("GIZWITS_STORE", "fleet.db")
LAKE = os.environ.get("GIZWITS_LAKE", "lake")


async def read() -> ScanReport:
    """Read what is new since the last whole run; the first run reads one day."""
    async with GizwitsClient.from_env() as gizwits:
        return await FleetScan(gizwits, STORE, start=Since(86_400), keep_trying=3600.0).run()


@dag(
    schedule="15 1 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
)
def gizwits_nightly() -> None:
    """One task for all devices: parallel ones would only wait for each other's quota."""

    @task(retries=5, retry_delay=timedelta(minutes=10), execution_timeout=timedelta(hours=20))
    def scan() -> int:
        report = asyncio.run(read())
        if not report.complete:
            raise RuntimeError(f"incomplete: {report.windows_left} windows are left")
        return sum(report.records.values())

    @task
    def write_lake(records: int) -> dict[str, int]:
        del records  # It only says that the scan is whole.
        return dict(asyncio.run(export(STORE, LAKE)).rows)

    write_lake(scan())


gizwits_nightly()
