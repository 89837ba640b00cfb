"""One scan writes to a PostgreSQL store, whatever happens to sessions, processes and poolers."""

import asyncio
import random
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress

import asyncpg
import pytest
from sqlalchemy import func

from gizwits_async import Lane
from gizwits_async.scan import (
    FleetScan,
    ScanProgress,
    ScanStoreError,
    SqlStore,
    StoreLockedError,
    StoreLostError,
)
from gizwits_async.scan.store import session
from gizwits_async.scan.store.postgres import PostgresBackend
from gizwits_async.simulator import SimulatedCloud, SimulatorServer
from tests.doubles import FreeQuota, client_of
from tests.scan.cluster import (
    PGBOUNCER,
    connected,
    held,
    plain,
    pooler,
    restart,
    script,
    sql,
    standby,
    table_lock,
)
from tests.scan.common import DAY, cloud_of, truth
from tests.scan.test_lease import STATE, Sleeps, commit
from tests.scan.test_store import CHILD, ROOT, lively

NOW = 1_790_000_000
START = NOW - 2 * DAY
MODES = ["direct", *(["transaction", "session"] if PGBOUNCER else [])]
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
SILENT = "UPDATE scan_lease SET renewed_at = renewed_at - 15.1"


@contextmanager
def reached(url: str, mode: str) -> Iterator[str]:
    """Give the URL of a database by way of a pooler, or as it is."""
    with nullcontext(url) if mode == "direct" else pooler(url, mode) as found:  # type: ignore[arg-type]
        yield found


@pytest.mark.parametrize("mode", MODES)
async def test_two_scans_at_once_have_one_winner(url: str, mode: str) -> None:
    """Both begin with an empty database: one writes, and each record is there once.

    The other is refused when it sees a sign of the first; if that has ended by then, it goes on.
    """
    cloud = cloud_of(3, 3)
    with reached(url, mode) as way:
        scans = [FleetScan(client_of(cloud), way, start=START, end=NOW).run() for _ in range(2)]
        ends = await asyncio.gather(*scans, return_exceptions=True)
        refused = [end for end in ends if isinstance(end, BaseException)]
        assert len(refused) <= 1
        assert all(isinstance(error, StoreLockedError) for error in refused), refused
        assert await held(url) == truth(cloud, START, NOW)
        assert (await FleetScan(client_of(cloud), way, start=START, end=NOW).run()).complete


