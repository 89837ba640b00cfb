"""What a Valkey or Redis answers when it refuses is a setting, named by log, doctor and scan; no outage."""

import asyncio
import logging
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
import trustme
from redis.asyncio import Redis
from redis.exceptions import ClusterDownError, MovedError, ResponseError

from gizwits_async import GizwitsClient
from gizwits_async.errors import QuotaStoreError
from gizwits_async.models.authorization import Token
from gizwits_async.options import Lane
from gizwits_async.quota import SharedQuota, SharedTokenStore
from gizwits_async.quota.shared import bucket
from gizwits_async.quota.shared.refusals import NoScriptsError, refusal
from gizwits_async.quota.shared.servers import is_readable
from gizwits_async.scan import FleetScan
from gizwits_async.simulator import SimulatorTransport
from tests.ports import kept_port, valkey_server
from tests.quota.clusters import behind_a_sentinel, cluster_of_two, valkey
from tests.scan.common import cloud_of

GUIDE = Path(__file__).parents[2] / "docs/howto/processes.md"
FAST: dict[str, Any] = {"calls": 600, "period": 6.0, "burst": 12, "reserve": 9, "pad": 0.2}
RATE = (600 - 12) / 6.2


@pytest.fixture(scope="module")
def running() -> Iterator[redis.Redis]:
    """A server of our own, and a client that may do everything on it."""
    with valkey_server() as running, redis.Redis(port=running.port) as client:
        client.execute_command("ACL SETUSER boss on >boss ~* +@all")
        client.auth("boss", "boss")  # type: ignore[arg-type]
        yield client


@pytest.fixture
def server(running: redis.Redis) -> redis.Redis:
    """The server, empty."""
    running.flushall()
    return running


def url_of(server: redis.Redis, login: str = "", scheme: str = "redis") -> str:
    """Return the URL of a server; `login` with its @."""
    return f"{scheme}://{login}127.0.0.1:{port_of(server)}"


def port_of(server: redis.Redis) -> int:
    """Return the port of a server."""
    return int(server.connection_pool.connection_kwargs["port"])


def quota_of(where: str | Redis, **changes: Any) -> SharedQuota:
    """Return a quota on a server."""
    return SharedQuota(where, "eid", **{**FAST, "initial": 0, "probe": 0.2, **changes})


@asynccontextmanager
async def parts(where: str | Redis) -> AsyncIterator[tuple[SharedQuota, SharedTokenStore]]:
    """Give a quota and a token store on a server, and close them."""
    quota, tokens = quota_of(where), SharedTokenStore(where)
    yield quota, tokens
    await quota.aclose()
    await tokens.aclose()


async def refused(work: Awaitable[object]) -> str:
    """Return the text of the refusal that a check ends with."""
    with pytest.raises(QuotaStoreError) as caught:
        await work
    assert caught.value.__context__ is None  # The driver's frames hold the password.
    return str(caught.value).rpartition("refuses: ")[2]


def acl_of_guide() -> list[str]:
    """Return the rules of the access list that the documentation gives for one server."""
    (line,) = re.findall(r"^ACL SETUSER app on >PASSWORD (.*)$", GUIDE.read_text(), re.MULTILINE)
    return str(line).split()


async def test_the_access_list_of_the_guide_is_enough(server: redis.Redis) -> None:
    """A user with exactly these commands and keys shares quota and login, and nothing is refused."""
    server.acl_setuser("app", enabled=True, reset=True, passwords=["+pw"])
    server.execute_command("ACL", "SETUSER", "app", *acl_of_guide())
    server.acl_log_reset()
    async with parts(url_of(server, "app:pw@")) as (quota, tokens):
        await quota.check()
        await tokens.check()
        for lane in Lane:
            await quota.acquire(lane)
            quota.release(lane)
        quota.observe({}, refused=True)
        await asyncio.gather(*quota._bucket._tasks)  # type: ignore[attr-defined]
        token = Token(token="t", expires_at=5)
        async with tokens.renewing("key"):
            await tokens.save("key", token)
        assert await tokens.load("key") == token
        await tokens.discard("key", token)
        assert quota._bucket._share is None  # type: ignore[attr-defined]
    denied = {entry["object"] for entry in server.acl_log()} - {"client|setinfo"}
    assert denied == set()  # redis-py introduces itself, and goes on where it may not.


@pytest.mark.parametrize("rule", ["+time", "+hset", "+evalsha", "+get", "~gizwits_async:*"])
async def test_nothing_in_that_access_list_can_be_left_out(server: redis.Redis, rule: str) -> None:
    """Without a command or the keys, quota or login says before a scan that the list is at fault."""
    server.acl_setuser("less", enabled=True, reset=True, passwords=["+pw"])
    rules = [one for one in acl_of_guide() if one != rule]
    assert len(rules) == len(acl_of_guide()) - 1
    server.execute_command("ACL", "SETUSER", "less", *rules)
    async with parts(url_of(server, "less:pw@")) as (quota, tokens):
        ends = await asyncio.gather(quota.check(), tokens.check(), return_exceptions=True)
    said = [str(end) for end in ends if end is not None]
    assert said
    assert all("access list (ACL) lacks" in text for text in said)


