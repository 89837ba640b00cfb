"""How the benchmarks measure: candidates take turns, and ratios are taken inside each round."""

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

__all__ = ["rounds", "table"]


def rounds(
    candidates: Mapping[str, Callable[[], object]], *, repeat: int = 15, least: float = 0.02
) -> dict[str, list[float]]:
    """Return seconds a call for each candidate and round; the machine is noisy, so they alternate."""
    numbers: dict[str, int] = {}
    for name, run in candidates.items():
        began = perf_counter()
        run()
        numbers[name] = max(1, int(least / max(perf_counter() - began, 1e-9)))
    found: dict[str, list[float]] = {name: [] for name in candidates}
    gc.collect()
    gc.disable()
    try:
        for _ in range(repeat):
            for name, run in candidates.items():
                began = perf_counter()
                for _ in range(numbers[name]):
                    run()
                found[name].append((perf_counter() - began) / numbers[name])
    finally:
        gc.enable()
    return found


def table(title: str, found: Mapping[str, list[float]], floor: str, unit: int = 1) -> str:
    """Return a Markdown table: microseconds a unit, units a second, median ratio to the floor."""
    lines = [
        f"| {title} | us each | each second | over {floor} |",
        "| --- | --: | --: | --: |",
    ]
    for name, seconds in found.items():
        each = median(seconds) / unit
        ratio = median(a / b for a, b in zip(seconds, found[floor], strict=True))
        lines.append(f"| {name} | {each * 1e6:,.2f} | {1 / each:,.0f} | {ratio:.2f} |")
    return "\n".join(lines)
