"""Each error has an HTTP status, and no text of upstream reaches the client."""

import json
from math import ceil, inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async import errors
from gizwits_async.error_codes import API_ERRORS, api_error
from gizwits_async.errors import GizwitsError
from gizwits_async.fastapi import problem_of
from gizwits_async.fastapi.handlers import response_of

POISON = "http://upstream/?product_secret=poison"

MADE: dict[type[GizwitsError], dict[str, Any]] = {
    errors.QuotaWaitError: {"retry_after": 3.0},
    errors.LogRangeError: {"oldest": 1_500_000_000},
    errors.InvalidResponseError: {"problems": (POISON,)},
}
STATUS = {
    "ApiError": 502,
    "ArgumentError": 422,
    "AuthenticationError": 500,
    "ClientClosedError": 503,
    "ConflictError": 409,
    "CredentialsError": 500,
    "ForbiddenError": 403,
    "GizwitsError": 502,
    "InvalidRequestError": 422,
    "InvalidResponseError": 502,
    "LogRangeError": 422,
    "NoReplyError": 502,
    "NotFoundError": 404,
    "NotSentError": 502,
    "OutcomeUnknownError": 504,
    "QuotaExceededError": 503,
    "QuotaStoreError": 500,
    "QuotaWaitError": 503,
    "ResponseTooLargeError": 502,
    "ResumeMismatchError": 422,
    "ServerError": 502,
    "TimedOutError": 504,
    "TokenRejectedError": 500,
    "TransportError": 502,
    "UnexpectedRedirectError": 502,
}


def _made(name: str) -> GizwitsError:
    kind: type[GizwitsError] = getattr(errors, name)
    if issubclass(kind, errors.ApiError):
        return kind(POISON, status=418, code=POISON, detail=POISON, where=POISON)
    return kind(POISON, **MADE.get(kind, {}))


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_has_its_status_and_no_text_of_upstream(name: str) -> None:
    """Every error class has a status; a new class needs a line in `STATUS`."""
    response = response_of(problem_of(_made(name)))
    assert response.status_code == STATUS[name]
    assert response.headers["content-type"] == "application/problem+json"
    body = json.loads(bytes(response.body))
    assert body["status"] == STATUS[name]
    assert set(body) <= {"type", "title", "status", "detail", "code", "oldest", "outcome"}
    assert "poison" not in str(body) + str(response.headers)
    assert ("retry-after" in response.headers) is (STATUS[name] == 503)


@pytest.mark.parametrize("code", [5203, 5204, 5205, 5208, 5303, 5304, 5305])
def test_state_conflicts_are_409_with_their_code(code: int) -> None:
    """Refusals because of the current state are 409 with their documented code."""
    status, _, text = API_ERRORS[code]
    problem = problem_of(api_error(status, code, text))
    assert (problem.status, problem.members) == (409, {"code": code})


@pytest.mark.parametrize("code", [99999, "5305", None])
def test_an_undocumented_code_is_not_shown(code: Any) -> None:
    """Undocumented error codes are text of upstream and are not shown."""
    assert problem_of(api_error(404, code, POISON)).members == {}


@given(st.one_of(st.none(), st.floats(), st.just(inf), st.just(nan)))
def test_retry_after_is_whole_seconds_and_at_least_one(wait: float | None) -> None:
    """`Retry-After` is an integer from 1 to 86,400, and not below a plausible wait."""
    error = errors.QuotaExceededError()
    error.retry_after = wait
    found = problem_of(error).retry_after
    assert isinstance(found, int)
    assert 1 <= found <= 86_400
    if wait is not None and 0 < wait <= 86_400:
        assert found == max(1, ceil(wait))


def test_an_unknown_data_point_is_bad_input() -> None:
    """5405 names a data point of the request: 422, not 404."""
    status, _, text = API_ERRORS[5405]
    assert problem_of(api_error(status, 5405, text)).status == 422
