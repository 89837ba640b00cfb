"""Cancelled, or closed, at every await there is, one after the other: nothing is left behind."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import pytest

from gizwits_async import errors
from gizwits_async.scan import FleetScan, MemoryStore
from gizwits_async.simulator import FaultRule, Fleet, Quirks, SimulatedCloud
from gizwits_async.simulator.state.timeline import Record
from tests.doubles import VirtualLoop
from tests.faults.life import CALLS, DIDS, NOW, PERIOD, Process, Walker, fleet_of
from tests.faults.stops import Stops
from tests.scan.common import in_memory, truth

MAC = f"{0xACCF23000000:012X}"
LOST = FaultRule(path="*/device_detail", nth=(1, 2), action="reset")
GROUP = ["ACCF23000000", *(f"{n:012X}" for n in range(1100))]


async def first_call(one: Process) -> None:
    """A login and a call; with the fault `LOST`, two pauses between attempts."""
    assert (await one.client.devices.detail(MAC)).mac == MAC


async def queued(one: Process) -> None:
    """More calls than there are permits, in both lanes."""
    for view in (one.client, one.views["bulk"]):
        await asyncio.gather(*(view.devices.detail(MAC) for _ in range(4)))


async def renewed(one: Process) -> None:
    """A call that meets the end of its token."""
    await first_call(one)
    one.door._cloud.tokens.expire()
    await first_call(one)


async def bounded(one: Process) -> None:
    """Calls within a deadline, and with a limit to their wait for quota."""
    await one.views["bounded"].devices.detail(MAC)
    await one.client.with_options(max_quota_wait=60).devices.detail(MAC)


async def in_parts(one: Process) -> None:
    """A write that is split, one call after the other."""
    groups = one.client.device_groups
    found = await groups.unassign(await groups.create(), GROUP)
    assert len(found.success + found.failed + found.unknown) == len(GROUP)


async def confirmed(one: Process) -> None:
    """A command, and the device's report that it obeyed."""
    found = await one.client.devices.control_and_confirm(DIDS[3], {"switch": True})
    assert found.state == "confirmed" or found.obstacle is not None


async def listed(one: Process) -> None:
    """A walk over pages, item by item."""
    assert len([device async for device in one.client.devices.search()]) == len(DIDS)


CALLS_OF: dict[str, tuple[Callable[[Process], Awaitable[None]], tuple[FaultRule, ...]]] = {
    "first call": (first_call, ()),
    "pauses": (first_call, (LOST,)),
    "queue": (queued, ()),
    "renewal": (renewed, ()),
    "deadline": (bounded, (LOST,)),
    "parts": (in_parts, ()),
    "confirmed": (confirmed, ()),
    "listing": (listed, ()),
}


def cloud_of(*faults: FaultRule, **quirks: Any) -> SimulatedCloud:
    """Return a service with devices and logs."""
    return SimulatedCloud(
        fleet_of(), quota=CALLS, period=PERIOD, quirks=Quirks(log_cap=8, **quirks), faults=faults
    )


class Trial:
    """One run of an operation that is disturbed at one suspension, and what must hold after it."""

    def __init__(self, cloud: SimulatedCloud, stops: Stops) -> None:
        self.cloud, self.stops = cloud, stops
        self.complaints: list[dict[str, Any]] = []
        self.loop = VirtualLoop()
        self.loop.set_exception_handler(lambda _, context: self.complaints.append(context))
        stops.watch(self.loop)

    def run(self, operation: Callable[[Process], Awaitable[None]], *, close: bool = False) -> None:
        """Run it to its end, whatever that is; then compare the books and use the client again."""
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._main(operation, close=close))
        assert not self.complaints, self.complaints

    async def _main(self, operation: Any, *, close: bool) -> None:
        one = Process(self.cloud)
        self.cloud.ledger.clear()
        task = asyncio.ensure_future(operation(one))
        cancelled = False

        def cancel() -> None:
            nonlocal cancelled
            cancelled = task.cancel() or cancelled

        self.stops.pounce = (
            (lambda: asyncio.ensure_future(one.client.aclose())) if close else cancel
        )
        await asyncio.wait([task])
        self.stops.pounce = None
        if cancelled:
            assert task.cancelled(), "the cancellation was swallowed"
        elif not task.cancelled() and (error := task.exception()) is not None:
            assert close
            assert isinstance(error, errors.GizwitsError), repr(error)
        assert not (close and task.cancelled()), "closing is no cancellation"
        assert close or not self._strays(one), "its tasks go on without it"
        await self._quiet()
        one.check(at_rest=True)
        assert one.door.sent - one.withdrawn <= len(self.cloud.ledger) <= one.door.sent
        if not close:
            assert (await one.client.devices.detail(MAC)).mac == MAC
        await one.client.aclose()
        await self._quiet()
        one.check(at_rest=True)

    @staticmethod
    def _strays(one: Process) -> set[asyncio.Task[Any]]:
        """Return the tasks that are neither ours nor the client's: a renewal, a pump of the quota."""
        renewal = one.client._gateway.tokens._renewal
        kept = {asyncio.current_task(), renewal and renewal.task}
        lines = one.quota._queues.values()
        return asyncio.all_tasks() - kept - {line._dispatcher for line in lines}

    async def _quiet(self) -> None:
        """Wait until no other task is left."""
        mine = asyncio.current_task()
        async with asyncio.timeout(3600):
            while others := asyncio.all_tasks() - {mine}:  # type: ignore[operator]
                await asyncio.wait(others)


