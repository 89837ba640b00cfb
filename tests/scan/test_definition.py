"""The product's data points are kept beside its logs, and the cmd log is exported decoded by them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gizwits_async.models.devices import CommandRecord, Device
from gizwits_async.scan import FleetScan, ScanProgress, ScanStoreError, SqlStore
from gizwits_async.scan.export import export
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import Task
from gizwits_async.simulator import FaultRule
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of

NOW = 1_790_000_000
START = NOW - 2 * DAY


SHOWN = ("did", "timestamp", "type", "payload")


async def cmd_file(store: Path, out: Path, to: str) -> Path:
    """Export the cmd log, and return the last file of it that has rows."""
    found = await export(store, out, to, logs=["cmd"])  # type: ignore[arg-type]
    files = [Path(file) for file in found.files if Path(file).parent.parent.name == "cmd"]
    return max(files)


def sql(query: str) -> list[Any]:
    """Return the rows of a query; the connection that all share would keep what was not fetched."""
    with duckdb.connect() as base:
        return base.execute(query).fetchall()


class Stopped(Exception):  # noqa: N818
    """The caller ends the scan."""


def stop(at: ScanProgress) -> None:
    """End a scan at its first page of a log."""
    if at.log:
        raise Stopped


def meta(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as store:
        return dict(store.execute("select key, value from scan_meta"))


async def test_they_are_asked_for_once_a_range_and_kept(tmp_path: Path) -> None:
    """One call beside the listing; none when a broken-off run goes on; one for the next range."""
    cloud, path = cloud_of(2, 3), tmp_path / "fleet.db"
    client = client_of(cloud)
    plan = await FleetScan(client, path, start=START, end=NOW - DAY).plan()
    report = await FleetScan(client, path, start=START, end=NOW - DAY).run()
    assert report.calls - report.log_calls == 3  # Two for the listing.
    assert plan.calls - sum(plan.windows.values()) == 3
    assert report.log_calls == report.calls_least + report.windows_empty
    names = {"set_temp", "room_temp"}
    kept = json.loads(meta(path)["datapoints"])
    assert names <= {point["name"] for point in kept["entities"][0]["attrs"]}
    for count in (2, 2, 2):
        with pytest.raises(Stopped):
            await FleetScan(client, path, start=START, concurrency=1).run(on_progress=stop)
        assert cloud.tally["product.datapoints"] == count
    assert (await FleetScan(client, path, start=START).run()).complete
    assert cloud.tally["product.datapoints"] == 2


async def test_the_online_log_alone_needs_none(tmp_path: Path) -> None:
    """A scan of online events, or one without a database, asks for no data points."""
    cloud = cloud_of(2, 3)
    scan = FleetScan(client_of(cloud), tmp_path / "a.db", start=START, end=NOW, logs=["online"])
    assert (await scan.run()).complete
    async for _ in FleetScan(client_of(cloud), start=START, end=NOW):
        pass
    assert cloud.tally["product.datapoints"] == 0


@pytest.mark.parametrize(
    ("rule", "again"),
    [
        ({"action": "status", "code": 5018}, 1),
        ({"action": "status", "status": 502}, 2),
        ({"action": "truncated"}, 2),
    ],
)
async def test_a_scan_goes_on_without_them(
    tmp_path: Path, rule: dict[str, object], again: int, caplog: pytest.LogCaptureFixture
) -> None:
    """After a refusal a run that goes on asks no more, after a failure it does; the export is plain."""
    cloud, path = cloud_of(2, 3), tmp_path / "fleet.db"
    cloud.faults.set([FaultRule(path="*/datapoint", **rule)])  # type: ignore[arg-type]
    client = client_of(cloud, max_retries=0)
    with pytest.raises(Stopped):
        await FleetScan(client, path, start=START, end=NOW).run(on_progress=stop)
    assert "data points are not known" in caplog.text
    assert cloud.faults.fired == [1]
    assert (await FleetScan(client, path, start=START, end=NOW).run()).complete
    assert cloud.faults.fired == [again]
    file = await cmd_file(path, tmp_path, "jsonl")
    row = json.loads(file.read_text().splitlines()[0])
    assert {"did", "timestamp", "type", "payload"} <= set(row) <= {*SHOWN, "product_key"}


async def test_the_cmd_log_is_exported_decoded_as_the_data_log_says(tmp_path: Path) -> None:
    """Every report in the cmd log has the values of the data record of its second, by DuckDB."""
    cloud, path = cloud_of(3, 3), tmp_path / "fleet.db"
    await FleetScan(client_of(cloud), path, start=START, end=NOW).run()
    await export(path, tmp_path / "out")
    base = duckdb.connect()
    for log in ("cmd", "data"):
        files = f"read_parquet('{tmp_path}/out/{log}/*/*.parquet')"
        base.execute(f"CREATE VIEW {log} AS SELECT * FROM {files}")
    kinds = {name: kind for name, kind, *_ in base.execute("DESCRIBE cmd").fetchall()}
    assert kinds["room_temp"] == "DOUBLE"
    assert kinds["set_temp"] == "TINYINT"
    assert kinds["switch"] == "BOOLEAN"
    points = [name for name in kinds if name not in {*SHOWN, "product_key"}]
    points = [name for name in points if name not in {"problem", "log", "date", "_rest"}]
    same = " AND ".join(f"c.{name} = d.{name}" for name in points)
    joined, reports = (
        base.execute(query).fetchone()
        for query in (
            f"""SELECT count(DISTINCT (d.did, d.timestamp)) FROM data d JOIN cmd c ON c.did = d.did
            AND c.type = 'dev2app' AND floor(epoch(c.timestamp)) = floor(epoch(d.timestamp))
            AND {same}""",
            "SELECT count(DISTINCT (did, timestamp)) FROM data",
        )
    )
    assert joined == reports
    assert reports is not None
    assert reports[0] > 100
    asked = base.execute("SELECT count(set_temp), count(*) FROM cmd WHERE type = 'app2dev'")
    some, commands = asked.fetchone() or (0, 0)
    assert 0 < some < commands  # A command holds only the points that it writes.


async def stored(path: Path, *payloads: str | None) -> None:
    """Make a store with these payloads and the simulator's product."""
    cloud = cloud_of(1, 1)
    store = SqlStore(path)
    await store.open()
    state = ScanState(product_key="p", start=0, end=1000, listing="done")
    await store.begin(state, again=False)
    await store.add([Device(did="d")], ["cmd"], state)
    rows = tuple(
        CommandRecord(timestamp=5.5 + number, type="dev2app", payload=payload)
        for number, payload in enumerate(payloads)
    )
    task = Task.new("d", "cmd", 0).opened(1000, 2000, 5000.0)
    await store.commit(Change(after=task.closed(0), rows=rows))
    await store.keep_datapoints(await client_of(cloud).product.datapoints())
    await store.aclose()


