"""The client puts the parts together: what it refuses, shares, closes and never shows."""

import asyncio
import pickle
from typing import Any
from unittest.mock import create_autospec

import pytest
from attrs import evolve

from gizwits_async import Credentials, GizwitsClient, HourlyQuota, Lane, Options
from gizwits_async.errors import ClientClosedError, GizwitsError
from gizwits_async.options import BASE_URL
from gizwits_async.quota import SharedQuota, SharedTokenStore
from gizwits_async.wire.request import get
from gizwits_async.wire.token import MemoryTokenStore
from tests.doubles import FreeQuota, virtual
from tests.doubles.scripted import CREDENTIALS, NOW, ScriptedTransport, Sent, client_on, reply


def ok(_: Sent) -> Any:
    return reply({"did": "d"})


@pytest.mark.parametrize(
    "url",
    [
        "http://enterpriseapi.gizwits.com",
        "http://10.0.0.1",
        "http://127.example.com",
        "http://localhost.example.com",
        "http://0.0.0.0:80",
        "HTTP://EXAMPLE.COM",
        "http://[2001:db8::1]/",
    ],
)
def test_plain_http_to_another_host_is_refused(url: str) -> None:
    """The secrets would travel readable; only allow_insecure=True lets them, with a warning."""
    with pytest.raises(ValueError, match="allow_insecure"):
        GizwitsClient(CREDENTIALS, base_url=url)
    with pytest.warns(UserWarning, match="unencrypted"):
        GizwitsClient(CREDENTIALS, base_url=url, allow_insecure=True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80", "http://127.8.8.8/x"]
)
def test_plain_http_is_fine_on_the_own_machine(url: str, recwarn: pytest.WarningsRecorder) -> None:
    """A simulator on loopback needs no flag and gives no warning."""
    GizwitsClient(CREDENTIALS, base_url=url)
    assert recwarn.list == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "enterpriseapi.gizwits.com",
        "ftp://x",
        "https://",
        "https://x?product_secret=canary",
        "https://x#canary",
        "https://user:canary@x",
        "ftp://user:canary@x",
        "https://user:canary@x:port",
        "https://a..b",
        f"https://{'a' * 64}.com",
        "https://xn--a.com",
        None,
        5,
    ],
)
def test_a_base_url_that_is_none_is_refused(url: Any) -> None:
    """Nothing but scheme, host, port and path; and what was wrong is said without showing secrets."""
    with pytest.raises(ValueError, match="base_url") as caught:
        GizwitsClient(CREDENTIALS, base_url=url)
    assert "canary" not in str(caught.value)


@virtual
async def test_a_base_path_and_a_trailing_slash_are_kept_apart() -> None:
    """`https://host/prefix/` puts the prefix before each path, with one slash between."""
    client = GizwitsClient(CREDENTIALS, base_url="https://host.invalid/prefix//")
    assert client._gateway.service.transport._base == "https://host.invalid/prefix"  # type: ignore[attr-defined]
    await client.aclose()


def test_from_env_takes_the_address_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """GIZWITS_BASE_URL is used unless one is given."""
    for name in ("ENTERPRISE_ID", "ENTERPRISE_SECRET", "PRODUCT_KEY", "PRODUCT_SECRET"):
        monkeypatch.setenv(f"GIZWITS_{name}", "x")
    monkeypatch.setenv("GIZWITS_BASE_URL", "http://127.0.0.1:1")
    assert GizwitsClient.from_env()._gateway.service.transport._base == "http://127.0.0.1:1"  # type: ignore[attr-defined]
    given = GizwitsClient.from_env(base_url="http://127.0.0.1:2")
    assert given._gateway.service.transport._base == "http://127.0.0.1:2"  # type: ignore[attr-defined]
    monkeypatch.delenv("GIZWITS_PRODUCT_KEY")
    with pytest.raises(ValueError, match="GIZWITS_PRODUCT_KEY"):
        GizwitsClient.from_env()


