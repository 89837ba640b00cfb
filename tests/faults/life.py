"""What the state machine of a client drives: a door that counts, walkers that resume, an oracle."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from attrs import define, field
from hypothesis import strategies as st

from gizwits_async import GizwitsClient, HourlyQuota, Options, errors
from gizwits_async.models import to_dict
from gizwits_async.models.authorization import Token
from gizwits_async.options import Lane
from gizwits_async.quota.in_flight import InFlight
from gizwits_async.simulator import FaultRule, Fleet, SimulatedCloud, SimulatorTransport
from gizwits_async.simulator.state.timeline import Record
from gizwits_async.wire.attempts import Attempt, Call
from gizwits_async.wire.report import CallObserver
from gizwits_async.wire.token import MemoryTokenStore
from tests.doubles.scripted import reassemble

NOW = 1_790_000_000
CALLS, PERIOD = 120, 600.0
DIDS = tuple(f"{number:022d}" for number in range(7))
SINCE = 700


ANYWHERE = st.sampled_from(["*", "*", "*/access_token", "*/devices/*", "*/control", "*/data"])
FAULTS = st.lists(
    st.builds(
        lambda kind, path, when: FaultRule(path=path, **kind, **when),
        st.sampled_from(
            [
                {"action": "reset"},
                {"action": "effect_without_reply"},
                {"action": "cut"},
                {"action": "truncated"},
                {"action": "stall"},
                {"action": "stall", "seconds": 4.0},
                {"action": "redirect"},
                {"action": "html", "status": 502},
                {"action": "html", "status": 504, "effect": True},
                {"action": "html", "status": 200, "effect": True},
                {"action": "status", "code": 5601, "effect": True},
                {"action": "status", "code": 5403},
                {"action": "status", "code": 5011},
                {"action": "status", "code": 5009},
                {"action": "status", "code": 5013},
                {"action": "status", "code": 5004},
            ]
        ),
        ANYWHERE,
        st.sampled_from(
            [{}, {"nth": 1}, {"nth": 2}, {"nth": (2, 4, 6)}, {"probability": 0.3, "seed": 5}]
        ),
    ),
    min_size=1,
    max_size=3,
)
AFTER = st.sampled_from([0.0, 0.0, 0.015, 0.4, 3.0, 30.0])
"""Seconds that go by after something was begun."""


def fleet_of() -> Fleet:
    """Return seven devices; three of them said something in the last minutes."""
    logs: dict[tuple[Any, str], list[Record]] = {}
    for n, did in enumerate(DIDS[:3]):
        times = [NOW - 3 - i * (1.9 + n) for i in range(60)] + [NOW - 50.25, NOW - 50.25]
        logs["data", did] = [Record(at=round(t, 3), body={"attrs": {"n": 1}}) for t in times]
        logs["online", did] = [
            Record(at=round(t, 3), body={"type": "dev_online", "payload": {"n": i % 5}})
            for i, t in enumerate(times[:17])
        ]
    fleet = Fleet.of(DIDS, logs, now=NOW)
    for did in DIDS:
        fleet.change(did, is_online=True)
    return fleet


@define(eq=False)
class Trap:
    """Does something at the next moment of a kind, in the loop's next round."""

    set_at: str | None = None
    spring: Callable[[], None] | None = None

    def passed(self, where: str) -> None:
        """Spring, if this is the moment."""
        if self.set_at == where and self.spring is not None:
            self.set_at = None
            asyncio.get_running_loop().call_soon(self.spring)


class Door(SimulatorTransport):
    """Knows how many requests are under way."""

    in_flight = 0

    def __init__(self, cloud: SimulatedCloud, trap: Trap) -> None:
        self.trap = trap
        super().__init__(
            cloud,
            clock=lambda: NOW + asyncio.get_running_loop().time(),
            latency=0.01,
            reply_latency=0.01,
        )

    async def send(self, *arguments: Any, **more: Any) -> Any:
        self.in_flight += 1
        self.trap.passed("sending")
        try:
            reply = await super().send(*arguments, **more)
        finally:
            self.in_flight -= 1
        self.trap.passed("reply")
        return reply


class Permits(InFlight):
    """Calls in flight; the grant of each permit is a moment for the trap."""

    def __init__(self, pad: float, granted: Callable[[], None]) -> None:
        super().__init__(pad)
        self._granted = granted

    def append(self, granted_at: float) -> None:
        super().append(granted_at)
        self._granted()


class Counted(HourlyQuota):
    """Counts outcomes, one of which belongs to each permit."""

    observed = 0
    released = 0
    trap = Trap()

    def __init__(self, calls: int, period: float, *, burst: int, reserve: int) -> None:
        super().__init__(calls, period, burst=burst, reserve=reserve)
        in_flight = Permits(self._view.pad, lambda: self.trap.passed("permit"))
        self._in_flight = self._grants.in_flight = in_flight

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        self.observed += 1
        super().observe(headers, refused=refused)

    def release(self, lane: Lane = Lane.INTERACTIVE) -> None:
        self.released += 1
        super().release(lane)


