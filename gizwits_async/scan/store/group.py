"""Group commit: works that come while a transaction is under way share the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from attrs import define, field
from sqlalchemy import Connection

__all__ = ["GroupCommit", "Work"]

T = TypeVar("T")
Work: TypeAlias = Callable[[Connection], T]
"""Some statements of a transaction."""


@define(eq=False)
class _Waiting:
    """Some work whose transaction has not ended."""

    work: Work[Any]
    done: "asyncio.Future[Any]" = field(factory=lambda: asyncio.get_running_loop().create_future())
    left: bool = False
    """Whether its caller was cancelled."""


class GroupCommit:
    """Gathers the works of several tasks into transactions, in the order in which they came.

    A commit waits for the disk, or for a server. Workers that commit a page each would wait for one
    another; together they wait once.
    """

    def __init__(self, commit: Callable[[Sequence[Work[Any]]], Awaitable[Sequence[Any]]]) -> None:
        """Start with nothing to do.

        Args:
            commit: Executes works as one transaction, and returns their results.
        """
        self._commit = commit
        self._waiting: list[_Waiting] = []
        self._batch: list[_Waiting] = []
        """The works of the transaction that is under way."""
        self._writer: asyncio.Task[None] | None = None

    async def run(self, work: Work[T]) -> T:
        """Return the result of some work when it is committed.

        A caller that is cancelled leaves at once if its transaction has not begun, else with its end.

        Raises:
            Exception: What `commit` raised; nothing was written.
        """
        one = _Waiting(work)
        self._waiting.append(one)
        # Done: it was cancelled before its first step, as by a loop that cancels all of its tasks.
        if self._writer is None or self._writer.done():
            self._writer = asyncio.ensure_future(self._write())
        try:
            return await asyncio.shield(one.done)
        except asyncio.CancelledError:
            if one in self._waiting:
                self._waiting.remove(one)
            elif not one.done.done():
                one.left = True
                if all(other.left for other in self._batch):
                    self._writer.cancel()  # Nobody needs it to be tried again.
                await asyncio.wait({one.done})
            raise

    async def _write(self) -> None:
        batch, self._waiting = self._waiting, []
        self._batch = batch
        try:
            results = await self._commit([one.work for one in batch])
        except Exception as error:  # noqa: BLE001 - it belongs to the callers
            for one in batch:
                one.done.set_exception(error)
                one.done.exception()  # Retrieved, or asyncio would log it: the caller may have left.
        except BaseException:
            for one in batch:
                one.done.cancel()
            raise
        else:
            for one, result in zip(batch, results, strict=True):
                one.done.set_result(result)
        finally:
            self._writer = asyncio.ensure_future(self._write()) if self._waiting else None
