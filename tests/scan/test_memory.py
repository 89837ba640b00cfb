"""A scan in memory leaves nothing to the garbage collector, and works through a fleet in small steps."""

import asyncio
import gc
import sys
import threading
from itertools import pairwise

from attrs import evolve

from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.scan import MemoryStore, ScanState, Seen, Task
from gizwits_async.scan.sharded import Sharded
from gizwits_async.scan.store.memory_devices import MemoryDevices
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
    beside.cancel()


async def freed_in_steps() -> list[int]:
    """Return the memory blocks that each iteration of the event loop frees, until none is left to free."""
    blocks = [sys.getallocatedblocks()]
    while len(blocks) < 50:
        await asyncio.sleep(0)
        blocks.append(sys.getallocatedblocks())
    return [before - after for before, after in pairwise(blocks)]


async def test_a_store_that_is_dropped_is_freed_in_small_steps() -> None:
    """The devices of a large fleet, freed at once, would block the event loop for 100 ms."""
    stores, before = [await filled(3000)], sys.getallocatedblocks()
    stores.clear()
    at_once = before - sys.getallocatedblocks()
    steps = await freed_in_steps()
    assert sum(steps) > 30_000
    assert max(at_once, *steps) < sum(steps) / 2


async def test_a_mapping_that_is_cleared_is_freed_in_small_steps() -> None:
    """It is empty at once, and its 20,000 values are gone after twenty iterations of the event loop."""
    fleet = Sharded[float]()
    fleet.update((str(number), number / 7) for number in range(20_000))
    fleet.clear()
    assert not fleet
    steps = await freed_in_steps()
    assert sum(steps) > 40_000
    assert max(steps) < 4000


def test_a_task_moves_on_as_a_value() -> None:
    """A task that is advanced is a new one; the old one stays as it was."""
    task = Task.new("d", "data", 5)
    assert task.skipped(9).next_second == 9
    assert task == Task.new("d", "data", 5)


def test_a_fleet_whose_devices_share_a_mac_address_is_freed() -> None:
    """Virtual devices do. Nothing is freed by recursion, which a thread has a small stack for."""
    found: list[int] = []

    def fill() -> None:
        known = MemoryDevices(keep=False)
        known.add((Device(did=f"d{n}", mac="virtual:site") for n in range(20_000)), replace=True)
        found.append(len(known.by_mac(["virtual:site"])))

    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=fill)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert found == [20_000]


async def test_what_was_passed_over_is_forgotten_at_once() -> None:
    """A new run that is cancelled while it begins keeps nothing of the windows of an earlier one."""
    store = await filled(1_000)
    beginning = asyncio.ensure_future(store.begin(evolve(STATE, over=True), again=False))
    await asyncio.sleep(0)
    beginning.cancel()
    await asyncio.wait({beginning})
    assert await store.unskip("offline") == 0


async def test_a_log_that_holds_no_record_is_not_among_the_records() -> None:
    """Also where a page with records was replaced by an empty one."""
    store = MemoryStore()
    await store.begin(STATE, again=False)
    await store.add([Device(did="d")], ["data"], STATE)
    [task] = await store.due(["data"], STATE.end, 1)
    opened = task.opened(STATE.end, DAY, 0.0)
    await store.commit(Change(after=opened, rows=(DataRecord(ts=1, attrs={}),)))
    await store.commit(Change(after=opened, replaced=(0, DAY)))
    assert store.records == {}


def test_devices_outlive_their_store_in_a_loop() -> None:
    """A loop over the devices of a store that nothing else holds any more sees each of them."""

    async def main() -> list[str]:
        return [did for did in (await filled(100)).devices]  # noqa: C416 - only a loop drops the mapping

    assert len(asyncio.run(main())) == 100
