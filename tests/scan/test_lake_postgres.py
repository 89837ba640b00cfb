"""A store in PostgreSQL gives the same lake as one in SQLite."""

import json
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from gizwits_async.models.devices import DataRecord, Device, OnlineEvent
from gizwits_async.scan import FleetScan, SqlStore
from gizwits_async.scan.export import export
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import Task
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of

NOW = 1_790_000_000
KEYS = ("did", "timestamp", "type", "problem")


def rows(lake: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all tables, in order."""
    found = {
        table: ds.dataset(lake / table, partitioning="hive").to_table().to_pylist()
        for table in ("devices", "online", "cmd", "data", "gaps")
    }
    for row in found["online"]:  # `jsonb` has an order of keys of its own.
        row["payload"] = json.loads(row["payload"])
    return {
        table: sorted(one, key=lambda row: [str(row.get(key)) for key in KEYS])
        for table, one in found.items()
    }


async def test_a_store_in_postgresql_gives_the_same_lake(url: str, tmp_path: Path) -> None:
    """All five tables, by a scan of the same fleet; and a second export writes nothing."""
    cloud = cloud_of(3, 3)
    for store, lake in ((url, "one"), (tmp_path / "fleet.db", "two")):
        await FleetScan(client_of(cloud), store, start=NOW - 2 * DAY, end=NOW).run()
        await export(store, tmp_path / lake)
    assert rows(tmp_path / "one") == rows(tmp_path / "two")
    assert len(rows(tmp_path / "one")["data"]) > 100
    assert (await export(url, tmp_path / "one")).files == ()


async def test_values_that_jsonb_refuses_reach_the_lake(url: str, tmp_path: Path) -> None:
    """NUL, half a surrogate pair, integers beyond 64 bits: the same rows as from SQLite."""
    bodies: list[Any] = [{"a": "\0"}, {"a": "\ud800"}, {"a": 2**70, "b": 1.5}, {"a": "x"}]
    for store, lake in ((url, "one"), (tmp_path / "fleet.db", "two")):
        kept = SqlStore(store)
        await kept.open()
        state = ScanState(product_key="p", start=0, end=DAY, listing="done")
        await kept.begin(state, again=False)
        await kept.add([Device(did="d")], ["data", "online"], state)
        records = tuple(DataRecord(ts=float(n), attrs=attrs) for n, attrs in enumerate(bodies))
        await kept.commit(Change(after=Task.new("d", "data", 0), rows=records))
        events = tuple(
            OnlineEvent(timestamp=float(n), type="t\0", payload=a) for n, a in enumerate(bodies)
        )
        await kept.commit(Change(after=Task.new("d", "online", 0), rows=events))
        await kept.aclose()
        await export(store, tmp_path / lake)
    one, two = rows(tmp_path / "one"), rows(tmp_path / "two")
    assert one == two
    assert [row["a"] for row in one["data"]] == [row["a"] for row in two["data"]]
    assert len(one["data"]) == len(one["online"]) == 4
