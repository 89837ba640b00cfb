"""A simulated service in a process of its own: `python -m tests.docs.service` serves until its stdin ends.

Not a thread: the blocks of a page and the service would parse source code at the same time, for which
CPython 3.11 raises `SystemError: AST constructor recursion depth mismatch`.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gizwits_async.simulator import Fleet, SimulatedCloud
from gizwits_async.testing import ThreadedSimulator

_ROOT = Path(__file__).parents[2]


@contextmanager
def served() -> Iterator[dict[str, str]]:
    """Serve a small fleet, and yield the environment of its users."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.docs.service"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.communicate()  # closes its stdin


def main() -> None:
    """Serve, and write the environment as one line of JSON."""
    cloud = SimulatedCloud(Fleet.generate(3, 3, now=time.time()), quota=3_600_000)
    with ThreadedSimulator(cloud) as simulator:
        sys.stdout.write(json.dumps(simulator.environment) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
