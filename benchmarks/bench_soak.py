"""Whether anything grows: hours of mixed traffic in virtual time, and thousands of calls over sockets.

`python -m benchmarks.bench_soak` prints the first and the last sample of each. One call in twenty
goes wrong, in every way that the simulator's fault rules know.
"""

import argparse
import asyncio
import gc
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from async_solipsism import EventLoop  # type: ignore[import-untyped]
from attrs import frozen

from gizwits_async import GizwitsClient, GizwitsError, Options
from gizwits_async.quota import HourlyQuota
from gizwits_async.simulator import (
    Action,
    FaultRule,
    Fleet,
    Quirks,
    SimulatedCloud,
    SimulatorServer,
    SimulatorTransport,
)

__all__ = ["Sample", "Soak", "over_sockets", "virtually"]

_DAY = 86_400
_FAULTY = 0.05
_WORKERS = 8
_STALL = 40.0
"""Seconds: longer than a call may take."""
_SAMPLES = 5
_OURS = ("gizwits_async.", "aiohttp.", "asyncio.", "_asyncio")
_LONGEST = 1 << 18
_OPTIONS = Options(max_response_bytes=_LONGEST)


@frozen
class Sample:
    """What there is of everything at one moment."""

    calls: int
    tasks: int
    files: int
    """Open file descriptors; 0 where they cannot be counted."""
    objects: int
    """Objects of the client, of aiohttp and of asyncio."""
    blocks: int
    """Blocks of memory that Python has in use, after a collection of garbage."""
    peak_mb: float
    """Most memory that the process ever had, in megabytes."""


@frozen
class Soak:
    """What a run showed."""

    samples: Sequence[Sample]
    """From the first, taken after a fifth of the run, to the last."""
    outcomes: Counter[str]
    """How calls ended: `ok`, or the name of the error's class."""
    commands_asked: int
    commands_taken: int
    """Commands that reached a device."""
    refused: int
    """Answers 5013."""
    hours: float
    """By the loop's clock."""


def rules() -> list[FaultRule]:
    """Return fault rules that together strike one call in twenty."""
    each = _FAULTY / len(Action)
    return [
        FaultRule(
            action=action,
            probability=each,
            seed=number,
            seconds=_STALL if action is Action.STALL else None,
            size=4096
            if action is Action.DRIP
            else 2 * _LONGEST
            if action is Action.OVERSIZED
            else None,
            key="remark" if action is Action.MISSING_FIELD else None,
        )
        for number, action in enumerate(Action)
    ]


class _Traffic:
    """Callers of everything that an application calls, until `calls` requests were answered."""

    def __init__(self, client: GizwitsClient, cloud: SimulatedCloud, calls: int) -> None:
        self._client, self._cloud, self._calls = client, cloud, calls
        self._dids = [device.did for device in cloud.fleet.devices]
        self._macs = [device.mac for device in cloud.fleet.devices]
        self._root = cloud.product.groups.create(None)
        self.outcomes: Counter[str] = Counter()
        self.asked = 0
        self.taken = 0
        self.samples: list[Sample] = []

    @property
    def made(self) -> int:
        return sum(n for kind, n in self._cloud.tally.items() if not kind.startswith("error "))

    async def run(self) -> None:
        """Run all callers, and take samples on the way."""
        while len(self.samples) < _SAMPLES:
            until = self._calls * (len(self.samples) + 1) // _SAMPLES
            async with asyncio.TaskGroup() as group:
                for number in range(_WORKERS):
                    group.create_task(self._work(random.Random(f"{until}/{number}"), until))
            self.samples.append(self._sample())

    async def _work(self, rng: random.Random, until: int) -> None:
        calls = (
            *[self._detail] * 10,
            *[self._first] * 4,
            *[self._log] * 3,
            *[self._listing] * 2,
            *[self._broken_off] * 2,
            *[self._cancelled] * 2,
            self._control,
            self._group,
            self._datapoints,
        )
        while self.made < until:
            try:
                await rng.choice(calls)(rng)
            except GizwitsError as error:
                self.outcomes[type(error).__name__] += 1
            except TimeoutError:
                self.outcomes["cancelled"] += 1
            else:
                self.outcomes["ok"] += 1

    async def _detail(self, rng: random.Random) -> None:
        await self._client.devices.detail(rng.choice(self._macs))

    async def _first(self, _: random.Random) -> None:
        await self._client.devices.search().first()

    async def _log(self, rng: random.Random) -> None:
        end = self._cloud.fleet.now
        log = self._client.devices.data_log(rng.choice(self._dids), start=end - 3 * _DAY, end=end)
        async for _ in log.pages():
            pass

    async def _listing(self, _: random.Random) -> None:
        await self._client.devices.search(is_online=True).collect(limit=150)

    async def _broken_off(self, _: random.Random) -> None:
        async for _device in self._client.devices.search():
            break

    async def _cancelled(self, rng: random.Random) -> None:
        async with asyncio.timeout(rng.random() * 0.01):
            await self._client.devices.detail(rng.choice(self._macs))

    async def _control(self, rng: random.Random) -> None:
        self.asked += 1
        did = rng.choice(self._dids)
        await self._client.devices.control(did, attrs={"set_temp": rng.randint(16, 30)})

    async def _group(self, _: random.Random) -> None:
        groups = self._client.device_groups
        await groups.delete(await groups.create(self._root))

    async def _datapoints(self, _: random.Random) -> None:
        await self._client.product.datapoints()

    def _sample(self) -> Sample:
        controls = self._cloud.product.controls
        self.taken += len(controls)
        controls.clear()  # What the server keeps is not the client's.
        gc.collect()
        return Sample(
            calls=self.made,
            tasks=len(asyncio.all_tasks()),
            files=_files(),
            objects=sum(_is_ours(type(one).__module__) for one in gc.get_objects()),
            blocks=sys.getallocatedblocks(),
            peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )


