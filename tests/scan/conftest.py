"""A PostgreSQL server for each module of tests that wants one, and a database for each test."""

import time
from collections.abc import Iterator

import pytest

from tests.scan.cluster import cluster, sql


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
