"""This checkout over another one, such as yesterday's: `python -m benchmarks.bench_builds PATH`.

Each build runs in a process of its own against one server; the two alternate, and the ratio is taken
within each round. Only public names are used, so that builds of different layout compare.
"""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import process_time

from benchmarks.bench_cold import seconds
from benchmarks.builds import HERE, Build
from benchmarks.measure import table
from benchmarks.served import FIRST, PAGES, served

__all__: list[str] = []

_MODULE = "benchmarks.bench_builds"
_ROUNDS = 40
_CALLS = 300
_PAGES = (["--help"], ["scan", "--help"], ["logs", "--help"])
"""Help pages of the console, each shown by a process of its own."""


class _Free:
    """A quota that always grants."""

    async def acquire(self, *_: object) -> None: ...

    def observe(self, *_: object, **__: object) -> None: ...

    def snapshot(self) -> None: ...

    def retry_after(self) -> None: ...

    async def aclose(self) -> None: ...


async def _work(base: str) -> None:
    """Run the workload that each line of standard input names, and print its CPU seconds."""
    from gizwits_async import Credentials, GizwitsClient, get  # noqa: PLC0415 - of the build under test

    credentials = Credentials(
        enterprise_id="b", enterprise_secret="b", product_key="bench", product_secret="b"
    )
    request = get("/v1/products/bench/nothing", type(None))
    records = 100 * PAGES

    quota = _Free()
    async with GizwitsClient(credentials, base_url=base, quota=quota) as free:  # type: ignore[arg-type]

        async def send() -> None:
            for _ in range(_CALLS):
                await free.send(request)

        async def log() -> None:
            stream = free.devices.data_log("d", start=FIRST - records + 1, end=FIRST + 1)
            assert len([one async for one in stream]) == records

        async def devices() -> None:
            assert len([one async for one in free.devices.search()]) == records

        workloads: dict[str, Callable[[], Awaitable[None]]] = {
            "send": send, "log": log, "devices": devices,
        }  # fmt: skip
        for line in sys.stdin:
            run = workloads[line.strip()]
            gc.collect()
            began = process_time()
            await run()
            print(process_time() - began, flush=True)


def _help_pages(other: str) -> None:
    """Print a table for each help page: the CPU seconds of the whole process."""
    checkouts = {"the other": Path(other), "this": HERE}
    for words in _PAGES:
        found: dict[str, list[float]] = {name: [] for name in checkouts}
        for number in range(_ROUNDS // 2 + 1):
            for name, checkout in checkouts.items():
                taken = seconds(["-m", "gizwits_async.cli", *words], checkout)
                if number:  # The first run writes what Python compiles.
                    found[name].append(taken)
        print(table(f"gizwits-async {' '.join(words)}: CPU", found, "the other"), "\n")


async def main(other: str) -> None:
    """Print a table for each workload."""
    _help_pages(other)
    names = {"send": _CALLS, "log": PAGES, "devices": PAGES}
    with served() as base:
        builds = {
            "the other": Build.start(Path(other), _MODULE, ["--work", base]),
            "this": Build.start(HERE, _MODULE, ["--work", base]),
        }
        for workload, unit in names.items():
            found: dict[str, list[float]] = {name: [] for name in builds}
            for build in builds.values():
                await build.run(workload)
            for _ in range(_ROUNDS):
                for name, build in builds.items():
                    found[name].append(await build.run(workload))
            print(table(f"{workload}: CPU each", found, "the other", unit=unit), "\n")
        for build in builds.values():
            build.stop()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        asyncio.run(_work(sys.argv[2]))
    else:
        asyncio.run(main(sys.argv[1]))
