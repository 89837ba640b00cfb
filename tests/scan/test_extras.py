"""The package works without the packages of its extras, and says which one is missing."""

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
sys.modules["sqlalchemy"] = None
import gizwits_async.scan as scan
scan.MemoryStore()
try:
    scan.SqlStore
except ImportError as error:
    print(error)
"""

LOADED = """
import sys
from gizwits_async.scan import FleetScan, MemoryStore
LARGE = {"sqlalchemy", "pyarrow", "gizwits_async.simulator"}
FleetScan(None, start=0), FleetScan(None, MemoryStore(), start=0)
print(LARGE & set(sys.modules))
FleetScan(None, "fleet.db", start=0)
print(LARGE & set(sys.modules))
"""


def printed(code: str) -> str:
    """Return what a program prints in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    return done.stdout.strip()


def test_scans_without_sqlalchemy_name_the_extra() -> None:
    """`import gizwits_async.scan` works; only a SQL store asks for the extra."""
    assert printed(CODE) == "SqlStore needs sqlalchemy: install 'gizwits-async[scan]'"


def test_only_a_sql_store_loads_sqlalchemy() -> None:
    """Scans in memory load none of the large packages; SQLAlchemy comes with the first SQL store."""
    assert printed(LOADED).split("\n") == ["set()", "{'sqlalchemy'}"]
