"""What the benchmark of the fleet breaks: a network that can fall silent, and a primary with a standby."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from tests.scan.cluster import binaries, temporary, user

__all__ = ["Network", "network", "promoted", "standby"]


class Network:
    """The way to a database server; it can swallow all packets, and lead to another server."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        """Where the socket of the server is."""
        self.silent = False
        """Whether nothing arrives any more, in both directions."""
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        try:
            answers, asks = await asyncio.open_unix_connection(f"{self.folder}/.s.PGSQL.5432")
        except OSError:
            writer.close()
            return
        self._writers |= {writer, asks}
        await asyncio.gather(self._forward(reader, asks), self._forward(answers, writer))

    async def _forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                if not self.silent:
                    target.write(data)
        if not self.silent:
            target.close()

    def cut(self) -> None:
        """End all connections."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()


@asynccontextmanager
async def network(url: str) -> AsyncIterator[tuple[str, Network]]:
    """Put a network before a server; gives the URL through it."""
    way = Network(url.partition("host=")[2])
    server = await asyncio.start_server(way.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    database = url.partition("?")[0].rpartition("/")[2]
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/{database}?sslmode=disable", way
    finally:
        server.close()
        way.cut()


@contextmanager
def standby(primary: str) -> Iterator[tuple[str, Path]]:
    """Run a standby of a server; gives the folder of its socket, and that of its data."""
    source = primary.partition("host=")[2]
    with temporary() as folder:

        def run(name: str, *words: str) -> None:
            command = [str(binaries() / name), *words]
            subprocess.run(  # noqa: S603 - the programs of the server
                command, check=True, capture_output=True, cwd=folder, timeout=120, **user()
            )

        data = folder / "data"
        run(
            "pg_basebackup",
            "-h",
            source,
            "-U",
            "postgres",
            "-D",
            str(data),
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
        )
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(f"unix_socket_directories='{folder}'\n")
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "start")
        try:
            yield str(folder), data
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")


def promoted(primary: str, data: Path) -> None:
    """Lose the primary without a warning, and promote its standby."""
    source = primary.partition("host=")[2]
    for words in (
        ["-D", f"{source}/data", "-m", "immediate", "stop"],
        ["-D", str(data), "-w", "promote"],
    ):
        subprocess.run(  # noqa: S603 - the programs of the server
            [str(binaries() / "pg_ctl"), *words], check=True, capture_output=True, cwd=data.parent,
            timeout=60, **user(),
        )  # fmt: skip
