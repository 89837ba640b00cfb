"""Stores for tests: in memory, in a file, and a PostgreSQL server for each module that wants one."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gizwits_async.scan import MemoryStore
from tests.scan.cluster import cluster, sql
from tests.scan.common import Rows, in_file, in_memory


@pytest.fixture(params=["memory", "file"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, Callable[[], Rows]]:
    """Return a store, and how to read what it holds."""
    if request.param == "memory":
        store = MemoryStore()
        return store, lambda: in_memory(store)
    return tmp_path / "fleet.db", lambda: in_file(tmp_path / "fleet.db")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a running server."""
    with cluster() as url:
        yield url


@pytest.fixture
async def url(server: str) -> str:
    """The URL of an empty database."""
    name = f"fleet{time.monotonic_ns()}"
    await sql(server, f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")
