"""One valid token for many callers: fetched once, renewed early, never trusted after a refusal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gizwits_async.errors import (
    AuthenticationError,
    ClientClosedError,
    GizwitsError,
    NoReplyError,
    TokenRejectedError,
)
from gizwits_async.models.authorization import Token
from gizwits_async.options import Credentials
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.token import MemoryTokenStore, TokenSource, token_key
from tests.doubles import virtual, virtually
from tests.doubles.scripted import (
    CREDENTIALS,
    NOW,
    ScriptedTransport,
    Sent,
    answers,
    client_on,
    refused,
    reply,
)

WEEK = 7 * 86_400


def now() -> float:
    return NOW + asyncio.get_running_loop().time()


def source_of(login: Any, *, store: Any = None) -> TokenSource:
    return TokenSource(
        key="k", login=login, store=store or MemoryTokenStore(), clock=ServerClock(wall=now)
    )


class Logins:
    """Hands out token1, token2, ... after a while; counts how often it was asked."""

    def __init__(self, *, takes: float = 1.0, life: float = WEEK, fail: int = 0) -> None:
        self.count, self.takes, self.life, self.fail = 0, takes, life, fail

    async def __call__(self) -> Token:
        self.count += 1
        number = self.count
        await asyncio.sleep(self.takes)
        if number <= self.fail:
            raise AuthenticationError("no", code=5004)
        return Token(token=f"token{number}", expires_at=int(now() + self.life))


@virtual
@pytest.mark.fault("A1")
async def test_500_callers_share_one_login() -> None:
    """However many callers wait, one renewal."""
    login = Logins()
    source = source_of(login)
    tokens = await asyncio.gather(*(source.get() for _ in range(500)))
    assert {t.token for t in tokens} == {"token1"}
    assert login.count == 1


@virtual
@pytest.mark.fault("A2")
async def test_a_cancelled_leader_takes_nobody_with_him() -> None:
    """The renewal belongs to the client, not to the caller that began it."""
    login = Logins()
    source = source_of(login)
    callers = [asyncio.ensure_future(source.get()) for _ in range(3)]
    await asyncio.sleep(0.5)
    callers[0].cancel()
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert [t.token for t in found[1:]] == ["token1", "token1"]  # type: ignore[union-attr]
    assert login.count == 1


@virtual
@pytest.mark.fault("A2")
async def test_a_login_that_nobody_waits_for_any_more_is_not_wasted() -> None:
    """All callers cancelled: the token still arrives, and no exception is left unseen."""
    login = Logins()
    source = source_of(login)
    caller = asyncio.ensure_future(source.get())
    await asyncio.sleep(0.5)
    caller.cancel()
    await asyncio.sleep(1)
    assert (await source.get()).token == "token1"
    failing = source_of(Logins(fail=1))
    caller = asyncio.ensure_future(failing.get())
    await asyncio.sleep(0.5)
    caller.cancel()
    await asyncio.sleep(1)
    assert (await failing.get()).token == "token2"


@virtual
@pytest.mark.fault("A3")
async def test_a_failed_login_is_told_to_all_who_waited_and_then_forgotten() -> None:
    """Each waiter raises its own copy of the error; the next caller tries again."""
    login = Logins(fail=1)
    source = source_of(login)
    found = await asyncio.gather(*(source.get() for _ in range(50)), return_exceptions=True)
    assert all(isinstance(error, AuthenticationError) for error in found)
    assert len({id(error) for error in found}) == 50
    assert login.count == 1
    assert (await source.get()).token == "token2"


class Forgetful(MemoryTokenStore):
    """A store that keeps nothing which could be loaded again."""

    async def save(self, key: str, token: Token) -> None:
        pass


@pytest.mark.parametrize(
    ("expires_at", "logins"), [(10**400, 0), (-(10**400), 1)], ids=["late", "early"]
)
@virtual
async def test_an_absurd_date_in_a_store_breaks_nothing(expires_at: int, logins: int) -> None:
    """Whatever wrote it; a token that never ends is used until it is refused."""
    store = MemoryTokenStore()
    await store.save("k", Token(token="stored", expires_at=expires_at))
    login = Logins()
    await source_of(login, store=store).get()
    assert login.count == logins


@pytest.mark.parametrize("store", [MemoryTokenStore, Forgetful])
@virtual
async def test_a_late_refusal_of_an_old_token_costs_nothing(store: type[MemoryTokenStore]) -> None:
    """invalidate acts only if that token is still the current one."""
    login = Logins()
    source = source_of(login, store=store())
    old = await source.get()
    await source.invalidate(old)
    new = await source.get()
    await source.invalidate(old)
    assert await source.get() is new
    assert login.count == 2


@virtual
async def test_a_token_is_renewed_ten_minutes_before_its_end() -> None:
    """Renewed early, by a clock that only moves forward."""
    login = Logins(takes=0, life=3600)
    source = source_of(login)
    await source.get()
    await asyncio.sleep(3600 - 601)
    await source.get()
    assert login.count == 1
    await asyncio.sleep(2)
    await source.get()
    assert login.count == 2


@pytest.mark.parametrize("life", [-5000, 0, 30, 600])
@virtual
@pytest.mark.fault("A5")
async def test_a_clock_that_is_off_does_not_make_every_call_a_login(life: float) -> None:
    """A fresh token is used for a minute, whatever its date says."""
    login = Logins(takes=0, life=life)
    source = source_of(login)
    for _ in range(5):
        await source.get()
        await asyncio.sleep(10)
    assert login.count == 1
    await asyncio.sleep(11)
    await source.get()
    assert login.count == 2


class SharedStore(MemoryTokenStore):
    """A store over a network: everything takes a while, and others may write to it."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = asyncio.Lock()

    async def load(self, key: str) -> Token | None:
        await asyncio.sleep(0.01)
        return await super().load(key)

    async def discard(self, key: str, token: Token) -> None:
        await asyncio.sleep(0.05)
        await super().discard(key, token)

    @asynccontextmanager
    async def renewing(self, key: str) -> AsyncIterator[None]:
        async with self.lock:
            yield


