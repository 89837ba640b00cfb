"""A token that several processes share on a real Valkey: corrupt, torn, fought over."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from gizwits_async import GizwitsClient
from gizwits_async.client import BASE_URL
from gizwits_async.models.authorization import Token
from gizwits_async.quota import SharedTokenStore
from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorServer, SimulatorTransport
from gizwits_async.testing import ThreadedSimulator
from gizwits_async.wire.token import token_key
from tests.doubles import FreeQuota
from tests.ports import valkey_server

MAC = f"{0xACCF23000000:012X}"
ROOT = Path(__file__).parents[2]
WEEK = 604_800
PROCESS = """
import asyncio, sys
from gizwits_async import GizwitsClient
from gizwits_async.quota import SharedTokenStore
from tests.doubles import FreeQuota

async def main(redis, mac):
    store = SharedTokenStore(redis)
    async with GizwitsClient.from_env(quota=FreeQuota(), tokens=store) as client:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        for _ in range(3):
            assert (await client.devices.detail(mac)).mac == mac
            print("called", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
    await store.aclose()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    """Run a store of our own."""
    with valkey_server() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


def cloud_of() -> SimulatedCloud:
    return SimulatedCloud(Fleet.of(["d" * 22], now=time.time()), quota=10**6)


def name_of(cloud: SimulatedCloud, url: str = BASE_URL) -> str:
    """Return the name of the value that holds the token."""
    return f"gizwits_async:token:{token_key(url, cloud.credentials)}"


CORRUPT: dict[str, Any] = {
    "empty": b"",
    "cut": b'{"token": "abc", "expi',
    "no utf-8": b"\xff\xfe\x00\x80",
    "a pickle": b"\x80\x04K\x01.",
    "another shape": b"[]",
    "deep": b"[" * 100_000,
    "a huge number": b'{"token": "t", "expires_at": ' + b"9" * 5000 + b"}",
    "no text": b'{"token": 5, "expires_at": 1999999999}',
    "no date": b'{"token": "t"}',
    "a date that is none": b'{"token": "t", "expires_at": NaN}',
    "a header break": b'{"token": "t\\r\\nX-Evil: 1", "expires_at": 1999999999}',
    "not ascii": '{"token": "schlüssel", "expires_at": 1999999999}'.encode(),
    "long over": b'{"token": "t", "expires_at": 5}',
    "of somebody else": b'{"token": "anothers", "expires_at": 1999999999}',
    "another type": None,
}


@pytest.mark.fault("A8")
@pytest.mark.parametrize("kind", CORRUPT)
async def test_a_corrupt_value_is_ignored_and_fetched_anew(valkey: str, kind: str) -> None:
    """Whatever stands under the token's name, the call works, and the store is mended by it."""
    cloud = cloud_of()
    raw: Any = Redis.from_url(valkey)
    await raw.flushall()
    if CORRUPT[kind] is None:
        await raw.rpush(name_of(cloud), "a", "list")
    else:
        await raw.set(name_of(cloud), CORRUPT[kind])
    for _ in range(2):
        store = SharedTokenStore(valkey)
        async with GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=FreeQuota(), tokens=store
        ) as client:
            assert (await client.devices.detail(MAC)).mac == MAC
        await store.aclose()
    assert cloud.tally["token"] == 1, "the second client found a good one"
    assert json.loads(await raw.get(name_of(cloud)))["token"] in cloud.tokens._grants
    await raw.aclose()


@pytest.mark.fault("A8", "A1")
async def test_processes_share_each_login(valkey: str) -> None:
    """Four real processes: one login; after its end one more, whichever process meets the refusal first."""
    raw: Any = Redis.from_url(valkey)
    await raw.flushall()
    with ThreadedSimulator() as simulator:
        cloud, environment = simulator.cloud, simulator.environment
        mac = cloud.fleet.devices[0].mac
        processes = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", PROCESS, valkey, mac),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT)},
            )
            for _ in range(4)
        ]  # fmt: skip

        async def all_say(word: bytes) -> None:
            for process in processes:
                assert process.stdout is not None
                assert (await process.stdout.readline()).strip() == word

        def go_on() -> None:
            for process in processes:
                assert process.stdin is not None
                process.stdin.write(b"\n")

        await all_say(b"ready")
        go_on()
        await all_say(b"called")
        assert cloud.tally["token"] == 1
        cloud.tokens.expire()
        go_on()
        await all_say(b"called")
        assert cloud.tally["token"] == 2
        cloud.tokens.revoke()
        go_on()
        await all_say(b"called")
        assert cloud.tally["token"] == 3
        go_on()
        for process in processes:
            await process.communicate()
            assert process.returncode == 0
    await raw.aclose()


@pytest.mark.fault("A8")
async def test_a_value_is_never_torn(valkey: str) -> None:
    """While two writers save and discard, a reader finds one of their tokens or none."""
    one, two, reader = (SharedTokenStore(valkey) for _ in range(3))
    tokens = {
        one: Token(token="a" * 4000, expires_at=1_999_999_999),
        two: Token(token="b" * 40, expires_at=1_888_888_888),
    }
    seen = set()

    async def write(store: SharedTokenStore) -> None:
        for _ in range(60):
            await store.save("torn", tokens[store])
            await store.discard("torn", tokens[store])

    async def read() -> None:
        for _ in range(150):
            seen.add(await reader.load("torn"))

    await asyncio.gather(write(one), write(two), read())
    assert seen <= {*tokens.values(), None}
    assert len(seen) > 1
    for store in (one, two, reader):
        await store.aclose()


@pytest.mark.fault("A8")
async def test_who_dies_in_a_renewal_holds_nobody_up_for_ever(valkey: str) -> None:
    """The lock of a process that was killed ends; the others then log in, once."""
    raw: Any = Redis.from_url(valkey)
    await raw.flushall()
    cloud = cloud_of()
    async with SimulatorServer(cloud) as server:
        await raw.set(f"{name_of(cloud, server.url)}:lock", "the dead", px=400)
        stores = [SharedTokenStore(valkey) for _ in range(3)]
        clients = [
            GizwitsClient(cloud.credentials, base_url=server.url, quota=FreeQuota(), tokens=store)
            for store in stores
        ]
        async with asyncio.timeout(5):
            found = await asyncio.gather(*(client.devices.detail(MAC) for client in clients))
        assert [one.mac for one in found] == [MAC] * 3
        assert cloud.tally["token"] == 1
        assert not await raw.keys("*:lock")
        for part in (*clients, *stores):
            await part.aclose()
    await raw.aclose()
