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


def test_scans_without_sqlalchemy_name_the_extra() -> None:
    """`import gizwits_async.scan` works; only a SQL store asks for the extra."""
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.strip() == "SqlStore needs sqlalchemy: install 'gizwits-async[scan]'"