@pytest.mark.parametrize("to", ["csv", "jsonl", "parquet"])
async def test_what_cannot_be_decoded_says_why(tmp_path: Path, to: str) -> None:
    """Odd, foreign, truncated and missing payloads keep their row; the data points are null."""
    payloads = ("no frame", "ffff", "0000000312000093", None)
    await stored(tmp_path / "fleet.db", *payloads)
    file = await cmd_file(tmp_path / "fleet.db", tmp_path, to)
    reader = {"csv": "read_csv", "jsonl": "read_json", "parquet": "read_parquet"}[to]
    more = ", all_varchar=true" if to == "csv" else ""
    columns = "payload, problem" if to == "jsonl" else "payload, problem, set_temp"
    rows = sql(f"SELECT {columns} FROM {reader}('{file}'{more}) ORDER BY timestamp")
    assert [row[0] for row in rows] == list(payloads)
    reasons = [row[1].partition(":")[0] for row in rows]
    assert reasons == ["neither hex nor base64", "foreign", "truncated", "empty"]
    assert {row[2] for row in rows if to != "jsonl"} <= {None}


async def test_a_definition_that_makes_no_sense_is_logged_and_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Payloads stay as they are when the points overlap; what cannot be read at all is an error."""
    path = tmp_path / "fleet.db"
    await stored(path, "no frame")
    kept = json.loads(meta(path)["datapoints"])
    first, second, *_ = kept["entities"][0]["attrs"]
    second["name"] = first["name"]
    for value in (json.dumps(kept), "{"):
        with closing(sqlite3.connect(path)) as store, store:
            store.execute("update scan_meta set value = ? where key = 'datapoints'", [value])
        if value == "{":
            with pytest.raises(ScanStoreError, match="damaged"):
                await export(path, tmp_path, "jsonl")
        else:
            file = await cmd_file(path, tmp_path, "jsonl")
            assert "problem" not in json.loads(file.read_text())
            assert "not decoded" in caplog.text
