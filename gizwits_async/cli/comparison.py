"""A store held against the truth of the simulator that was scanned."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from gizwits_async.scan import ScanReport
from gizwits_async.simulator import SimulatedCloud
from gizwits_async.simulator.quirks import LOGS, Log

__all__ = ["compared"]


def compared(cloud: SimulatedCloud, path: Path, report: ScanReport) -> tuple[int, int]:
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
