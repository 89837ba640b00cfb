"""No schedule of callers, no latency and no kind of server brings a refusal; and naive limits do."""

import asyncio
import random
import time
from collections.abc import Callable
from functools import partial
from tempfile import TemporaryDirectory

import pytest
from aiolimiter import AsyncLimiter
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota, SharedQuota
from tests.doubles import VirtualLoop, virtually
from tests.quota.servers import KINDS, Sliding, Weighted, World

CALLS, PERIOD, LATENCY, PAD, RESTART = 60, 60.0, 4.0, 6.5, 15.0
"""A quota sixty times smaller than the real one, in the same proportions."""


class Quota:
    """Our quota as the machine sees it."""

    def __init__(self, url: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        settings = {"burst": 8, "reserve": 6, "pad": PAD}
        if url is None:
            self.quota = HourlyQuota(CALLS, PERIOD, **settings)
        else:
            self.quota = SharedQuota.from_url(
                url, "eid", calls=CALLS, period=PERIOD, monotonic=clock, **settings
            )

    async def acquire(self, lane: Lane) -> None:
        await self.quota.acquire(lane)

    def observe(self, headers, refused: bool) -> None:
        self.quota.observe(headers, refused=refused)


class Naive:
    """A limiter that looks right."""

    def __init__(self, permits: float, seconds: float) -> None:
        self.limiter = AsyncLimiter(permits, seconds)

    async def acquire(self, lane: Lane) -> None:
        del lane
        await self.limiter.acquire()

    def observe(self, headers, refused: bool) -> None:
        pass


class Machine(RuleBasedStateMachine):
    """Callers come as they like; the server must never say no."""

    limit = staticmethod(Quota)

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.tasks: set[asyncio.Task[None]] = set()
        self.wrong: list[BaseException | None] = []

    @initialize(
        kind=st.sampled_from(sorted(KINDS)),
        seed=st.integers(0, 2**16),
        latency=st.sampled_from([0.0, 0.5, LATENCY]),
    )
    def begin(self, kind, seed, latency):
        """Start one server and one process."""
        self.world = World(
            # Not bound methods: a restart puts another quota in its permit.
            acquire=lambda lane: self.limits.acquire(lane),  # noqa: PLW0108
            observe=lambda headers, refused: self.limits.observe(headers, refused),  # noqa: PLW0108
            server=KINDS[kind](CALLS, PERIOD),
            chance=random.Random(seed),
            latency=(0.0, latency),
        )
        self.limits = self.limit()

    def done(self, task: asyncio.Task[None]) -> None:
        """Forget a caller, but not what went wrong with it."""
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.wrong.append(task.exception())

    @rule(lane=st.sampled_from(Lane), calls=st.sampled_from([1, 3, 9, 30, 130]))
    def callers(self, lane, calls):
        """Let some callers come at once."""
        for _ in range(calls):
            task = self.loop.create_task(self.world.call(lane))
            self.tasks.add(task)
            task.add_done_callback(self.done)

    @rule(seconds=st.sampled_from([0.01, 0.5, 3.0, 20.0, 61.0, 130.0]))
    def pass_time(self, seconds):
        """Let time go by."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @rule()
    def mute(self):
        """Let the server begin, or stop, to send its headers."""
        self.world.mute = not self.world.mute

    @rule(share=st.sampled_from([0.1, 1.0]))
    def cancel(self, share):
        """Let some callers go away, wherever they stand."""
        for task in list(self.tasks)[: int(len(self.tasks) * share)]:
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))

    def restart(self):
        """Let the process die and begin anew."""
        self.cancel(1.0)
        if isinstance(self.limits, Quota):
            self.loop.run_until_complete(self.limits.quota.aclose())
        self.limits = self.limit()

    @invariant()
    def never_refused(self):
        """No 5013 is answered; on weighted counters none after the calls in flight at the first."""
        assert not self.wrong
        if hasattr(self, "world"):
            weighted = isinstance(self.world.server, Weighted)
            allowed = self.world.in_flight_at_refusal if weighted else 0
            assert self.world.server.refused <= allowed

    def teardown(self):
        self.cancel(1.0)
        self.loop.run_until_complete(asyncio.sleep(LATENCY + 1))
        self.loop.close()


FINDING = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


class TestSafety(Machine.TestCase):
    """Never refused, whatever callers do and however the server counts."""

    settings = settings(FINDING, max_examples=80)


class Restarting(Machine):
    """A process that never lives long enough to know a whole window."""

    @rule(seconds=st.sampled_from([0.01, 0.5, 3.0, 20.0, 61.0, 130.0]))
    def pass_time(self, seconds):
        """Let time go by, with a restart every 15 seconds."""
        while seconds > 0:
            self.loop.run_until_complete(asyncio.sleep(min(seconds, RESTART)))
            if seconds >= RESTART:
                self.restart()
            seconds -= RESTART


class TestRestarts(Restarting.TestCase):
    """Restarts without any memory add nothing."""

    settings = settings(FINDING, max_examples=60)


class Remembering(Machine):
    """A process whose quota is kept in a file."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.limit = lambda: Quota(f"file://{self.folder.name}/quota", self.loop.time)

    @rule()
    def restart_now(self):
        """Let the process die at any time."""
        self.restart()

    def teardown(self):
        if hasattr(self, "limits"):
            self.loop.run_until_complete(self.limits.quota.aclose())
        super().teardown()
        self.folder.cleanup()


class TestMemory(Remembering.TestCase):
    """Restarts with the state in a file add nothing, after any life."""

    settings = settings(FINDING, max_examples=60)


@pytest.mark.fault("Q3")
@pytest.mark.parametrize(
    ("limit", "found"),
    [
        (Quota, False),
        (partial(Naive, CALLS, PERIOD), True),
        (partial(Naive, 1, PERIOD / CALLS), True),
    ],
)
def test_naive_limits_are_found_out(limit, found):
    """Steps of the machine that our quota passes: the limiters that everybody writes first fail."""

    class Steps(Machine):
        pass

    Steps.limit = staticmethod(limit)
    refused = 0
    for seed in range(5):
        steps = Steps()
        steps.begin("sliding, oldest", seed, LATENCY)
        steps.callers(Lane.BULK, 130)
        steps.pass_time(130.0)
        refused += steps.world.server.refused
        steps.teardown()
    assert (refused > 0) is found


@pytest.mark.parametrize(("permits", "seconds"), [(3600, 3600), (1, 1)])
def test_naive_limits_are_refused_at_full_size(permits, seconds):
    """The real quota, a backlog and some jitter: AsyncLimiter(3600, 3600) and (1, 1) are refused."""

    async def main():
        limits = Naive(permits, seconds)
        world = World(limits.acquire, limits.observe, Sliding(), latency=(0.0, 10.0))
        await world.bulk(3800)
        return world.server.refused

    assert virtually(main(), VirtualLoop) > 0
