"""Processes that measure workloads with the package of another checkout or commit, so that builds can alternate."""

import asyncio
import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from attrs import frozen

__all__ = ["HERE", "Build", "checkout"]

HERE = Path(__file__).parents[1]
"""This checkout."""
_BOOT = """import runpy, sys, gizwits_async
sys.path.insert(0, sys.argv[1])
del sys.argv[:2]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)"""
"""The package is that of a checkout, the benchmarks are those of this one."""


@contextmanager
def checkout(build: str) -> Iterator[Path]:
    """Give the folder of a build: a checkout as it is, or a commit of this repository, unpacked."""
    if Path(build).is_dir():
        yield Path(build).resolve()
        return
    with TemporaryDirectory() as folder:
        archive = subprocess.run(  # noqa: S603 - a commit of this repository
            ["git", "archive", build, "gizwits_async"],  # noqa: S607
            cwd=HERE,
            capture_output=True,
            check=True,
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)


@frozen
class Build:
    """A process that prints the CPU seconds of the workload that each line of its input names."""

    _process: subprocess.Popen[str]

    @classmethod
    @contextmanager
    def of(cls, folder: Path, module: str, words: Sequence[str]) -> Iterator[Self]:
        """Run a module of the benchmarks with these words, with the package in a folder."""
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-c", _BOOT, str(HERE), module, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(folder)},
        )
        with process:
            yield cls(process)
            process.terminate()

    async def run(self, workload: str) -> float:
        """Return the CPU seconds of one round."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(workload, file=self._process.stdin, flush=True)
        return float(await asyncio.to_thread(self._process.stdout.readline))
