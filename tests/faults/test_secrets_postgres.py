"""The password of a PostgreSQL, in errors and the locals of their frames, logs and objects."""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gizwits_async import GizwitsClient
from gizwits_async.scan import FleetScan, ScanStoreError, SqlStore
from gizwits_async.scan.export import export
from tests.canaries import CANARIES, CREDENTIALS, Heard, listening, quoted
from tests.faults.test_secrets_stores import assert_hidden

POSTGRES = f"postgresql+asyncpg://user:{quoted('postgres password')}@127.0.0.1"


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Record all logs and warnings."""
    with listening() as all_of_it:
        yield all_of_it


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ask for the password in clear, and refuse it."""
    try:
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        first = await reader.readexactly(length - 4)
        if first[:4] == struct.pack("!i", 80877103):  # asks for TLS
            writer.write(b"N")
            (length,) = struct.unpack("!i", await reader.readexactly(4))
            await reader.readexactly(length - 4)
        writer.write(b"R" + struct.pack("!ii", 8, 3))
        kind = await reader.readexactly(1)
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        password = (await reader.readexactly(length - 4)).rstrip(b"\0")
        assert (kind, password) == (b"p", CANARIES["postgres password"].encode())
        fields = b"SFATAL\0C28P01\0Mpassword authentication failed\0\0"
        writer.write(b"E" + struct.pack("!i", len(fields) + 4) + fields)
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


@pytest.mark.fault("P10")
@pytest.mark.parametrize("where", ["nobody there", "refused"])
@pytest.mark.parametrize("way", ["open", "peek", "scan", "export"])
async def test_a_postgres_that_refuses_shows_no_password(
    where: str, way: str, heard: Heard, tmp_path: Path
) -> None:
    """The error names the host, and nothing of the password; the locals of its frames neither."""
    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = 1 if where == "nobody there" else server.sockets[0].getsockname()[1]
    url = f"{POSTGRES}:{port}/fleet"
    store = SqlStore(url)
    ways: dict[str, Callable[[], Awaitable[Any]]] = {
        "open": store.open,
        "peek": store.peek,
        "export": lambda: export(url, tmp_path, "jsonl"),
        "scan": lambda: FleetScan(GizwitsClient(CREDENTIALS), url, start=5).run(),
    }
    with pytest.raises(ScanStoreError, match=r"127\.0\.0\.1") as caught:
        await ways[way]()
    await store.aclose()
    server.close()
    assert_hidden(heard, caught.value, store)


@pytest.mark.fault("P10")
@pytest.mark.parametrize("url", ["postgresql://u:{}@h:port/db", "mysql://u:{}@h/db", "x://{}@h/db"])
def test_a_store_url_that_is_none_is_told_without_it(url: str, heard: Heard) -> None:
    """Neither message nor locals hold it."""
    whole = url.format(quoted("postgres password"))
    for make in (SqlStore, lambda where: FleetScan(GizwitsClient(CREDENTIALS), where, start=5)):
        with pytest.raises(ValueError, match="store") as caught:
            make(whole)
        assert_hidden(heard, caught.value)
