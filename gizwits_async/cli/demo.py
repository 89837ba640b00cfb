"""`gizwits-async demo`: a fleet scan through real sockets, held against the simulator's truth."""

import json
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from gizwits_async.cli.output import say
from gizwits_async.cli.scanning import Job, fleet_scan, progress_shown, show_report
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


async def demo(*, devices: int, days: int, out: Path | None, seed: int) -> int:
    """Scan a simulated fleet and compare; return 0 only if every record is there, once."""
    if not 0 < days <= 30:  # noqa: PLR2004 - the life of a log
        raise ValueError("days must be from 1 to 30: logs are kept that long")
    path = out or Path(tempfile.mkdtemp(prefix="gizwits-demo-")) / "fleet.db"
    fleet = Fleet.generate(devices, days, seed, now=time.time())
    cloud = SimulatedCloud(fleet, quota=_CALLS)
    async with SimulatorServer(cloud) as server:
        say(f"a simulated service with {devices} devices and {days} days of logs at {server.url}")
        say(
            f"it allows {_CALLS:,} calls an hour, {_TIMES_FASTER} times what the real one allows:"
            " or this would take minutes"
        )
        async with GizwitsClient(
            cloud.credentials,
            base_url=server.url,
            quota=HourlyQuota(_CALLS, reserve=0),
            options=Options(lane=Lane.BULK),
        ) as gizwits:
            job = Job(since=f"{days}d", out=str(path))
            with progress_shown(gizwits) as on_progress:
                report = await fleet_scan(gizwits, job).run(on_progress=on_progress)
    show_report(report, str(path))
    same, expected = _compared(cloud, path, report)
    real = report.calls / _REAL_PER_MINUTE
    say(f"{same:,} of {expected:,} records are there, each once")
    say(f"{report.log_calls:,} log calls, {report.calls_least:,} is the least possible")
    say(f"at the real quota the same scan takes about {real:.1f} minutes")
    say("")
    say("next, on your own:")
    say(f"  sqlite3 {path} .schema")
    say("  gizwits-async simulate          # and in another terminal what it prints")
    say("  gizwits-async plan --since 30d  # what a scan costs before it is run")
    say("  gizwits-async logs DID --log cmd --since 1d")
    return 0 if same == expected and report.complete else 1


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
