"""The password of a Redis, of a proxy, and what is written to files and stores."""

import asyncio
import base64
import json
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from gizwits_async import GizwitsClient, Options, errors
from gizwits_async.fastapi import gizwits_lifespan
from gizwits_async.quota import SharedQuota, SharedTokenStore
from gizwits_async.scan import FleetScan
from gizwits_async.scan.export import export
from gizwits_async.simulator import FaultRule, Fleet, SimulatedCloud, SimulatorServer, load_faults
from tests.canaries import CANARIES, CREDENTIALS, Heard, leaks, listening, quoted, rendered
from tests.doubles import FreeQuota
from tests.faults.test_secrets import DAY, FINE, HEADERS, client_at, detail, service, shown
from tests.ports import valkey_server
from tests.wire.raw import Exchange, raw_server

REDIS = f"redis://user:{quoted('redis password')}@127.0.0.1"
NUMBERS = {"calls": 36_000, "period": 3600.0, "probe": 0.05}


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Record all logs and warnings."""
    with listening() as all_of_it:
        yield all_of_it


def assert_hidden(heard: Heard, *things: object) -> None:
    """No canary is in what was heard, in these errors, texts, or objects and all that hangs on them."""
    found = leaks(heard.text)
    for thing in things:
        if isinstance(thing, BaseException):
            found += leaks(rendered(thing))
        elif isinstance(thing, str | bytes):
            found += leaks(thing)
        else:
            found += [f"{at}: {leaks(text)}" for at, text in shown(thing) if leaks(text)]
    assert found == []


# --- Redis


@asynccontextmanager
async def rude(answer: bytes, pause: float = 0.0) -> AsyncIterator[int]:
    """Listen as a Redis that has only this to say; give its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await asyncio.sleep(pause)
                writer.write(answer * max(1, data.count(b"*")))
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


SECRET = CANARIES["redis password"].encode()
RUDE = {
    "wrong password": b"-WRONGPASS invalid username-password pair\r\n",
    "wants a password": b"-NOAUTH Authentication required.\r\n",
    "echoes": b"-ERR AUTH " + SECRET + b"\r\n",
    "not redis": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "nonsense": b":1\r\n",
    "no utf-8": b"$2\r\n\xff\xfe\r\n",
    "read-only": b"-READONLY You can't write against a read only replica.\r\n",
}


@pytest.mark.jumping
@pytest.mark.fault("P10", "Q5")
@pytest.mark.parametrize("kind", RUDE)
async def test_a_redis_that_refuses_shows_no_password(kind: str, heard: Heard) -> None:
    """The quota degrades, the token is fetched, the log says why, and nothing shows the URL."""
    async with rude(RUDE[kind]) as port, service(FINE) as server:
        url = f"{REDIS}:{port}/0"
        quota = SharedQuota.from_url(url, "eid", **NUMBERS)  # type: ignore[arg-type]
        store = SharedTokenStore(url, lock_life=0.2)
        async with client_at(server.url, quota=quota, tokens=store) as client:
            for _ in range(3):
                await detail(client)
            await asyncio.sleep(0.1)
            await detail(client)
            objects = [client, quota, store]
            assert_hidden(heard, *objects)
        await quota.aclose()
        await store.aclose()
    assert "quota.degraded" in heard.text
    assert_hidden(heard, *objects)


@pytest.mark.jumping
@pytest.mark.fault("P10")
@pytest.mark.parametrize("way", ["cancelled", "deadline", "refused"])
async def test_who_gives_up_on_a_redis_shows_no_password(way: str, heard: Heard) -> None:
    """Not in the locals of the frames that a cancellation or a time-out comes through."""
    pause = 0.0 if way == "refused" else 5.0
    async with rude(RUDE["wrong password"], pause) as port, service(FINE) as server:
        url = f"{REDIS}:{port}/0"
        quota = SharedQuota.from_url(
            url, "eid", **{**NUMBERS, "calls": 60, "burst": 2, "reserve": 0}
        )  # type: ignore[arg-type]
        store = SharedTokenStore(url)
        client = client_at(server.url, quota=quota, tokens=store)
        if way == "deadline":
            client = client.with_options(deadline=0.2)
        if way == "refused":
            client = client.with_options(max_quota_wait=0.0)
        tasks = [asyncio.ensure_future(detail(client)) for _ in range(3)]
        await asyncio.sleep(0.1)
        if way == "cancelled":
            for task in tasks:
                task.cancel()
        found = [error for error in await asyncio.gather(*tasks, return_exceptions=True)
                 if isinstance(error, BaseException)]  # fmt: skip
        assert found
        assert_hidden(heard, *found)
        for part in (client, quota, store):
            await part.aclose()
    assert_hidden(heard, *found, quota, store)


