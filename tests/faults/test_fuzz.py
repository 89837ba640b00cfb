"""C0 under any reply: a call ends in a value or in one error of ours, and the client serves on.

The suite runs a small, fixed sample. The slow ring runs thirty times as many, new ones each time:

    python -m pytest tests/faults/test_fuzz.py -m slow
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import attrs
import pytest
from async_solipsism import EventLoop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gizwits_async import GizwitsClient, Options
from gizwits_async.errors import GizwitsError
from gizwits_async.models import to_dict
from gizwits_async.models.converter import structure
from gizwits_async.simulator import Quirks, SimulatedCloud, SimulatorTransport
from gizwits_async.wire.request import Auth
from gizwits_async.wire.transport import HttpReply
from tests.doubles import FreeQuota, client_of
from tests.doubles.scripted import ScriptedTransport, Sent, client_on, reply
from tests.faults.bodies import HEADERS, RAW, STATUSES, bodies, streams_of_bytes
from tests.faults.c0 import CANARIES, LOGIN, complaints
from tests.faults.life import NOW as THEN
from tests.faults.life import Walker, fleet_of
from tests.test_endpoints import ROWS, Row
from tests.wire.raw import Exchange, raw_server

MOST_CALLS = 3000
SLOW = [pytest.mark.slow, pytest.mark.timeout(3600)]
ENDS: Counter[str] = Counter()
"""How calls ended: a fuzzer whose calls all end alike tests nothing."""


def sized(few: int) -> Any:
    """Run a test with few examples in the suite, and with thirty times as many in the slow ring."""
    return pytest.mark.parametrize(
        "examples", [few, pytest.param(30 * few, marks=SLOW)], ids=["few", "many"]
    )


def tried(
    examples: int,
    strategy: st.SearchStrategy[Any],
    check: Callable[..., Awaitable[None]],
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Run an async check on so many examples."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=examples < 1000,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(example: Any) -> None:
        loop.run_until_complete(check(*example))

    ENDS.clear()
    run()


def assert_c0_of(error: GizwitsError, *but: str, deep: bool) -> None:
    """Check that an error is of this package, picklable and without secrets."""
    text = f"{error!r} {error} {vars(error)} {error.__cause__!r} {error.__context__!r}"
    assert complaints(error, *but, text=None if deep else text) == []


def assert_whole(value: Any) -> None:
    """Check that a decoded value can be written and read again."""
    for one in value if isinstance(value, list | tuple) else [value]:
        if attrs.has(type(one)):
            assert structure(to_dict(one, secrets=True), type(one)) == one


def _login(_: Sent) -> HttpReply:
    return HttpReply(201, {}, LOGIN)


def replies(row: Row) -> st.SearchStrategy[list[HttpReply]]:
    """Return replies for a call, of which the last repeats."""
    one = st.builds(HttpReply, STATUSES, HEADERS, bodies(row.reply))
    return st.lists(one, min_size=1, max_size=3)


@pytest.mark.fault("J3", "J4", "J6", "J9", "J10", "J11", "J12", "J13", "J14", "J15")
@pytest.mark.parametrize("row", ROWS, ids=[f"{row.number:02}" for row in ROWS])
@sized(100)
def test_whatever_an_endpoint_answers(row: Row, examples: int) -> None:
    """Each of the 32 calls ends in a valid value or one error; then the client works as before."""
    good = reply(row.reply, row.status)
    # A server cannot echo a token that was never sent to it.
    unsent = () if row.auth is Auth.TOKEN else ("token",)

    async def check(answers: list[HttpReply], deep: int) -> None:
        left = list(answers)

        def bad(_: Sent) -> HttpReply:
            assert len(transport.sent) < MOST_CALLS, "it asks for ever"
            return left.pop(0) if len(left) > 1 else left[0]

        transport = ScriptedTransport(bad, bad if row.number == 1 else _login)
        async with client_on(transport, credentials=CANARIES, max_retries=1) as client:
            try:
                value = await row.call(client)
            except GizwitsError as error:
                ENDS[type(error).__name__] += 1
                # After a good page the frames of a walk hold its records, whatever stands in them.
                deep_too = deep == 0 and len(transport.calls) <= 1
                assert_c0_of(error, *unsent, deep=deep_too)
                assert (error.resume is not None) == isinstance(row.value, list)
            else:
                ENDS["value"] += 1
                assert_whole(value)
            quota: Any = client.quota
            assert quota.taken - quota.observed == 0
            assert len(transport.sent) <= quota.taken <= len(transport.sent) + 1
            transport.script = lambda _: good
            transport.login = transport.script if row.number == 1 else _login
            assert await row.call(client) == row.value

    with closing(EventLoop()) as loop:
        tried(examples, st.tuples(replies(row), st.integers(0, 7)), check, loop)
    assert ENDS["value"] > 0
    assert len(ENDS) > 4, ENDS


@pytest.mark.fault("W7", "W10", "W12", "J1", "J2", "J6", "J9")
@pytest.mark.parametrize("log", ["data", "online", "devices"])
@sized(60)
def test_a_page_of_garbage_says_where_to_go_on(log: str, examples: int) -> None:
    """Any reply in place of any page: the walk can be resumed and misses nothing."""

    async def check(nth: int, status: int, body: bytes, sort: str, retries: int, kind: Any) -> None:
        cloud = SimulatedCloud(
            fleet_of(),
            credentials=CANARIES,
            quirks=Quirks(log_cap=4, list_cap=2, context_kind=kind),
        )
        door = Spoiling(cloud, nth, status, body)
        walker = Walker(cloud=cloud, log=log, did=cloud.fleet.devices[1].did, sort=sort)
        async with client_of(cloud, transport=door, max_retries=retries, page_size=4) as client:
            while not walker.done:
                assert door.sent < MOST_CALLS, "it asks for ever"
                try:
                    await walker.go(client, 10**6)
                except GizwitsError as error:
                    ENDS[type(error).__name__] += 1
                    assert error.resume
                    assert_c0_of(error, "token", deep=False)
            walker.check()
            ENDS["whole"] += 1
            quota: Any = client.quota
            assert quota.taken == quota.observed

    garbage = RAW.filter(lambda body: not body.strip().startswith(b"{"))
    kinds = st.sampled_from(["position", "single_use", "scroll"])
    given_ = st.tuples(
        st.integers(1, 9), STATUSES, garbage, st.sampled_from(["asc", "desc"]), st.integers(0, 1), kinds
    )  # fmt: skip
    with closing(EventLoop()) as loop:
        tried(examples, given_, check, loop)
    assert len(ENDS) > 3, ENDS


class Spoiling(SimulatorTransport):
    """Gives these bytes in place of one reply."""

    def __init__(self, cloud: SimulatedCloud, nth: int, status: int, body: bytes) -> None:
        super().__init__(cloud, clock=lambda: THEN)
        self._nth, self._bad = nth, (status, body)

    async def send(self, *arguments: Any, **more: Any) -> Any:
        reply_ = await super().send(*arguments, **more)
        if self.sent != self._nth:
            return reply_
        status, body = self._bad
        return attrs.evolve(reply_, status=status, body=body)


@pytest.mark.fault("W2", "W3", "W14", "W15", "W20")
@sized(120)
def test_whatever_bytes_a_socket_brings(examples: int) -> None:
    """Any bytes in place of HTTP on a real socket give an error; the next call is served."""
    text: list[bytes] = []

    async def answer(one: Exchange) -> None:
        if text and "access_token" not in one.head:
            one.write(text.pop())
            await one.writer.drain()
            one.close()
        else:
            one.say(b'{"token": "t"}' if "access_token" in one.head else b'{"did": "d"}')

    async def check(said: bytes, verb: str) -> None:
        quota, seen = FreeQuota(), len(server.seen)
        options = Options(max_retries=0, timeout=5)
        async with GizwitsClient(
            CANARIES, base_url=server.url, quota=quota, options=options
        ) as client:
            await client.authorization.create_token()
            text[:] = [said]
            try:
                if verb == "GET":
                    await client.devices.detail("m")
                else:
                    await client.devices.control("d", attrs={"a": 1})
            except GizwitsError as error:
                ENDS[type(error).__name__] += 1
                assert_c0_of(error, deep=False)
            else:
                ENDS["value"] += 1
            assert text == []
            # The connection of a good reply is reused by the next call, which finds it closed.
            again = client.with_options(max_retries=1)
            assert (await again.devices.detail("m")).did == "d"
            transport: Any = client._gateway.service.transport
            assert not transport._sessions.own.connector._acquired
        assert len(server.seen) - seen == 3
        assert 3 <= quota.taken == quota.observed <= 4

    given_ = st.tuples(streams_of_bytes(), st.sampled_from(["GET", "POST"]))
    with closing(asyncio.new_event_loop()) as loop:
        opened = raw_server(answer)
        server = loop.run_until_complete(opened.__aenter__())
        tried(examples, given_, check, loop)
        loop.run_until_complete(opened.__aexit__(None, None, None))
    assert len(ENDS) > 3, ENDS
