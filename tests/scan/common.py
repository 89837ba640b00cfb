"""Shared by the tests of scans: small fleets, their true records, and the contents of stores."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from gizwits_async.models import to_dict
from gizwits_async.scan import MemoryStore
from gizwits_async.simulator import Fleet, Quirks, Rates, SimulatedCloud

LOGS = ("online", "cmd", "data")
DAY = 86_400
Rows = Counter[tuple[str, str, str]]


def cloud_of(
    devices: int = 4, days: int = 6, *, quirks: Quirks | None = None, **arguments: Any
) -> SimulatedCloud:
    """Return a service whose devices report enough for several pages a window."""
    rates = Rates(reports=160, dense=0.2, dense_size=120)
    fleet = Fleet.generate(devices, days, rates=arguments.pop("rates", rates), **arguments)
    return SimulatedCloud(fleet, quirks=quirks, quota=10**9)


def row(did: str, log: str, record: Any) -> tuple[str, str, str]:
    """Return a record so that equal ones compare equal."""
    plain = record if isinstance(record, dict) else to_dict(record)
    time = "ts" if log == "data" else "timestamp"
    return did, log, json.dumps({**plain, time: float(plain[time])}, sort_keys=True)


def truth(cloud: SimulatedCloud, start: float, end: float, logs: Iterable[str] = LOGS) -> Rows:
    """Return all records of a range as the service shows them, as a multiset."""
    return Counter(
        row(device.did, log, record)
        for device in cloud.fleet.devices
        for log in logs
        for record in cloud.truth(log, device.did, start, end)
    )


def in_memory(store: MemoryStore) -> Rows:
    """Return what a memory store holds."""
    return Counter(
        row(did, log, record) for (did, log), records in store.records.items() for record in records
    )


def in_file(path: Path) -> Rows:
    """Return what a SQLite file holds, read without the code under test."""
    found: Rows = Counter()
    with closing(sqlite3.connect(path)) as base:
        for did, ts, attrs in base.execute("SELECT did, timestamp, attrs FROM data_log"):
            found[row(did, "data", {"ts": ts, "attrs": json.loads(attrs)})] += 1
        for log in ("online", "cmd"):
            for did, ts, kind, payload in base.execute(
                f"SELECT did, timestamp, type, payload FROM {log}_log"
            ):
                value = json.loads(payload) if log == "online" else payload
                found[row(did, log, {"timestamp": ts, "type": kind, "payload": value})] += 1
    return found


def least(cloud: SimulatedCloud, start: int, end: int, logs: Iterable[str] = LOGS) -> int:
    """Return the least log calls: one a page of a hundred, and one for a window without records."""
    calls = 0
    for device in cloud.fleet.devices:
        for log in logs:
            for first in range(start, end, 172_799):
                count = len(cloud.truth(log, device.did, first, min(first + 172_799, end)))
                calls += max(1, -(-count // 100))
    return calls


def log_calls(cloud: SimulatedCloud) -> int:
    """Return how many calls asked a log."""
    kinds = ("log.online", "log.cmd", "log.data")
    return sum(cloud.tally[kind] for kind in kinds)
