"""`gizwits-async scan`: the logs of all devices, into a store."""

import asyncio
import math
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import Duration, Flag
from gizwits_async.cli.language import _
from gizwits_async.cli.library_texts import reworded
from gizwits_async.cli.numbers import within
from gizwits_async.cli.output import json_text, say, write_line
from gizwits_async.cli.scan_range import ScanRange, fleet_scan
from gizwits_async.errors import GizwitsError
from gizwits_async.options import Lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from gizwits_async.scan import FleetScan, ScanProgress, ScanReport

__all__ = ["scan"]

_LOOK = 2.0
"""Seconds between two looks at a store that another scan holds."""
_MOST_WALKS = 1_000
_UNATTENDED = timedelta(hours=1)
"""How long an outage may last where nobody sees that the scan waits."""


@Parameter(name="*")
@frozen(kw_only=True)
class RunFlags:
    """How a scan runs."""

    concurrency: int = 8
    """How many logs are walked at once, at most 1,000."""
    keep_trying: Duration | None = None
    """How long an outage of network or service may last: 90s, 30m, 1h; by default until Ctrl-C on a
    terminal, and 1h elsewhere. 0s sets each log aside that cannot be read."""
    for_: Annotated[Duration | None, Parameter(name="--for")] = None
    """Stop after that long, at the borders of pages; the same command goes on."""
    wait_for_store: Flag = False
    """Wait while another scan holds the store, and do not end with exit code 8."""
    quiet: Flag = False
    """Show no progress, and no report of a scan that is complete."""

    @property
    def outage_seconds(self) -> float:
        """Seconds that an outage may last."""
        if self.keep_trying is not None:
            return self.keep_trying.total_seconds()
        return math.inf if sys.stderr.isatty() else _UNATTENDED.total_seconds()


async def scan(
    *,
    scan_range: ScanRange = ScanRange(),
    run: RunFlags = RunFlags(),
    connection: Connection = Connection(),
) -> int:
    """Scan until nothing is left, and show what came of it.

    Args:
        scan_range: What to scan, and into which store.
        run: How the scan runs.
        connection: How the service is reached.
    """
    within("--concurrency", run.concurrency, 1, _MOST_WALKS)
    from gizwits_async.cli.progress import progress_shown
    from gizwits_async.cli.scan_report import show_report
    from gizwits_async.scan import ScanStoreError

    last: ScanProgress | None = None

    def remember(now: "ScanProgress") -> None:
        nonlocal last
        last = now
        on_progress(now)

    async with connection.client(lane=Lane.BULK) as gizwits:
        found = fleet_scan(
            gizwits, scan_range, concurrency=run.concurrency, keep_trying=run.outage_seconds
        )
        try:
            with progress_shown(gizwits, quiet=run.quiet) as on_progress:
                report = await _run(found, run, remember)
        except ScanStoreError:
            raise  # It says itself what is wrong with the store.
        except (asyncio.CancelledError, GizwitsError) as error:
            go_on = await scan_range.go_on(*connection.words)
            if scan_range.json:
                write_line(json_text(_broken_off(error, last, go_on)))
            if go_on is None:
                say(_("nothing was saved yet"))
            else:
                say(_("the state is saved; to go on:"), command=go_on)
            raise
    if scan_range.json:
        write_line(json_text(report))
    elif not (run.quiet and report.complete):
        show_report(report, scan_range.store_name)
    return Exit.OK if report.complete else Exit.INCOMPLETE


async def _run(
    found: "FleetScan", run: RunFlags, on_progress: "Callable[[ScanProgress], None]"
) -> "ScanReport":
    from gizwits_async.scan import StoreLockedError

    seconds = None if run.for_ is None else run.for_.total_seconds()
    waits = run.wait_for_store
    while True:
        try:
            return await found.run(on_progress, seconds=seconds)
        except StoreLockedError as error:
            if not run.wait_for_store:
                raise
            if waits:
                say(reworded(str(error)))
            waits = False
        await asyncio.sleep(_LOOK)


def _broken_off(
    error: BaseException, last: "ScanProgress | None", go_on: str | None
) -> dict[str, Any]:
    """Return the report of a run that did not come to its end."""
    progress = (
        {}
        if last is None
        else {
            "devices": last.devices,
            "windows": last.windows,
            "windows_left": last.windows_left,
            "records": last.records,
            "calls": last.calls,
            "failed": last.failed,
            "seconds": last.seconds,
        }
    )
    name = "Interrupted" if isinstance(error, asyncio.CancelledError) else type(error).__name__
    ended = {"error": name, "message": str(error), "saved": go_on is not None, "go_on": go_on}
    return {"complete": False, **progress, **ended}