@pytest.mark.parametrize(
    ("login", "path", "setting", "words"),
    [
        ("boss:hunter2@", "", None, "does not accept the user or the password"),
        ("", "", ("requirepass", "right"), "or wants one"),
        ("boss:boss@", "/99", None, "no database of this number"),
        ("boss:boss@", "", ("maxmemory", "1"), "memory is full"),
        ("boss:boss@", "", "REPLICAOF 127.0.0.1 1", "read-only replica"),
    ],
)
async def test_a_setting_is_named_before_a_scan_and_in_the_log(
    server: redis.Redis,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    login: str,
    path: str,
    setting: tuple[str, str] | str | None,
    words: str,
) -> None:
    """A scan ends before its store exists; a running process goes on with its part, and says why."""
    before = {"requirepass": "", "maxmemory": "0"}
    if isinstance(setting, str):
        server.execute_command(setting)
    elif setting is not None:
        server.config_set(*setting)
    try:
        async with parts(url_of(server, login) + path) as (quota, tokens):
            cloud = cloud_of(1, 2)
            async with GizwitsClient(
                cloud.credentials, quota=quota, tokens=tokens, transport=SimulatorTransport(cloud)
            ) as client:
                scan = FleetScan(client, tmp_path / "fleet.db", start=cloud.fleet.now - 3600)
                assert words in await refused(scan.run())
                assert words in await refused(scan.plan())
                assert not list(tmp_path.iterdir())
            with caplog.at_level(logging.WARNING, "gizwits_async.quota"):
                await quota.acquire()
                assert await tokens.load("key") is None
                await tokens.save("key", Token(token="t", expires_at=5))
    finally:
        server.execute_command("REPLICAOF NO ONE")
        for name, value in before.items():
            server.config_set(name, value)
    assert re.search(f"quota.degraded: the store refuses: .*{words}.*1/4", caplog.text)
    assert "shared login refuses" in caplog.text
    assert "hunter2" not in caplog.text


async def test_a_certificate_of_an_unknown_authority_is_a_setting() -> None:
    """It is named, and its remedy works: `ssl_ca_certs` in the URL."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    listener = await asyncio.start_server(leave, "127.0.0.1", 0, ssl=context)
    url = f"rediss://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with parts(url) as (quota, _tokens):
        assert "its certificate is not accepted" in await refused(quota.check())
    with authority.cert_pem.tempfile() as path:
        async with parts(f"{url}?ssl_ca_certs={path}") as (quota, _tokens):
            await quota.check()  # It says nothing: an outage, which passes.
    listener.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MovedError("3999 127.0.0.1:6381"), r"redis\+cluster://"),
        (ResponseError("SELECT is not allowed in cluster mode"), r"redis\+cluster://"),
        (ResponseError("unknown command 'AUTH', with args beginning with: 'hunter2'"), "password"),
        (ResponseError("unknown command 'EVAL', with args beginning with: 'hunter2'"), "command"),
        (ResponseError("MISCONF Redis is configured to save"), "MISCONF"),
        (ResponseError("Error running script: @user_script: 1: -READONLY You can't"), "replica"),
        (NoScriptsError("no list"), "Lua"),
        (ClusterDownError("The cluster is down"), None),
        (ResponseError("BUSY Redis is busy running a script"), None),
        (ResponseError("NOREPLICAS Not enough good replicas to write"), None),
        (redis.exceptions.ConnectionError("Connection closed by server."), None),
        (redis.exceptions.BusyLoadingError("Redis is loading"), None),
        (TimeoutError(), None),
    ],
)
def test_which_answers_are_settings(error: Exception, words: str | None) -> None:
    """What passes with time is an outage; our words quote no argument of a server's text."""
    found = refusal(error)
    assert (found is None) == (words is None)
    assert re.search(words or "", found or "")
    assert "hunter2" not in (found or "")


