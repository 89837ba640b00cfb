"""Which test shows each exit code of the console: `python -m tests.cli.exit_codes` prints a table."""

from collections.abc import Mapping

from gizwits_async.cli.exits import MEANINGS, Exit

__all__ = ["TESTS"]

_HERE = "tests/cli"
_REFUSALS = f"{_HERE}/test_exit_codes.py::test_a_refusal_has_the_code_of_its_cause"

TESTS: Mapping[Exit, str] = {
    Exit.OK: f"{_HERE}/test_app.py::test_a_scan_fills_a_database_and_reports",
    Exit.FAILED: _REFUSALS,
    Exit.USAGE: f"{_HERE}/test_app.py::test_bad_usage_is_exit_2_and_says_what_is_right",
    Exit.INCOMPLETE: f"{_HERE}/test_app.py::test_a_scan_with_a_failing_device_is_exit_3",
    Exit.CREDENTIALS: f"{_HERE}/test_app.py::test_credentials_are_exit_4",
    Exit.QUOTA: f"{_HERE}/test_app.py::test_a_quota_that_is_used_up_is_exit_5",
    Exit.NETWORK: f"{_HERE}/test_exit_codes.py::test_no_connection_is_a_matter_of_the_network",
    Exit.SERVICE: _REFUSALS,
    Exit.LOCKED: f"{_HERE}/test_exit.py::test_a_store_that_cannot_be_used_is_left_as_it_is",
    Exit.NO_STORE: f"{_HERE}/test_exit_codes.py::test_a_missing_store_is_told_from_a_locked_one",
    Exit.INTERRUPTED: f"{_HERE}/test_signals.py::test_ctrl_c_once_saves_and_says_how_to_go_on",
    Exit.TERMINATED: f"{_HERE}/test_signals.py::test_the_first_process_of_a_container_ends_on_sigterm",
}


def main() -> None:
    """Print the table."""
    print("| code | meaning | test |\n| --: | --- | --- |")  # noqa: T201
    for code, meaning in MEANINGS.items():
        print(f"| {code.value} | {meaning} | `{TESTS[code]}` |")  # noqa: T201


if __name__ == "__main__":
    main()