@virtual
@pytest.mark.fault("A8")
async def test_two_processes_share_one_login() -> None:
    """A process that waited for the lock finds the token of the other one."""
    store, login = SharedStore(), Logins()
    sources = [source_of(login, store=store) for _ in range(4)]
    tokens = await asyncio.gather(*(source.get() for source in sources))
    assert {t.token for t in tokens} == {"token1"}
    assert login.count == 1


@virtual
async def test_a_refused_token_is_not_taken_from_the_store_again() -> None:
    """A store that is slow to forget must not hand the refused token back to us."""
    store, login = SharedStore(), Logins()
    source = source_of(login, store=store)
    old = await source.get()
    renewed = asyncio.ensure_future(source.invalidate(old))
    await asyncio.sleep(0)  # Refused; the store still holds it.
    assert (await source.get()).token == "token2"
    await renewed
    assert (await source.get()).token == "token2"
    assert login.count == 2


@virtual
@pytest.mark.fault("A8")
async def test_a_store_that_cannot_forget_does_not_bring_a_refused_token_back() -> None:
    """A store that is away discards nothing."""

    class Stubborn(MemoryTokenStore):
        async def discard(self, key: str, token: Token) -> None:
            pass

    login = Logins()
    source = source_of(login, store=Stubborn())
    await source.invalidate(await source.get())
    assert (await source.get()).token == "token2"


@virtual
async def test_closing_ends_a_login_under_way() -> None:
    """Its waiters get ClientClosedError and not a bare cancellation; later callers too."""
    source = source_of(Logins())
    callers = [asyncio.ensure_future(source.get()) for _ in range(3)]
    await asyncio.sleep(0.5)
    await source.aclose()
    await source.aclose()
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert all(isinstance(error, ClientClosedError) for error in found)
    with pytest.raises(ClientClosedError):
        await source.get()


@pytest.mark.fault("P4")
def test_a_source_goes_from_loop_to_loop() -> None:
    """A renewal that a dead loop left behind is not waited for."""
    login = Logins(takes=100)
    source = source_of(login)

    async def begin() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await source.get()

    virtually(begin())
    login.takes = 0

    async def again() -> str:
        return (await source.get()).token

    assert virtually(again()) == "token2"


@pytest.mark.parametrize(
    ("body", "expires"),
    [
        ({"expire_at": NOW + 5000}, NOW + 5000),
        ({"expired_at": NOW + 5000}, NOW + 5000),
        ({"expire_at": NOW + 5000, "expired_at": NOW + 9}, NOW + 5000),
        ({"expire_at": None, "expired_at": NOW + 5000}, NOW + 5000),
        ({"expire_at": str(NOW + 5000)}, NOW + 5000),
        ({"expire_at": (NOW + 5000) * 1000}, NOW + 5000),
        ({"expire_at": NOW + 5000.7}, NOW + 5000),
        ({}, NOW + WEEK),
    ],
)
@virtual
@pytest.mark.fault("A5")
async def test_the_end_of_a_token_is_read_under_any_name_and_unit(body: Any, expires: int) -> None:
    """`expire_at` or `expired_at`, seconds or milliseconds, or nothing: seven days."""
    transport = ScriptedTransport(answers(reply({})), answers(reply({"token": "t", **body}, 201)))
    token = await client_on(transport).authorization.create_token()
    assert (token.token, token.expires_at) == ("t", expires)


@pytest.mark.parametrize("status", [200, 201, 202])
@virtual
async def test_any_success_is_a_login(status: int) -> None:
    """201 is documented, any 2xx will do; the header says "token", one blank, the token."""
    transport = ScriptedTransport(
        answers(reply({"did": "d"})), answers(reply({"token": "abc"}, status))
    )
    await client_on(transport).devices.detail("m")
    assert transport.calls[0].headers["Authorization"] == "token abc"
    assert "Authorization" not in transport.sent[0].headers


