"""What an export costs beside forty lines by hand, and what readers get: `python -m benchmarks export`.

`python -m benchmarks.bench_export 1000000` measures with so many records of 1,000 devices, 30 days and 11
data points; the other figures take their size from it. The store is filled through `SqlStore`.
"""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import duckdb
import msgspec
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from benchmarks.measure import Figure, markdown
from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.models.product import DataPoint, Entity, ProductDataPoints, UintSpec
from gizwits_async.scan import SqlStore
from gizwits_async.scan.export import export
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import Task

__all__ = ["figures"]

DAY = 86_400
START = 1_790_035_200
"""A midnight of UTC."""
DEVICES, DAYS, POINTS = 1_000, 30, 11
ROUNDS = 3
CHANGES = 0.4
"""How likely a value differs from the one before."""
MODES = ("auto", "heat", "cool", "dry")


def kind_of(point: int) -> str:
    """Return what a data point is."""
    return {0: "flag", 1: "mode", 2: "scaled"}.get(point % 6, "number")


def definition(points: int) -> ProductDataPoints:
    """Return a product with numbers for the most part, beside flags and modes."""

    def point(number: int) -> DataPoint:
        plain: Any = {"id": number, "name": f"point_{number:02}", "type": "status_readonly"}
        match kind_of(number):
            case "flag":
                return DataPoint(**plain, data_type="bool")
            case "mode":
                return DataPoint(**plain, data_type="enum", enum=MODES)
            case kind:
                ratio = 0.1 if kind == "scaled" else 1
                spec = UintSpec(min=0, max=1000, ratio=ratio, addition=0)
                return DataPoint(**plain, data_type="uint16", uint_spec=spec)

    return ProductDataPoints(
        product_key="p", entities=(Entity(attrs=tuple(point(n) for n in range(points))),)
    )


def records(seed: int, count: int, days: int, points: int) -> list[DataRecord]:
    """Return the records of a device, whose values move slowly, as those of real ones do."""
    random = Random(seed)
    attrs: dict[str, Any] = {}
    found = []
    step = days * DAY / count
    draws: dict[str, Callable[[], Any]] = {
        "flag": lambda: random.randrange(2),
        "mode": lambda: random.choice(MODES),
        "scaled": lambda: random.randrange(2000, 3000) / 10,
        "number": lambda: random.randrange(200, 300),
    }
    for number in range(count):
        for point in range(points):
            name = f"point_{point:02}"
            if name not in attrs or random.random() < CHANGES:
                attrs[name] = draws[kind_of(point)]()
        found.append(
            DataRecord(ts=round(START + (number + random.random()) * step, 3), attrs=dict(attrs))
        )
    return found


