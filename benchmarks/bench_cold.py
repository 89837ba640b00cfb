"""What a start costs, of an import and of the console: `python -m benchmarks.bench_cold`."""

import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from statistics import median

from benchmarks.measure import Figure, markdown, over
from gizwits_async.testing import ThreadedSimulator

__all__ = ["figures"]

_PROGRAMS = {
    "pass": ["-c", "pass"],
    "import aiohttp": ["-c", "import aiohttp"],
    "import GizwitsClient": ["-c", "from gizwits_async import GizwitsClient"],
    "and its devices": [
        "-c",
        "from benchmarks.client import client; client('http://[::1]').devices",
    ],
    "import cyclopts": ["-c", "import cyclopts"],
    "import both": ["-c", "import aiohttp, cyclopts"],
    "gizwits-async --help": ["-m", "gizwits_async.cli", "--help"],
    "gizwits-async devices": ["-m", "gizwits_async.cli", "devices"],
}


def _seconds(arguments: list[str], env: Mapping[str, str]) -> float:
    """Return the CPU seconds of one Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # noqa: S603
        [sys.executable, *arguments], check=True, capture_output=True, env=env
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def figures(repeat: int = 15) -> list[Figure]:
    """Measure whole processes that take turns; the start of Python itself is taken off imports."""
    with ThreadedSimulator() as simulator:
        env = {**os.environ, **simulator.environment}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        return _figures(repeat, env)


def _figures(repeat: int, env: Mapping[str, str]) -> list[Figure]:
    found: dict[str, list[float]] = {name: [] for name in _PROGRAMS}
    for arguments in _PROGRAMS.values():
        _seconds(arguments, env)  # So that what is compiled is written down.
    for _ in range(repeat):
        for name, arguments in _PROGRAMS.items():
            found[name].append(_seconds(arguments, env))
    start = median(found["pass"])
    bare = {name: [one - start for one in seconds] for name, seconds in found.items()}
    return [
        Figure(
            "`from gizwits_async import GizwitsClient` over `import aiohttp`",
            over(bare, "import GizwitsClient", "import aiohttp"),
            1.3,
        ),
        Figure(
            "the same, and a client's `devices` loaded, over `import aiohttp`",
            over(bare, "and its devices", "import aiohttp"),
            1.5,
        ),
        Figure(
            "console program, `--help`, over `python -c 'import cyclopts'`",
            over(found, "gizwits-async --help", "import cyclopts"),
            3,
        ),
        Figure(
            "console program, `devices` of a simulator, over `python -c 'import cyclopts'`",
            over(found, "gizwits-async devices", "import cyclopts"),
            3,
        ),
        Figure(
            "the same over `python -c 'import aiohttp, cyclopts'`, without which it cannot be",
            over(found, "gizwits-async devices", "import both"),
            1.5,
        ),
    ]


if __name__ == "__main__":
    print(markdown(figures()))