@pytest.mark.fault("P10")
@pytest.mark.parametrize(
    "make",
    [
        lambda: SharedQuota.from_url(f"{REDIS}:1/0", "eid", replicas=0),
        lambda: SharedQuota.from_url(f"{REDIS}:1/0", "eid", calls=5, burst=10),
        lambda: SharedQuota.from_url(f"{REDIS}:port/0", "eid"),
        lambda: SharedQuota.from_url(f"{REDIS}:1/no-number?db=x", "eid"),
        lambda: SharedQuota.from_url(f"http://{CANARIES['redis password']}@x", "eid"),
        lambda: SharedTokenStore(f"{REDIS}:port/0"),
        lambda: SharedTokenStore(f"rubbish {CANARIES['redis password']}"),
    ],
)
async def test_a_redis_url_that_is_none_is_told_without_it(
    make: Callable[[], Any], heard: Heard
) -> None:
    """A ValueError where it is handed in, with nothing of the URL in it or its locals."""
    with pytest.raises(ValueError, match=r"replicas|calls|burst|URL") as caught:
        make()
    assert_hidden(heard, caught.value)


ENVIRONMENT = {
    "GIZWITS_ENTERPRISE_ID": "e",
    "GIZWITS_ENTERPRISE_SECRET": CANARIES["enterprise secret"],
    "GIZWITS_PRODUCT_KEY": "p",
    "GIZWITS_PRODUCT_SECRET": CANARIES["product secret"],
    "GIZWITS_REDIS_URL": f"{REDIS}:1/0",
    "HTTPS_PROXY": f"http://user:{quoted('proxy password')}@127.0.0.1:9",
}


@pytest.mark.fault("P10")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GIZWITS_CALLS_PER_HOUR", "many"),
        ("GIZWITS_REPLICAS", "0"),
        ("GIZWITS_REDIS_URL", f"{REDIS}:port/0"),
        ("GIZWITS_REDIS_URL", f"{REDIS}:0/0"),
        ("GIZWITS_REDIS_URL", f"{REDIS}:1/0?db=x"),
        ("GIZWITS_REDIS_URL", f"rubbish {CANARIES['redis password']}"),
        ("GIZWITS_BASE_URL", f"https://u:{quoted('proxy password')}@host"),
        ("GIZWITS_BASE_URL", f"rubbish://u:{quoted('proxy password')}@host"),
        ("GIZWITS_PRODUCT_KEY", "a b"),
        ("GIZWITS_PRODUCT_SECRET", ""),
    ],
)
async def test_an_environment_that_is_wrong_is_not_shown(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, heard: Heard
) -> None:
    """`os.environ` holds all secrets at once: it is a local of no frame that fails."""
    for each, text in {**ENVIRONMENT, name: value}.items():
        monkeypatch.setenv(each, text)
    with pytest.raises(ValueError, match=r"[a-z]") as caught:
        async with gizwits_lifespan()(FastAPI()) as state:
            await detail(state["gizwits"])
    assert_hidden(heard, caught.value)


@pytest.mark.fault("P10")
async def test_a_shared_store_holds_the_token_alone(heard: Heard) -> None:
    """The token is what it is for; no other secret is in any name or value, and it ends."""
    with valkey_server() as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        quota, store = SharedQuota.from_url(url, "eid"), SharedTokenStore(url)
        async with service(FINE) as http, client_at(http.url, quota=quota, tokens=store) as client:
            await detail(client)
        raw: Any = Redis.from_url(url, decode_responses=True)
        names = await raw.keys("*")
        assert len(names) >= 2
        for name in names:
            assert leaks(name) == []
            is_text = await raw.type(name) == "string"
            value = await raw.get(name) if is_text else str(await raw.hgetall(name))
            # A lock that could not be given back in time ends by itself, and holds nothing.
            token = name.startswith("gizwits_async:token:") and not name.endswith(":lock")
            assert bool(leaks(value)) is token
            assert leaks(value, "token") == []
            assert await raw.ttl(name) > 0
        for part in (raw, quota, store):
            await part.aclose()
    assert_hidden(heard)


