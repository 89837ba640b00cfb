"""How the benchmarks measure, and figures beside their targets.

Candidates alternate, and the ratio of two is taken within each round: measured one after the other, other load on
the machine moved such ratios by a third.
"""

import gc
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import log
from statistics import median
from time import process_time

from attrs import frozen

__all__ = ["Figure", "exponent", "heap_frozen", "markdown", "over", "repeated", "table", "turns"]


@frozen
class Figure:
    """One figure of ours, and what it should be: a figure that cannot miss says nothing."""

    what: str
    found: float
    target: float
    """At most this, or at least this if `least`."""
    unit: str = ""
    least: bool = False
    beside: "Figure | None" = None
    """A second figure of the same row, such as the ratio to another floor."""

    @property
    def met(self) -> bool:
        """Whether the target is met, and that of the figure beside it."""
        met = self.found >= self.target if self.least else self.found <= self.target
        return met and (self.beside is None or self.beside.met)


def markdown(figures: Sequence[Figure]) -> str:
    """Return the figures beside their targets as a Markdown table."""
    lines = ["| what | target | found | |", "| --- | --: | --: | --- |"]
    for one in figures:
        both = [one, *([one.beside] if one.beside else [])]
        bound = "at least" if one.least else "at most"
        target = f"{bound} {' / '.join(f'{each.target:,g}{each.unit}' for each in both)}"
        what = " / ".join(each.what for each in both)
        found = " / ".join(f"{each.found:,.2f}{each.unit}" for each in both)
        verdict = "met" if one.met else "**missed**"
        lines.append(f"| {what} | {target} | {found} | {verdict} |")
    return "\n".join(lines)


async def turns(
    candidates: Mapping[str, Callable[[], Awaitable[object]]], *, repeat: int = 15
) -> dict[str, list[float]]:
    """Return CPU seconds of this process for each candidate and round; candidates alternate.

    CPU and not time, since the server is another process and the machine is shared.
    """
    found: dict[str, list[float]] = {name: [] for name in candidates}
    for run in candidates.values():
        await run()
    for _ in range(repeat):
        for name, run in candidates.items():
            gc.collect()
            began = process_time()
            await run()
            found[name].append(process_time() - began)
    return found


@contextmanager
def heap_frozen() -> Iterator[None]:
    """Keep what the process holds, such as modules, out of garbage collections: 170,000 objects take 85 ms."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def repeated(work: Callable[[], object], times: int) -> Callable[[], Awaitable[None]]:
    """Return a candidate for `turns` that does the same work many times, as a clock is too coarse for one."""

    async def run() -> None:
        for _ in range(times):
            work()

    return run


def over(found: Mapping[str, list[float]], name: str, floor: str) -> float:
    """Return the median of the ratios of two candidates, each taken inside one round."""
    return median(a / b for a, b in zip(found[name], found[floor], strict=True))


def exponent(costs: Mapping[int, float]) -> float:
    """Return the k of `cost = c * n ** k` that fits the costs of two n; 1 is linear."""
    (n, cost), (larger, dearer) = sorted(costs.items())
    return log(dearer / cost) / log(larger / n)


def table(title: str, found: Mapping[str, list[float]], floor: str, unit: int = 1) -> str:
    """Return a Markdown table: microseconds a unit, units a second, median ratio to the floor."""
    lines = [
        f"| {title} | us each | each second | over {floor} |",
        "| --- | --: | --: | --: |",
    ]
    for name, seconds in found.items():
        each = median(seconds) / unit
        ratio = over(found, name, floor)
        lines.append(f"| {name} | {each * 1e6:,.2f} | {1 / each:,.0f} | {ratio:.2f} |")
    return "\n".join(lines)
