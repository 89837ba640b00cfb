"""A process that measures workloads with the package of one checkout, so that two builds can alternate."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from attrs import frozen

__all__ = ["HERE", "Build"]

HERE = Path(__file__).parents[1]
"""This checkout."""
_BOOT = """import runpy, sys, gizwits_async
sys.path.insert(0, sys.argv[1])
del sys.argv[:2]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)"""
"""The package is that of a checkout, the benchmarks are those of this one."""


@frozen
class Build:
    """A process that prints the CPU seconds of the workload that each line of its input names."""

    _process: subprocess.Popen[str]

    @classmethod
    def start(cls, checkout: Path, module: str, words: Sequence[str]) -> Self:
        """Start a benchmark with these words, with the package of a checkout."""
        return cls(
            subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-P", "-c", _BOOT, str(HERE), module, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(checkout)},
            )
        )

    async def run(self, workload: str = "") -> float:
        """Return the CPU seconds of one round."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(workload, file=self._process.stdin, flush=True)
        return float(await asyncio.to_thread(self._process.stdout.readline))

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()
