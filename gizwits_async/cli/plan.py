"""`gizwits-async plan`: what a scan would cost, before a call is spent on it."""

import sys
from typing import TYPE_CHECKING

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.library_texts import reworded
from gizwits_async.cli.output import json_text, say, stderr, stdout, write_line
from gizwits_async.cli.scan_range import ScanRange, fleet_scan
from gizwits_async.cli.scan_report import utc
from gizwits_async.cli.tables import pairs
from gizwits_async.options import Lane

if TYPE_CHECKING:
    from gizwits_async.scan import ScanPlan

__all__ = ["plan"]


async def plan(
    *, scan_range: ScanRange = ScanRange(), connection: Connection = Connection()
) -> int:
    """Write the plan: a table on a terminal, JSON in a pipe.

    Args:
        scan_range: What the scan would cover, and its store.
        connection: How the service is reached.
    """
    async with connection.client(lane=Lane.BULK) as gizwits:
        found = await fleet_scan(gizwits, scan_range).plan()
    if scan_range.json or not sys.stdout.isatty():
        write_line(json_text(found))
    if not scan_range.json:
        on = stdout() if sys.stdout.isatty() else stderr()
        on.print(pairs(_rows(found, scan_range.store_name), _("plan of a scan")))
        for note in found.notes:
            say(_("note: {text}", text=reworded(note)))
    return Exit.OK


def _rows(found: "ScanPlan", store: str) -> dict[str, str]:
    is_known = found.calls > found.calls_least
    rows = {
        _("store"): store,
        _("range (UTC)"): _("{start} to {end}", start=utc(found.start), end=utc(found.end)),
        _("devices"): f"{found.devices:,}",
    }
    for name, count in found.windows.items():
        rows[_("{log} windows left", log=name)] = f"{count:,}"
    if found.skipped:
        counts = ", ".join(f"{rule} {count:,}" for rule, count in found.skipped.items())
        passed_over = f"{sum(found.skipped.values()):,} ({counts})"
        rows[_("windows passed over")] = passed_over
        rows[_("windows read as samples")] = f"{found.sampled:,}"
    if found.active_share < 1:
        share = _("{share:.0%} of the cmd and data windows, at most", share=found.active_share)
        rows[_("reported data by the service's count")] = share
    rows[_("calls")] = _calls(found)
    minutes, seconds = divmod(round(found.hours * 3600), 60)
    hours = f"{minutes // 60:,}:{minutes % 60:02}:{seconds:02}"
    rows[_("time needed")] = hours if is_known else _("{hours} or more", hours=hours)
    ends = _("done, if begun now (UTC)") if is_known else _("done at the earliest (UTC)")
    rows[ends] = utc(found.finish)
    if found.falls_off:
        rows[_("windows lost to the 30-day edge before they are read")] = f"{found.falls_off:,}"
    if found.resumes:
        rows[_("goes on with")] = _("a range that an earlier run began")
    return rows


def _calls(found: "ScanPlan") -> str:
    """Return the calls to expect: a range where some windows of the range were read already."""
    if found.calls > found.calls_least:
        return _(
            "{calls:,}, by what was read so far; {least:,} is the least possible",
            calls=found.calls,
            least=found.calls_least,
        )
    return _(
        "{least:,} or more: how full the logs are shows while they are read",
        least=found.calls_least,
    )
