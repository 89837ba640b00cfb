"""A scan in memory leaves nothing to the garbage collector, and works through a fleet in small steps."""

import asyncio
import gc

from gizwits_async.models.devices import Device
from gizwits_async.scan import MemoryStore, ScanState, Seen, Task
from gizwits_async.scan.sharded import Sharded
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import LOGS

DAY = 86_400
STATE = ScanState(product_key="p", start=0, end=10 * DAY)


async def filled(devices: int) -> MemoryStore:
    """Return a store in the midst of a scan."""
    store = MemoryStore()
    await store.begin(STATE, again=False)
    for first in range(0, devices, 100):
        page = [Device(did=f"d{n}", mac=f"m{n}", city="c") for n in range(first, first + 100)]
        await store.add(page, LOGS, STATE)
        seen = Seen(online=False, latest=None, since=1, at=2)
        await store.keep_presence({device.did: seen for device in page})
    for task in await store.due(LOGS, STATE.end, 2 * devices):
        opened = task.opened(STATE.end, DAY, 0.0)
        part = task.cut(DAY) if task.log == "cmd" else None
        await store.commit(Change(after=opened.closed(900), skipped=part, rule="offline"))
    return store


async def test_the_garbage_collector_walks_nothing_per_device() -> None:
    """The objects that a collection visits do not grow with the fleet."""

    async def visited(devices: int) -> int:
        store = await filled(devices)
        gc.collect()
        count = len(gc.get_objects())
        assert len(store.devices) == devices
        return count

    await visited(100)
    few = await visited(100)
    assert await visited(3000) - few < 100


async def test_a_device_comes_back_as_it_was() -> None:
    """What the store holds of a device equals it, and a MAC address leads to those that have it now."""
    store, first = MemoryStore(), Device(did="a", mac="m", latitude=1.5, is_online=True)
    await store.add([first, Device(did="b", mac="m"), Device(did="c")], LOGS, STATE)
    assert store.devices["a"] == first
    assert set(await store.by_mac(["m", "other"])) == {"a", "b"}
    await store.add([Device(did="a", mac="n")], LOGS, STATE)
    assert (await store.by_mac(["m"]), await store.by_mac(["n"])) == (["b"], ["a"])
    assert await store.without_mac() == ["c"]


async def test_other_tasks_run_while_a_fleet_is_walked() -> None:
    """A walk gives way at least every few thousand entries, and bears that entries come and go."""
    fleet, steps = Sharded[int](), 0
    fleet.update((str(number), number) for number in range(20_000))

    async def count() -> None:
        nonlocal steps
        while True:
            await asyncio.sleep(0)
            steps += 1
            fleet.pop(str(steps), None)
            fleet[f"new{steps}"] = steps

    beside = asyncio.ensure_future(count())
    found = {number async for _, number in fleet.walk()}
    assert steps >= 10
    assert found >= set(range(steps + 1, 20_000))
    await fleet.empty()
    beside.cancel()
    assert len(fleet) <= 2


def test_a_task_moves_on_as_a_value() -> None:
    """A task that is advanced is a new one; the old one stays as it was."""
    task = Task.new("d", "data", 5)
    assert task.skipped(9).next_second == 9
    assert task == Task.new("d", "data", 5)
