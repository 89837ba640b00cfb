"""The SQL store returns every value, admits one scan at a time, and alters no foreign database."""

import asyncio
import json
import random
import sqlite3
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path
from traceback import TracebackException
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from gizwits_async.models.devices import CommandRecord, DataRecord, Device, OnlineEvent
from gizwits_async.options import Credentials
from gizwits_async.scan import (
    FleetScan,
    ScanStoreError,
    Since,
    SqlStore,
    StoreLockedError,
    StoreMismatchError,
)
from gizwits_async.scan.export import export
from gizwits_async.scan.export.points import attrs_of
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.compact import COMPACT_TABLES
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.store.snapshot import Snapshot
from gizwits_async.scan.task import LogName, Record, Task
from gizwits_async.simulator import SimulatedCloud, SimulatorServer
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of, in_file, truth

NOW = 1_790_000_000
START = NOW - 2 * DAY
STATE = ScanState(product_key="p", start=0, end=1000, listing="done")
CHILD = Path(__file__).with_name("child.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = SqlStore(tmp_path / "fleet.db")
    await opened.open()
    await opened.begin(STATE, again=False)
    yield opened
    await opened.aclose()


async def test_a_scan_into_a_file_is_the_truth(tmp_path: Path) -> None:
    """The tables of the file, read by plain SQL, hold the records of the range, each once."""
    cloud, path = cloud_of(3, 3), tmp_path / "fleet.db"
    report = await FleetScan(client_of(cloud), path, start=START, end=NOW).run()
    assert report.complete
    assert in_file(path) == truth(cloud, START, NOW)
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT count(*) FROM devices").fetchone() == (3,)
        assert base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    again = await FleetScan(client_of(cloud), f"sqlite+aiosqlite:///{path}", start=START).run()
    assert in_file(path) == truth(cloud, START, again.end)


async def test_cancelled_at_any_moment_it_goes_on_without_loss(tmp_path: Path) -> None:
    """Ctrl-C at random instants, in the middle of a transaction too: each record once at the end."""
    cloud, path = cloud_of(3, 3), tmp_path / "fleet.db"
    chance = random.Random(5)
    for _ in range(12):
        scan = FleetScan(client_of(cloud), path, start=START, end=NOW)
        running = asyncio.ensure_future(scan.run())
        await asyncio.sleep(chance.uniform(0.0, 0.12))
        running.cancel()
        await asyncio.wait({running})
        assert running.cancelled() or running.result().complete
    await FleetScan(client_of(cloud), path, start=START, end=NOW).run()
    assert in_file(path) == truth(cloud, START, NOW)


async def test_a_cancelled_caller_waits_for_its_own_transaction_only(store: SqlStore) -> None:
    """A transaction that has begun is finished; a caller that still waits for its own leaves at once."""
    began, gate = threading.Event(), threading.Event()

    def slow(connection: Any) -> None:
        began.set()
        connection.execute(delete(COMPACT_TABLES["cmd"]))
        gate.wait()

    first = asyncio.ensure_future(store._session.do(slow))
    second = asyncio.ensure_future(store.due(["data"], 1000, 10))
    await asyncio.to_thread(began.wait)
    await asyncio.sleep(0)  # Until the second waits for the lock.
    for waiting in (first, second):
        waiting.cancel()
    await asyncio.wait({second}, timeout=10)
    assert second.cancelled()
    assert not first.done()
    gate.set()
    await asyncio.wait({first})
    assert first.cancelled()
    assert await store.due(["data"], 1000, 10) == []


async def killed(path: Path | str, cloud: SimulatedCloud, now: int, kills: int, seed: int) -> int:
    """Scan in a process that is killed so many times at random, then once to the end."""
    chance, done = random.Random(seed), 0
    async with SimulatorServer(cloud) as server:
        arguments = [str(CHILD), server.url, str(path), str(now - 2 * DAY), str(now - 1000)]
        for left in range(kills, -1, -1):
            process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
                env={"PYTHONPATH": str(ROOT)},
            )  # fmt: skip
            assert process.stdout is not None
            if left:
                await process.stdout.read(1)
                await asyncio.sleep(chance.uniform(0.0, 0.25))
                if process.returncode is None:
                    process.kill()
                    done += 1
                await process.communicate()
                continue
            await process.communicate()
            assert process.returncode == 0
    return done