async def test_after_a_failover_the_new_server_is_found_within_seconds(server: redis.Redis) -> None:
    """The name leads to another server; the old one answers read-only on its kept connections."""
    with kept_port() as other, valkey(other):
        leads_to, connections = port_of(server), 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            answers, asks = await asyncio.open_connection("127.0.0.1", leads_to)

            async def forward(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
                with suppress(ConnectionError):
                    while data := await source.read(65536):
                        target.write(data)
                target.close()

            await asyncio.gather(forward(reader, asks), forward(answers, writer))

        name = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"redis://127.0.0.1:{name.sockets[0].getsockname()[1]}"
        async with parts(url) as (quota, tokens):
            await quota.acquire()
            token = Token(token="t", expires_at=5)
            await tokens.save("key", token)
            leads_to = other
            server.execute_command("REPLICAOF 127.0.0.1 1")
            try:
                began = time.monotonic()
                await tokens.save("key", token)  # Refused: the connection is dropped.
                await tokens.save("key", token)
                await quota.acquire()
                while quota._bucket._share is not None or not quota._bucket.window:  # type: ignore[attr-defined]
                    await quota.acquire()
                assert time.monotonic() - began < 3
                assert await tokens.load("key") == token
            finally:
                server.execute_command("REPLICAOF NO ONE")
        name.close()
        assert connections == 4


@pytest.mark.parametrize("step", [-120.0, -3.0, 90.0])
async def test_a_clock_that_steps_costs_at_most_a_window(
    server: redis.Redis, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    """Back or forth by minutes, permits go on at once, in no debt; a stop ends within a window."""
    server.set("step", 0)
    clock = "local raw = clock[1] + clock[2] / 1000000"
    for name in ("TAKE", "STOP", "GIVE_BACK", "RESET"):
        script = getattr(bucket, name)
        assert clock in script
        monkeypatch.setattr(
            bucket, name, script.replace(clock, f"{clock} + redis.call('GET', 'step')")
        )
    quota = quota_of(url_of(server, "boss:boss@"), reserve=0, sprint=False)
    for _ in range(10):
        await quota.acquire(Lane.BULK)
        quota.observe({})
    server.set("step", step)
    began = time.monotonic()
    for _ in range(30):
        await quota.acquire(Lane.BULK)
        quota.observe({})
    assert time.monotonic() - began < 30 / RATE + 1
    assert quota._bucket.permits > -1
    quota._bucket.stop(1e9)
    await asyncio.gather(*quota._bucket._tasks)  # type: ignore[attr-defined]
    server.set("step", 0)
    await quota._bucket.take(1, 600, interactive=True)
    assert quota._bucket._stored.stopped_for <= 6.2  # type: ignore[attr-defined]
    await quota.aclose()


@pytest.mark.parametrize("decoded", [True, False])
async def test_a_client_may_be_handed_in(server: redis.Redis, decoded: bool) -> None:
    """One that decodes replies or not; it is used, and left open."""
    client = Redis(port=port_of(server), username="boss", password="boss", decode_responses=decoded)
    async with parts(client) as (quota, tokens):
        await quota.check()
        await tokens.check()
        await quota.acquire()
        assert quota._bucket.window >= 1
        token = Token(token="t", expires_at=5)
        await tokens.save("key", token)
        assert await tokens.load("key") == token
    assert await client.ping()
    await client.aclose()


@pytest.mark.parametrize(
    ("url", "readable"),
    [
        ("valkey://h", True),
        ("valkeys://u:p@h:1/2?ssl_cert_reqs=none", True),
        ("redis+sentinel://:p%40w@a:1,b,[::1]:2/fleet/3?sentinel_password=x", True),
        ("valkeys+sentinel://a/fleet", True),
        ("redis+sentinel://a,b", False),
        ("redis+sentinel:///fleet", False),
        ("redis+sentinel://a:x/fleet", False),
        ("rediss+cluster://u:p@a:1,b?ssl_ca_certs=/x", True),
        ("redis+cluster://a/5", False),
        ("redis+cluster://", False),
        ("redis+other://a", False),
        ("http://a", False),
    ],
)
async def test_which_urls_are_known(url: str, readable: bool) -> None:
    """Sentinels and clusters by a list of hosts; the rest is refused without showing it."""
    assert is_readable(url) == readable
    if not readable:
        with pytest.raises(ValueError, match="cannot be read by redis-py"):
            SharedQuota(url, "eid")


@pytest.mark.slow
async def test_a_cluster_is_reached_by_any_of_its_nodes() -> None:
    """Quota and login work through either node; without +cluster the URL is named as the fault."""
    (more,) = re.findall(r"in a cluster also `(.*?)`", GUIDE.read_text())
    with cluster_of_two() as nodes:
        for node in nodes:
            rules = ["on", ">pw", *acl_of_guide(), *str(more).split()]
            node.execute_command("ACL", "SETUSER", "app", *rules)
        for node in nodes:
            async with parts(url_of(node, "app:pw@", "redis+cluster")) as (quota, tokens):
                await quota.check()
                await tokens.check()
                await quota.acquire()
                async with tokens.renewing("key"):
                    await tokens.save("key", Token(token="t", expires_at=5))
                assert await tokens.load("key")
        found = []
        for node in nodes:
            async with parts(url_of(node)) as (quota, tokens):
                ends = await asyncio.gather(quota.check(), tokens.check(), return_exceptions=True)
                found += [str(end) for end in ends if end is not None]
        assert found
        assert all("redis+cluster://" in text for text in found)


@pytest.mark.slow
async def test_sentinels_lead_to_the_new_primary() -> None:
    """After a failover permits come from the promoted replica within seconds."""
    with behind_a_sentinel() as (port, _first, second):
        url = f"valkey+sentinel://127.0.0.1:{port}/fleet"
        async with parts(url) as (quota, tokens):
            await quota.check()
            await tokens.check()
            await quota.acquire()
            with redis.Redis(port=port) as sentinel:
                sentinel.execute_command("SENTINEL FAILOVER fleet")
            began = time.monotonic()
            while second.info("replication")["role"] != "master":
                await asyncio.sleep(0.05)
            granted = quota._bucket.granted
            while quota._bucket._share is not None or quota._bucket.granted < granted + 5:  # type: ignore[attr-defined]
                await quota.acquire()
            assert time.monotonic() - began < 15
