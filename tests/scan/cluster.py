"""A PostgreSQL cluster of one's own, in a temporary folder, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def missing() -> str | None:
    """Return why there can be no cluster here; None if there can."""
    if _binaries() is None:
        return "no PostgreSQL server is installed (/usr/lib/postgresql/*/bin)"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL does not run as root, and there is no runuser"
    try:
        import asyncpg  # noqa: F401, PLC0415 - its own extra
    except ModuleNotFoundError:
        return "asyncpg is not installed"
    return None


def _binaries() -> Path | None:
    return max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)


@contextmanager
def cluster() -> Iterator[str]:
    """Run a server that listens on a socket in a temporary folder; give its URL."""
    initdb = _binaries()
    assert initdb is not None
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="gz"))
    if as_user:
        shutil.chown(folder, "postgres")

    def run(name: str, *arguments: str) -> None:
        command = [*as_user, str(initdb.with_name(name)), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=60)

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--encoding=UTF8", "--no-sync")
    options = f"-c listen_addresses= -c unix_socket_directories={folder}"
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+asyncpg://postgres@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
