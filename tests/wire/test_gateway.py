"""The one loop that awaits: its order, what it repeats, what it leaves alone, what it tells."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from gizwits_async.errors import (
    ApiError,
    ClientClosedError,
    ForbiddenError,
    InvalidResponseError,
    NoReplyError,
    NotSentError,
    OutcomeUnknownError,
    QuotaExceededError,
    QuotaWaitError,
    ServerError,
    TimedOutError,
    TokenRejectedError,
    TransportError,
)
from gizwits_async.models.authorization import Token
from gizwits_async.models.devices import DeviceDetail
from gizwits_async.options import Lane, Secret
from gizwits_async.wire.report import CallObserver
from gizwits_async.wire.request import Auth, delete, get, post, put
from gizwits_async.wire.token import MemoryTokenStore
from gizwits_async.wire.transport import HttpReply
from tests.canaries import CREDENTIALS as CANARIES
from tests.canaries import leaks, rendered
from tests.doubles import FreeQuota, virtual
from tests.doubles.scripted import (
    CREDENTIALS,
    NOW,
    ScriptedTransport,
    Sent,
    answers,
    client_on,
    gateway_of,
    refused,
    reply,
)

READ = get("/v1/products/pk/device_detail", DeviceDetail, mac="m")
CONTROL = post("/v1/products/pk/devices/d/control", type(None), json={"attrs": {"switch": True}})
WRITES = [
    CONTROL,
    put("/v1/products/pk/device_groups/g", type(None), json={"action": "assign"}),
    delete("/v1/products/pk/devices/bindings", type(None), json={"dids": ["d"]}),
]
GOOD = reply({"did": "d"})
LOST = {
    "lost": NoReplyError("lost"),
    "late": TimedOutError("late"),
    "502": reply(b"<html>bad gateway", 502),
    "5409": refused(5409, 500),
    "5601 under 200": refused(5601, 200),
    "html": reply(b"<html>", 200),
    "cut": reply(b'{"did', 200),
}


class LoggingQuota(FreeQuota):
    """Records grants of permits and their outcomes, in order."""

    def __init__(self, log: list[str], error: Exception | None = None) -> None:
        super().__init__()
        self.log, self.error = log, error
        self.asked: list[tuple[Lane, float | None]] = []
        self.refusals = 0

    async def acquire(self, lane: Lane = Lane.INTERACTIVE, max_wait: float | None = None) -> None:
        self.asked.append((lane, max_wait))
        self.log.append("permit")
        await asyncio.sleep(1)
        if self.error:
            raise self.error
        self.taken += 1

    def observe(self, headers: Any, *, refused: bool = False) -> None:
        super().observe(headers, refused=refused)
        self.refusals += refused
        self.log.append("observed" if headers is not None else "observed nothing")

    def retry_after(self) -> float | None:
        return 42.0 if self.refusals else None


@virtual
async def test_the_order_is_place_token_settle_transport() -> None:
    """Each attempt acquires a permit; without a token there is a login before it, with one of its own."""
    log: list[str] = []
    quota = LoggingQuota(log)

    def script(sent: Sent) -> Any:
        log.append(sent.path.rsplit("/", 1)[-1])
        return GOOD

    def login(_: Sent) -> Any:
        log.append("login")
        return reply({"token": "t"}, 201)

    gateway = gateway_of(
        ScriptedTransport(script, login), quota=quota, lane="bulk", max_quota_wait=7
    )
    finalized = READ.evolve(finalize=lambda r: (log.append("finalize"), r.asking(extra=1))[1])
    assert (await gateway.send(finalized)).did == "d"
    assert log == [
        *("permit", "login", "observed", "permit", "finalize", "device_detail", "observed"),
    ]
    # The login uses the interactive lane and waits, whatever limit its first caller has.
    assert quota.asked == [(Lane.INTERACTIVE, None), (Lane.BULK, 7)]
    assert quota.taken == quota.observed == 2


@virtual
async def test_who_waited_for_a_place_sends_the_token_that_is_good_then() -> None:
    """The token is fetched last: a wait for a permit can take an hour and outlive the token."""

    class Slow(FreeQuota):
        async def acquire(
            self, lane: Lane = Lane.INTERACTIVE, max_wait: float | None = None
        ) -> None:
            await asyncio.sleep(3600 if lane is Lane.BULK else 0)
            self.taken += 1

    clock = asyncio.get_running_loop().time
    lives = iter([clock() + 2000, clock() + 10**6])
    names = iter("ab")
    transport = ScriptedTransport(
        lambda _: GOOD, lambda _: reply({"token": next(names), "expire_at": next(lives)}, 201)
    )
    quota = Slow()
    await gateway_of(transport, quota=quota, lane="bulk", wall=clock).send(READ)
    assert [s.headers["Authorization"] for s in transport.calls] == ["token b"]
    assert quota.taken == quota.observed == 3


@virtual
async def test_a_place_that_grew_old_while_a_login_was_slow_is_not_used() -> None:
    """A call sent long after its permit could count in a later hour: it acquires a new permit."""
    log: list[str] = []
    quota = LoggingQuota(log)

    async def login(_: Sent) -> Any:
        log.append("login")
        await asyncio.sleep(5)
        return reply({"token": "t"}, 201)

    gateway = gateway_of(ScriptedTransport(lambda _: GOOD, login), quota=quota, max_quota_wait=0)
    await gateway.send(READ)
    assert log == [
        *("permit", "permit", "login", "observed", "observed nothing", "permit", "observed"),
    ]
    assert quota.taken == quota.observed == 3


class Used(FreeQuota):
    """A quota whose next permit is half an hour away."""

    async def acquire(self, lane: Lane = Lane.INTERACTIVE, max_wait: float | None = None) -> None:
        if max_wait is not None:
            raise QuotaWaitError("no permit", retry_after=1800.0)
        await asyncio.sleep(1800)


@virtual
async def test_who_waits_little_for_quota_waits_no_longer_for_a_token() -> None:
    """While the login hangs in a quota that is used up, a handler gets the error of the quota itself."""
    began = asyncio.get_running_loop().time()

    gateway = gateway_of(ScriptedTransport(lambda _: GOOD), quota=Used(), max_quota_wait=2)
    with pytest.raises(QuotaWaitError):
        await gateway.send(READ)
    assert asyncio.get_running_loop().time() - began == 2
    await gateway.tokens.aclose()


@virtual
@pytest.mark.parametrize("limit", [0, 1.0])
async def test_a_token_that_a_slow_store_keeps_is_fetched_once(limit: float) -> None:
    """Checking what holds up a login does not start another login."""

    class Slow(MemoryTokenStore):
        async def save(self, key: str, token: Token) -> None:
            await asyncio.sleep(2.5)
            await super().save(key, token)

    transport = ScriptedTransport(lambda _: GOOD)
    gateway = gateway_of(transport, store=Slow(), max_quota_wait=limit)
    await gateway.renew_token()
    await gateway.send(READ)
    assert transport.logins == 1


@virtual
async def test_nor_does_a_walk_that_wants_to_know_the_time() -> None:
    """`max_quota_wait` also bounds the login that a fresh client needs to check a range."""
    began = asyncio.get_running_loop().time()

    for limit in (0, 2):
        gateway = gateway_of(ScriptedTransport(lambda _: GOOD), quota=Used(), max_quota_wait=limit)
        await gateway.learn_time()
        assert asyncio.get_running_loop().time() - began == limit
        await gateway.tokens.aclose()


@virtual
async def test_a_login_goes_before_all_who_wait_for_it() -> None:
    """A quota with a fast path for logins is asked for it."""

    class Fronted(FreeQuota):
        ahead = 0

        async def acquire_first(self) -> None:
            self.ahead += 1
            self.taken += 1

    quota = Fronted()
    await gateway_of(ScriptedTransport(lambda _: GOOD), quota=quota).send(READ)
    assert (quota.ahead, quota.taken) == (1, 2)


@virtual
async def test_a_settled_request_is_what_is_sent_and_settled_anew_each_time() -> None:
    """What depends on the moment of sending is fixed when the permit is granted."""
    count = iter(range(10))
    transport = ScriptedTransport(answers(NotSentError("no"), GOOD))
    await gateway_of(transport).send(READ.evolve(finalize=lambda r: r.asking(n=next(count))))
    assert [s.query["n"] for s in transport.calls] == ["0", "1"]


@pytest.mark.parametrize("request_", WRITES, ids=lambda r: r.verb)
@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
@virtual
async def test_a_write_whose_reply_was_lost_is_not_repeated(request_: Any, answer: Any) -> None:
    """Sent exactly once; the error says to check the state first, and its cause what was lost."""
    transport = ScriptedTransport(answers(answer, GOOD))
    with pytest.raises(OutcomeUnknownError, match="check the state before") as caught:
        await gateway_of(transport).send(request_)
    assert len(transport.calls) == 1
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("request_", WRITES, ids=lambda r: r.verb)
@virtual
async def test_a_write_that_was_not_sent_goes_again(request_: Any) -> None:
    """Nothing reached the server, so that repeating the call cannot do it twice."""
    transport = ScriptedTransport(answers(NotSentError("a"), NotSentError("b"), reply({})))
    await gateway_of(transport).send(request_)
    assert len(transport.calls) == 3
    transport = ScriptedTransport(answers(NotSentError("no")))
    with pytest.raises(NotSentError):
        await gateway_of(transport, max_retries=2).send(request_)
    assert len(transport.calls) == 3


@pytest.mark.parametrize("code", [5009, 5011])
@virtual
async def test_a_write_whose_token_was_refused_goes_again_once(code: int) -> None:
    """Refused before anything was done."""
    transport = ScriptedTransport(answers(refused(code), reply({})))
    await gateway_of(transport).send(CONTROL)
    assert (transport.logins, len(transport.calls)) == (2, 2)
    assert transport.calls[0].headers != transport.calls[1].headers
    assert transport.calls[0].body == transport.calls[1].body


@pytest.mark.parametrize(
    ("code", "status"), [(5304, 400), (5305, 400), (5401, 400), (5403, 400), (5302, 403)]
)
@virtual
async def test_a_refused_write_is_just_refused(code: int, status: int) -> None:
    """A documented refusal is neither repeated nor an unknown outcome."""
    transport = ScriptedTransport(answers(refused(code, status)))
    with pytest.raises(ApiError) as caught:
        await gateway_of(transport).send(CONTROL)
    assert caught.value.code == code
    assert len(transport.calls) == 1


@pytest.mark.parametrize("lost", [NoReplyError("x"), TimedOutError("x"), reply(b"<h>", 502)])
@virtual
async def test_a_write_whose_login_failed_was_not_sent(lost: Any) -> None:
    """A failure before the write was sent is no unknown outcome."""
    transport = ScriptedTransport(answers(reply({})), answers(lost))
    with pytest.raises((TransportError, ServerError)):
        await gateway_of(transport).send(CONTROL)
    assert transport.calls == []


@pytest.mark.parametrize(
    "answer", [v for k, v in LOST.items() if k != "html"], ids=[k for k in LOST if k != "html"]
)
@virtual
async def test_a_read_goes_again_and_pays_again(answer: Any) -> None:
    """Transient failures are repeated; each attempt acquires a permit of its own."""
    quota = LoggingQuota([])
    transport = ScriptedTransport(answers(answer, GOOD))
    assert (await gateway_of(transport, quota=quota).send(READ)).did == "d"
    assert len(transport.calls) == 2
    assert quota.taken == quota.observed == 3


@virtual
async def test_a_page_that_is_no_json_is_not_asked_for_again() -> None:
    """A redirect is not repeated: a captive portal does not go away within a second."""
    transport = ScriptedTransport(answers(reply(b"<html>login", 200)))
    with pytest.raises(InvalidResponseError):
        await gateway_of(transport).send(READ)
    assert len(transport.calls) == 1


@virtual
async def test_reads_give_up_after_max_retries_with_the_last_error() -> None:
    """A call that keeps failing ends after its retries, with pauses between them."""
    loop = asyncio.get_running_loop()
    for retries in (0, 1, 3):
        transport = ScriptedTransport(answers(reply(b"x", 503)))
        began = loop.time()
        with pytest.raises(ServerError):
            await gateway_of(transport, max_retries=retries).send(READ)
        assert len(transport.calls) == retries + 1
        assert (loop.time() > began) == (retries > 0)


@virtual
async def test_a_used_up_quota_is_told_to_the_quota_and_tried_again() -> None:
    """After 5013 the quota learns of the refusal and delays the next attempt; a read is repeated."""
    quota = LoggingQuota([])
    transport = ScriptedTransport(answers(refused(5013, 403), GOOD))
    await gateway_of(transport, quota=quota).send(READ)
    assert quota.refusals == 1


@virtual
async def test_a_used_up_quota_is_raised_where_waiting_is_not_allowed() -> None:
    """With max_quota_wait, and for a write: the error has the time of the reset and the quota."""
    for request, options in ((READ, {"max_quota_wait": 5}), (CONTROL, {})):
        transport = ScriptedTransport(answers(refused(5013, 403)))
        with pytest.raises(QuotaExceededError) as caught:
            await gateway_of(transport, quota=LoggingQuota([]), **options).send(request)
        assert caught.value.retry_after == 42
        assert caught.value.quota is not None
        assert len(transport.calls) == 1


@pytest.mark.parametrize(
    "error", [QuotaWaitError("wait", retry_after=9), ClientClosedError("closed")]
)
@pytest.mark.parametrize("request_", [READ, CONTROL], ids=lambda r: r.verb)
@virtual
async def test_without_a_place_nothing_is_sent(error: Exception, request_: Any) -> None:
    """A QuotaWaitError is not repeated."""
    transport = ScriptedTransport(answers(GOOD))
    with pytest.raises(type(error)):
        await gateway_of(transport, quota=LoggingQuota([], error)).send(request_)
    assert transport.sent == []


@virtual
async def test_not_after_is_checked_when_the_place_was_granted() -> None:
    """A context that expired in the queue is not sent: NotSentError at once."""
    transport = ScriptedTransport(answers(GOOD))
    quota = LoggingQuota([])
    gateway = gateway_of(transport, quota=quota)
    now = asyncio.get_running_loop().time()
    await gateway.send(READ.evolve(not_after=now + 3))
    assert len(transport.calls) == 1
    with pytest.raises(NotSentError):
        await gateway.send(READ.evolve(not_after=asyncio.get_running_loop().time() + 0.5))
    assert len(transport.calls) == 1
    assert quota.taken == quota.observed


@virtual
async def test_not_after_ends_the_repeating_too() -> None:
    """No pause begins that would end after `not_after`."""
    transport = ScriptedTransport(answers(NotSentError("no")))
    with pytest.raises(NotSentError):
        await gateway_of(transport, max_retries=9).send(
            READ.evolve(not_after=asyncio.get_running_loop().time() + 2)
        )
    assert 1 < len(transport.calls) < 5


async def hang(_: Sent) -> Any:
    await asyncio.get_running_loop().create_future()


@virtual
async def test_the_deadline_bounds_the_whole_call() -> None:
    """Quota, token, retries and pauses: TimedOutError of ours, which names the call and no value."""
    loop = asyncio.get_running_loop()
    for script in (hang, answers(reply(b"x", 503))):
        began = loop.time()
        with pytest.raises(TimedOutError, match="deadline"):
            await gateway_of(ScriptedTransport(script), deadline=5, max_retries=100).send(READ)
        assert loop.time() - began == pytest.approx(5)


@virtual
async def test_a_write_cut_by_its_deadline_is_unknown_only_if_it_may_have_left() -> None:
    """In the queue, at the login or after NotSentError, the write was certainly not sent."""
    with pytest.raises(OutcomeUnknownError):
        await gateway_of(ScriptedTransport(hang), deadline=5).send(CONTROL)
    with pytest.raises(TimedOutError):
        await gateway_of(ScriptedTransport(hang, hang), deadline=5).send(CONTROL)
    with pytest.raises(TimedOutError):
        await gateway_of(ScriptedTransport(hang), deadline=0.5, quota=LoggingQuota([])).send(
            CONTROL
        )
    not_sent = ScriptedTransport(answers(NotSentError("no")))
    with pytest.raises(TimedOutError):
        await gateway_of(not_sent, deadline=0.2).send(CONTROL)
    renewing = ScriptedTransport(answers(refused(5011)), login=answers(reply({"token": "t"}, 201)))
    gateway = gateway_of(renewing, deadline=5)
    await gateway.tokens.get()
    renewing.login = hang
    with pytest.raises(TimedOutError):
        await gateway.send(CONTROL)


@virtual
async def test_an_outer_timeout_stays_what_it_is() -> None:
    """Asyncio's TimeoutError is the caller's, never an error of ours."""
    for deadline in (None, 60):
        gateway = gateway_of(ScriptedTransport(hang), deadline=deadline)
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(5):
                await gateway.send(READ)
        assert type(caught.value) is TimeoutError


@virtual
async def test_cancellation_passes_at_every_point() -> None:
    """CancelledError at each await, one outcome for every permit, the client stays usable."""
    quota = LoggingQuota([])
    transport = ScriptedTransport(answers(NotSentError("no"), GOOD))

    async def slow(answer: Any) -> Any:
        await asyncio.sleep(1)
        return answer

    transport.script = lambda _: slow(GOOD if len(transport.calls) % 3 == 0 else NotSentError("no"))
    transport.login = lambda _: slow(reply({"token": "t"}, 201))
    for step in range(60):
        gateway = gateway_of(transport, quota=quota)
        call = asyncio.ensure_future(gateway.send(READ))
        await asyncio.sleep(step / 7)
        call.cancel()
        found = (await asyncio.gather(call, return_exceptions=True))[0]
        assert isinstance(found, asyncio.CancelledError | DeviceDetail)
        assert call.cancelled() == isinstance(found, asyncio.CancelledError)
        await gateway.tokens.aclose()
        assert quota.taken == quota.observed, "a permit without an outcome would count as in flight"
    assert len(asyncio.all_tasks()) == 1


@virtual
async def test_a_failing_sibling_cancels_and_nothing_is_swallowed() -> None:
    """A call fails in a TaskGroup like any task."""

    async def fails() -> None:
        await asyncio.sleep(1)
        raise RuntimeError("sibling")

    calls: list[asyncio.Task[Any]] = []

    async def siblings() -> None:
        async with asyncio.TaskGroup() as group:
            calls.append(group.create_task(gateway_of(ScriptedTransport(hang)).send(READ)))
            group.create_task(fails())

    with pytest.raises(ExceptionGroup) as caught:
        await siblings()
    assert [type(e) for e in caught.value.exceptions] == [RuntimeError]
    assert calls[0].cancelled()


@virtual
async def test_enterprise_calls_take_no_token() -> None:
    """`users/search` and its kind show id and secret in headers instead."""
    transport = ScriptedTransport(answers(reply({})))
    await gateway_of(transport).send(
        get("/v1/users/search", type(None)).evolve(auth=Auth.ENTERPRISE)
    )
    assert transport.logins == 0
    headers = transport.calls[0].headers
    assert headers["X-Gizwits-Enterprise-ID"] == CREDENTIALS.enterprise_id
    assert headers["X-Gizwits-Enterprise-Secret"] == CREDENTIALS.enterprise_secret
    assert "Authorization" not in headers


@virtual
async def test_headers_and_bodies_are_what_the_service_reads() -> None:
    """JSON in UTF-8, gzip and nothing else accepted, a type only where there is a body."""
    transport = ScriptedTransport(answers(reply({"did": "d"})))
    gateway = gateway_of(transport)
    await gateway.send(READ)
    await gateway.send(post("/v1/x", type(None), json={"mode": "制冷", "n": [1, None]}))
    login, read, write = transport.sent
    assert json.loads(login.body or b"") == {
        "enterprise_id": "eid",
        "enterprise_secret": "esecret",
        "product_secret": "psecret",
    }
    assert (read.body, "Content-Type" in read.headers) == (None, False)
    assert json.loads(write.body or b"") == {"mode": "制冷", "n": [1, None]}
    assert write.headers["Content-Type"] == "application/json"
    assert {s.headers["Accept-Encoding"] for s in transport.sent} == {"gzip"}


@pytest.mark.parametrize(
    "body",
    [
        {"a": float("nan")},
        {"a": {1}},
        {"a": "\ud800"},
        {"a": float("inf")},
        {"a": b"x"},
        {"a": 10**5000},
    ],
)
@virtual
async def test_a_body_that_json_cannot_say_is_refused_before_anything_is_sent(body: Any) -> None:
    """A body that is no JSON is an ArgumentError before anything is sent."""
    transport = ScriptedTransport(answers(GOOD))
    quota = LoggingQuota([])
    with pytest.raises(ValueError, match="the body cannot be written as JSON: "):
        await gateway_of(transport, quota=quota).send(post("/v1/x", type(None), json=body))
    assert (transport.sent, quota.taken) == ([], 0)


@virtual
async def test_a_body_that_holds_itself_is_refused() -> None:
    """A circular body is bad input too."""
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(ValueError, match="the body cannot be written as JSON: "):
        await gateway_of(ScriptedTransport(answers(GOOD))).send(
            post("/v1/x", type(None), json=circle)
        )


@virtual
async def test_an_api_error_carries_the_state_of_the_quota() -> None:
    """`.quota` is what was known when the reply arrived."""
    with pytest.raises(ForbiddenError) as caught:
        await gateway_of(ScriptedTransport(answers(refused(5024, 403)))).send(READ)
    assert caught.value.quota is not None
    assert caught.value.quota.limit == 3600
    assert "/v1/products/pk/device_detail" in str(caught.value)


@virtual
async def test_what_a_server_echoes_is_cut_out() -> None:
    """Secrets and token vanish from message, detail and code, cut in two or not."""
    for echoed in ("esecret", "psecret", "token1"):
        bodies: list[Any] = [
            {"error_code": 5002, "error_message": f"bad {echoed}!"},
            {"error_code": 5002, "detail": {"header": [f"token {echoed}"]}},
            {"error_code": f"E {echoed}", "error_message": "m"},
            f"<html>{'x' * 190}{echoed}".encode(),
            f"<html>{echoed}".encode(),
        ]
        for body in bodies:
            with pytest.raises(ApiError) as caught:
                await client_on(ScriptedTransport(answers(reply(body, 400)))).devices.detail("m")
            error = caught.value
            shown = f"{error} {error!r} {error.args} {vars(error)}"
            assert echoed[:4] not in shown


@pytest.mark.fault("P10")
@pytest.mark.parametrize("garble", [
    lambda secret: f"...{secret[9:]}", lambda secret: f"{secret[:-9]}...",
    lambda secret: f"{secret[:9]}\r\n{secret[9:]}", lambda secret: f"{secret[:9]}?{secret[10:]}",
    lambda secret: f"{secret[:10]} and {secret[4:]}",
], ids=["end", "start", "wrapped", "garbled", "twice"])  # fmt: skip
async def test_parts_of_what_a_server_echoes_are_cut_out(garble: Callable[[str], str]) -> None:
    """Shortened, wrapped or garbled, what is left of a secret vanishes too."""
    own = CANARIES.product_secret
    refused = reply({"error_code": 5002, "error_message": f"bad secret {garble(own)}"}, 400)
    async with client_on(ScriptedTransport(answers(refused)), credentials=CANARIES) as client:
        with pytest.raises(ApiError) as caught:
            await client.devices.detail("m")
    assert leaks(rendered(caught.value)) == []
    assert caught.value.message.startswith("bad secret ")


@pytest.mark.fault("P10")
@pytest.mark.fault("P10")
@pytest.mark.parametrize("secret", ["ab\\cd\\ef\\gh\\ij", 'ab"cd\'ef"gh\'ij"', "a/b/c/d/e/fgh"])
async def test_a_secret_of_odd_characters_is_found_in_json(secret: str) -> None:
    """Inside an object, in the text that a long one becomes, and in a page that quotes JSON."""
    credentials = evolve(CANARIES, product_secret=Secret(secret))
    spelt = json.dumps({"sent": secret})
    slashed = spelt.replace("/", "\\/")
    for body in (
        f'{{"error_code": 5002, "detail": {spelt}}}'.encode(),
        f'{{"error_code": 5002, "detail": [{spelt}, "{"x" * 1500}"]}}'.encode(),
        f'{{"error_code": 5002, "detail": [{json.dumps(slashed)}]}}'.encode(),
        f"refused: {spelt}".encode(),
    ):
        transport = ScriptedTransport(answers(reply(body, 400)))
        async with client_on(transport, credentials=credentials) as client:
            with pytest.raises(ApiError) as caught:
                await client.devices.detail("m")
        shown = f"{caught.value} {caught.value.detail}"
        for part in {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]}:
            assert part not in shown
        assert "***" in shown


class Masking(ScriptedTransport):
    """A custom transport that masks the token in the headers it was given, for its log."""

    async def send(
        self, method: str, target: str, headers: Any, *rest: Any, **how: Any
    ) -> HttpReply:
        answer = await super().send(method, target, headers, *rest, **how)
        headers["Authorization"] = "***"
        return answer


@virtual
async def test_a_transport_may_write_into_the_headers_that_it_is_given() -> None:
    """Each call has headers of its own, so that a transport may change them."""
    transport = Masking(answers(reply({"did": "d"})))
    gateway = gateway_of(transport)
    await gateway.send(READ)
    await gateway.send(READ)
    assert [call.headers["Authorization"] for call in transport.calls] == ["token token1"] * 2


class Advancing(ScriptedTransport):
    """Advances the event loop's clock by replacing it during a call, as virtual time in tests does."""

    async def send(self, *args: Any, **how: Any) -> HttpReply:
        loop = asyncio.get_running_loop()
        now = loop.time
        loop.time = lambda: now() + 600  # type: ignore[method-assign]
        return await super().send(*args, **how)


