"""Something happens at the n-th suspension of a program, for every n: no await is left out."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from attrs import define

Pounce = Callable[[], object]


@define(eq=False)
class Stops:
    """Counts the suspensions of all tasks of a loop, and does something once, at one of them."""

    at: int
    """At which, counted from 0."""
    late: bool
    """Whether to wait until what is awaited is there and the task is about to wake: what was granted
    in that moment has no owner any more."""
    pounce: Pounce | None = None
    seen: int = 0
    sprung: bool = False

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count in all tasks that are made from now on."""

        def made(loop: Any, work: Any, **more: Any) -> Any:
            task = asyncio.Task(self._counted(work), loop=loop, **more)
            # One that is cancelled before its first step never gets as far as to await it.
            task.add_done_callback(lambda _: work.close())
            return task

        loop.set_task_factory(made)

    async def _counted(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await _Steps(work, self._passed)

    def _passed(self, awaited: Any) -> None:
        if self.pounce is None:
            return
        if self.seen == self.at:
            self.sprung = True
            if self.late and asyncio.isfuture(awaited):
                # Called before the task's own wake-up, which is added after this one.
                awaited.add_done_callback(lambda _: self.pounce and self.pounce())
            else:
                self.pounce()
        self.seen += 1


@define
class _Steps:
    work: Coroutine[Any, Any, Any]
    passed: Callable[[Any], None]

    def __await__(self) -> Generator[Any, None, Any]:
        error: BaseException | None = None
        while True:
            try:
                awaited = self.work.send(None) if error is None else self.work.throw(error)
            except StopIteration as end:
                return end.value
            self.passed(awaited)
            error = None
            try:
                yield awaited
            except BaseException as thrown:  # noqa: BLE001 - handed on
                error = thrown
