"""`gizwits-async demo`: a fleet scan through real sockets, held against the simulator's truth."""

import shlex
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.numbers import MOST_DEVICES, within
from gizwits_async.cli.output import say
from gizwits_async.cli.progress import progress_shown
from gizwits_async.cli.scan_range import ScanRange, fleet_scan
from gizwits_async.cli.scan_report import show_report
from gizwits_async.options import CALLS_PER_HOUR, Lane, Options, QuotaSnapshot

if TYPE_CHECKING:
    from gizwits_async.scan import ScanReport
    from gizwits_async.simulator import SimulatedCloud

__all__ = ["demo"]

_CALLS = 360_000
_TIMES_FASTER = 100
_LOG_DAYS = 30
"""Days for which the service keeps logs."""
_REAL_HOUR = QuotaSnapshot(
    limit=CALLS_PER_HOUR, remaining=CALLS_PER_HOUR, sprint=CALLS_PER_HOUR // 2
)
"""The quota of the real service in an hour in which nothing was called yet."""


@Parameter(name="*")
@frozen(kw_only=True)
class DemoFleet:
    """The made-up fleet."""

    devices: int = 20
    """How many devices the fleet has."""
    days: int = 4
    """How many days its logs reach back, at most 30."""
    out: Path | None = None
    """SQLite file to write; a temporary one by default."""
    seed: int = 1
    """Another number makes another fleet."""


async def demo(*, fleet: DemoFleet = DemoFleet()) -> int:
    """Scan a simulated fleet and compare; return 0 only if every record is there, once."""
    from gizwits_async.cli.comparison import compared
    from gizwits_async.simulator import Fleet, SimulatedCloud

    within("--devices", fleet.devices, 1, MOST_DEVICES)
    within("--days", fleet.days, 1, _LOG_DAYS)
    path = fleet.out or Path(tempfile.mkdtemp(prefix="gizwits-demo-")) / "fleet.db"
    made = Fleet.generate(fleet.devices, fleet.days, fleet.seed, now=time.time())
    cloud = SimulatedCloud(made, quota=_CALLS)
    report = await _scanned(cloud, fleet, path)
    show_report(report, str(path))
    same, expected = compared(cloud, path, report)
    _show_result(report, same, expected)
    _show_next(path)
    return Exit.OK if same == expected and report.complete else Exit.FAILED


async def _scanned(cloud: "SimulatedCloud", fleet: DemoFleet, path: Path) -> "ScanReport":
    from gizwits_async.client import GizwitsClient
    from gizwits_async.quota import HourlyQuota
    from gizwits_async.simulator import SimulatorServer

    async with SimulatorServer(cloud) as server:
        text = _(
            "a simulated service with {devices} devices and {days} days of logs at {url}",
            devices=fleet.devices,
            days=fleet.days,
            url=server.url,
        )
        say(text)
        text = _(
            "it allows {calls:,} calls an hour, {times} times what the real one allows",
            calls=_CALLS,
            times=_TIMES_FASTER,
        )
        say(text)
        async with GizwitsClient(
            cloud.credentials,
            base_url=server.url,
            quota=HourlyQuota(_CALLS, reserve=0),
            options=Options(lane=Lane.BULK),
        ) as gizwits:
            scan_range = ScanRange(since=timedelta(days=fleet.days), out=str(path))
            with progress_shown(gizwits) as on_progress:
                return await fleet_scan(gizwits, scan_range).run(on_progress=on_progress)


def _show_result(report: "ScanReport", same: int, expected: int) -> None:
    calls, least = report.log_calls, report.calls_least
    minutes = _REAL_HOUR.seconds_for(report.calls, now=0.0) / 60
    say(_("{same:,} of {expected:,} records are there, each once", same=same, expected=expected))
    say(_("{calls:,} log calls, {least:,} is the least possible", calls=calls, least=least))
    say(_("at the real quota the same scan takes about {minutes:.1f} minutes", minutes=minutes))


def _show_next(path: Path) -> None:
    say("")
    say(_("next, on your own:"))
    say(f"  sqlite3 {shlex.quote(str(path))} .schema")
    say(_("  gizwits-async simulate          # and in another terminal what it prints"))
    say(_("  gizwits-async plan --since 30d  # what a scan costs before it is run"))
    say("  gizwits-async logs DID --log cmd --since 1d")
