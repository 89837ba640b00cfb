"""The examples for Airflow and Dagster scan and export; the schedulers themselves are stood in for.

Neither is a dependency of the tests: Airflow alone brings a hundred packages. What stands in for them hands
each function on as it is, and keeps what it was declared with. `tests/examples/test_programs.py` has the real ones.
"""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from gizwits_async.simulator import Fleet, SimulatedCloud
from gizwits_async.testing import ThreadedSimulator
from tests.docs.blocks import ROOT


def _declared(*functions: Callable[..., Any], **settings: Any) -> Any:
    """Be a decorator, with or without settings, that runs nothing."""
    if functions:
        return functions[0]
    return lambda function: (setattr(function, "settings", settings), function)[1]


def _module(name: str, **contents: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(contents)
    return module


@pytest.fixture(autouse=True)
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Serve a small fleet, with store and lake in a folder of the test."""
    monkeypatch.chdir(tmp_path)
    with ThreadedSimulator(SimulatedCloud(Fleet.generate(3, 3), quota=3_600_000)) as simulator:
        for name, value in simulator.environment.items():
            monkeypatch.setenv(name, value)
        yield simulator


def test_the_job_of_airflow_fills_the_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The DAG's second task writes what the first one read, night after night."""
    monkeypatch.setitem(sys.modules, "airflow", _module("airflow"))
    sdk = _module("airflow.sdk", dag=_declared, task=_declared)
    monkeypatch.setitem(sys.modules, "airflow.sdk", sdk)
    for _night in range(2):
        space = runpy.run_path(str(ROOT / "examples" / "airflow_scan.py"))
    assert space["gizwits_nightly"].settings["max_active_runs"] == 1
    assert (tmp_path / "lake" / "manifest.json").exists()
    assert list((tmp_path / "lake" / "data").rglob("*.parquet"))


def test_the_assets_of_dagster_fill_the_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lake depends on the store, and both say what they hold."""
    words = ("RetryPolicy", "MaterializeResult", "Definitions", "ScheduleDefinition")
    made = dict.fromkeys(words, SimpleNamespace)
    dagster = _module("dagster", asset=_declared, Failure=RuntimeError, **made)
    monkeypatch.setitem(sys.modules, "dagster", dagster)
    space = runpy.run_path(str(ROOT / "examples" / "dagster_scan.py"))
    store, lake = space["defs"].assets
    assert lake.settings["deps"] == [store]
    assert store.settings["pool"] == "gizwits"
    assert store().metadata["data"] > 0
    assert lake().metadata["data"] > 0
    assert list((tmp_path / "lake" / "data").rglob("*.parquet"))
