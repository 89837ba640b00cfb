"""Every figure beside its target, as one Markdown table: `python -m benchmarks [WORD ...]`.

Takes some minutes; words such as `decode call` measure only those. The other files can be run by themselves
too, and then say more.
"""

import argparse
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from benchmarks import bench_builds
from benchmarks.builds import HERE
from benchmarks.measure import Figure, markdown
from gizwits_async import __version__

__all__ = ["main"]

_WORDS = (
    "decode", "payload", "call", "stream", "waiting", "peers", "jobs", "loop", "cold", "growth",
    "nightly", "export", "tenants", "fleet", "store",
)  # fmt: skip


def _help() -> str:
    """Return what each word measures, as the first line of its file says."""
    lines = []
    for word in _WORDS:
        text = Path(__file__).with_name(f"bench_{word}.py").read_text(encoding="utf-8")
        first, _, _ = text.removeprefix('"""').partition("\n")
        lines.append(f"{word:<10}{first.partition(': `')[0]}")
    return "\n".join(lines)


def _head() -> str:
    """Return the day, the Python and the commit that the figures are of."""
    words = ["git", "rev-parse", "--short", "HEAD"]
    ran = subprocess.run(words, cwd=HERE, check=False, capture_output=True, text=True)  # noqa: S603
    build = f"commit {ran.stdout.strip()}" if ran.returncode == 0 else f"version {__version__}"
    return f"{datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}, {build}:"


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
    known = tuple(bench_builds.WORKLOADS) if given.over else _WORDS
    if unknown := set(given.words) - set(known):
        parser.error(
            f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(known)}"
        )
    found: list[Figure] = []
    if given.over:
        found += bench_builds.figures(given.over, given.words)
    else:
        for word in given.words or _WORDS:
            print(f"measuring {word}", file=sys.stderr)
            # Imported on use: garbage collections would walk the modules of all other benchmarks too.
            module = import_module(f"benchmarks.bench_{word}")
            options = {"full": True} if word == "fleet" and given.full else {}
            found += module.figures(**options)
    print(f"{_head()}\n\n{markdown(found)}")


if __name__ == "__main__":
    main()
