"""This checkout over another build of the package: `python -m benchmarks [WORD ...] --over COMMIT_OR_CHECKOUT`.

Each build runs in a process of its own against the same servers; the two alternate, and the ratio is taken
within each round. Only public names are used, so that builds of different layout compare.
"""

import asyncio
import json
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.builds import HERE, Build, checkout
from benchmarks.measure import Figure, over
from benchmarks.served import served

__all__ = ["WORKLOADS", "figures"]

_NO_SLOWER = 1.05
WORKLOADS: Mapping[str, Mapping[str, tuple[str, float]]] = {
    "call": {"call": ("one call of the default client", _NO_SLOWER)},
    "stream": {
        "devices": ("a listing of 2,000 devices", _NO_SLOWER),
        "log": ("a log of 2,000 records", _NO_SLOWER),
        "json_lines": ("`json_lines` of 2,000 devices, whole", 0.5),
    },
    "quota": {"permit": ("a permit of the quota and `observe` with headers", 0.5)},
    "payload": {
        "standard": ("codec, standard, 64 points", 0.45),
        "var_len": ("codec, var_len, 64 points", 0.45),
    },
    "store": {"scan": ("scan into SQLite", 0.5)},
}
"""Word of the command line -> workload -> what it is, and the most that it may cost over the other build."""


async def _ratios(folder: Path, names: Collection[str], rounds: int) -> dict[str, float]:
    """Return for each workload its CPU here over that in the package of a folder."""
    # Here, since it loads the simulator, which every other benchmark would hold too.
    from benchmarks.bench_store import served_fleet  # noqa: PLC0415

    module = "benchmarks.workloads"
    with ExitStack() as stack:
        given = stack.enter_context(served_fleet()) if "scan" in names else []
        words = [stack.enter_context(served()), json.dumps(given)]
        builds = {
            name: stack.enter_context(Build.of(where, module, words))
            for name, where in {"other": folder, "here": HERE}.items()
        }
        ratios = {}
        for name in names:
            for build in builds.values():
                await build.run(name)  # Loads what is loaded on first use.
            found: dict[str, list[float]] = {one: [] for one in builds}
            for _ in range(rounds):
                for one, build in builds.items():
                    found[one].append(await build.run(name))
            ratios[name] = over(found, "here", "other")
        return ratios


def figures(build: str, words: Collection[str] = (), rounds: int = 20) -> list[Figure]:
    """Measure the workloads of some words, or of all, over another build.

    Args:
        build: A commit of this repository, or the folder of a checkout.
        words: Keys of `WORKLOADS`.
        rounds: How often the two alternate.
    """
    rows = {
        name: row for word, works in WORKLOADS.items() if not words or word in words
        for name, row in works.items()
    }  # fmt: skip
    with checkout(build) as folder:
        ratios = asyncio.run(_ratios(folder, rows, rounds))
    return [
        Figure(f"{what}, over {build}", ratios[name], target)
        for name, (what, target) in rows.items()
    ]