def lively(now: int, devices: int) -> SimulatedCloud:
    """Return a fleet of the present, since a real process has a real clock."""
    return cloud_of(devices, 3, now=now)


@pytest.mark.fault("P8")
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
async def test_killed_at_random_it_ends_with_the_rows_of_an_undisturbed_run(
    tmp_path: Path, kills: int
) -> None:
    """`kill -9` of the real process, and the same command again: the tables equal the truth."""
    now = int(time.time())
    cloud, path = lively(now, 2 + 2 * kills), tmp_path / "fleet.db"
    assert await killed(path, cloud, now, kills, seed=kills) >= kills // 2
    assert in_file(path) == truth(cloud, now - 2 * DAY, now - 1000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=[]))
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)  # fmt: skip
ODD = st.text(st.characters(exclude_categories=[]))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(attrs=st.dictionaries(ODD, JSON), text=ODD, kind=ODD, huge=st.integers())
async def test_every_value_of_a_log_survives(
    store: SqlStore, attrs: dict[str, Any], text: str, kind: str, huge: int
) -> None:
    """Lone surrogates, NUL, and integers beyond 64 bits come back as they were."""
    task = Task.new("d", "data", 0)
    rows: dict[LogName, Record] = {
        "data": DataRecord(ts=5, attrs={**attrs, "huge": huge * 2**70}),
        "online": OnlineEvent(timestamp=5.25, type=kind, payload=attrs),
        "cmd": CommandRecord(timestamp=5.25, type=kind, payload=text),
    }
    for log, record in rows.items():
        change = Change(after=Task.new("d", log, 0), rows=(record,), replaced=(0, 10))
        await store.commit(change)
        async with Snapshot(store._backend) as snapshot:
            [found] = [batch async for batch in snapshot.rows(log, 0, "p")]
        [did], [time], [body] = found.dids, found.times, found.bodies
        assert (did, time) == ("d", 5 if log == "data" else 5.25)
        if log == "cmd":
            assert (list(found.types), body) == ([kind], text)
        else:
            assert attrs_of(found.names[0], body) == (attrs if log == "online" else record.attrs)
            assert list(found.types) == [kind if log == "online" else ""]
    assert task.key == ("d", "data", 0)


async def test_a_device_of_odd_values_is_kept(store: SqlStore) -> None:
    """A device with values that no column holds is stored, and its task can be found and moved."""
    odd = Device(did='"\ud800\0', mac="\0", created_at=10**400, online_latest=2**70)
    assert await store.add([odd], ["data"], STATE) == 1
    assert await store.add([odd], ["data"], STATE) == 0
    [task] = await store.due(["data"], 1000, 10)
    assert task == Task.new(odd.did, "data", 0)
    await store.commit(Change(after=task.opened(1000, 5000, 2000.0).closed(0)))
    assert await store.due(["data"], 1000, 10) == []


async def test_a_second_scan_is_refused_and_the_holder_named(
    store: SqlStore, tmp_path: Path
) -> None:
    """Two scans never write to one store; the message names the process that does."""
    other = SqlStore(tmp_path / "fleet.db")
    with pytest.raises(StoreLockedError, match=r"in use by another scan \(process \d+ on "):
        await other.open()
    await other.aclose()
    assert await other.peek() == STATE
    await other.aclose()
    assert await store.due(["data"], 1000, 10) == []
    await store.aclose()
    assert await other.open() == STATE
    await other.aclose()