ENVIRONMENT = {
    **dict.fromkeys(
        (f"GIZWITS_{name}" for name in ("ENTERPRISE_ID", "ENTERPRISE_SECRET")), "enterprise"
    ),
    **dict.fromkeys((f"GIZWITS_{name}" for name in ("PRODUCT_KEY", "PRODUCT_SECRET")), "product"),
    "GIZWITS_CALLS_PER_HOUR": "900",
    "GIZWITS_REDIS_URL": "redis://127.0.0.1:1/0",
}


def test_from_env_reads_what_the_web_app_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quota and token by `GIZWITS_REDIS_URL`; what is given goes before; what is empty is not set."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    client = GizwitsClient.from_env()
    assert isinstance(client.quota, SharedQuota)
    assert client.quota.calls == 900
    assert isinstance(client._gateway.service.token_store, SharedTokenStore)
    quota, tokens = FreeQuota(), MemoryTokenStore()
    given = GizwitsClient.from_env(quota=quota, tokens=tokens)
    assert (given.quota, given._gateway.service.token_store, given._owned) == (quota, tokens, ())
    monkeypatch.setenv("GIZWITS_REDIS_URL", "")
    alone = GizwitsClient.from_env(options=Options(timeout=60.0))
    assert type(alone.quota) is HourlyQuota
    assert alone.quota.calls == 900
    assert alone.quota._view.pad == 62.0
    for name in ("GIZWITS_CALLS_PER_HOUR", "GIZWITS_BASE_URL", "GIZWITS_REPLICAS"):
        monkeypatch.setenv(name, "")
    unset: Any = GizwitsClient.from_env()
    assert unset.quota.calls == 3600
    assert unset._gateway.service.transport._base == BASE_URL


