"""Valid HTTP that is not the documented reply, and proxies and portals on the way."""

import asyncio
import json
import logging
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from gizwits_async import GizwitsClient, Options
from gizwits_async.client import BASE_URL
from gizwits_async.errors import (
    InvalidRequestError,
    InvalidResponseError,
    NotSentError,
    OutcomeUnknownError,
    ServerError,
)
from gizwits_async.models.outcome import Outcome
from gizwits_async.simulator import FaultRule, Fleet, SimulatedCloud, SimulatorTransport
from tests.canaries import leaks, quoted
from tests.doubles import FreeQuota, client_of, virtually
from tests.faults.c0 import CANARIES, ECHO, failure
from tests.faults.wired import CALLS, GOOD, WRITES, wired
from tests.wire.mischief import says
from tests.wire.raw import Exchange, raw_server

pytestmark = pytest.mark.jumping

DID = "d" * 22
MAC = "ACCF23000000"


def simulated(*rules: FaultRule) -> SimulatedCloud:
    """Return a service with one device, our canaries, and these faults."""
    fleet = Fleet.of([DID])
    fleet.change(DID, mac=MAC)
    return SimulatedCloud(fleet, credentials=CANARIES, faults=rules)


# --- what stands in front of the service


@pytest.mark.fault("W6")
@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxys_page_is_a_server_error_and_a_read_goes_again(status: int) -> None:
    """ServerError with the status and the beginning of the page; a GET is repeated after a pause."""
    pauses = []
    for _ in range(8):
        rule = FaultRule(action="html", status=status, path="*/device_detail", nth=(1, 2))
        cloud = simulated(rule)

        async def main(cloud: SimulatedCloud = cloud) -> float:
            async with client_of(cloud) as client:
                await client.authorization.create_token()
                began = asyncio.get_running_loop().time()
                assert (await client.devices.detail(MAC)).did == DID
                assert client.quota.taken == client.quota.observed == 4  # type: ignore[attr-defined]
                return asyncio.get_running_loop().time() - began

        pauses.append(virtually(main()))
        assert cloud.faults.matched == [3]
    assert len(set(pauses)) > 1, "jitter, or many callers would come back in step"
    assert all(0.25 + 0.5 <= pause <= 0.5 + 1.0 for pause in pauses)


@pytest.mark.fault("W6")
async def test_of_a_long_page_a_clean_beginning_is_kept() -> None:
    """At most 200 printable characters, no escape sequences, no secret that the page echoes."""
    page = f"<html>\r\n\x1b[31m<b>Bad\x00 Gateway</b> {ECHO} ".encode() + "机".encode() * 999
    async with wired(says(page, "Content-Type: text/html", status="502 Bad Gateway")) as at:
        error = await failure(at.detail, ServerError)
        assert (error.status, error.code) == (502, None)
        assert error.message.startswith("<html> [31m<b>Bad Gateway</b> ***")
        assert len(error.message) <= 200
        assert error.message.isprintable()
        assert str(error).startswith("GET /v1/products/pk/device_detail: ")


@pytest.mark.fault("W6")
@pytest.mark.parametrize("verb", WRITES)
async def test_a_write_that_meets_a_proxys_page_is_unknown(verb: str) -> None:
    """The proxy timed out, the service may go on: sent once."""
    async with wired(says(b"<html>", status="504 Gateway Time-out"), max_retries=3) as at:
        error = await failure(CALLS[verb](at.client), OutcomeUnknownError)
        assert type(error.__cause__) is ServerError
        assert len(at.calls) == 1


@pytest.mark.fault("W7")
@pytest.mark.parametrize("path", ["*/device_detail", "*/access_token"])
def test_a_portals_page_is_no_reply_and_is_not_asked_for_again(path: str) -> None:
    """200 with HTML instead of the reply to the call, or to the login: an error at once."""
    cloud = simulated(FaultRule(action="html", status=200, path=path, nth=1))

    async def main() -> None:
        async with client_of(cloud, max_retries=5) as client:
            error = await failure(client.devices.detail(MAC), InvalidResponseError)
            assert "not JSON" in str(error)
            assert not error.truncated
            assert cloud.faults.matched == [1]
            assert (await client.devices.detail(MAC)).did == DID

    virtually(main())


@pytest.mark.fault("W7")
@pytest.mark.parametrize("verb", WRITES)
async def test_a_write_that_a_portal_swallowed_is_no_success(verb: str) -> None:
    """Not even a call whose reply means nothing is taken for done because of a 200."""
    page = says(b"<html><form action=/login>", "Content-Type: text/html")
    async with wired(page, max_retries=5) as at:
        await failure(CALLS[verb](at.client), OutcomeUnknownError)
        assert len(at.calls) == 1