def content(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.fault("P9")
async def test_what_is_no_store_is_left_as_it_is(tmp_path: Path) -> None:
    """A text, a foreign database, a damaged one: refused with the reason, byte for byte unharmed."""
    text, foreign, torn = tmp_path / "notes.txt", tmp_path / "foreign.db", tmp_path / "torn.db"
    text.write_text("not a database, but the notes of a whole year")
    with closing(sqlite3.connect(foreign)) as base, base:
        base.execute("CREATE TABLE accounts (id)")
    torn.write_bytes(b"SQLite format 3\0" + b"\7" * 5000)
    for path, words in ((text, "no SQLite database"), (foreign, "holds tables, but no scan"),
                        (torn, "torn.db")):  # fmt: skip
        before = content(path)
        for ask in (SqlStore(path).open, SqlStore(path).peek):
            with pytest.raises(ScanStoreError, match=words):
                await ask()
        assert content(path) == before
    for path in (tmp_path / "none" / "fleet.db", Path("/proc/fleet.db"), tmp_path):
        with pytest.raises(ScanStoreError, match=str(path)):
            await SqlStore(path).open()


@pytest.mark.fault("P9")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE scan_meta SET value = '99' WHERE key = 'schema'", "newer version"),
        ("UPDATE scan_meta SET value = '[5, 1, null]' WHERE key = 'range'", "reversed"),
        ("UPDATE scan_meta SET value = 'x' WHERE key = 'range'", "damaged"),
        ("DELETE FROM scan_meta WHERE key = 'run'", "damaged"),
    ],
)
async def test_a_store_that_cannot_be_trusted_is_refused(
    store: SqlStore, tmp_path: Path, change: str, words: str
) -> None:
    """A newer schema, or a scan_meta that contradicts itself, is an error that says so."""
    await store.aclose()
    path = tmp_path / "fleet.db"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(change)
    with pytest.raises(ScanStoreError, match=words):
        await SqlStore(path).open()


@pytest.mark.fault("P9")
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("pages", "malformed|UTF-8"),
        ("cut", "malformed"),
        ("table", "no such table"),
        ("column", "column"),
        ("value", "damaged"),
    ],
)
async def test_a_store_that_was_damaged_later_is_refused(
    tmp_path: Path, damage: str, words: str
) -> None:
    """Pages overwritten or cut off, a table or column gone: the scan and the export stop there."""
    cloud, path = cloud_of(4, 3), tmp_path / "fleet.db"
    await FleetScan(client_of(cloud), path, start=START, end=NOW - DAY).run()
    image = path.read_bytes()
    changes = {
        "table": "DROP TABLE cmd_record",
        "column": "ALTER TABLE cmd_record RENAME body TO b",
        "value": "UPDATE online_record SET body = '{'; UPDATE scan_task SET did = '\"' || did",
    }
    if damage in changes:
        with closing(sqlite3.connect(path)) as base, base:
            base.executescript(changes[damage])
    elif damage == "pages":
        path.write_bytes(image[:8192] + b"\xa5" * (len(image) - 8192))
    else:
        path.write_bytes(image[: len(image) // 2])
    for ask in (
        FleetScan(client_of(cloud), path, start=START).run,
        partial(export, path, tmp_path),
    ):
        with pytest.raises(ScanStoreError, match=f"fleet.db: .*({words})") as caught:
            await ask()
        assert len(str(caught.value)) < 300
    assert [file.name for file in tmp_path.rglob("*.part*")] == []


@pytest.mark.fault("P9")
async def test_a_store_of_another_scan_is_refused(tmp_path: Path) -> None:
    """Another explicit range: refused before a call is made, nothing overwritten."""
    cloud, path = cloud_of(2, 3), tmp_path / "fleet.db"
    client = client_of(cloud)
    await FleetScan(client, path, start=START, end=NOW).run()
    rows = in_file(path)
    for wrong in (
        FleetScan(client, path, start=START - 5, end=NOW),
        FleetScan(client, path, start=START, end=NOW - 5),
    ):
        calls = cloud.tally["devices.search"]
        with pytest.raises(StoreMismatchError):
            await wrong.run()
        with pytest.raises(StoreMismatchError):
            await wrong.plan()
        assert cloud.tally["devices.search"] == calls
    assert in_file(path) == rows
    assert (await FleetScan(client, path, start=START, end=NOW).run()).complete
    assert (await FleetScan(client, path, start=Since(DAY)).run()).start == START


async def test_several_products_share_a_store(tmp_path: Path) -> None:
    """Each has its own range, devices and progress, even if they have device ids in common."""
    cloud, path = cloud_of(2, 3), tmp_path / "fleet.db"
    cloud.add_product("another", "secret", cloud.fleet)
    client = client_of(cloud)
    other = client.for_product("another", "secret")
    assert (await FleetScan(client, path, start=START, end=NOW).run()).complete
    assert (await FleetScan(other, path, start=START + DAY, end=NOW).run()).complete
    assert in_file(path) == truth(cloud, START, NOW) + truth(cloud, START + DAY, NOW)
    again = await FleetScan(client, path, start=START, end=NOW).run()
    assert again.devices == 2
    assert in_file(path) == truth(cloud, START, NOW) + truth(cloud, START + DAY, NOW)
    with pytest.raises(ScanStoreError, match="holds several products, name one: another, "):
        await SqlStore(path).peek()


def test_bad_addresses_of_stores_are_value_errors() -> None:
    """What cannot name a store is refused at once, and no password is repeated."""
    for bad in (
        "",
        "mysql://u:hunter2@h/d",
        "://hunter2",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///a.db?timeout=hunter2",
    ):
        with pytest.raises(ValueError, match="store") as caught:
            SqlStore(bad)
        assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(SqlStore("postgresql+asyncpg://u:hunter2@h/d"))


@pytest.mark.parametrize("opener", ["open", "peek", "export"])
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u:hunter2@127.0.0.1:9/db?pretty=yes", "an option of its URL.*pretty"),
    ],
    ids=["option"],
)
async def test_a_url_that_no_driver_takes_is_a_clear_error(
    url: str, words: str, opener: str, tmp_path: Path
) -> None:
    """Every way to open it gives the same error: no bare TypeError, and no password in the locals of a frame."""
    store = SqlStore(url)
    openers = {"open": store.open, "peek": store.peek}
    ask = openers.get(opener, partial(export, url, tmp_path, "jsonl"))
    with pytest.raises(ScanStoreError, match=words) as caught:
        await ask()
    assert caught.value.__context__ is None
    assert caught.tb.tb_next is not None
    shown = TracebackException(
        caught.type, caught.value, caught.tb.tb_next, capture_locals=True
    ).format()
    assert "hunter2" not in "".join(shown)


