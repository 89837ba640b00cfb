"""The same three jobs by other clients, each over ours: `python -m benchmarks.bench_peers`.

A peer that is not installed is left out. `openapi-python-client` generates its client anew each time.
"""

import asyncio
import warnings
from contextlib import AsyncExitStack
from functools import partial

from benchmarks.bench_call import many
from benchmarks.measure import Figure, markdown, over, table, turns
from benchmarks.peers import FLOORS, LISTINGS, OURS, jobs_of, walks
from benchmarks.served import PAGES, served

__all__ = ["figures"]

_CALLS = 100
_CALL = 0.67
"""For one call over bare aiohttp: ours, with its quota, time limits and retries, may cost 1.5 of that."""


async def _measured(repeat: int) -> dict[str, dict[str, list[float]]]:
    async with AsyncExitStack() as stack:
        base = stack.enter_context(served())
        every = await jobs_of(stack, base, peers=True)
        jobs = {name: one for name, one in every.items() if name not in FLOORS}
        calls = {name: partial(many, one.call, _CALLS) for name, one in jobs.items() if one.call}
        found = {"call": await turns(calls, repeat=repeat)}
        for name in LISTINGS:
            found[name] = await turns(walks(jobs, name), repeat=repeat)
        return found


def figures(repeat: int = 15, *, show: bool = False) -> list[Figure]:
    """Measure CPU of this process; each candidate over ours, so that more than 1 means slower."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        measured = asyncio.run(_measured(repeat))
    if show:
        for name, found in measured.items():
            print(
                table(f"CPU, {name}", found, OURS, unit=_CALLS if name == "call" else PAGES), "\n"
            )
    return [
        Figure(
            f"{name}: {peer}, over ours",
            over(found, peer, OURS),
            _CALL if name == "call" and peer.startswith("aiohttp") else 1,
            least=True,
        )
        for name, found in measured.items()
        for peer in found
        if peer != OURS
    ]


if __name__ == "__main__":
    print(markdown(figures(show=True)))
