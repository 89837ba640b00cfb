"""A scan into SQLite as a skilled hand writes it without this package: the floor of `bench_store.py`."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import aiohttp
import msgspec
from attrs import frozen

__all__ = ["TABLES", "TICK", "scan"]

TABLES = """PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS data_log (did TEXT, timestamp REAL, attrs TEXT);
CREATE TABLE IF NOT EXISTS online_log (did TEXT, timestamp REAL, type TEXT, payload TEXT);
CREATE TABLE IF NOT EXISTS cmd_log (did TEXT, timestamp REAL, type TEXT, payload TEXT);
CREATE INDEX IF NOT EXISTS data_by_device ON data_log (did, timestamp);
CREATE INDEX IF NOT EXISTS online_by_device ON online_log (did, timestamp);
CREATE INDEX IF NOT EXISTS cmd_by_device ON cmd_log (did, timestamp);
CREATE TABLE IF NOT EXISTS progress (did TEXT, log TEXT, upto INTEGER, context TEXT, PRIMARY KEY (did, log));"""
TICK = "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?)"
"""Notes how far a log was read: device, log, second, context."""
_WINDOW = 172_799
"""Seconds that one query of a log owns."""
_WORKERS = 8
_encode = msgspec.json.Encoder().encode


class _Meta(msgspec.Struct):
    context: str | None = None
    total: int | None = None


class _Listed(msgspec.Struct):
    did: str


class _Devices(msgspec.Struct):
    objects: list[_Listed]


class _Point(msgspec.Struct):
    ts: float
    attrs: dict[str, Any]


class _Event(msgspec.Struct):
    timestamp: float
    type: str = ""
    payload: Any = None


class _Points(msgspec.Struct):
    objects: list[_Point]
    meta: _Meta


class _Events(msgspec.Struct):
    objects: list[_Event]
    meta: _Meta


_DECODE: dict[str, Callable[[bytes], Any]] = {
    "data": msgspec.json.Decoder(_Points).decode,
    "cmd": msgspec.json.Decoder(_Events).decode,
    "online": msgspec.json.Decoder(_Events).decode,
}


@frozen
class _Writer:
    """Writes a page at a time, each a transaction."""

    base: sqlite3.Connection
    lock: asyncio.Lock

    async def write(self, did: str, log: str, rows: list[Any], end: int, token: str | None) -> None:
        async with self.lock:
            await asyncio.to_thread(self._write, did, log, rows, end, token)

    def _write(self, did: str, log: str, rows: list[Any], end: int, token: str | None) -> None:
        if log == "data":
            cells: list[tuple[Any, ...]] = [
                (did, row.ts, _encode(row.attrs).decode()) for row in rows
            ]
        elif log == "cmd":
            cells = [(did, row.timestamp, row.type, row.payload) for row in rows]
        else:
            cells = [(did, row.timestamp, row.type, _encode(row.payload).decode()) for row in rows]
        marks = "?, ?, ?" if log == "data" else "?, ?, ?, ?"
        base = self.base
        base.execute("BEGIN IMMEDIATE")
        base.executemany(f"INSERT INTO {log}_log VALUES ({marks})", cells)  # noqa: S608
        base.execute(TICK, (did, log, end, token))
        base.execute("COMMIT")


@frozen
class _Product:
    """The calls of one product."""

    session: aiohttp.ClientSession
    root: str
    headers: dict[str, str]

    async def get(self, path: str, **query: Any) -> bytes:
        wanted = {name: str(value) for name, value in query.items() if value is not None}
        async with self.session.get(
            f"{self.root}/{path}", params=wanted, headers=self.headers
        ) as response:
            return await response.read()

    async def walk(self, did: str, log: str, start: int, end: int, writer: _Writer) -> int:
        """Store the records of a window, and count them."""
        context, count = None, 0
        while True:
            body = await self.get(
                f"devices/{did}/{log}", start_ts=start - 1, end_ts=end, sort="asc",
                limit=100, context=context,
            )  # fmt: skip
            page = _DECODE[log](body)
            context, count = page.meta.context, count + len(page.objects)
            await writer.write(did, log, page.objects, end, context)
            if not page.objects or count >= (page.meta.total or 0):
                return count


async def scan(
    url: str, body: dict[str, str], product: str, path: str, *, start: int, end: int
) -> int:
    """Scan all logs of a range, eight walks at a time and a commit a page; return the records.

    Args:
        url: Where the server is.
        body: What it is sent for a token.
        product: The product key.
        path: The SQLite file.
        start: First second, in epoch seconds UTC.
        end: The second after the last one.
    """
    root, records = f"{url}/v1/products/{product}", 0
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{root}/access_token", json=body) as response:
            token = (await response.json())["token"]
        service = _Product(session, root, {"Authorization": f"token {token}"})
        listed = await service.get("devices/search", limit=100, show_disabled=1)
        devices = msgspec.json.decode(listed, type=_Devices).objects
        jobs: Iterator[tuple[str, str, int]] = iter(
            [
                (device.did, log, first)
                for first in range(start, end, _WINDOW)
                for device in devices
                for log in ("online", "cmd", "data")
            ]
        )
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as base:
            base.executescript(TABLES)
            writer = _Writer(base, asyncio.Lock())

            async def work() -> None:
                nonlocal records
                for did, log, first in jobs:
                    found = await service.walk(did, log, first, min(first + _WINDOW, end), writer)
                    records += found

            await asyncio.gather(*(work() for _ in range(_WORKERS)))
    return records