async def test_a_store_of_a_newer_version_is_not_exported(tmp_path: Path) -> None:
    """Its rows may mean something else by now: the export refuses it as the scan does."""
    cloud, path = cloud_of(1, 1), tmp_path / "fleet.db"
    await FleetScan(client_of(cloud), path, start=NOW - DAY, end=NOW).run()
    points = await client_of(cloud).product.datapoints()
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("UPDATE scan_meta SET value = '3' WHERE key = 'schema'")
    for known in (None, points):
        with pytest.raises(StoreMismatchError, match="newer version"):
            await export(path, tmp_path / "out", "jsonl", datapoints=known)
    assert not (tmp_path / "out").exists()


def test_the_report_is_plain_json() -> None:
    """A report and a plan go through json.dumps, with their conclusions."""
    cloud = cloud_of(1, 1)

    async def main() -> None:
        scan = FleetScan(client_of(cloud), start=NOW - DAY, end=NOW)
        plan = json.loads(json.dumps((await scan.plan()).to_json()))
        report = json.loads(json.dumps((await scan.run()).to_json()))
        assert plan["devices"] == report["devices"] == 1
        assert report["complete"] is True
        assert report["ratio"] == 1.0

    asyncio.run(main())


def test_credentials_never_reach_the_store(tmp_path: Path) -> None:
    """No secret of the client stands in the file."""
    cloud, path = cloud_of(1, 1), tmp_path / "fleet.db"
    asyncio.run(FleetScan(client_of(cloud), path, start=NOW - DAY, end=NOW).run())
    secrets: Credentials = cloud.credentials
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert secrets.enterprise_secret.encode() not in held
    assert secrets.product_secret.encode() not in held


async def test_statements_are_compiled_once_for_all_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A second store, of another file, executes what was compiled for the first."""
    caplog.set_level("INFO", "sqlalchemy.engine")
    for name in ("first", "second"):
        caplog.clear()
        store = SqlStore(tmp_path / f"{name}.db")
        await store.open()
        await store.begin(STATE, again=False)
        await store.add([Device(did=name)], ["cmd"], STATE)
        await store.remaining(["cmd"], 1000, 100)
        await store.aclose()
    assert any("[cached since" in message for message in caplog.messages)
    assert not [message for message in caplog.messages if "[generated in" in message]