async def _soaked(client: GizwitsClient, cloud: SimulatedCloud, calls: int) -> Soak:
    loop = asyncio.get_running_loop()
    began = loop.time()
    traffic = _Traffic(client, cloud, calls)
    await traffic.run()
    return Soak(
        samples=traffic.samples,
        outcomes=traffic.outcomes,
        commands_asked=traffic.asked,
        commands_taken=traffic.taken,
        refused=cloud.tally["error 5013"],
        hours=(loop.time() - began) / 3600,
    )


def _cloud(quota: int, now: float = 1_790_000_000.0) -> SimulatedCloud:
    return SimulatedCloud(
        Fleet.generate(120, 3, now=now),
        quirks=Quirks(quota_kind="sliding"),
        quota=quota,
        faults=rules(),
        ledger_size=10,
    )


def virtually(hours: float) -> Soak:
    """Return what hours of traffic show, as much as the real quota allows, in virtual time."""
    cloud = _cloud(3600)

    async def main() -> Soak:
        async with GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), options=_OPTIONS
        ) as client:
            return await _soaked(client, cloud, int(hours * 3600))

    with asyncio.Runner(loop_factory=EventLoop) as runner:
        return runner.run(main())


async def over_sockets(calls: int) -> Soak:
    """Return what so many calls show over loopback, with a quota that has plenty left."""
    cloud = _cloud(10 * calls, now=time.time())
    options = _OPTIONS.evolve(timeout=0.2)
    async with (
        SimulatorServer(cloud) as server,
        GizwitsClient(
            cloud.credentials,
            base_url=server.url,
            quota=HourlyQuota(calls=10 * calls, period=10.0),
            options=options,
        ) as client,
    ):
        return await _soaked(client, cloud, calls)


def _is_ours(module: object) -> bool:
    # The server is in the same process, and remembers contexts for an hour: that is its business.
    name = str(module)
    return name.startswith(_OURS) and not name.startswith("gizwits_async.simulator")


def _files() -> int:
    try:
        return len(list(Path("/proc/self/fd").iterdir()))
    except FileNotFoundError:
        return 0


def _told(title: str, soak: Soak) -> str:
    lines = [
        f"| {title}: {soak.hours:.2f} h | first | last |",
        "| --- | --: | --: |",
    ]
    first, last = soak.samples[0], soak.samples[-1]
    lines += [
        f"| {name} | {getattr(first, name):,.0f} | {getattr(last, name):,.0f} |"
        for name in ("calls", "tasks", "files", "objects", "blocks", "peak_mb")
    ]
    lines.append(f"\noutcomes: {dict(soak.outcomes.most_common())}")
    lines.append(f"commands: {soak.commands_asked} asked for, {soak.commands_taken} taken")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--calls", type=int, default=10_000)
    asked = parser.parse_args()
    print(_told("virtual time", virtually(asked.hours)), "\n")
    print(_told("sockets", asyncio.run(over_sockets(asked.calls))))


if __name__ == "__main__":
    main()
