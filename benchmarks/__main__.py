"""Every figure beside its target, as one Markdown table: `python -m benchmarks`.

Takes some minutes. A name or more, such as `decode`, measures only those. pytest-benchmark takes its own
options, in one word each: `python -m benchmarks decode --benchmark-autosave` keeps a run,
`--benchmark-compare` sets a later one beside it; its table goes to stderr. The other files can be run by
themselves too, and then say more. `python -m benchmarks fleet --full` takes the numbers of tenants and of kills that
the targets are for, and half an hour.
"""

import platform
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from benchmarks import (
    bench_call,
    bench_cold,
    bench_decode,
    bench_export,
    bench_fleet,
    bench_growth,
    bench_jobs,
    bench_loop,
    bench_nightly,
    bench_payload,
    bench_peers,
    bench_store,
    bench_stream,
    bench_tenants,
    bench_waiting,
)
from benchmarks.measure import Figure, Measured, markdown, measured

_TIMED: Mapping[str, Callable[[Measured], list[Figure]]] = {
    "decode": bench_decode.figures,
    "payload": bench_payload.figures,
}
"""What pytest-benchmark measures."""
_OTHERS: Mapping[str, Callable[[], list[Figure]]] = {
    "call": bench_call.figures,
    "stream": bench_stream.figures,
    "waiting": bench_waiting.figures,
    "peers": bench_peers.figures,
    "jobs": bench_jobs.figures,
    "loop": bench_loop.figures,
    "cold": bench_cold.figures,
    "growth": bench_growth.figures,
    "nightly": bench_nightly.figures,
    "export": bench_export.figures,
    "tenants": bench_tenants.figures,
    "fleet": bench_fleet.figures,
    "store": bench_store.figures,
}
"""What goes over sockets, memory, whole processes, and how cost grows."""


def _help() -> str:
    """Return what each word measures, as the first line of its file says."""
    lines = [str(__doc__)]
    for name, figures in {**_TIMED, **_OTHERS}.items():
        first = str(sys.modules[figures.__module__].__doc__).partition("\n")[0]
        lines.append(f"{name:<10}{first.partition(': `')[0]}")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Measure and print; an unknown name is an error."""
    if "--help" in arguments:
        print(_help())
        return 0
    full = "--full" in arguments
    arguments = [one for one in arguments if one != "--full"]
    names = [one for one in arguments if not one.startswith("--benchmark")]
    options = [one for one in arguments if one.startswith("--benchmark")]
    if unknown := set(names) - {*_TIMED, *_OTHERS}:
        known = ", ".join([*_TIMED, *_OTHERS])
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {known}")
        return 2
    asked = names or [*_TIMED, *_OTHERS]
    found: list[Figure] = []
    if timed := [name for name in asked if name in _TIMED]:
        timings = measured([f"bench_{name}.py" for name in timed], *options)
        found += [figure for name in timed for figure in _TIMED[name](timings)]
    for name in asked:
        if name in _OTHERS:
            print(f"measuring {name}", file=sys.stderr)
            found += bench_fleet.figures(full=full) if name == "fleet" else _OTHERS[name]()
    print(f"{datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}:\n")
    print(markdown(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
