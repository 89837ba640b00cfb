"""Installs generators and schedulers at fixed versions, once a machine: they stay in the user's cache."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

__all__ = ["NPM", "NPM_PACKAGES", "npm_tools", "python_environment", "python_tools", "run"]

NPM = shutil.which("npm")
"""npm; None where Node is not installed."""
NPM_PACKAGES = (
    "openapi-typescript@7.13.0",
    "@hey-api/openapi-ts@0.95.0",
    "orval@7.13.2",
    "typescript@5.9.3",
    "@stoplight/prism-cli@5.14.2",
)
_GENERATORS = (
    "openapi-python-client==0.29.1",
    "datamodel-code-generator==0.89.0",
    "httpx==0.28.1",
    "mypy",
    "ruff",
)
_ROOT = Path(__file__).parents[2]
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gizwits-async-contract"


def run(folder: Path, *command: object, **environment: str) -> str:
    """Run a program in a folder and return what it wrote; fail if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def npm_tools() -> Path:
    """Return a folder whose `node_modules` has the packages."""
    return _installed(NPM_PACKAGES, _install_npm)


def python_tools() -> Path:
    """Return the folder with the programs of an environment that has the generators."""
    return python_environment(*_GENERATORS)


def python_environment(*packages: str, extras: str = "") -> Path:
    """Return the folder with the programs of an environment that has the packages.

    Args:
        packages: What pip takes.
        extras: Of our package, whose dependencies are installed too. Its code there may be old: put the
            tree into `PYTHONPATH`.
    """

    def install(folder: Path) -> None:
        run(folder, sys.executable, "-m", "venv", "venv")
        own = [f"{_ROOT}[{extras}]"] if extras else []
        run(folder, folder / "venv" / "bin" / "pip", "install", "-q", *packages, *own)

    return _installed((sys.version, *packages, extras), install) / "venv" / "bin"


def _install_npm(folder: Path) -> None:
    (folder / "package.json").write_text('{"private": true}')
    run(folder, "npm", "install", "--no-audit", "--no-fund", "--silent", *NPM_PACKAGES)


def _installed(what: tuple[str, ...], install: Callable[[Path], None]) -> Path:
    folder = _CACHE / hashlib.sha256(repr(what).encode()).hexdigest()[:16]
    complete = folder / "complete"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            install(folder)
            complete.touch()
    return folder
