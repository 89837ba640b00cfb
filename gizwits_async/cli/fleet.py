"""`gizwits-async fleet`: how the scans of all enterprises stand; begins and ends them."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gizwits_async.cli.database import FleetFlags, done_or_said
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import Flag
from gizwits_async.cli.language import N_, _
from gizwits_async.cli.numbers import LAST_PORT, within
from gizwits_async.cli.output import Format, each, json_text, write_line
from gizwits_async.cli.scan_range import ScanSelection
from gizwits_async.cli.tables import Column, write_rows

if TYPE_CHECKING:
    from gizwits_async.workers import TenantStatus

__all__ = ["cancel", "fleet", "run"]

_EVERY = 2.0
"""Seconds between two looks of `--watch`."""
_STATES = (
    N_("scheduled"),
    N_("waiting"),
    N_("running"),
    N_("done"),
    N_("failed"),
    N_("cancelled"),
)


async def fleet(
    *,
    json: Flag = False,
    watch: Flag = False,
    serve: Flag = False,
    port: int = 8090,
    flags: FleetFlags = FleetFlags(),
) -> int:
    """Show a row for each enterprise. Exit code 3 if the last scan of one of them has failed.

    Args:
        json: Write the rows as JSON on stdout; with --watch each look as one line.
        watch: Show it again every two seconds, until Ctrl-C.
        serve: Show it on a page of this machine, until Ctrl-C. The page begins and ends no scans.
        port: Port of that page, on 127.0.0.1.
        flags: Where the fleet is.
    """
    within("--port", port, 0, LAST_PORT)
    if serve:
        from gizwits_async.cli.fleet_page import serve_page

        return await serve_page(flags.fleet, port)
    async with flags.fleet as opened:
        while True:
            found = await opened.fleet_status()
            if watch and json:
                from gizwits_async.models import to_dict

                write_line(json_text([to_dict(one) for one in found]))
            else:
                if watch and sys.stdout.isatty():
                    write_line("\x1b[2J\x1b[H")
                await _show(found, Format.JSON if json else Format.AUTO)
            if not watch:
                break
            await asyncio.sleep(_EVERY)
    return Exit.INCOMPLETE if any(one.state == "failed" for one in found) else Exit.OK


async def run(
    profile: str,
    /,
    *,
    selection: ScanSelection = ScanSelection(),
    flags: FleetFlags = FleetFlags(),
) -> int:
    """Ask for a scan. Exit code 8 if one is waiting or running already, which goes on.

    Args:
        profile: The profile.
        selection: What is read; by default what is new since the last time.
        flags: Where the fleet is.
    """
    flags.check(profile)
    async with flags.fleet as opened:
        begun = await opened.defer_scan(profile, selection.arguments(scheduled=True))
    reason = _("a scan of {profile} is waiting or running already; it goes on", profile=profile)
    return done_or_said(begun, reason, Exit.LOCKED)


async def cancel(profile: str, /, *, flags: FleetFlags = FleetFlags()) -> int:
    """End a scan. Exit code 1 if none is waiting or running.

    Args:
        profile: The profile.
        flags: Where the fleet is.
    """
    async with flags.fleet as opened:
        ended = await opened.cancel_scan(profile)
    return done_or_said(ended, _("no scan of {profile} is waiting or running", profile=profile))


async def _show(found: "Sequence[TenantStatus]", form: Format) -> None:
    columns = [
        Column("profile", _("profile")),
        Column("state", _("state")),
        Column("coverage", _("read")),
        Column("windows_left", _("windows left")),
        Column("records", _("records")),
        Column("calls_per_hour", _("calls in the last hour")),
        Column("last_error", _("last error")),
        Column("since", _("since")),
        Column("next_run", _("next run")),
        Column("owner", _("worker")),
    ]
    await write_rows(each(found), form, columns=columns, row=_row)


def _row(shown: Mapping[str, Any]) -> dict[str, Any]:
    from gizwits_async.cli.moments import clock_time
    from gizwits_async.workers import TenantStatus

    status = TenantStatus(**shown)
    quota = f" / {status.quota:,}" if status.quota else ""
    return {
        **shown,
        "state": _(status.state),
        "coverage": None if status.coverage is None else f"{status.coverage:.0%}",
        "windows_left": None if status.windows_left is None else f"{status.windows_left:,}",
        "records": f"{status.records:,}",
        "calls_per_hour": f"{status.calls_per_hour:,}{quota}",
        "since": clock_time(status.since),
        "next_run": None if status.next_run is None else clock_time(status.next_run),
    }
