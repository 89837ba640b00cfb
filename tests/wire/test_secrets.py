"""No secret in any error, traceback with locals, repr or log record, echoed or not."""

import asyncio
import html
import json
from collections.abc import Iterator
from urllib.parse import quote

import aiohttp
import pytest

from gizwits_async import Credentials, GizwitsClient, Options
from gizwits_async.errors import GizwitsError
from gizwits_async.wire.request import Auth, get, post
from tests.canaries import CANARIES, CREDENTIALS, PASSCODE, TOKEN, Heard, leaks, listening, rendered
from tests.doubles import FreeQuota
from tests.wire.raw import Exchange, raw_server

pytestmark = pytest.mark.jumping

SENT = ("enterprise secret", "product secret", "token")
ECHO = " ".join(CANARIES[name] for name in SENT) + CREDENTIALS.enterprise_id


@pytest.fixture(autouse=True)
def log() -> Iterator[Heard]:
    """Record all loggers at level DEBUG."""
    with listening() as heard:
        yield heard


LOGIN = json.dumps({"token": TOKEN, "expire_at": 1_999_999_999}).encode()
ECHOES: dict[str, tuple[str, bytes]] = {
    "refused": ("400 Bad", json.dumps({"error_code": 5002, "error_message": ECHO}).encode()),
    "refused, in detail": (
        "400 Bad",
        json.dumps({"error_code": 5002, "detail_message": {"headers": [ECHO]}}).encode(),
    ),
    "refused, as code": ("400 Bad", json.dumps({"error_code": ECHO}).encode()),
    "token refused": ("400 Bad", json.dumps({"error_code": 5011, "error_message": ECHO}).encode()),
    "quota": ("403 No", json.dumps({"error_code": 5013, "error_message": ECHO}).encode()),
    "page": ("502 Bad Gateway", f"<html>{ECHO}".encode()),
    "page, cut": ("502 Bad Gateway", f"<html>{'x' * 185}{TOKEN}".encode()),
    "no json": ("200 OK", ECHO.encode()),
    "trailing comma": ("200 OK", f'{{"token": "{ECHO}",}}'.encode()),
    "cut json": ("200 OK", f'{{"token": "{ECHO}'.encode()),
    "wrong shape": ("200 OK", json.dumps({"did": {ECHO: ECHO}, "token": [ECHO]}).encode()),
    "wrong field": (
        "200 OK",
        json.dumps({"did": "d", "is_online": ECHO, "token": TOKEN, "expire_at": ECHO}).encode(),
    ),
    "refused, percent-encoded": ("400 Bad", quote(ECHO).encode()),
    "refused, in JSON that is quoted": (
        "400 Bad",
        json.dumps({"error_code": 5002, "error_message": html.escape(ECHO)}).encode(),
    ),
    "not utf-8": ("200 OK", ECHO.encode() + b"\xff"),
    "redirect": ("302 Found", ECHO.encode()),
}


async def echoing(one: Exchange, kind: str) -> None:
    """Answer with an echo of all that we know, in headers too."""
    headers = [f"Set-Cookie: x={TOKEN}", f"X-Echo: {ECHO}", f"Location: /{TOKEN}"]
    match kind:
        case "reset":
            one.reset()
        case "closed":
            one.close()
        case "half":
            one.write(f"HTTP/1.1 200 OK\r\nX-Echo: {ECHO}\r\nContent-Length: 999\r\n\r\n{ECHO}")
            one.close()
        case "stall":
            one.write(f"HTTP/1.1 200 OK\r\nX-Echo: {ECHO}\r\nContent-Length: 999\r\n\r\n{ECHO}")
            await one.writer.drain()
            await asyncio.sleep(5)
        case "no http":
            one.write(f"{ECHO}\r\n{ECHO}\r\n\r\n")
            one.close()
        case "large":
            one.say(ECHO.encode() * 100, *headers)
        case "bad gzip":
            one.say(ECHO.encode(), *headers, "Content-Encoding: gzip")
        case _:
            status, body = ECHOES[kind]
            one.say(body, *headers, status=status)


KINDS = [*ECHOES, "reset", "closed", "half", "stall", "no http", "large", "bad gzip"]


def client_at(url: str, session: aiohttp.ClientSession | None = None) -> GizwitsClient:
    return GizwitsClient(
        CREDENTIALS,
        base_url=url,
        session=session,
        quota=FreeQuota(),
        options=Options(max_retries=0, timeout=0.2, max_response_bytes=1000),
    )


def check(error: BaseException, log: Heard, *more: object, token: bool = True) -> None:
    # A token that this call never sent is unknown to it, and cannot be masked in an echo.
    unknown = () if token else ("token",)
    assert leaks(rendered(error), *unknown) == []
    assert leaks(log.text, *unknown) == []
    assert leaks("".join(map(repr, more)), *unknown) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.fault("P10")