@virtual
async def test_a_call_sees_a_clock_that_is_advanced_while_it_is_sent() -> None:
    """The end of the call is read from the advanced clock: ten minutes on the wire, a date of then."""
    seen: list[Any] = []
    gateway = gateway_of(Advancing(answers(reply({"d": 1}, date="Mon, 21 Sep 2026 14:13:20 GMT"))))
    service = evolve(gateway.service, observer=CallObserver(seen.append))
    await evolve(gateway, service=service).send(READ.evolve(returns=dict, auth=Auth.NONE))
    assert seen[0].wire_time == pytest.approx(600)
    assert service.clock.latest() - service.clock.earliest() == pytest.approx(601)


@virtual
async def test_the_server_clock_is_read_from_every_reply() -> None:
    """Errors carry a `Date` as well as successes."""
    transport = ScriptedTransport(
        answers(
            reply({"error_code": 5301}, 404, date="Mon, 21 Sep 2026 14:13:20 GMT"),
        )
    )
    gateway = gateway_of(transport)
    assert not gateway.clock.known
    with pytest.raises(ApiError):
        await gateway.send(READ)
    assert gateway.clock.known
    assert abs(gateway.clock.latest() - NOW) <= 2


@virtual
async def test_a_token_that_is_refused_twice_is_told_as_such() -> None:
    """TokenRejectedError and not OutcomeUnknownError, for a write too."""
    transport = ScriptedTransport(answers(refused(5009)))
    with pytest.raises(TokenRejectedError):
        await gateway_of(transport).send(CONTROL)
    assert len(transport.calls) == 2


@virtual
async def test_refusals_for_quota_are_not_counted_among_the_failures() -> None:
    """A quota that others used up is waited out, and a call still has its retries after that."""
    refused = reply({"error_code": 5013, "error_message": "quota"}, 403)
    transport = ScriptedTransport(answers(*[refused] * 6, NoReplyError("no"), refused, GOOD))
    assert (await gateway_of(transport, max_retries=1).send(READ)).did == "d"
    assert len(transport.calls) == 9


@virtual
async def test_a_server_that_refuses_for_ever_is_believed_in_the_end() -> None:
    """A quota that refuses for ever is given up after two hours of growing pauses."""
    refused = reply({"error_code": 5013, "error_message": "quota"}, 403)
    transport = ScriptedTransport(lambda _: refused)
    with pytest.raises(QuotaExceededError):
        await gateway_of(transport).send(READ)
    assert len(transport.calls) == 8
