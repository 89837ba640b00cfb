"""The way to the service: real proxies and a private certificate authority on loopback."""

import logging
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
import trustme

from gizwits_async import GizwitsClient, Options
from gizwits_async.errors import ArgumentError, NotSentError
from gizwits_async.wire.route import route_to
from tests.canaries import CANARIES, quoted
from tests.doubles import FreeQuota
from tests.doubles.scripted import CREDENTIALS, ScriptedTransport, answers, reply
from tests.wire.proxies import http_proxy, socks_proxy
from tests.wire.raw import Exchange, RawServer, raw_server

USER, PASSWORD = "user@company", CANARIES["proxy password"]
ACCOUNT = f"{quote(USER, safe='')}:{quoted('proxy password')}"
LOGIN = b'{"token": "t", "expire_at": 4000000000}'


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A company's own certificate authority."""
    return trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return a context that trusts this authority alone."""
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    assert context.check_hostname
    return context


@asynccontextmanager
async def service(
    authority: trustme.CA | None, host: str = "127.0.0.1"
) -> AsyncIterator[RawServer]:
    """Serve logins and devices, by TLS if there is an authority."""

    async def answer(one: Exchange) -> None:
        one.say(LOGIN if "access_token" in one.head else b'{"did": "d"}')

    tls = None
    if authority is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(tls)
    async with raw_server(answer, tls=tls) as server:
        yield server


def client_of(server: RawServer, **settings: object) -> GizwitsClient:
    """Return a client for `server` that repeats nothing."""
    options = Options(max_retries=0, timeout=5.0)
    return GizwitsClient(
        CREDENTIALS,
        base_url=server.url,
        quota=FreeQuota(),
        options=options,
        **settings,  # type: ignore[arg-type]
    )


async def failure_of(client: GizwitsClient) -> str:
    """Return the message of a call that is not sent."""
    with pytest.raises(NotSentError) as caught:
        await client.devices.detail("m")
    return str(caught.value)


async def test_plain_http_goes_through_the_proxy() -> None:
    """Requests name the whole URL, and calls and commands take the same way."""
    async with service(None) as server, http_proxy((USER, PASSWORD)) as proxy:
        async with client_of(server, proxy=f"http://{ACCOUNT}@127.0.0.1:{proxy.port}") as client:
            assert (await client.devices.detail("m")).did == "d"
            await client.devices.control("d", raw=[1])
        assert len(proxy.asked) == len(server.seen) == 3
        assert all(f" {server.url}/v1/" in line for line in proxy.asked)
        assert "Proxy-Authorization" not in server.heads


@pytest.mark.parametrize("encrypted", [False, True], ids=["http proxy", "https proxy"])
async def test_https_is_tunnelled_through_the_proxy(authority: trustme.CA, encrypted: bool) -> None:
    """By CONNECT: the proxy learns host and port, and neither path nor token."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    scheme = "https" if encrypted else "http"
    async with (
        service(authority) as server,
        http_proxy((USER, PASSWORD), tls if encrypted else None) as proxy,
        client_of(
            server,
            proxy=f"{scheme}://{ACCOUNT}@127.0.0.1:{proxy.port}",
            ssl=trusting(authority),
        ) as client,
    ):
        assert (await client.devices.detail("m")).did == "d"
        assert proxy.asked == [f"CONNECT {server.url.removeprefix('https://')} HTTP/1.1"]


@pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
async def test_socks_carries_both(authority: trustme.CA, encrypted: bool) -> None:
    """A SOCKS5 proxy with an account, with and without TLS to the service."""
    async with (
        service(authority if encrypted else None) as server,
        socks_proxy((USER, PASSWORD)) as proxy,
        client_of(
            server,
            proxy=f"socks5://{ACCOUNT}@127.0.0.1:{proxy.port}",
            ssl=trusting(authority),
        ) as client,
    ):
        assert (await client.devices.detail("m")).did == "d"
        assert proxy.asked == [server.url.partition("://")[2]]


