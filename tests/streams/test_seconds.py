"""The buffer that releases whole seconds: an attempt never costs the records of the one before it."""

import pytest

from gizwits_async.streams.seconds import PartialSecond, SecondBuffer
from gizwits_async.streams.windows import Bounds, Range, Window

KEPT = ["a", "b", "c"]
"""Records of the previous attempt, in the second at which it ended early."""


def released(pages: list[list[float]], *, desc: bool) -> list[str]:
    """Return what a chain releases after an attempt that ended in its first second."""
    buffer: SecondBuffer[str] = SecondBuffer(
        where="GET /",
        desc=desc,
        span=Range(100, 200),
        window=Window(100, 199),
        bounds=Bounds(99, 200),
        fallback=PartialSecond(199 if desc else 100, KEPT),
    )
    found: list[str] = []
    for times in pages:
        found += buffer.add([str(time) for time in times], times)
    return [*found, *buffer.rest()]


@pytest.mark.parametrize(
    ("desc", "pages", "expected"),
    [
        (False, [], KEPT),
        (False, [[105.0]], [*KEPT, "105.0"]),
        (False, [[99.5]], KEPT),
        (False, [[99.5, 105.0]], [*KEPT, "105.0"]),
        (False, [[100.0]], KEPT),
        (False, [[100.0, 105.0]], [*KEPT, "105.0"]),
        (False, [[100.0, 100.1, 100.2, 100.3], [106.0]], ["100.0", "100.1", "100.2", "100.3", "106.0"]),
        (True, [[150.0]], [*KEPT, "150.0"]),
        (True, [[199.5, 150.0]], [*KEPT, "150.0"]),
    ],
)  # fmt: skip
def test_the_records_of_the_previous_attempt_are_kept(
    desc: bool, pages: list[list[float]], expected: list[str]
) -> None:
    """Fewer records of that second, or none of it but others: the larger set is released, once."""
    assert released(pages, desc=desc) == expected