# --- what the bytes are called, and what they are (W8 to W12)


@pytest.mark.fault("W8", "W9")
@pytest.mark.parametrize(
    "label",
    [
        "text/plain",
        "application/octet-stream",
        "text/html; charset=utf-16",
        "application/json; charset=gbk",
        "application/json; charset=no-such",
        "application/json; charset=",
        "x",
        "",
    ],
)
async def test_the_label_decides_on_nothing(label: str) -> None:
    """Read as JSON in UTF-8 whatever type and charset were declared."""
    body = '{"did": "d", "type": "设备"}'.encode()
    async with wired(says(body, f"Content-Type: {label}")) as at:
        assert (await at.detail).type == "设备"


@pytest.mark.fault("W10")
@pytest.mark.parametrize(
    "body",
    [
        '{"did": "d", "type": "设备"}'.encode("gbk"),
        '{"did": "d"}'.encode("utf-16"),
        b'{"did": "\xff"}',
        b'{"did": "\xed\xa0\x80"}',
        b'{"did": "\xc0\xaf"}',
    ],
    ids=["gbk", "utf-16", "no start byte", "a surrogate", "overlong"],
)
async def test_what_is_no_utf8_is_an_error_and_no_mojibake(body: bytes) -> None:
    """No other encoding is guessed, even if it is declared; and it is not asked for again."""
    fault = says(body, "Content-Type: application/json; charset=gbk")
    async with wired(fault, max_retries=3) as at:
        error = await failure(at.detail, InvalidResponseError)
        assert "not UTF-8 from byte" in str(error)
        assert len(at.calls) == 1


@pytest.mark.fault("W11")
async def test_a_byte_order_mark_is_passed_over() -> None:
    """A value with the mark; the same words without."""
    async with wired(says(b"\xef\xbb\xbf" + GOOD), says(GOOD)) as at:
        assert await at.detail == await CALLS["GET"](at.client)


EMPTY = {
    "200": says(b"", status="200 OK"),
    "200 with blanks": says(b" \r\n"),
    "204": says(b"", status="204 No Content"),
}


@pytest.mark.fault("W12")
@pytest.mark.parametrize("fault", EMPTY.values(), ids=EMPTY)
async def test_an_empty_body_is_success_where_none_is_promised(fault: Any) -> None:
    """Control and the deletion of a group answer nothing, documented as such."""
    async with wired(fault, fault) as at:
        assert await at.client.devices.control("d", attrs={"switch": True}) is None  # type: ignore[func-returns-value]
        assert await at.client.device_groups.delete("g") is None  # type: ignore[func-returns-value]
        assert len(at.calls) == 2


@pytest.mark.fault("W12")
@pytest.mark.parametrize("fault", EMPTY.values(), ids=EMPTY)
async def test_an_empty_body_is_an_error_elsewhere(fault: Any) -> None:
    """A read is asked once more; a write that must answer is unknown; nothing is None."""
    async with wired(fault, fault, max_retries=3) as at:
        error = await failure(at.detail, InvalidResponseError)
        assert error.problems == ("empty @ $",)
        assert len(at.calls) == 2
    async with wired(fault, max_retries=3) as at:
        await failure(at.client.device_groups.create(), OutcomeUnknownError)
        assert len(at.calls) == 1


# --- where it goes, and through whom (W17 to W19)


