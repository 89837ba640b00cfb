"""All targets beside what was found, as one Markdown table: `python -m benchmarks`.

Takes some minutes. A name or more, such as `decode`, measures only those; each file can also be run
by itself and then says more.
"""

import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks import (
    bench_call,
    bench_decode,
    bench_growth,
    bench_import,
    bench_peers,
    bench_stream,
    bench_tenants,
    bench_waiting,
)
from benchmarks.measure import Figure, markdown

_QUESTIONS: dict[str, Callable[[], list[Figure]]] = {
    "decode": bench_decode.figures,
    "call": bench_call.figures,
    "stream": bench_stream.figures,
    "waiting": bench_waiting.figures,
    "peers": bench_peers.figures,
    "import": bench_import.figures,
    "growth": bench_growth.figures,
    "tenants": bench_tenants.figures,
}


def main(names: list[str]) -> int:
    """Measure and print; an unknown name is an error."""
    if unknown := set(names) - set(_QUESTIONS):
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(_QUESTIONS)}")
        return 2
    found: list[Figure] = []
    for name in names or _QUESTIONS:
        print(f"measuring {name}", file=sys.stderr)
        found += _QUESTIONS[name]()
    print(f"{datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}:\n")
    print(markdown(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
