"""`gizwits-async scan`: the logs of all devices, into a store."""

import asyncio

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.output import json_text, say, write_line
from gizwits_async.cli.progress import progress_shown
from gizwits_async.cli.scan_range import ScanRange, fleet_scan
from gizwits_async.cli.scan_report import show_report
from gizwits_async.options import Lane
from gizwits_async.scan import SqlStore

__all__ = ["scan"]


async def scan(
    *,
    scan_range: ScanRange = ScanRange(),
    concurrency: int = 8,
    connection: Connection = Connection(),
) -> int:
    """Scan until nothing is left, and show what came of it.

    Args:
        scan_range: What to scan, and into which store.
        concurrency: How many logs are walked at once.
        connection: How the service is reached.
    """
    async with connection.client(lane=Lane.BULK) as gizwits:
        found = fleet_scan(gizwits, scan_range, concurrency=concurrency)
        try:
            with progress_shown(gizwits) as on_progress:
                report = await found.run(on_progress=on_progress)
        except asyncio.CancelledError:
            say(_("the state is saved; the same command goes on from here"))
            raise
    if scan_range.json:
        write_line(json_text(report))
    else:
        show_report(report, SqlStore(scan_range.out).name)
    return Exit.OK if report.complete else Exit.INCOMPLETE
