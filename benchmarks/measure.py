"""How the benchmarks measure, and figures beside their targets.

Work inside this process is measured by pytest-benchmark, candidate after candidate. Work over sockets is not: other
load on the machine moved such ratios by a third. Those candidates are interleaved, and the ratio is taken
within each round.
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import log
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import TypeAlias

from attrs import frozen

__all__ = ["Figure", "Measured", "exponent", "markdown", "measured", "over", "table", "turns"]

Measured: TypeAlias = Mapping[str, Mapping[str, float]]
"""Group -> candidate -> CPU seconds of one run, in its fastest round."""

_OPTIONS = (
    # Not the suite's: they keep pytest-benchmark away, which does not measure beside xdist.
    "--override-ini=addopts=--import-mode=importlib -p no:gizwits_async -p no:randomly",
    "--quiet",
    "-Wignore",
    "--benchmark-timer=time.process_time",  # CPU and not time: the machine is shared.
    "--benchmark-max-time=2",
    "--benchmark-warmup=on",
    "--benchmark-warmup-iterations=100",
    "--benchmark-sort=name",
    "--benchmark-columns=min,median,stddev,rounds",
)


@frozen
class Figure:
    """One figure of ours, and what it should be."""

    what: str
    found: float
    target: float | None = None
    """At most this, or at least this if `least`; None: there is no target."""
    unit: str = ""
    least: bool = False
    beside: "Figure | None" = None
    """A second figure of the same row, such as the ratio to another floor."""

    @property
    def met(self) -> bool | None:
        """Whether the target is met, and that of the figure beside it; None without one."""
        if self.target is None:
            return None
        met = self.found >= self.target if self.least else self.found <= self.target
        return met and (self.beside is None or self.beside.met is not False)


def measured(files: Sequence[str], *options: str) -> Measured:
    """Run the benchmarks in these files of this folder; what pytest-benchmark shows goes to stderr.

    The fastest round of each candidate counts: other load only slows a round down, so the ratio of two
    minima is free of it.

    Raises:
        CalledProcessError: A benchmark failed.
    """
    paths = [str(Path(__file__).with_name(name)) for name in files]
    with TemporaryDirectory() as folder:
        results = Path(folder) / "results.json"
        words = [sys.executable, "-m", "pytest", *paths, *_OPTIONS, *options]
        # A process of its own: what pytest leaves in memory would be work for the garbage collector
        # in all that is measured after it. And no option of some other run of pytest.
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        subprocess.run(  # noqa: S603 - our own program
            [*words, f"--benchmark-json={results}"], check=True, stdout=sys.stderr, env=env
        )
        benchmarks = json.loads(results.read_bytes())["benchmarks"]
    found: dict[str, dict[str, float]] = {}
    for one in benchmarks:
        group = found.setdefault(one["group"], {})
        group[one["params"]["candidate"]] = one["stats"]["min"]
    return found


def markdown(figures: Sequence[Figure]) -> str:
    """Return the figures beside their targets as a Markdown table."""
    lines = ["| what | target | found | |", "| --- | --: | --: | --- |"]
    for one in figures:
        both = [one, *([one.beside] if one.beside else [])]
        bound = "at least" if one.least else "at most"
        targets = [f"{each.target:,g}{each.unit}" for each in both if each.target is not None]
        target = f"{bound} {' / '.join(targets)}" if targets else ""
        what = " / ".join(each.what for each in both)
        found = " / ".join(f"{each.found:,.2f}{each.unit}" for each in both)
        verdict = {None: "", True: "met", False: "**missed**"}[one.met]
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
