"""What takes minutes is a slow ring: each of its tests has a small witness in the suite."""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
WITNESSES = {
    "scan/test_derived.py::test_made_records_stay_in_a_file_and_are_replaced_there": (
        "scan/test_derived.py::test_it_saves_a_third_of_the_calls_and_is_given_up_for_one_difference"
    ),
    "docs/test_release.py::test_a_dry_run_makes_all_that_is_published": (
        "docs/test_release.py::test_the_notes_are_those_of_the_version"
    ),
    "cli/test_report.py::test_a_browser_shows_and_prints_it_without_a_network": (
        "cli/test_report.py::test_the_page_is_one_file_that_loads_nothing"
    ),
    "cli/test_fleet.py::test_an_agent_sends_the_metrics_of_a_worker": (
        "cli/test_fleet.py::test_metrics_are_made_where_their_extra_is_installed"
    ),
    "scan/test_takeover.py::test_a_scan_survives_a_failover": (
        "scan/test_takeover.py::test_a_scan_survives_a_restart_of_the_server"
    ),
    "scan/test_lake.py::test_fifty_killed_exports": (
        "scan/test_lake.py::test_a_killed_export_is_whole_after_the_next"
    ),
    "workers/test_takeover.py::test_others_take_over_though_all_their_slots_are_taken": (
        "workers/test_worker.py::test_what_a_dead_worker_left_goes_on_though_all_slots_are_taken"
    ),
    "workers/test_takeover.py::test_a_frozen_worker_that_thaws_writes_nothing_more": (
        "scan/test_takeover.py::test_a_scan_that_was_replaced_writes_nothing_more"
    ),
    "workers/test_takeover.py::test_a_restart_of_the_database_is_survived": (
        "scan/test_takeover.py::test_a_scan_survives_a_restart_of_the_server"
    ),
    "quota/test_store_settings.py::test_a_cluster_is_reached_by_any_of_its_nodes": (
        "quota/test_store_settings.py::test_which_urls_are_known"
    ),
    "quota/test_store_settings.py::test_sentinels_lead_to_the_new_primary": (
        "quota/test_store_settings.py::test_after_a_failover_the_new_server_is_found_within_seconds"
    ),
    "contract/test_generators.py::test_a_generated_client_works": (
        "simulator/test_openapi.py::test_it_is_valid"
    ),
    "payload/test_codegen.py::test_mypy_checks_what_is_read_and_ordered": (
        "payload/test_codegen.py::test_a_record_is_read_into_typed_attributes"
    ),
    "contract/test_proxy.py::test_all_operations_pass_a_validating_proxy": (
        "simulator/test_contract.py::test_every_operation_succeeds_as_described"
    ),
    "examples/test_programs.py::test_the_nightly_delta_tables": (
        "examples/test_programs.py::test_an_example_imports_what_exists"
    ),
    "examples/test_programs.py::test_the_notebook_runs": (
        "examples/test_programs.py::test_an_example_imports_what_exists"
    ),
    "examples/test_programs.py::test_dagster_runs_the_assets": (
        "docs/test_schedulers.py::test_the_assets_of_dagster_fill_the_lake"
    ),
    "examples/test_programs.py::test_airflow_runs_the_dag": (
        "docs/test_schedulers.py::test_the_job_of_airflow_fills_the_lake"
    ),
    "examples/test_dashboard.py::test_the_page_works_in_a_browser": (
        "examples/test_dashboard.py::test_the_routes_answer"
    ),
    "test_typing.py::test_mypy_accepts_the_examples": (
        "web/test_tutorial_app.py::test_the_app_of_the_tutorial_answers"
    ),
    "test_typing.py::test_pyright_accepts_the_examples": (
        "web/test_tutorial_app.py::test_the_app_of_the_tutorial_answers"
    ),
    "faults/test_pages_scans.py::test_a_million_pages_take_no_memory": (
        "faults/test_pages_scans.py::test_pages_without_end_take_no_memory"
    ),
    "web/test_fleet_page.py::test_the_page_works_in_a_browser": (
        "web/test_fleet_page.py::test_scans_are_begun_and_cancelled"
    ),
    "web/test_testing.py::test_the_wheel_brings_the_fixtures_into_a_fresh_environment": (
        "web/test_testing.py::test_the_fixtures_work_in_a_project_of_its_own"
    ),
    "web/test_under_load.py::test_handlers_answer_at_once_while_quota_is_left": (
        "web/test_under_load.py::test_handlers_are_served_beside_a_scan"
    ),
    "web/test_under_load.py::test_a_rush_on_the_real_quota_is_served": (
        "quota/test_shared.py::test_headers_that_one_process_read_count_for_all"
    ),
}
"""Of slow tests that are not the larger parameter of a test in the suite: which one is it for them."""


@cache
def marks(file: Path) -> Mapping[str, list[str]]:
    """Give the decorators of each test in this file as they are written, with the marks of the whole file."""
    tree = ast.parse(file.read_text())
    whole = [
        ast.unparse(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
    ]
    return {
        node.name: [ast.unparse(one) for one in node.decorator_list] + whole
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def marks_of(name: str) -> list[str]:
    """Give the marks of the test that is called `file::test`."""
    file, _, test = name.partition("::")
    return marks(TESTS / file)[test]


SLOW = [
    f"{path.relative_to(TESTS)}::{test}"
    for path in sorted(TESTS.rglob("test_*.py"))
    if "mark.slow" in path.read_text()  # Each worker collects this: parse few files.
    for test, found in marks(path).items()
    if any("mark.slow" in mark for mark in found)
]


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_test_has_a_witness(name: str) -> None:
    """The same test with less to do, or another one that is named above; it runs in the suite."""
    sizes = [mark for mark in marks_of(name) if "parametrize" in mark and "mark.slow" in mark]
    if sizes:
        (values,) = [
            node.args[1] for size in sizes if isinstance(node := ast.parse(size).body[0].value, ast.Call)  # type: ignore[attr-defined]
        ]  # fmt: skip
        assert any("slow" not in ast.unparse(value) for value in values.elts)  # type: ignore[attr-defined]
    else:
        assert not any("slow" in mark for mark in marks_of(WITNESSES[name]))


def test_there_is_a_slow_ring() -> None:
    """The list is found, and no witness is for a test that is gone."""
    assert len(SLOW) >= 8
    assert set(WITNESSES) <= set(SLOW)