async def fill(path: Path, count: int, *, days: int = DAYS, points: int = POINTS) -> None:
    """Make a store with so many records in its data log."""
    store, end = SqlStore(path), START + days * DAY
    await store.open()
    state = ScanState(product_key="p", start=START, end=end, listing="done", over=True)
    await store.begin(state, again=False)
    dids = [f"device{number:06}" for number in range(DEVICES)]
    for first in range(0, DEVICES, 500):
        await store.add([Device(did=did) for did in dids[first : first + 500]], ["data"], state)
    await store.keep_datapoints(definition(points))
    for number, did in enumerate(dids):
        rows = tuple(records(number, count // DEVICES, days, points))
        task = Task.new(did, "data", START).opened(end, end, float(end))
        await store.commit(Change(after=task.closed(0), rows=rows))
    await store.aclose()


def plain(path: Path, target: Path) -> None:
    """Copy the data log into a plain table of JSON texts, the cheapest that a program by hand can read."""
    with closing(sqlite3.connect(target)) as base:
        base.execute("ATTACH ? AS store", (str(path),))
        base.execute("CREATE TABLE data_log (did TEXT, timestamp REAL, attrs TEXT)")
        base.execute("INSERT INTO main.data_log SELECT did, timestamp, attrs FROM store.data_log")
        base.commit()


def by_hand(path: Path, out: Path) -> None:
    """Do the same for one log in forty lines, as one who needs it once would."""
    text, number = pa.string(), pa.int16()
    kinds: dict[str, Any] = {"flag": (bool | int, pa.bool_()), "mode": (str, text)}
    kinds |= {"scaled": (float, pa.float64()), "number": (int, number)}
    names = [f"point_{n:02}" for n in range(POINTS)]
    types = [kinds[kind_of(n)] for n in range(POINTS)]
    row = msgspec.defstruct(
        "Row", [(name, kind | None, None) for name, (kind, _) in zip(names, types, strict=True)]
    )
    decode = msgspec.json.Decoder(row).decode
    time = pa.timestamp("us", tz="UTC")
    fields = [("did", text), ("timestamp", time), *zip(names, (t for _, t in types), strict=True)]
    schema = pa.schema(fields)
    base = sqlite3.connect(path)
    cursor = base.execute(
        "SELECT CAST(timestamp / 86400 AS INTEGER) AS day, did, timestamp, attrs"
        " FROM data_log ORDER BY day, did, timestamp"
    )
    for day, rows in groupby(_fetched(cursor), key=lambda found: found[0]):
        date = datetime.fromtimestamp(day * DAY, UTC).date()
        folder = out / f"date={date}"
        folder.mkdir(parents=True)
        _, dids, times, texts = zip(*rows, strict=True)
        decoded = [decode(one) for one in texts]
        columns: list[Any] = [pa.array(dids), pa.array([round(t * 1e6) for t in times], time)]
        for name, (_, kind) in zip(names, types, strict=True):
            values = [getattr(one, name) for one in decoded]
            if kind == pa.bool_():
                values = [None if value is None else bool(value) for value in values]
            columns.append(pa.array(values, kind))
        table = pa.Table.from_arrays(columns, schema=schema)
        pq.write_table(table, folder / "part-0.parquet", compression="zstd")
    base.close()


def _fetched(cursor: sqlite3.Cursor) -> Iterator[Any]:
    while batch := cursor.fetchmany(2000):
        yield from batch


def cpu(work: Callable[[], object]) -> float:
    """Return the seconds of CPU that some work takes, in all threads."""
    before = process_time()
    work()
    return process_time() - before


def ours(path: Path, out: Path) -> None:
    """Export the data log."""
    asyncio.run(export(path, out, logs=["data"]))


def figures(count: int = 300_000) -> list[Figure]:
    """Measure with so many records."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.db"
        asyncio.run(fill(path, count))
        found = [_cost(path, Path(folder)), *_reading(Path(folder))]
        found.append(_incremental(path, Path(folder)))
        found += [_memory(days, min(count, 100_000) // 10) for days in (8, 96)]
    return found


def _cost(path: Path, folder: Path) -> Figure:
    ratios, table = [], folder / "plain.db"
    plain(path, table)
    for number in range(ROUNDS):
        hand = cpu(lambda n=number: by_hand(table, folder / f"hand{n}"))  # type: ignore[misc]
        mine = cpu(lambda n=number: ours(path, folder / f"ours{n}"))  # type: ignore[misc]
        ratios.append(mine / hand)
    return Figure("export to Parquet over 40 lines of msgspec + pyarrow by hand", min(ratios), 1.3)


def _reading(folder: Path) -> list[Figure]:
    lake = folder / "ours0/data"
    for file in sorted(lake.rglob("*.parquet")):
        table = pq.read_table(file, partitioning=None).sort_by(
            [("did", "ascending"), ("timestamp", "ascending")]
        )
        target = folder / "sorted" / file.parent.name
        target.mkdir(parents=True)
        pq.write_table(table, target / file.name, compression="zstd", row_group_size=10**9)
    sizes = [
        sum(file.stat().st_size for file in where.rglob("*.parquet"))
        for where in (lake, folder / "sorted")
    ]
    base = duckdb.connect()
    base.execute("SET threads = 1")

    def average(where: Path) -> float:
        query = f"SELECT did, avg(point_03) FROM '{where}/*/*.parquet' GROUP BY did"  # noqa: S608
        return cpu(lambda: [base.execute(query).fetchall() for _ in range(5)])

    average(lake)
    times = [(average(lake), average(folder / "sorted")) for _ in range(7)]
    return [
        Figure(
            "Parquet bytes over the same rows sorted, one row group a day",
            sizes[0] / sizes[1],
            1.05,
        ),
        Figure(
            "DuckDB `avg` by device over ours / over sorted", median(a / b for a, b in times), 1.1
        ),
    ]


def _incremental(path: Path, folder: Path) -> Figure:
    """Commit new rows of the last day, and export again: over the whole export."""
    ratios = []
    for number in range(ROUNDS):
        full = cpu(lambda n=number: ours(path, folder / f"full{n}"))  # type: ignore[misc]
        asyncio.run(_one_more_day(path, number))
        ratios.append(cpu(lambda n=number: ours(path, folder / f"full{n}")) / full)  # type: ignore[misc]
    return Figure("one new day of thirty, incremental over full", min(ratios), 0.05)


async def _one_more_day(path: Path, number: int) -> None:
    store = SqlStore(path)
    state = await store.open()
    assert state is not None
    end = state.end
    task = Task.new("device000000", "data", START).opened(end, end, float(end))
    row = DataRecord(ts=end - 1 - number, attrs={"point_00": True})
    await store.commit(Change(after=task.closed(0), rows=(row,)))
    await store.aclose()


def _memory(days: int, a_day: int) -> Figure:
    """Return the peak of a process that exports days of 64 points."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.db"
        asyncio.run(fill(path, max(a_day, DEVICES) * days // 8, days=days, points=64))
        words = [sys.executable, "-m", "benchmarks.bench_export", "--peak", str(path)]
        done = subprocess.run(words, check=True, capture_output=True)  # noqa: S603 - our own program
        peak = json.loads(done.stdout)
    return Figure(f"peak memory of an export, {days} days of 64 points", peak / 1024, 300, " MB")


def _peak(path: Path) -> None:
    with TemporaryDirectory() as folder:
        ours(path, Path(folder))
    # Not `ru_maxrss`, which begins with that of the process that started this one.
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in one]
    print(line.split()[1])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        _peak(Path(sys.argv[2]))
    else:
        print(markdown(figures(*map(int, sys.argv[1:]))))
