"""A PostgreSQL server for each module of tests, and a database for each test."""

from tests.scan.conftest import server, url

__all__ = ["server", "url"]