@pytest.mark.parametrize("bad", [{"token": ""}, {"token": "a\r\nX: 1"}, {"token": "schlüssel"}, {}])
@virtual
@pytest.mark.fault("P12")
async def test_a_token_that_cannot_stand_in_a_header_is_refused(bad: Any) -> None:
    """Visible ASCII only; aiohttp would send other bytes raw, or raise a bare ValueError."""
    transport = ScriptedTransport(answers(reply({"did": "d"})), answers(reply(bad, 201)))
    with pytest.raises(GizwitsError) as caught:
        await client_on(transport).devices.detail("m")
    assert transport.calls == []
    assert "schl" not in str(caught.value)


@virtual
@pytest.mark.fault("A1")
async def test_500_calls_that_meet_a_refused_token_cost_one_login() -> None:
    """Exactly one renewal on the wire, and each call is repeated once."""
    transport = ScriptedTransport(answers(reply({"did": "d"})))
    client = client_on(transport)
    await client.devices.detail("m")
    transport.sent.clear()

    async def script(sent: Sent) -> Any:
        await asyncio.sleep(0.1 * (len(transport.sent) % 7))
        return (
            reply({"did": "d"}) if sent.headers["Authorization"] == "token new" else refused(5009)
        )

    transport.script = script
    transport.login = lambda _: reply({"token": "new"}, 201)
    await asyncio.gather(*(client.devices.detail("m") for _ in range(500)))
    assert transport.logins == 1
    assert len(transport.calls) == 1000


@pytest.mark.parametrize("code", [5009, 5011, "5011"])
@virtual
@pytest.mark.fault("A4")
async def test_a_server_that_always_says_expired_costs_one_renewal(code: Any) -> None:
    """At most one refresh a call, then TokenRejectedError."""
    transport = ScriptedTransport(answers(refused(code)))
    client = client_on(transport)
    with pytest.raises(TokenRejectedError):
        await client.devices.detail("m")
    assert (transport.logins, len(transport.calls)) == (2, 2)


@virtual
@pytest.mark.fault("A4")
async def test_a_login_that_is_refused_for_its_token_is_no_loop() -> None:
    """A server that answers 5009 to a login is asked once or twice, no more."""
    transport = ScriptedTransport(answers(reply({})), answers(refused(5009)))
    with pytest.raises(TokenRejectedError):
        await client_on(transport).devices.detail("m")
    assert transport.logins <= 2
    assert transport.calls == []


@pytest.mark.parametrize("code", [5003, 5004, 5005, 5010, 5012])
@virtual
async def test_wrong_credentials_are_no_matter_of_the_token(code: int) -> None:
    """Neither repeated nor renewed."""
    transport = ScriptedTransport(answers(refused(code)))
    with pytest.raises(AuthenticationError) as caught:
        await client_on(transport).devices.detail("m")
    assert caught.value.code == code
    assert (transport.logins, len(transport.calls)) == (1, 1)


@virtual
async def test_a_login_that_fails_is_not_retried_by_its_callers_as_well() -> None:
    """Its own retries are enough: 4 requests, not 16."""
    transport = ScriptedTransport(answers(reply({})), answers(NoReplyError("lost")))
    with pytest.raises(NoReplyError):
        await client_on(transport).devices.detail("m")
    assert transport.logins == 4


@pytest.mark.fault("A7")
def test_tokens_are_kept_apart_by_all_that_makes_them() -> None:
    """Base URL, enterprise, product and both secrets; none of them readable in the key."""
    keys = {token_key("https://a", CREDENTIALS), token_key("https://b", CREDENTIALS)}
    values = {
        "enterprise_id": "e",
        "enterprise_secret": "s",
        "product_key": "p",
        "product_secret": "q",
    }
    keys.add(token_key("https://a", Credentials(**values)))
    for name in values:
        keys.add(token_key("https://a", Credentials(**{**values, name: "other"})))
    assert len(keys) == 7
    assert all(len(key) == 64 for key in keys)


def test_a_token_does_not_show() -> None:
    """Neither in its own repr nor in that of what holds it."""
    token = Token(token="canary", expires_at=NOW)
    assert "canary" not in repr(token) + repr([token.token]) + repr({"a": (token,)})


@virtual
async def test_a_renewal_that_is_asked_for_is_made() -> None:
    """After forget() get() never answers with the token that was there, though the store still has it."""
    login = Logins()
    source = source_of(login)
    assert (await source.get()).token == "token1"
    await source.forget()
    assert (await source.get()).token == "token2"
    assert (await source.get()).token == "token2"


@virtual
async def test_a_refused_token_is_gone_from_the_store_for_others_too() -> None:
    """Other users of the store log in again; a newer token there, or one of another key, is kept."""
    store, login = MemoryTokenStore(), Logins()
    mine, yours = source_of(login, store=store), source_of(login, store=store)
    refused_token = await mine.get()
    await store.save("another product", refused_token)
    await mine.invalidate(refused_token)
    assert await store.load("k") is None
    assert await store.load("another product") == refused_token
    newer = await yours.get()
    assert newer.token == "token2"
    await mine.invalidate(refused_token)
    assert await store.load("k") == newer
