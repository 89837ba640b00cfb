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
def served() -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Serve a small fleet; yield the environment of its users, and words of the pages -> theirs."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.docs.service"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        environment, words = json.loads(process.stdout.readline())
        yield environment, words
        process.communicate()  # closes its stdin


def main() -> None:
    """Serve, and write environment and words as one line of JSON."""
    cloud = SimulatedCloud(Fleet.generate(3, 3, now=time.time()), quota=3_600_000)
    device = next(one for one in cloud.fleet.devices if one.is_online)
    with ThreadedSimulator(cloud) as simulator:
        words = {
            "ACCF23A1B2C3": device.mac,
            "DID": device.did,
            "http://127.0.0.1:8080": simulator.url,
        }
        sys.stdout.write(json.dumps([simulator.environment, words]) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
