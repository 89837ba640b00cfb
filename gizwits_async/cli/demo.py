"""`gizwits-async demo`: a fleet scan through real sockets, held against the simulator's truth."""

import json
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.output import say
from gizwits_async.cli.progress import progress_shown
from gizwits_async.cli.scan_range import ScanRange, fleet_scan
from gizwits_async.cli.scan_report import show_report
from gizwits_async.client import GizwitsClient
from gizwits_async.options import Lane, Options
from gizwits_async.quota import HourlyQuota
from gizwits_async.scan import ScanReport
from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorServer
from gizwits_async.simulator.quirks import LOGS, Log

__all__ = ["demo"]

_CALLS = 360_000
_TIMES_FASTER = 100
_REAL_PER_MINUTE = 60


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
    if not 0 < fleet.days <= 30:  # noqa: PLR2004 - the life of a log
        raise ValueError(_("days must be from 1 to 30: logs are kept that long"))
    path = fleet.out or Path(tempfile.mkdtemp(prefix="gizwits-demo-")) / "fleet.db"
    made = Fleet.generate(fleet.devices, fleet.days, fleet.seed, now=time.time())
    cloud = SimulatedCloud(made, quota=_CALLS)
    async with SimulatorServer(cloud) as server:
        say(
            _(
                "a simulated service with {devices} devices and {days} days of logs at {url}",
                devices=fleet.devices,
                days=fleet.days,
                url=server.url,
            )
        )
        say(
            _(
                "it allows {calls:,} calls an hour, {times} times what the real one allows: or this would take minutes",
                calls=_CALLS,
                times=_TIMES_FASTER,
            )
        )
        report = await _scanned(
            cloud, server.url, ScanRange(since=timedelta(days=fleet.days), out=str(path))
        )
    show_report(report, str(path))
    same, expected = _compared(cloud, path, report)
    say(_("{same:,} of {expected:,} records are there, each once", same=same, expected=expected))
    say(
        _(
            "{calls:,} log calls, {least:,} is the least possible",
            calls=report.log_calls,
            least=report.calls_least,
        )
    )
    say(
        _(
            "at the real quota the same scan takes about {minutes:.1f} minutes",
            minutes=report.calls / _REAL_PER_MINUTE,
        )
    )
    say("")
    say(_("next, on your own:"))
    say(f"  sqlite3 {path} .schema")
    say(_("  gizwits-async simulate          # and in another terminal what it prints"))
    say(_("  gizwits-async plan --since 30d  # what a scan costs before it is run"))
    say("  gizwits-async logs DID --log cmd --since 1d")
    return Exit.OK if same == expected and report.complete else Exit.FAILED


async def _scanned(cloud: SimulatedCloud, url: str, scan_range: ScanRange) -> ScanReport:
    async with GizwitsClient(
        cloud.credentials,
        base_url=url,
        quota=HourlyQuota(_CALLS, reserve=0),
        options=Options(lane=Lane.BULK),
    ) as gizwits:
        with progress_shown(gizwits) as on_progress:
            return await fleet_scan(gizwits, scan_range).run(on_progress=on_progress)


def _compared(cloud: SimulatedCloud, path: Path, report: ScanReport) -> tuple[int, int]:
    """Return how many records of the truth are in the store, and how many should be.

    A record that is there twice, or that should not be there, makes the first number smaller.
    """
    same = expected = 0
    with closing(sqlite3.connect(path)) as store:
        for log in LOGS:
            truth: Counter[str] = Counter()
            for device in cloud.fleet.devices:
                rows = cloud.truth(log, device.did, report.start, report.end)
                truth.update(_line(device.did, log, row) for row in rows)
            columns = "timestamp, attrs" if log == "data" else "timestamp, type, payload"
            found = Counter(
                _line(did, log, _row(log, rest))
                for did, *rest in store.execute(f"select did, {columns} from {log}_log")  # noqa: S608
            )
            expected += truth.total()
            same += truth.total() - (truth - found).total() - (found - truth).total()
    return same, expected


def _row(log: Log, values: list[object]) -> dict[str, object]:
    if log == "data":
        return {"ts": values[0], "attrs": json.loads(str(values[1]))}
    payload = values[2] if log == "cmd" else json.loads(str(values[2]))
    return {"timestamp": values[0], "type": values[1], "payload": payload}


def _line(did: str, log: Log, row: dict[str, object]) -> str:
    at = row.get("ts", row.get("timestamp"))
    rest = {name: value for name, value in row.items() if name not in {"ts", "timestamp"}}
    return f"{did} {log} {float(str(at)):.3f} {json.dumps(rest, sort_keys=True)}"
