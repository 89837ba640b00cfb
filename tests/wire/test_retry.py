"""Whether a failed call goes again: a pure function, by its properties."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async.error_codes import api_error
from gizwits_async.errors import (
    ApiError,
    ClientClosedError,
    GizwitsError,
    InvalidResponseError,
    NoReplyError,
    NotSentError,
    OutcomeUnknownError,
    QuotaExceededError,
    QuotaWaitError,
    ResponseTooLargeError,
    TimedOutError,
    UnexpectedRedirectError,
)
from gizwits_async.wire.request import Request, delete, get, post, put
from gizwits_async.wire.retry import RetryPolicy, outcome

READ = get("/x", object)
WRITES: list[Request[Any]] = [post("/x", object), put("/x", object), delete("/x", object)]
LOST = [NoReplyError("lost"), TimedOutError("late"), api_error(502, None, "bad gateway")]
BROKEN_BY_CODE = [
    api_error(status, code, "") for code in (5406, 5407, 5409, 5601) for status in (200, 400, 500)
]

errors = st.one_of(
    st.sampled_from(
        [
            NotSentError("no"),
            *LOST,
            ResponseTooLargeError("big"),
            UnexpectedRedirectError("there"),
            InvalidResponseError("odd"),
            InvalidResponseError("cut", truncated=True),
            QuotaWaitError("wait", retry_after=9),
            ClientClosedError("closed"),
        ]
    ),
    st.builds(
        api_error,
        st.sampled_from([200, 400, 403, 404, 500, 503]),
        st.sampled_from([None, 5002, 5004, 5010, 5013, 5301, 5403, 5406, 5409, 5601, "x"]),
        st.just("text"),
    ),
)
requests = st.sampled_from([READ, *WRITES, WRITES[0].evolve(repeatable=True)])


@given(
    request=requests,
    error=errors,
    attempt=st.integers(1, 200),
    retries=st.integers(0, 100),
    seed=st.integers(),
)
def test_a_pause_is_none_or_within_its_bounds(
    request: Request[Any], error: GizwitsError, attempt: int, retries: int, seed: int
) -> None:
    """delay() is None or within [0, max_delay]; None once the attempts are used up."""
    policy = RetryPolicy(max_retries=retries, random=Random(seed))
    delay = policy.delay(request, error, attempt)
    assert delay is None or 0 <= delay <= policy.max_delay
    if attempt > retries:
        assert delay is None


@given(request=st.sampled_from(WRITES), error=errors, attempt=st.integers(1, 3))
def test_a_write_goes_again_only_if_nothing_was_sent(
    request: Request[Any], error: GizwitsError, attempt: int
) -> None:
    """Never after bytes may have left; always after NotSentError while attempts remain."""
    again = RetryPolicy().delay(request, error, attempt) is not None
    assert again == isinstance(error, NotSentError)


@pytest.mark.parametrize("error", [*LOST, *BROKEN_BY_CODE, NotSentError("no")], ids=str)
def test_a_read_goes_again_after_what_may_pass(error: GizwitsError) -> None:
    """Lost replies, 5xx, and the codes of a broken back end whatever the status says."""
    assert RetryPolicy().delay(READ, error, 3) is not None
    assert RetryPolicy().delay(READ, error, 4) is None


@pytest.mark.parametrize(
    "error",
    [
        api_error(400, 5002, ""),
        api_error(400, 5004, ""),
        api_error(400, 5403, ""),
        api_error(404, 5301, ""),
        api_error(404, None, "x"),
        UnexpectedRedirectError("there"),
        ResponseTooLargeError("big"),
        InvalidResponseError("html"),
        QuotaWaitError("wait", retry_after=1),
        ClientClosedError("closed"),
    ],
    ids=str,
)
def test_what_will_not_pass_is_not_tried_again(error: GizwitsError) -> None:
    """A refusal stays one; 5403 is the caller's to repeat (C3)."""
    assert RetryPolicy().delay(READ, error, 1) is None


def test_a_cut_body_is_tried_once_more() -> None:
    """What began as JSON and broke off, once; what never was JSON, not at all (W7)."""
    cut = InvalidResponseError("cut", truncated=True)
    assert RetryPolicy().delay(READ, cut, 1) is not None
    assert RetryPolicy().delay(READ, cut, 2) is None


def test_pauses_grow_and_are_spread() -> None:
    """Doubling, half of it jitter, so that many callers do not come back in step."""
    policy = RetryPolicy(max_retries=100)
    for attempt in range(1, 12):
        ceiling = min(30.0, 0.5 * 2 ** (attempt - 1))
        found = {policy.delay(READ, LOST[0], attempt) for _ in range(20)}
        assert len(found) > 1
        assert all(d is not None and ceiling / 2 <= d <= ceiling for d in found)


@pytest.mark.parametrize(
    ("max_wait", "after", "again"),
    [(None, None, True), (None, 3000, True), (5, 4, True), (5, 6, False), (5, None, False)],
)
def test_a_used_up_quota_waits_or_raises(
    max_wait: float | None, after: float | None, again: bool
) -> None:
    """5013: the quota itself holds the next attempt back, unless that takes longer than allowed."""
    error = api_error(403, 5013, "")
    assert isinstance(error, QuotaExceededError)
    error.retry_after = after
    delay = RetryPolicy(max_quota_wait=max_wait).delay(READ, error, 1)
    assert delay == (0.0 if again else None)


@given(request=requests, error=errors)
def test_only_a_lost_write_has_an_unknown_outcome(
    request: Request[Any], error: GizwitsError
) -> None:
    """OutcomeUnknownError means: sent, and nobody knows; a refusal or a read is what it is."""
    final = outcome(request, error)
    lost = isinstance(error, NoReplyError | InvalidResponseError | ResponseTooLargeError) or (
        isinstance(error, ApiError)
        and (error.status >= 500 or error.code in {5406, 5407, 5409, 5601})
        and type(error).__name__ == "ServerError"
    )
    if lost and not request.repeatable:
        assert isinstance(final, OutcomeUnknownError)
        assert "check the state before" in str(final)
    else:
        assert final is error


def test_a_quota_wait_as_long_as_allowed_is_waited() -> None:
    """`max_quota_wait` is what may be waited: a reset right then is not too late."""
    policy = RetryPolicy(max_quota_wait=60.0)
    delays = []
    for seconds in (59.0, 60.0, 60.5, None):
        error = api_error(403, 5013, "")
        error.retry_after = seconds
        delays.append(policy.delay(READ, error, 1))
    assert delays == [0.0, 0.0, None, None]


def test_5403_with_a_server_error_may_pass() -> None:
    """The status 500 says more than the code: the server failed, from 500 on."""
    delays = [RetryPolicy().delay(READ, api_error(status, 5403, ""), 1) for status in (499, 500)]
    assert delays[0] is None
    assert delays[1] is not None