@pytest.mark.parametrize("text", ["many", "0", "-5", "3.5", "9" * 10, "9" * 5000])
@pytest.mark.parametrize("name", ["GIZWITS_CALLS_PER_HOUR", "GIZWITS_REPLICAS"])
def test_a_number_in_the_environment_that_is_none_is_refused_by_its_name(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be looked for in the code otherwise."""
    for each, value in {**ENVIRONMENT, name: text}.items():
        monkeypatch.setenv(each, value)
    with pytest.raises(ValueError, match=f"^{name} must be a whole number") as caught:
        GizwitsClient.from_env()
    assert len(str(caught.value)) < 150


@pytest.mark.fault("P5")
def test_a_client_shows_and_pickles_nothing() -> None:
    """Its repr holds no secret, and pickling it is a TypeError with advice."""
    client = client_on(ScriptedTransport(ok))
    assert "secret" not in repr(client)
    with pytest.raises(TypeError, match="Credentials"):
        pickle.dumps(client)


@virtual
@pytest.mark.fault("A7")
async def test_a_hundred_enterprises_in_one_process_have_nothing_of_each_other() -> None:
    """Tokens and quotas: also with one token store for all, and one product key."""
    store = MemoryTokenStore()
    transports = {f"e{number}": ScriptedTransport(ok) for number in range(100)}
    for name, transport in transports.items():
        answer = reply({"token": f"token-of-{name}", "expire_at": NOW + 7 * 86_400})
        transport.login = lambda _, answer=answer: answer
    tenants = {
        name: GizwitsClient(
            evolve(CREDENTIALS, enterprise_id=name, enterprise_secret=f"secret-of-{name}"),
            transport=transport,
            tokens=store,
            clock=lambda: NOW,
        )
        for name, transport in transports.items()
    }
    asked = {name: 1 + number % 3 for number, name in enumerate(tenants)}
    jobs = [tenants[name].devices.detail("m") for name in tenants for _ in range(asked[name])]
    await asyncio.gather(*jobs)
    for name, transport in transports.items():
        tokens = {sent.headers["Authorization"] for sent in transport.calls}
        assert (tokens, transport.logins) == ({f"token token-of-{name}"}, 1)
        assert all(
            f"secret-of-{name}".encode() in (s.body or b"") for s in transport.sent if s.is_login
        )
        snapshot = tenants[name].quota.snapshot()
        assert snapshot.limit - snapshot.remaining == asked[name] + 1
    for tenant in tenants.values():
        await tenant.aclose()


@virtual
async def test_views_share_session_quota_and_tokens() -> None:
    """with_options changes only options; for_product has a token of its own; all share the quota."""
    transport = ScriptedTransport(ok)
    client = client_on(transport)
    bulk = client.with_options(lane="bulk", timeout=3)
    other = client.for_product("pk2", "psecret2")
    assert (bulk.options.lane, client.options.lane) == (Lane.BULK, Lane.INTERACTIVE)
    assert client.quota is bulk.quota is other.quota
    for one in (client, bulk, client, other, bulk, other.with_options(timeout=1)):
        await one.devices.detail("m")
    assert [s.path for s in transport.sent if s.is_login] == [
        "/v1/products/pk/access_token",
        "/v1/products/pk2/access_token",
    ]
    assert b"psecret2" in (next(s.body for s in transport.sent if "pk2" in s.path) or b"")
    # The client has a section already, which its views do not take over.
    assert client.for_product("pk3", "s").devices is not client.devices is client.devices
    await client.for_product("pk3", "s").devices.detail("m")
    assert transport.calls[-1].path == "/v1/products/pk3/device_detail"
    with pytest.raises(ValueError, match="timeout"):
        client.with_options(timeout=0)


@virtual
@pytest.mark.fault("P7")
async def test_closing_is_idempotent_and_final_for_all_views() -> None:
    """After aclose every view raises ClientClosedError; closing again does nothing."""
    async with client_on(ScriptedTransport(ok)) as client:
        view = client.for_product("pk2", "s")
        await client.aclose()
    await client.aclose()
    await view.aclose()
    for one in (client, view, client.with_options(timeout=2)):
        with pytest.raises(ClientClosedError):
            await one.devices.detail("m")


@virtual
async def test_a_token_in_hand_does_not_outlive_the_client() -> None:
    """A client that has a good token still refuses calls once it was closed."""
    transport = ScriptedTransport(ok)
    client = client_on(transport)
    await client.devices.detail("m")
    before = len(transport.sent)
    await client.aclose()
    with pytest.raises(ClientClosedError):
        await client.devices.detail("m")
    assert len(transport.sent) == before


@virtual
async def test_a_given_quota_stays_open() -> None:
    """What was handed in is its owner's to close."""
    quota = FreeQuota()
    async with GizwitsClient(CREDENTIALS, transport=ScriptedTransport(ok), quota=quota) as client:
        assert client.quota is quota
    assert quota.closed == 0


@virtual
async def test_any_request_can_be_sent() -> None:
    """`send` takes what has no method: a request made by hand."""
    transport = ScriptedTransport(lambda _: reply([1, 2]))
    client = client_on(transport)
    assert await client.send(get("/v1/products/pk/x", list, a=1, b=True, c=None)) == [1, 2]
    assert transport.calls[0].target == "/v1/products/pk/x?a=1&b=1"


@pytest.mark.parametrize("did", ["", "a/b", "..", "%2e%2e", "a?b", "a#b", "a\0", " ", "a\\b"])
@pytest.mark.parametrize("log", ["online_log", "cmd_log", "data_log"])
@pytest.mark.fault("P11")
def test_a_did_that_cannot_stand_in_a_path_is_refused_at_once(did: str, log: str) -> None:
    """A ValueError where the stream is described, before anything is sent."""
    transport = ScriptedTransport(ok)
    with pytest.raises(ValueError, match="did"):
        getattr(client_on(transport).devices, log)(did)
    assert transport.sent == []


def test_a_product_key_that_cannot_stand_in_a_path_is_refused() -> None:
    """Bad input is a ValueError and not an error of the service."""
    with pytest.raises(ValueError, match="product_key"):
        Credentials(enterprise_id="e", enterprise_secret="s", product_key="a b", product_secret="p")
    assert not issubclass(ValueError, GizwitsError)
    assert Options() == Options()


def test_sections_are_attributes_that_cannot_be_replaced() -> None:
    """Applications mock a client by `create_autospec`, which knows them as properties."""
    assert create_autospec(GizwitsClient, instance=True).devices.search is not None
    client: Any = GizwitsClient(CREDENTIALS)
    with pytest.raises(AttributeError, match="cannot be replaced"):
        client.devices = None