async def test_failures_of_a_proxy_are_told_in_words(
    authority: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    """Which proxy, and why; its password stands in no message and no log line."""
    caplog.set_level(logging.DEBUG)
    wrong = f"wrong:{quoted('proxy password')}"
    async with service(authority) as server, service(None) as plain:
        async with http_proxy((USER, PASSWORD)) as proxy, socks_proxy((USER, PASSWORD)) as socks:
            http, named = f"http://{wrong}@127.0.0.1:{proxy.port}", f"127.0.0.1:{proxy.port}"
            refused = (
                f"no connection through proxy http://{named}: credentials not accepted [HTTP 407]"
            )
            async with client_of(server, proxy=http, ssl=trusting(authority)) as client:
                assert await failure_of(client) == refused
            async with client_of(plain, proxy=http) as client:
                assert await failure_of(client) == refused
            url = f"socks5://{wrong}@127.0.0.1:{socks.port}"
            async with client_of(plain, proxy=url) as client:
                assert "no connection through proxy socks5://127.0.0.1" in await failure_of(client)
        async with client_of(plain, proxy=http) as client:
            assert await failure_of(client) == (
                f"no connection to proxy http://{named}: connection refused"
            )
        async with client_of(plain, proxy=f"http://{wrong}@proxy.invalid:81") as client:
            assert await failure_of(client) == (
                "no connection to proxy http://proxy.invalid:81: no such host"
            )
        async with client_of(plain, proxy=url) as client:
            assert "no connection through proxy socks5://127.0.0.1" in await failure_of(client)
        assert server.seen == plain.seen == []
    assert PASSWORD not in caplog.text
    assert quoted("proxy password") not in caplog.text


async def test_hosts_and_certificates_are_checked_as_ever(authority: trustme.CA) -> None:
    """An unknown authority, and a certificate of another host, are refused before anything is sent."""
    async with service(authority) as server, client_of(server) as client:
        assert "certificate not accepted" in await failure_of(client)
    async with (
        service(authority, "other.example") as server,
        client_of(server, ssl=trusting(authority)) as client,
    ):
        assert "certificate not accepted" in await failure_of(client)
        assert server.seen == []


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment with our credentials and without any proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("enterprise_id", "enterprise_secret", "product_key", "product_secret"):
        monkeypatch.setenv(f"GIZWITS_{name.upper()}", str(getattr(CREDENTIALS, name)))
    return monkeypatch


async def test_the_environment_names_proxy_and_authority(
    authority: trustme.CA, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """GIZWITS_PROXY and GIZWITS_CA_BUNDLE, a file or a folder, reach `from_env`."""
    bundle = tmp_path / "company.pem"
    bundle.write_bytes(authority.cert_pem.bytes())
    async with service(authority) as server, http_proxy() as proxy:
        environment.setenv("GIZWITS_BASE_URL", server.url)
        environment.setenv("GIZWITS_PROXY", f"127.0.0.1:{proxy.port}")
        environment.setenv("GIZWITS_CA_BUNDLE", str(bundle))
        async with GizwitsClient.from_env(quota=FreeQuota()) as client:
            assert (await client.devices.detail("m")).did == "d"
        assert len(proxy.asked) == 1


async def test_the_proxy_of_the_system_is_used_on_request_only(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`trust_env` takes HTTP_PROXY, NO_PROXY and the account in .netrc; the service gets no account."""
    (tmp_path / "netrc").write_text(f"default login {USER} password {PASSWORD}\n")
    async with service(None) as server, http_proxy((USER, PASSWORD)) as proxy:
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with client_of(server) as client:
            await client.devices.detail("m")
        assert proxy.asked == []
        async with client_of(server, trust_env=True) as client:
            await client.devices.detail("m")
        assert len(proxy.asked) == 2
        assert "Basic" not in server.heads
        environment.setenv("NO_PROXY", "127.0.0.1")
        async with client_of(server, trust_env=True) as client:
            await client.devices.detail("m")
        assert len(proxy.asked) == 2


async def test_a_borrowed_session_that_trusts_the_environment_sends_the_token(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An account in .netrc neither replaces our headers nor keeps the call from being sent."""
    (tmp_path / "netrc").write_text(f"default login {USER} password {PASSWORD}\n")
    async with service(None) as server, aiohttp.ClientSession(trust_env=True) as session:
        async with client_of(server, session=session) as client:
            assert (await client.devices.detail("m")).did == "d"
        assert "Authorization: token t\r\n" in server.heads
        assert "Basic" not in server.heads
    del environment


@pytest.mark.parametrize(
    "proxy", ["ftp://h", "http://", "http://h/path", "socks5://", "http://[", f"x://{PASSWORD}@h"]
)
def test_what_is_no_proxy_is_refused_without_showing_it(proxy: str) -> None:
    """A typing error in a URL must not put its password on the screen."""
    with pytest.raises(ArgumentError, match="proxy must be") as caught:
        GizwitsClient(CREDENTIALS, proxy=proxy)
    assert PASSWORD not in str(caught.value)


def test_a_route_shows_no_password() -> None:
    """Its repr and its short form name scheme, host and port."""
    route = route_to("https://x", proxy=f"http://{ACCOUNT}@[::1]", trust_env=False, tls=None)
    assert route.via == "http://[::1]:80"
    assert "proxy" not in repr(route)


def test_a_borrowed_session_or_transport_brings_its_own_route() -> None:
    """A proxy that would be ignored is refused instead."""
    with pytest.raises(ArgumentError, match="brings its own"):
        GizwitsClient(
            CREDENTIALS, transport=ScriptedTransport(answers(reply({}))), proxy="http://h"
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GIZWITS_TRUST_ENV", "perhaps"),
        ("GIZWITS_ALLOW_INSECURE", "2"),
        ("GIZWITS_CA_BUNDLE", "/nowhere/company.pem"),
        ("GIZWITS_CA_BUNDLE", __file__),
    ],
)
def test_a_bad_variable_is_named(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The message says which variable, so that nobody searches for it."""
    environment.setenv(name, value)
    with pytest.raises(ArgumentError, match=name):
        GizwitsClient.from_env()


def test_plain_http_by_the_environment(environment: pytest.MonkeyPatch) -> None:
    """GIZWITS_ALLOW_INSECURE=1 lets a compose file name a host of its own network."""
    environment.setenv("GIZWITS_BASE_URL", "http://simulator:8080")
    with pytest.raises(ArgumentError, match="GIZWITS_ALLOW_INSECURE"):
        GizwitsClient.from_env()
    environment.setenv("GIZWITS_ALLOW_INSECURE", "1")
    with pytest.warns(UserWarning, match="unencrypted"):
        GizwitsClient.from_env()


async def test_commands_leave_on_a_fresh_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was idle for a second may be about to be closed, and then the outcome is unknown."""
    idle = 0.0
    monkeypatch.setattr("aiohttp.connector.monotonic", lambda: time.monotonic() + idle)
    async with service(None) as server, client_of(server) as client:
        await client.devices.detail("m")
        await client.devices.detail("m")
        assert server.connections == 1
        await client.devices.control("d", raw=[1])
        await client.devices.control("d", raw=[1])
        assert server.connections == 2
        idle = 1.1
        await client.devices.control("d", raw=[1])
        assert server.connections == 3
        await client.devices.detail("m")
        assert server.connections == 3
