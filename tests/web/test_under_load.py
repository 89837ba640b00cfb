"""The README's app under two workers, 200 users and a scan: what issue 6 promises of it."""

import pytest

from benchmarks.bench_web import run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_handlers_answer_at_once_while_quota_is_left() -> None:
    """1,000 requests of 200 users beside a scan: all answered, p99 under half a second."""
    found = run(calls=360_000, times=5, pause=4.0)
    assert set(found.statuses) == {200}
    assert found.p(0.99) < 0.5
    assert found.scan_calls > 100
    assert (found.exceeded, found.logins, found.left_open) == (0, 1, [])


def test_a_rush_on_the_real_quota_is_refused_early_and_politely() -> None:
    """200 requests at once on 3,600 calls an hour: answers or 503 with Retry-After, no 5013."""
    found = run(calls=3600, times=1, pause=0.0)
    assert set(found.statuses) == {200, 503}
    assert found.refused_early < 4.0
    assert found.without_retry_after == 0
    assert (found.exceeded, found.logins, found.left_open) == (0, 1, [])
