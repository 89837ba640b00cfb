"""A queue of tasks hands out every window once, and asks its store only when the answer may be new."""

import asyncio
from collections.abc import Collection, Sequence

import pytest

from gizwits_async.models.devices import Device
from gizwits_async.scan import MemoryStore, ScanState, Task, task_queue
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import LogName
from gizwits_async.scan.task_queue import TaskQueue
from tests.doubles import virtually

WINDOW = 1000
STATE = ScanState(product_key="p", start=0, end=2 * WINDOW)


class Asked(MemoryStore):
    """A store that answers some seconds later, and counts the questions."""

    def __init__(self, *, delay: float) -> None:
        super().__init__()
        self.delay, self.questions = delay, 0

    async def due(
        self,
        logs: Collection[LogName],
        end: int,
        limit: int,
        *,
        dids: Collection[str] | None = None,
    ) -> list[Task]:
        self.questions += 1
        found = await super().due(logs, end, limit, dids=dids)
        await asyncio.sleep(self.delay)
        return found


async def read_all(store: Asked, *, devices: int, seconds: Sequence[float], end: int) -> list[str]:
    """Return the windows that were read, by a worker for each of these seconds that a window takes."""
    await store.begin(STATE, again=False)
    await store.add([Device(did=f"d{n}") for n in range(devices)], ["online"], STATE)
    queue, read = TaskQueue(store, end), list[str]()

    async def work(pause: float) -> None:
        while (task := await queue.take(["online"])) is not None:
            read.append(f"{task.did} {task.next_second}")
            await asyncio.sleep(pause)
            await store.commit(Change(after=task.opened(end, WINDOW, 0.0).closed(0)))
            queue.done(task)

    await asyncio.gather(*map(work, seconds))
    return read


def test_a_task_that_is_released_during_a_question_is_handed_out_again() -> None:
    """Its next window is read although the store, asked before, answers afterwards that none is left."""
    store = Asked(delay=1.0)
    # The fast worker asks from 2.6 to 3.6; the slow one releases its task at 3.1.
    read = virtually(read_all(store, devices=2, seconds=(2.1, 0.3), end=2 * WINDOW))
    assert sorted(read) == ["d0 0", "d0 1000", "d1 0", "d1 1000"]


def test_idle_workers_ask_the_store_once_a_release() -> None:
    """Thirty workers at their last windows ask about thirty times in all, not each at each release."""
    store, seconds = Asked(delay=0.0), range(1, 31)
    read = virtually(read_all(store, devices=30, seconds=seconds, end=WINDOW))
    assert len(read) == 30
    assert store.questions <= 32


def test_an_answer_that_was_cut_is_not_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that knows that a log is closed drops its tasks, and asks for what was behind them."""
    monkeypatch.setattr(task_queue, "_BATCH", 2)

    async def main() -> None:
        store = Asked(delay=1.0)
        await store.begin(STATE, again=False)
        devices = [Device(did=f"d{n}") for n in range(3)]
        await store.add(devices, ["cmd"], STATE)
        await store.add(devices, ["data"], STATE, start=500)
        queue = TaskQueue(store, STATE.end)
        stale = asyncio.ensure_future(queue.take(["cmd", "data"]))
        await asyncio.sleep(0.5)
        fresh = asyncio.ensure_future(queue.take(["data"]))  # The cmd log was closed meanwhile.
        found = await asyncio.gather(stale, fresh)
        assert [task and task.log for task in found] == ["data", "data"]

    virtually(main())