def every_stop(trial: Callable[[Stops], None], *, late: bool) -> int:
    """Run a trial for each suspension there is; return how many there were."""
    for at in count():
        stops = Stops(at, late)
        trial(stops)
        if not stops.sprung:
            gc.collect()  # What complains when it is forgotten complains now.
            return at
    raise AssertionError("unreachable")


WHEN = pytest.mark.parametrize("late", [False, True], ids=["asleep", "waking"])


@pytest.mark.fault("P1")
@WHEN
@pytest.mark.parametrize("kind", CALLS_OF)
def test_cancelled_at_every_await_a_call_leaves_nothing(kind: str, late: bool) -> None:
    """No task, permit or request is left over, and the client works as before."""
    operation, faults = CALLS_OF[kind]

    def trial(stops: Stops) -> None:
        Trial(cloud_of(*faults), stops).run(operation)

    assert every_stop(trial, late=late) >= 5


@pytest.mark.fault("P1", "A2")
@WHEN
def test_cancelled_at_every_await_the_leader_takes_no_follower_with_him(late: bool) -> None:
    """Wherever the caller that began the login gives up, the others get its token: one login."""

    def trial(stops: Stops) -> None:
        cloud = cloud_of()

        async def main() -> None:
            one = Process(cloud)
            stops.watch(asyncio.get_running_loop())
            leader = asyncio.ensure_future(first_call(one))
            stops.pounce = leader.cancel
            await asyncio.sleep(0)
            followers = await asyncio.gather(*(one.client.devices.detail(MAC) for _ in range(3)))
            stops.pounce = None
            assert {found.mac for found in followers} == {MAC}
            await one.client.aclose()

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(main())
        assert cloud.tally["token"] == 1

    assert every_stop(trial, late=late) >= 5


@pytest.mark.fault("P1", "P7")
@WHEN
@pytest.mark.parametrize("kind", CALLS_OF)
def test_closed_at_every_await_a_call_ends_in_an_error_of_ours(kind: str, late: bool) -> None:
    """Closing ends what is under way in a value or a GizwitsError, and leaves nothing."""
    operation, faults = CALLS_OF[kind]

    def trial(stops: Stops) -> None:
        Trial(cloud_of(*faults), stops).run(operation, close=True)

    assert every_stop(trial, late=late) >= 5


@pytest.mark.fault("P1")
@WHEN
@pytest.mark.parametrize("log", ["data", "online", "devices"])
@pytest.mark.parametrize("kind", ["position", "scroll"])
def test_cancelled_at_every_await_a_walk_loses_and_doubles_nothing(
    log: str, kind: Any, late: bool
) -> None:
    """With what was given before, the walk that goes on from the last token is the whole."""

    def trial(stops: Stops) -> None:
        cloud = cloud_of(context_kind=kind)
        walker = Walker(cloud=cloud, log=log, did=DIDS[0], sort="desc")

        async def walk(one: Process) -> None:
            await walker.go(one.client, 10**6)

        Trial(cloud, stops).run(walk)
        walker.check()
        stops.pounce = None
        if not walker.done:
            Trial(cloud, stops).run(walk)
        assert walker.done
        walker.check()

    assert every_stop(trial, late=late) >= 8


@pytest.mark.fault("P1")
@WHEN
def test_cancelled_at_every_await_a_scan_goes_on_from_what_it_kept(late: bool) -> None:
    """What a scan says is done is there: another run ends with each record once."""
    span = {"start": NOW - 600, "end": NOW - 1}

    records = [Record(at=NOW - 3 - 7.5 * n, body={"attrs": {"n": 1}}) for n in range(9)]
    fleet = Fleet.of(DIDS[:2], {("data", did): records for did in DIDS[:2]}, now=NOW)

    def trial(stops: Stops) -> None:
        cloud, store = SimulatedCloud(fleet), MemoryStore()
        whole = truth(cloud, NOW - 600, NOW - 1, ["data"])

        async def scan(one: Process) -> None:
            logs = FleetScan(one.client, store, logs=["data"], concurrency=2, **span)  # type: ignore[arg-type]
            assert (await logs.run()).complete

        Trial(cloud, stops).run(scan)
        assert not in_memory(store) - whole
        stops.pounce = None
        Trial(cloud, stops).run(scan)
        assert in_memory(store) == whole

    assert every_stop(trial, late=late) >= 50


@pytest.mark.fault("P1", "P7")
@WHEN
def test_a_closing_that_is_cancelled_can_be_done_again(late: bool) -> None:
    """Cancelled at each of its awaits, `aclose` leaves nothing that a second one does not end."""

    async def closing(one: Process) -> None:
        calls = [asyncio.ensure_future(one.client.devices.detail(MAC)) for _ in range(3)]
        await asyncio.sleep(0.005)
        try:
            await one.client.aclose()
        finally:
            await one.client.aclose()
            found = await asyncio.gather(*calls, return_exceptions=True)
            assert {isinstance(error, errors.GizwitsError) for error in found} == {True}

    def trial(stops: Stops) -> None:
        Trial(cloud_of(), stops).run(closing, close=True)

    assert every_stop(trial, late=late) >= 3