# --- proxies


@pytest.mark.fault("P10", "W19")
@pytest.mark.parametrize("answer", ["407 Proxy Authentication Required", "502 Bad Gateway", ""])
async def test_a_proxy_of_a_borrowed_session_shows_no_password(
    answer: str, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `trust_env=True` the proxy is used and its password sent, and never shown."""

    async def proxy(one: Exchange) -> None:
        if answer:
            one.say(b"no", *HEADERS, status=answer)
        else:
            one.reset()

    async with raw_server(proxy) as server:
        url = server.url.replace("//", f"//user:{quoted('proxy password')}@")
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.delenv("http_proxy", raising=False)
        monkeypatch.setenv("NO_PROXY", "")
        target = {"base_url": "http://device-cloud.invalid", "allow_insecure": True}
        async with aiohttp.ClientSession(trust_env=True) as session:
            client = GizwitsClient(CREDENTIALS, session=session, quota=FreeQuota(),
                                   options=Options(max_retries=0), **target)  # type: ignore[arg-type]  # fmt: skip
            with pytest.raises(errors.GizwitsError) as caught:
                await detail(client)
            assert "Proxy-Authorization: Basic" in server.heads
            assert_hidden(heard, caught.value, client)
            await client.aclose()


# --- files and reports


@pytest.mark.fault("P10")
async def test_nothing_that_is_written_holds_a_secret(heard: Heard, tmp_path: Path) -> None:
    """Store, lock, exports, resume tokens, reports, plans; and the fault rules of a simulator."""
    fleet = Fleet.generate(2, 3)
    cloud = SimulatedCloud(fleet, credentials=CREDENTIALS, quota=10**9)
    for device in fleet.devices:
        fleet.change(device.did, passcode=CANARIES["passcode"], is_online=True)
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps([{"action": "status", "code": 5301, "path": "*/cmd", "nth": 1}]))
    cloud.faults.set([*load_faults(faults), FaultRule(action="reset", path="*/data", nth=2)])
    said: list[str] = []
    async with SimulatorServer(cloud, clock=lambda: fleet.now) as server:
        async with GizwitsClient(
            CREDENTIALS, base_url=server.url, quota=FreeQuota(), clock=lambda: fleet.now,
            on_call=lambda report: said.append(repr(report)),
        ) as client:  # fmt: skip
            scan = FleetScan(
                client, tmp_path / "fleet.db", start=fleet.now - 2 * DAY, end=fleet.now
            )
            said.append(repr(await scan.plan()))
            report = await scan.run(on_progress=lambda now: said.append(repr(now)))
            said += [repr(report), json.dumps(report.to_json(), default=str)]
            async for page in client.devices.data_log(fleet.devices[0].did).pages():
                said += [repr(page), _plain(page.resume or "")]
            async for rows in client.devices.search().pages():
                said += [repr(rows), _plain(rows.resume or "")]
            identity = await client.devices.identity(fleet.devices[0].mac)
            assert identity.passcode == CANARIES["passcode"]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{server.url}/__simulator/faults") as reply:
                said.append(await reply.text())
            async with session.get(f"{server.url}/openapi.json") as reply:
                said.append(await reply.text())
        said.append(repr(cloud.ledger))
    for kind in ("jsonl", "csv", "parquet"):
        await export(tmp_path / "fleet.db", tmp_path / kind, kind)  # type: ignore[arg-type]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 8
    texts = {str(path): path.read_bytes().decode("latin-1") for path in files}
    texts |= {str(number): text for number, text in enumerate(said)}
    issued = [str.__str__(token) for token in cloud.tokens._grants]
    assert issued
    for where, text in texts.items():
        assert leaks(where) == []
        assert leaks(text) == [], where
        assert not [token for token in issued if token in text], where
    assert_hidden(heard)
    assert not [token for token in issued if token in heard.text]


def _plain(resume: str) -> str:
    """Return a resume token, and what is in it."""
    coded = resume.partition(".")[2]
    plain = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode("latin-1")
    try:
        return resume + plain + zlib.decompress(plain.encode("latin-1")).decode("latin-1")
    except zlib.error:
        return resume + plain
