"""How the benchmarks measure: candidates take turns, and ratios are taken inside each round."""

import gc
from collections.abc import Awaitable, Callable, Mapping
from math import log
from statistics import median
from time import perf_counter, process_time

from attrs import frozen

__all__ = ["Figure", "exponent", "markdown", "over", "rounds", "table", "turns"]


@frozen
class Figure:
    """One figure of ours, and what it should be."""

    what: str
    found: float
    target: float | None = None
    """At most this, or at least this if `least`; None: there is no target, it is only told."""
    unit: str = ""
    least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.found >= self.target if self.least else self.found <= self.target


def markdown(figures: list[Figure]) -> str:
    """Return the figures beside their targets as a Markdown table."""
    lines = ["| what | target | found | |", "| --- | --: | --: | --- |"]
    for one in figures:
        bound = "at least" if one.least else "at most"
        target = "" if one.target is None else f"{bound} {one.target:,g}{one.unit}"
        verdict = {None: "", True: "met", False: "**missed**"}[one.met]
        lines.append(f"| {one.what} | {target} | {one.found:,.2f}{one.unit} | {verdict} |")
    return "\n".join(lines)


def rounds(
    candidates: Mapping[str, Callable[[], object]], *, repeat: int = 15, least: float = 0.02
) -> dict[str, list[float]]:
    """Return CPU seconds a call for each candidate and round; the machine is noisy: they alternate."""
    numbers: dict[str, int] = {}
    for name, run in candidates.items():
        began = perf_counter()
        run()
        numbers[name] = max(1, int(least / max(perf_counter() - began, 1e-9)))
    found: dict[str, list[float]] = {name: [] for name in candidates}
    gc.collect()
    gc.disable()
    try:
        for number in range(repeat):
            # There and back: who comes after a small one pays for the memory that it gave back.
            for name in sorted(candidates, key=list(candidates).index, reverse=number % 2 == 1):
                run = candidates[name]
                for _ in range(numbers[name] // 4):
                    run()
                began = process_time()
                for _ in range(numbers[name]):
                    run()
                found[name].append((process_time() - began) / numbers[name])
    finally:
        gc.enable()
    return found


async def turns(
    candidates: Mapping[str, Callable[[], Awaitable[object]]], *, repeat: int = 15
) -> dict[str, list[float]]:
    """Return CPU seconds of this process a turn, for each candidate and round; they alternate.

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


def over(found: Mapping[str, list[float]], name: str, floor: str) -> float:
    """Return the median of the ratios of two candidates, each taken inside one round."""
    return median(a / b for a, b in zip(found[name], found[floor], strict=True))


def exponent(costs: Mapping[int, float]) -> float:
    """Return the k of `cost = c * n ** k` that fits the two largest n; 1 is linear."""
    (n, cost), (larger, dearer) = sorted(costs.items())[-2:]
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
