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
from gizwits_async.scan import FleetScan, ScanStoreError, SqlStore, StoreLockedError, StoreLostError
from gizwits_async.scan.store.postgres import PostgresBackend
from gizwits_async.simulator import SimulatedCloud, SimulatorServer
from tests.doubles import FreeQuota, client_of
from tests.scan.cluster import PGBOUNCER, held, plain, pooler, restart, sql
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
        first, second = SqlStore(way, lease=1.0), SqlStore(way, lease=1.0)
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
    frozen = await asyncpg.connect(plain(url))
    await frozen.execute("BEGIN; UPDATE scan_lease SET renewals = renewals + 1")
    await asyncio.wait_for(fresh.open(), 5)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await frozen.execute("COMMIT")
    await frozen.close()
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


@asynccontextmanager
async def hushable(url: str, hush: asyncio.Event) -> AsyncIterator[str]:
    """Forward a port to the server until the network swallows everything, in both directions."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        socket = f"{url.partition('host=')[2]}/.s.PGSQL.5432"
        answers, asks = await asyncio.open_unix_connection(socket)

        async def forward(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                while data := await source.read(65536):
                    if not hush.is_set():
                        target.write(data)
            target.close()  # The other direction ends by that.

        await asyncio.gather(forward(reader, asks), forward(answers, writer))
        served.set()

    served = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield url.partition("?")[0].replace("@", f"@127.0.0.1:{port}") + "?ssl=disable&timeout=0.5"
    server.close()
    await served.wait()


@pytest.mark.parametrize("ends", ["by itself", "cancelled"])
async def test_a_network_that_swallows_all_packets_ends_the_scan(
    url: str, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer comes, and no error: the transaction is given up, also for a caller that leaves."""
    # The server ends the transaction of a silent client, or its row lock would stay.
    idle = func.set_config("idle_in_transaction_session_timeout", "500", True)
    monkeypatch.setattr(PostgresBackend, "guards", (idle,))
    cloud, hush = cloud_of(4, 4), asyncio.Event()
    async with hushable(url, hush) as way:
        scan = FleetScan(client_of(cloud), way, start=START, end=NOW)
        running = asyncio.ensure_future(scan.run(on_progress=lambda at: at.windows and hush.set()))
        await hush.wait()
        monkeypatch.setattr(PostgresBackend, "deadline", 0.5)
        if ends == "cancelled":
            running.cancel()
        await asyncio.wait({running}, timeout=10)
        assert running.done()
        if ends == "cancelled":
            assert running.cancelled()
        else:
            assert isinstance(running.exception(), ScanStoreError)
            assert "no answer for 0.5 seconds" in str(running.exception())
    monkeypatch.undo()
    assert await held(url) < truth(cloud, START, NOW)
    await sql(url, SILENT)
    assert (await FleetScan(client_of(cloud), url, start=START, end=NOW).run()).complete
    assert await held(url) == truth(cloud, START, NOW)


class Paused(FreeQuota):
    """A quota that is used up for a while, once."""

    calls = 0

    async def acquire(self, lane: Lane = Lane.INTERACTIVE, max_wait: float | None = None) -> None:
        self.calls += 1
        if self.calls == 8:
            await asyncio.sleep(1.0)  # Real time: it is the server that counts it.


async def test_a_session_that_is_ended_for_idleness_is_replaced(url: str) -> None:
    """The server ends idle sessions after 200 ms; a pause for quota lasts a second."""
    name = url.partition("?")[0].rpartition("/")[2]
    await sql(url, f"ALTER DATABASE {name} SET idle_session_timeout = 200")
    cloud = cloud_of(3, 3)
    client = client_of(cloud).with_quota(Paused())
    assert (await FleetScan(client, url, start=START, end=NOW, concurrency=1).run()).complete
    assert await held(url) == truth(cloud, START, NOW)


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
                assert time.monotonic() - began < 15.0
                frozen.send_signal(signal.SIGCONT)
                _, text = await frozen.communicate()
                assert frozen.returncode == 1, text
                assert re.search(rb"errors\.(StoreLostError|ScanStoreError): postgresql", text)
                frozen = fresh
            _, text = await frozen.communicate()
            assert frozen.returncode == 0, text
    assert await held(url) == truth(cloud, now - 2 * DAY, now - 1000)