class Store(MemoryTokenStore):
    """Tokens in memory, as slow as if they were elsewhere."""

    trap = Trap()

    async def save(self, key: str, token: Token) -> None:
        self.trap.passed("token")
        await asyncio.sleep(0)
        await super().save(key, token)


class Seen(CallObserver):
    """Keeps every attempt of every call, logins included."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts: list[Attempt] = []

    def over(self, call: Call[Any], error: BaseException | None) -> None:
        self.attempts += call.attempts
        assert error is not None or call.attempts[-1].status is not None


class Process:
    """One client with a quota of its own, until it is closed; and what must hold of the two."""

    def __init__(self, cloud: SimulatedCloud) -> None:
        self.trap = Trap()
        self.door = Door(cloud, self.trap)
        self.quota = Counted(CALLS, PERIOD, burst=8, reserve=4)
        self.seen = Seen()
        store = Store()
        store.trap = self.quota.trap = self.trap
        self.client = GizwitsClient(
            cloud.credentials,
            transport=self.door,
            quota=self.quota,
            tokens=store,
            options=Options(max_retries=2, page_size=4),
        )
        reassemble(self.client, observer=self.seen)
        self.views = {
            "plain": self.client,
            "bulk": self.client.with_options(lane=Lane.BULK),
            "hurried": self.client.with_options(max_quota_wait=1.0),
            "bounded": self.client.with_options(deadline=2.0),
        }

    def check(self, *, at_rest: bool) -> None:
        """Compare the books: permits, outcomes, requests; at rest they agree exactly."""
        quota, sent = self.quota, self.door.sent
        granted = quota._bucket.counter.granted + quota.released
        assert sent <= granted
        assert self.door.in_flight >= 0
        if not at_rest:
            return
        took = [one for one in self.seen.attempts if one.granted is not None]
        left = [one for one in took if one.sent is not None]
        shut = [one for one in left if one.error == "NotSentError"]
        assert granted == sum(one.permits for one in took), "a permit leaked"
        assert quota.observed + quota.released == granted, (
            "a permit without an outcome, or with two"
        )
        assert sent == len(left) - len(shut), "a request without a permit"
        assert self.door.in_flight == 0
        assert not any(self.quota._queues.values())

    @property
    def withdrawn(self) -> int:
        """How many requests at most were cancelled before they arrived."""
        return sum(
            one.sent is not None and one.error == "CancelledError" for one in self.seen.attempts
        )


@define(eq=False)
class Walker:
    """A walk that may be broken off anywhere, and goes on from its token."""

    cloud: SimulatedCloud
    log: str
    """`data`, `online`, or `devices`."""
    did: str
    sort: Any
    got: list[Any] = field(factory=list)
    resume: str | None = None
    busy: bool = False
    done: bool = False
    openings: int = 0

    @cached_property
    def truth(self) -> Counter[str]:
        """What a whole walk gives: its range ends before anything happens."""
        if self.log == "devices":
            return Counter(DIDS)
        found = self.cloud.truth(self.log, self.did, NOW - SINCE, NOW - 1)  # type: ignore[arg-type]
        return Counter(map(as_text, found))

    async def go(self, client: GizwitsClient, pages: int) -> None:
        """Take so many pages and then break off; whatever goes wrong, know where to go on."""
        self.busy = True
        try:
            await self._go(client, pages)
        except errors.GizwitsError as error:
            if not isinstance(error, errors.ClientClosedError) or error.resume:
                assert error.resume, error
                self.resume = error.resume
            raise
        finally:
            self.busy = False

    async def _go(self, client: GizwitsClient, pages: int) -> None:
        if self.log == "devices":
            stream: Any = client.devices.search()
        else:
            log = client.devices.data_log if self.log == "data" else client.devices.online_log
            stream = log(self.did, start=NOW - SINCE, end=NOW - 1, sort=self.sort)
        walk = stream.pages(self.resume)
        try:
            async for page in walk:
                self.got += page.items
                self.resume = page.resume
                self.done = page.resume is None
                pages -= 1
                if self.done or pages <= 0:
                    return
        finally:
            await walk.aclose()

    def check(self) -> None:
        """Nothing is given twice, nothing that is not there; and at the end nothing is missing."""
        given = Counter(one.did if self.log == "devices" else as_text(one) for one in self.got)
        if self.done:
            assert given == self.truth
        else:
            assert not given - self.truth


def as_text(record: Any) -> str:
    """Return a record so that equal ones compare equal."""
    plain = record if isinstance(record, dict) else to_dict(record)
    return json.dumps(plain, sort_keys=True)
