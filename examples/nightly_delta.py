"""Scans what is new, brings the Delta tables up to date, and asks them three questions with DuckDB.

    pip install 'gizwits-async[scan,delta]' duckdb
    python examples/nightly_delta.py fleet.db tables

Run it every night: the scan goes on where the last one ended, and the export replaces the days that
changed. It reads the `GIZWITS_*` variables.
"""

import asyncio
import sys

import duckdb
from deltalake import DeltaTable

from gizwits_async import GizwitsClient
from gizwits_async.scan import FleetScan, Since, SqlStore, export

QUESTIONS = {
    "Reports a day": """
        SELECT date, count(*) AS reports, count(DISTINCT did) AS devices
        FROM data GROUP BY date ORDER BY date
    """,
    "The most talkative devices": """
        SELECT did, count(*) AS reports, max(timestamp) AS last
        FROM data GROUP BY did ORDER BY reports DESC, did LIMIT 5
    """,
    "Devices that have not reported for a day": """
        SELECT mac, region, city FROM devices
        ANTI JOIN (SELECT did FROM data WHERE timestamp > now() - INTERVAL 1 DAY) USING (did)
        ORDER BY mac
    """,
}


async def night(store: str, tables: str) -> None:
    """Scan, then export; a scan that is not complete ends the program with an error."""
    async with GizwitsClient.from_env() as gizwits:
        scan = FleetScan(gizwits, SqlStore(store), start=Since(2 * 86_400), keep_trying=3600.0)
        report = await scan.run()
    if not report.complete:
        raise SystemExit(f"incomplete: {report.windows_left} windows are left")
    await export(store, tables, "delta")


def main(store: str, tables: str) -> None:
    """Run one night, and print the answers."""
    asyncio.run(night(store, tables))
    with duckdb.connect() as db:
        # Through Arrow, so that the DuckDB extension `delta` need not be downloaded.
        for name in ("data", "devices"):
            db.register(name, DeltaTable(f"{tables}/{name}").to_pyarrow_dataset())
        for title, query in QUESTIONS.items():
            print(f"\n{title}")
            db.sql(query).show()


if __name__ == "__main__":
    main(*sys.argv[1:])
