"""Every figure beside its target, as one Markdown table: `python -m benchmarks [WORD ...]`.

Takes some minutes; words such as `decode call` measure only those. The other files can be run by themselves
too, and then say more.
"""

import argparse
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from benchmarks import (
    bench_builds,
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
from benchmarks.measure import Figure, markdown

__all__ = ["FIGURES", "main"]

FIGURES: dict[str, Callable[[], list[Figure]]] = {
    "decode": bench_decode.figures,
    "payload": bench_payload.figures,
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


def _help() -> str:
    """Return what each word measures, as the first line of its file says."""
    lines = []
    for name, figures in FIGURES.items():
        first = str(sys.modules[figures.__module__].__doc__).partition("\n")[0]
        lines.append(f"{name:<10}{first.partition(': `')[0]}")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description=__doc__,
        epilog=_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="what to measure; all by default")
    parser.add_argument(
        "--over",
        metavar="BUILD",
        help="measure over another build instead, a commit or the folder of a checkout; words are "
        + ", ".join(bench_builds.WORKLOADS),
    )
    parser.add_argument(
        "--full",
        action="store_true",
        help="give `fleet` the numbers of tenants and of kills that its targets are for: half an hour",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; an unknown word is an error."""
    parser = _parser()
    given = parser.parse_args(arguments)
    known = bench_builds.WORKLOADS if given.over else FIGURES
    if unknown := set(given.words) - set(known):
        parser.error(
            f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(known)}"
        )
    if given.over:
        found = bench_builds.figures(given.over, given.words)
    else:
        found = []
        for word in given.words or FIGURES:
            print(f"measuring {word}", file=sys.stderr)
            full = word == "fleet" and given.full
            found += bench_fleet.figures(full=True) if full else FIGURES[word]()
    print(f"{datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}:\n")
    print(markdown(found))


if __name__ == "__main__":
    main()
