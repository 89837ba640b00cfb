"""The examples that run as programs or in a scheduler, each in an environment with what it needs.

Slow: the environments are made once a machine, see `tests/contract/tools.py`.
"""

import ast
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from gizwits_async.simulator import Fleet, SimulatedCloud
from gizwits_async.testing import ThreadedSimulator
from tests.contract.tools import python_environment, run

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(EXAMPLES.rglob("*.py"))
EXTRAS = "scan,parquet,delta"
AIRFLOW = """
import airflow_scan
done = airflow_scan.gizwits_nightly().test()
print(done.state, sorted(str(task.state) for task in done.get_task_instances()))
"""
DAGSTER = """
import dagster, dagster_scan as example
from dagster import materialize
done = example.defs.resolve_implicit_global_asset_job_def().execute_in_process()
print(done.success, [one.metadata["data"].value for one in done.asset_materializations_for_node("lake")])
"""


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Serve a fleet whose logs reach to the present; give what leads an example to it."""
    cloud = SimulatedCloud(Fleet.of_today(), quota=3_600_000)
    with ThreadedSimulator(cloud) as simulator:
        yield {
            **simulator.environment,
            "PYTHONPATH": f"{ROOT}:{EXAMPLES}",
            "AIRFLOW_HOME": str(tmp_path / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
        }


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_an_example_imports_what_exists(program: Path) -> None:
    """Each name that an example takes from the package is there; the list of examples has it."""
    tree = ast.parse(program.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gizwits_async"):
            module = import_module(node.module or "")
            assert all(hasattr(module, name.name) for name in node.names), node.module
    listed = program.relative_to(EXAMPLES).parts[0]
    assert f"| `{listed}" in (EXAMPLES / "README.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_nightly_delta_tables(tmp_path: Path, environment: dict[str, str]) -> None:
    """Two nights in a row: the tables are there, and DuckDB answers from them."""
    python = python_environment("duckdb", extras=EXTRAS) / "python"
    program = EXAMPLES / "nightly_delta.py"
    first, second = (run(tmp_path, python, program, "f.db", "t", **environment) for _ in range(2))
    assert "Reports a day" in first
    assert [line for line in second.splitlines() if re.match(r"│ 20\d\d-\d\d-\d\d │ +\d+ │", line)]
    assert (tmp_path / "t" / "data" / "_delta_log").is_dir()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_notebook_runs(tmp_path: Path, environment: dict[str, str]) -> None:
    """Run as a program, marimo executes all its cells."""
    python = python_environment("marimo==0.25.2", "polars", extras=EXTRAS) / "python"
    shown = run(tmp_path, python, EXAMPLES / "notebook.py", **environment)
    assert "devices are online" in shown


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_dagster_runs_the_assets(tmp_path: Path, environment: dict[str, str]) -> None:
    """Dagster itself materializes the store, then the lake."""
    python = python_environment("dagster==1.13.29", extras=EXTRAS) / "python"
    success, _, records = run(tmp_path, python, "-c", DAGSTER, **environment).partition(" ")
    assert success == "True"
    assert json.loads(records)[0] > 0
    assert list((tmp_path / "lake" / "data").rglob("*.parquet"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_airflow_runs_the_dag(tmp_path: Path, environment: dict[str, str]) -> None:
    """Airflow itself runs both tasks, one after the other."""
    tools = python_environment("apache-airflow==3.3.2", extras=EXTRAS)
    run(tmp_path, tools / "airflow", "db", "migrate", **environment)
    shown = run(tmp_path, tools / "python", "-c", AIRFLOW, **environment)
    assert "success ['success', 'success']" in shown
    assert list((tmp_path / "lake" / "data").rglob("*.parquet"))