@pytest.mark.fault("W17")
@pytest.mark.parametrize("host", ["enterpriseapi.gizwits.com", "10.0.0.1", "127.example.com"])
def test_plain_http_needs_to_be_asked_for(host: str) -> None:
    """TLS by default; without it the secrets travel readable, which is an error or a warning."""
    assert BASE_URL == "https://enterpriseapi.gizwits.com"
    assert GizwitsClient(CANARIES)._gateway.service.transport._base == BASE_URL  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="allow_insecure=True") as caught:
        GizwitsClient(CANARIES, base_url=f"http://{host}")
    assert leaks(str(caught.value)) == []
    with pytest.warns(UserWarning, match="unencrypted"):
        GizwitsClient(CANARIES, base_url=f"http://{host}", allow_insecure=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GizwitsClient(CANARIES, base_url="http://127.0.0.1:8080")


class Dropping(SimulatorTransport):
    """A proxy that drops the body of DELETE, as RFC 9110 lets it."""

    async def send(self, method: str, target: str, headers: Any, body: Any, **more: Any) -> Any:
        body = None if method == "DELETE" else body
        return await super().send(method, target, headers, body, **more)


@pytest.mark.fault("W18")
def test_an_unbinding_without_its_body_is_no_success() -> None:
    """A service that says what is missing is believed, and the binding stands."""
    cloud = simulated()
    user = next(iter(cloud.product.bindings.users.values()))
    cloud.product.bindings.bind(user.uid, DID, cloud.fleet.now)

    async def main() -> None:
        async with client_of(cloud, transport=Dropping(cloud), max_retries=3) as client:
            await failure(client.bindings.unbind(user.uid, user.appid, [DID]), InvalidRequestError)

    virtually(main())
    assert DID in cloud.product.bindings.dids_of(user.uid)
    assert cloud.tally["bindings.unbind"] == 1


@pytest.mark.fault("W18")
@pytest.mark.parametrize("body", [b'{"success": [], "failed": []}', b"{}", b"", b'{"success": []}'])
async def test_an_id_in_neither_list_is_unknown(body: bytes) -> None:
    """A service that found nothing to do says nothing of the ids: unknown, never fine."""
    async with wired(says(body), max_retries=3) as at:
        outcome = await at.client.bindings.unbind("u", "app", ["d1", "d2"])
        assert outcome == Outcome(unknown=("d1", "d2"))
        assert len(at.calls) == 1
        assert json.loads(at.calls[0].body)["dids"] == ["d1", "d2"]
    assert "unknown" in (GizwitsClient(CANARIES).bindings.unbind.__doc__ or "")


PROXY_USER = "proxy-user-canary"
PROXY_SECRET = quoted("proxy password")


@asynccontextmanager
async def proxied(
    monkeypatch: pytest.MonkeyPatch, *, trust_env: bool, base_url: str, answer: Any
) -> AsyncIterator[tuple[GizwitsClient, list[Exchange]]]:
    """Give a client in an environment that names a proxy with credentials."""
    async with raw_server(answer) as proxy:
        host = proxy.url.partition("://")[2]
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://{PROXY_USER}:{PROXY_SECRET}@{host}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        session = aiohttp.ClientSession(trust_env=True) if trust_env else None
        client = GizwitsClient(
            CANARIES,
            base_url=base_url,
            session=session,
            quota=FreeQuota(),
            options=Options(max_retries=0, timeout=2),
        )
        yield client, proxy.seen
        await client.aclose()
        if session is not None:
            await session.close()


@pytest.mark.fault("W19")
async def test_a_proxy_in_the_environment_is_not_used_unasked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An own session goes straight; only a borrowed one with `trust_env` goes by the proxy."""

    async def answer(one: Exchange) -> None:
        one.say(b'{"token": "t"}' if "access_token" in one.head else GOOD)

    async with raw_server(answer) as server:
        for trust_env in (False, True):
            async with proxied(
                monkeypatch, trust_env=trust_env, base_url=server.url, answer=answer
            ) as (client, seen):
                assert (await client.devices.detail("m")).did == "d"
                assert [one.head.split()[1].startswith("http://127") for one in seen] == (
                    [True, True] if trust_env else []
                )
        assert len(server.seen) == 2


@pytest.mark.fault("W19")
@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway"])
async def test_what_a_proxy_refuses_shows_no_password_of_it(
    status: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in error, traceback, log or repr; a tunnel that was not made has carried nothing."""
    caplog.set_level(logging.DEBUG)
    refuse = says(f"{ECHO} {PROXY_SECRET}".encode(), status=status)
    async with proxied(
        monkeypatch, trust_env=True, base_url="https://service.invalid", answer=refuse
    ) as (client, seen):
        for call in (CALLS["GET"], CALLS["POST"]):
            error = await failure(call(client), NotSentError)
            assert PROXY_USER not in str(error)
        assert {one.head.split()[0] for one in seen} == {"CONNECT"}
        shown = caplog.text + repr([vars(record) for record in caplog.records])
        assert leaks(shown + repr(client)) == []
        assert PROXY_USER not in shown


@pytest.mark.fault("W19")
async def test_a_proxy_that_is_away_shows_no_password_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No connection to it is NotSentError."""
    async with proxied(
        monkeypatch, trust_env=True, base_url="https://service.invalid", answer=says(b"")
    ) as (client, _):
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://{PROXY_USER}:{PROXY_SECRET}@127.0.0.1:1")
        error = await failure(client.devices.detail("m"), NotSentError)
        assert PROXY_USER not in str(error)
