"""Every row has a test that asserts something, and no test names a row that is not there."""

import pytest

from tests.faults.rows import ROWS, kept


def test_there_are_87_rows() -> None:
    """The table is the whole of the list of faults."""
    assert len(ROWS) == 87


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_kept(row: str) -> None:
    """A row without a test that can fail is a fault that nobody has tried."""
    assert kept().get(row), f"{row} ({ROWS[row]}): no test is marked fault({row!r}) and asserts"


def test_no_row_is_invented() -> None:
    """A mark with a number outside the table is a slip."""
    assert set(kept()) <= set(ROWS)