@pytest.mark.parametrize("mode", MODES)
async def test_a_second_scan_is_refused_by_name(url: str, mode: str) -> None:
    """The lease keeps all others off while it is renewed, and ends with the scan."""
    with reached(url, mode) as way:
        first, second = SqlStore(way, lease=3.0), SqlStore(way, lease=3.0)
        await first.open()
        with pytest.raises(StoreLockedError, match=r"in use by another scan \(process \d+ on "):
            await second.open()
        await first.aclose()
        assert await second.open() is None
        await second.aclose()
    locks = await sql(url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    assert locks[0][0] == 0


@pytest.mark.parametrize("mode", MODES)
async def test_a_scan_that_was_replaced_writes_nothing_more(url: str, mode: str) -> None:
    """A silent holder loses the store by the server's clock, and gets an error when it comes back."""
    with reached(url, mode) as way:
        silent, fresh = (SqlStore(way, sleep=Sleeps(0)) for _ in range(2))
        await silent.open()
        await silent.begin(STATE, again=False)
        await sql(url, SILENT)
        assert await fresh.open() == STATE
        with pytest.raises(StoreLostError, match="taken over"):
            await commit(silent)
        await silent.aclose()
        await commit(fresh)
        await fresh.aclose()
    assert (await held(url)).total() == 1


async def test_the_open_transaction_of_a_silent_holder_is_ended(url: str) -> None:
    """A holder may freeze with the lease locked: the next scan does not wait for its end."""
    silent, fresh = (SqlStore(url, sleep=Sleeps(0)) for _ in range(2))
    await silent.open()
    await sql(url, SILENT)
    async with connected(plain(url)) as frozen:
        await frozen.execute("BEGIN; UPDATE scan_lease SET renewals = renewals + 1")
        await asyncio.wait_for(fresh.open(), 60)
        ended = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
        with pytest.raises(ended):  # Which one depends on how much of the end has arrived.
            await frozen.execute("COMMIT")
        frozen.terminate()
    with pytest.raises(StoreLostError):
        await silent.requeue_failed(["data"])
    await silent.aclose()
    await fresh.aclose()


@pytest.mark.fault("P8")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cuts", [3, pytest.param(20, marks=pytest.mark.slow)])
async def test_a_scan_survives_that_its_sessions_are_ended(url: str, cuts: int, mode: str) -> None:
    """A session ended at random is replaced; only a commit without an answer stops the scan."""
    cloud, chance, done = cloud_of(2 * cuts, 4), random.Random(cuts), 0
    complete = False
    with reached(url, mode) as way:
        while not complete:
            scan = FleetScan(client_of(cloud), way, start=START, end=NOW)
            running = asyncio.ensure_future(scan.run())
            while done < cuts and not running.done():
                await asyncio.sleep(chance.uniform(0.01, 0.08))
                await sql(url, CUT)
                done += 1
            try:
                complete = (await running).complete
            except ScanStoreError as error:
                assert "postgresql" in str(error)
                assert len(str(error)) < 600
    assert done == cuts
    assert await held(url) == truth(cloud, START, NOW)


async def test_a_scan_survives_a_restart_of_the_server(url: str) -> None:
    """Connections end and are refused for a while; the scan goes on by itself, or the next run does."""
    cloud = cloud_of(8, 4)
    scan = FleetScan(client_of(cloud), url, start=START, end=NOW)
    seen = asyncio.Event()
    running = asyncio.ensure_future(scan.run(on_progress=lambda at: at.windows and seen.set()))
    await seen.wait()
    await asyncio.to_thread(restart, url)
    try:
        assert (await running).complete
    except ScanStoreError:
        assert (await FleetScan(client_of(cloud), url, start=START, end=NOW).run()).complete
    assert await held(url) == truth(cloud, START, NOW)


async def forwarded(
    url: str,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    hush: asyncio.Event | None = None,
) -> None:
    """Forward a connection to the server of `cluster`; while `hush` is set, nothing arrives."""
    socket = f"{url.partition('host=')[2]}/.s.PGSQL.5432"
    answers, asks = await asyncio.open_unix_connection(socket)

    async def forward(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if hush is None or not hush.is_set():
                    target.write(data)
        target.close()  # The other direction ends by that.

    await asyncio.gather(forward(reader, asks), forward(answers, writer))


@asynccontextmanager
async def hushable(url: str, hush: asyncio.Event) -> AsyncIterator[str]:
    """Forward a port to the server until the network swallows everything, in both directions."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await forwarded(url, reader, writer, hush)
        served.set()

    served = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield url.partition("?")[0].replace("@", f"@127.0.0.1:{port}") + "?ssl=disable"
    server.close()
    await served.wait()


@pytest.mark.parametrize("ends", ["by itself", "cancelled", "as usual: the network is back"])
async def test_a_network_that_swallows_all_packets_does_not_hang_the_scan(
    url: str, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer comes, and no error: a transaction is given up, and tried again for a while only."""
    # The server ends the transaction of a silent client, or its row lock would stay.
    idle = func.set_config("idle_in_transaction_session_timeout", "2000", True)
    monkeypatch.setattr(PostgresBackend, "guards", (idle,))
    store = SqlStore(url)  # The tables are made before the limit is a short one.
    await store.open()
    await store.aclose()
    # Of a transaction that is under way when the network becomes silent.
    monkeypatch.setattr(PostgresBackend, "deadline", 3.0)
    cloud, hush = cloud_of(4, 4), asyncio.Event()
    async with hushable(url, hush) as way:
        scan = FleetScan(client_of(cloud), way, start=START, end=NOW)
        seen = asyncio.Event()

        def progress(at: ScanProgress) -> None:
            if at.windows and not seen.is_set():
                seen.set()
                hush.set()

        running = asyncio.ensure_future(scan.run(on_progress=progress))
        await seen.wait()
        monkeypatch.setattr(PostgresBackend, "deadline", 0.5)
        if "usual" in ends:
            await asyncio.sleep(1.0)  # Real time, of the server and its connections.
            monkeypatch.setattr(PostgresBackend, "deadline", 5.0)
            hush.clear()
            assert (await running).complete
            assert await held(url) == truth(cloud, START, NOW)
            return
        monkeypatch.setattr(session, "_OUTAGE", 1.0)
        if ends == "cancelled":
            running.cancel()
        await asyncio.wait({running}, timeout=60)
        assert running.done()
        if ends == "cancelled":
            assert running.cancelled()
        else:
            assert isinstance(running.exception(), ScanStoreError)
            assert str(running.exception()).startswith("postgresql+asyncpg://postgres@127.0.0.1:")
    monkeypatch.undo()
    assert await held(url) < truth(cloud, START, NOW)
    await sql(url, SILENT)
    assert (await FleetScan(client_of(cloud), url, start=START, end=NOW).run()).complete
    assert await held(url) == truth(cloud, START, NOW)


class Paused(FreeQuota):
    """A quota that is used up for a while, once."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.calls, self.seconds = 0, seconds

    async def acquire(self, lane: Lane = Lane.INTERACTIVE, max_wait: float | None = None) -> None:
        self.calls += 1
        if self.calls == 8:
            await asyncio.sleep(self.seconds)  # Real time: it is the server that counts it.


IDLE = ["server", *(["pooler's clients", "pooler's servers"] if PGBOUNCER else [])]


@pytest.mark.parametrize("whose", IDLE)
async def test_a_session_that_is_ended_for_idleness_is_replaced(url: str, whose: str) -> None:
    """The limit is shorter than a pause for quota; the lease is renewed more seldom than that."""
    cloud, seconds = cloud_of(3, 3), 1.0
    with (
        nullcontext(url) if whose == "server" else pooler(url, "session", IDLE_LIMITS[whose]) as way
    ):
        if whose == "server":
            name = url.partition("?")[0].rpartition("/")[2]
            await sql(url, f"ALTER DATABASE {name} SET idle_session_timeout = 200")
        else:
            seconds = 2.5  # pgbouncer counts in seconds.
        client = client_of(cloud).with_quota(Paused(seconds))
        store = SqlStore(way, lease=60.0)
        assert (await FleetScan(client, store, start=START, end=NOW, concurrency=1).run()).complete
    assert await held(url) == truth(cloud, START, NOW)


IDLE_LIMITS = {
    "pooler's clients": "client_idle_timeout = 1",
    "pooler's servers": "server_idle_timeout = 1",
}


@pytest.mark.parametrize("seconds", [1.0, pytest.param(61.0, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["data_log", "scan_lease"])
async def test_a_scan_outlasts_a_lock_of_another_program(
    url: str, monkeypatch: pytest.MonkeyPatch, seconds: float, name: str
) -> None:
    """A table is locked for longer than one attempt waits: the scan goes on, each record once."""
    if seconds < 5:
        lock = func.set_config("lock_timeout", "100", True)
        monkeypatch.setattr(PostgresBackend, "guards", (lock,))
    cloud, progress = cloud_of(2, 3), asyncio.Event()
    scan = FleetScan(client_of(cloud), url, start=START, end=NOW)
    running = asyncio.ensure_future(scan.run(on_progress=lambda at: at.windows and progress.set()))
    await progress.wait()
    async with table_lock(url, name):
        if seconds < 5:
            monkeypatch.setattr(PostgresBackend, "deadline", 0.5)
        done, _ = await asyncio.wait({running}, timeout=seconds)
        assert not done
    assert (await running).complete
    assert await held(url) == truth(cloud, START, NOW)


DEADLOCKS = """
CREATE FUNCTION deadlock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('victims_of_' || TG_TABLE_NAME) = 1 THEN
        RAISE deadlock_detected;
    END IF;
    RETURN NULL;
END $$;
"""
VICTIM = """
CREATE SEQUENCE victims_of_{0};
CREATE TRIGGER deadlock AFTER INSERT OR UPDATE ON {0} EXECUTE FUNCTION deadlock();
"""


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_a_scan_survives_being_the_victim_of_deadlocks(url: str, driver: str) -> None:
    """The server may end our transaction, at any statement of it: it is made again, as a whole."""
    cloud, way = cloud_of(2, 3), url.replace("asyncpg", driver, 1)
    store = SqlStore(way)
    await store.open()
    await store.aclose()
    tables = ["scan_lease", "scan_task", "scan_day", "data_record"]
    await script(url, DEADLOCKS + "".join(VICTIM.format(table) for table in tables))
    assert (await FleetScan(client_of(cloud), way, start=START, end=NOW).run()).complete
    assert await held(url) == truth(cloud, START, NOW)
    for table in tables:
        [[number]] = await sql(url, f"SELECT last_value FROM victims_of_{table}")
        assert number > 1, table


@pytest.mark.slow
async def test_a_scan_survives_a_failover(server: str) -> None:
    """The name leads to a promoted standby; kept connections to the old primary only read."""
    cloud, waits = cloud_of(8, 4), asyncio.Event()
    with standby(server) as (second, promote):
        leads_to = [server]

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await forwarded(leads_to[0], reader, writer)

        name = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = name.sockets[0].getsockname()[1]
        way = f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable"
        scan = FleetScan(client_of(cloud), way, start=START, end=NOW)
        running = asyncio.ensure_future(scan.run(on_progress=lambda at: at.windows and waits.set()))
        await waits.wait()
        # As a managed service does: the old one accepts no more writes, all of it is copied.
        await sql(server, "ALTER SYSTEM SET default_transaction_read_only = on", RELOAD)
        await copied(server, second)
        await asyncio.to_thread(promote)
        leads_to[0] = second
        try:
            assert (await running).complete
            assert await held(second) == truth(cloud, START, NOW)
        finally:
            name.close()
            await sql(server, "SET default_transaction_read_only = off", RESET, RELOAD)


async def copied(server: str, second: str) -> None:
    """Wait until a server writes nothing more, and its standby has all of it."""
    position, before = "", None
    while position != before:  # Transactions that had begun are still committed.
        before = position
        await asyncio.sleep(0.3)  # Real time: it is that of the server.
        position = (await sql(server, "SELECT pg_current_wal_lsn()::text"))[0][0]
    replayed = f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"
    while not (await sql(second, replayed))[0][0]:
        await asyncio.sleep(0.05)


RELOAD = "SELECT pg_reload_conf()"
RESET = "ALTER SYSTEM RESET default_transaction_read_only"


async def started(cloud: SimulatedCloud, service: str, url: str, now: int, lease: float) -> Process:
    """Start a process that scans, and wait until it is in the midst of it."""
    words = [str(CHILD), service, url, str(now - 2 * DAY), str(now - 1000), str(lease)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, stdout=PIPE, stderr=PIPE, env={"PYTHONPATH": str(ROOT)}
    )
    assert process.stdout is not None
    await process.stdout.read(20)
    return process


@pytest.mark.fault("P8")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.slow)])
async def test_a_frozen_scan_is_replaced_and_stops_when_it_thaws(
    url: str, mode: str, times: int
) -> None:
    """SIGSTOP in mid-scan: another scan takes over, and after SIGCONT the first writes nothing.

    One that was frozen inside a transaction may find its connection ended instead of its lease.
    """
    now = int(time.time())
    cloud, lease = lively(now, 10 * times), 1.0
    async with SimulatorServer(cloud) as service:
        with reached(url, mode) as way:
            frozen = await started(cloud, service.url, way, now, lease)
            for _ in range(times):
                frozen.send_signal(signal.SIGSTOP)
                began = time.monotonic()
                fresh = await started(cloud, service.url, way, now, lease)
                assert time.monotonic() - began < 60.0
                frozen.send_signal(signal.SIGCONT)
                _, text = await frozen.communicate()
                assert frozen.returncode == 1, text
                assert re.search(rb"errors\.(StoreLostError|ScanStoreError): postgresql", text)
                frozen = fresh
            _, text = await frozen.communicate()
            assert frozen.returncode == 0, text
    assert await held(url) == truth(cloud, now - 2 * DAY, now - 1000)
