"""Hours of mixed traffic with one call in twenty going wrong leave nothing behind."""

import asyncio

import pytest

from benchmarks.bench_soak import Soak, over_sockets, virtually

_ENDS = {
    "ok",
    "cancelled",
    "ConflictError",
    "UnexpectedRedirectError",
    "ResponseTooLargeError",
    "OutcomeUnknownError",
    "NoReplyError",
    "TimedOutError",
    "ServerError",
    "InvalidRequestError",
    "InvalidResponseError",
}
"""How a call may end there: a refusal with a broken body for instance is judged by its status."""


def assert_nothing_hides(soak: Soak) -> None:
    """Calls end in a value or in the error that the fault calls for; no command doubled."""
    assert set(soak.outcomes) <= _ENDS
    assert soak.outcomes["ok"] > 0.8 * soak.outcomes.total()
    assert {"UnexpectedRedirectError", "ResponseTooLargeError"} <= set(soak.outcomes)
    assert soak.refused == 0
    assert 0 < soak.commands_taken <= soak.commands_asked


@pytest.mark.fault("P15")
@pytest.mark.parametrize(
    "hours", [0.4, pytest.param(24, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_nothing_grows_in_virtual_time(hours: float) -> None:
    """Tasks, files and live objects of the client are at the end what they were after a fifth."""
    soak = virtually(hours)
    first, *between, last = soak.samples
    print(first, last, soak.outcomes, sep="\n")  # noqa: T201
    assert last.calls >= hours * 3600 > 4 * first.calls
    assert soak.hours > 0.9 * (hours - 0.4)
    assert {one.tasks for one in soak.samples} == {1}
    assert last.files <= first.files
    assert last.objects <= first.objects + 5
    if hours > 1:  # The simulated service remembers contexts for an hour: level by then.
        assert last.blocks < 1.1 * between[0].blocks
    assert_nothing_hides(soak)


@pytest.mark.fault("P15", "W20")
@pytest.mark.parametrize(
    "calls", [1000, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_nothing_grows_over_sockets(calls: int) -> None:
    """Over real connections too: what there is never exceeds a connection for each caller."""
    soak = asyncio.run(over_sockets(calls))
    first, last = soak.samples[0], soak.samples[-1]
    print(first, last, soak.outcomes, sep="\n")  # noqa: T201
    connections = 2 * 8
    assert last.calls >= calls > 4 * first.calls
    assert last.tasks <= first.tasks + connections
    assert last.files <= first.files + connections
    assert last.objects <= first.objects + 20 * connections
    assert last.peak_mb <= first.peak_mb + 30
    assert_nothing_hides(soak)