async def test_a_login_that_goes_wrong_shows_nothing(kind: str, log: Heard) -> None:
    """The one call whose body and reply are all secrets."""

    async def answer(one: Exchange) -> None:
        await echoing(one, kind)

    async with raw_server(answer) as server, client_at(server.url) as client:
        with pytest.raises(GizwitsError) as caught:
            await client.devices.detail("m")
        check(caught.value, log, client, client.devices, client._gateway, token=False)


@pytest.mark.parametrize("how", ["token", "enterprise", "write", "stream", "log stream"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.fault("P10")
async def test_a_call_that_goes_wrong_shows_nothing(kind: str, how: str, log: Heard) -> None:
    """Reads, writes and streams, with the token or the enterprise's secret in the headers."""

    async def answer(one: Exchange) -> None:
        if "access_token" in one.head:
            one.say(LOGIN, status="201 Created")
        else:
            await echoing(one, kind)

    async def call(client: GizwitsClient) -> object:
        request = get("/v1/users/search", dict[str, int])
        match how:
            case "token":
                return await client.devices.detail("m")
            case "enterprise":
                return await client.send(request.evolve(auth=Auth.ENTERPRISE))
            case "write":
                return await client.send(post("/v1/x", dict[str, int], json={"a": 1}))
            case "stream":
                return await client.devices.search().collect()
            case _:
                return await client.devices.data_log("d").collect()

    async with raw_server(answer) as server, aiohttp.ClientSession() as session:
        client = client_at(server.url, session)
        with pytest.raises(GizwitsError) as caught:
            await call(client)
        check(caught.value, log, client, token=how != "enterprise")
        await client.aclose()


@pytest.mark.parametrize("at", ["login", "call"])
@pytest.mark.parametrize("way", ["timeout", "cancel", "deadline"])
@pytest.mark.fault("P10")
async def test_a_call_that_is_broken_off_shows_nothing(at: str, way: str, log: Heard) -> None:
    """Cancellation runs through aiohttp's frames, whose locals hold headers and body."""

    async def answer(one: Exchange) -> None:
        if "access_token" in one.head and at == "call":
            one.say(LOGIN, f"X-Echo: {ECHO}", status="201 Created")
        else:
            one.write(f"HTTP/1.1 200 OK\r\nX-Echo: {ECHO}\r\nContent-Length: 999\r\n\r\n{ECHO}")
            await one.writer.drain()
            await asyncio.sleep(5)

    async with raw_server(answer) as server:
        client = client_at(server.url).with_options(timeout=30)
        if way == "deadline":
            client = client.with_options(deadline=0.2)
        request = get("/v1/users/search", dict[str, int])
        calls = [
            asyncio.ensure_future(client.devices.detail("m")),
            asyncio.ensure_future(client.send(request.evolve(auth=Auth.ENTERPRISE))),
        ]
        for call in calls:
            if way == "cancel":
                await asyncio.sleep(0.1)
                call.cancel()
            try:
                async with asyncio.timeout(0.2 if way == "timeout" else 5):
                    await call
            except (TimeoutError, asyncio.CancelledError, GizwitsError) as error:
                check(error, log)
            else:
                raise AssertionError("it should not have ended well")
        await client.aclose()


@pytest.mark.fault("P10")
async def test_what_goes_well_shows_nothing_either(log: Heard) -> None:
    """Values, clients and log records of a call that worked."""

    async def answer(one: Exchange) -> None:
        one.say(
            LOGIN
            if "access_token" in one.head
            else json.dumps({"did": "d", "passcode": PASSCODE}).encode()
        )

    async with raw_server(answer) as server, client_at(server.url) as client:
        identity = await client.devices.identity("m")
        token = await client.authorization.create_token()
        assert token.token == TOKEN
        assert identity.passcode == PASSCODE
        shown = [token, identity, client, client.options, client._gateway.tokens, CREDENTIALS]
        assert leaks("".join(map(repr, shown)) + log.text) == []
        assert any(TOKEN in one.head for one in server.seen), "the canaries were really sent"


@pytest.mark.fault("P10")
def test_bad_credentials_show_nothing() -> None:
    """The wrong setting is named; the others are not shown, in locals neither."""
    good = {
        "enterprise_id": "e",
        "enterprise_secret": CANARIES["enterprise secret"],
        "product_key": "p",
        "product_secret": CANARIES["product secret"],
    }
    client = GizwitsClient(CREDENTIALS)
    for make in (
        lambda: Credentials(**good | {"product_key": "a b"}),
        lambda: Credentials(**good | {"product_secret": f"{CANARIES['product secret']} "}),
        lambda: Credentials.from_env(
            {f"GIZWITS_{name.upper()}": value for name, value in good.items()}
            | {"GIZWITS_PRODUCT_KEY": "a b"}
        ),
        lambda: client.for_product("a b", CANARIES["product secret"]),
    ):
        with pytest.raises(ValueError, match=r"product_(key|secret) must") as caught:
            make()
        assert leaks(rendered(caught.value)) == []
