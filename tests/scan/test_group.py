"""Works of several tasks share a transaction, and each task gets its own outcome."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from gizwits_async.scan.store.group import GroupCommit

FIRST, SECOND, THIRD = object(), object(), object()


class Disk:
    """Commits works, each batch when it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.go = asyncio.Semaphore(0)
        self.error: Exception | None = None

    async def commit(self, works: Sequence[Any]) -> list[Any]:
        """Wait to be let go; each work is its own result."""
        self.batches.append(list(works))
        await self.go.acquire()
        if self.error is not None:
            raise self.error
        return list(works)


async def running(group: GroupCommit, *works: Any) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.ensure_future(group.run(work)) for work in works]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_works_that_come_meanwhile_share_the_next_transaction() -> None:
    """The first one begins at once, the others are one transaction, in their order."""
    disk = Disk()
    group = GroupCommit(disk.commit)
    tasks = await running(group, FIRST)
    tasks += await running(group, SECOND, THIRD)
    for _ in range(2):
        disk.go.release()
    assert await asyncio.gather(*tasks) == [FIRST, SECOND, THIRD]
    assert disk.batches == [[FIRST], [SECOND, THIRD]]


async def test_an_error_reaches_all_that_shared_the_transaction_and_no_other() -> None:
    """Nobody takes what was rolled back for committed; later works are committed again."""
    disk = Disk()
    group = GroupCommit(disk.commit)
    tasks = await running(group, FIRST)
    tasks += await running(group, SECOND, THIRD)
    disk.go.release()
    assert await tasks[0] is FIRST
    disk.error = OSError("no room")
    disk.go.release()
    found = await asyncio.gather(*tasks[1:], return_exceptions=True)
    assert found == [disk.error, disk.error]
    disk.error = None
    disk.go.release()
    assert await group.run(FIRST) is FIRST


async def test_a_caller_that_leaves_before_its_transaction_writes_nothing() -> None:
    """It need not wait for the transaction of others, and its work is not executed."""
    disk = Disk()
    group = GroupCommit(disk.commit)
    first, second, third = [(await running(group, work))[0] for work in (FIRST, SECOND, THIRD)]
    second.cancel()
    await asyncio.wait({second}, timeout=60)
    assert second.cancelled()
    for _ in range(2):
        disk.go.release()
    assert [await first, await third] == [FIRST, THIRD]
    assert disk.batches == [[FIRST], [THIRD]]


async def test_when_all_callers_of_a_transaction_left_it_is_not_tried_again() -> None:
    """They wait for one another only, and the works behind them are committed."""
    disk = Disk()
    group = GroupCommit(disk.commit)
    (first,) = await running(group, FIRST)
    behind = await running(group, SECOND, THIRD)
    first.cancel()
    await asyncio.wait({first}, timeout=60)
    assert first.cancelled()
    await running(group)
    behind[0].cancel()  # The other caller stays.
    disk.go.release()
    assert await behind[1] is THIRD
    with pytest.raises(asyncio.CancelledError):
        await behind[0]
    assert disk.batches == [[FIRST], [SECOND, THIRD]]


async def test_a_writer_that_was_cancelled_before_it_began_is_replaced() -> None:
    """A loop that cancels all of its tasks leaves no group behind that waits for ever."""
    disk = Disk()
    group = GroupCommit(disk.commit)
    first = asyncio.ensure_future(group.run(FIRST))
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.wait({first})
    disk.go.release()
    assert await asyncio.wait_for(group.run(SECOND), 60) is SECOND
