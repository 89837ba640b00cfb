"""The error tree: the table of the API document, what survives a pickle, what a copy shares."""

import builtins
import copy
import pickle

import pytest

from gizwits_async import errors
from gizwits_async.error_codes import API_ERRORS, api_error
from gizwits_async.errors import (
    ApiError,
    GizwitsError,
    InvalidResponseError,
    LogRangeError,
    NoReplyError,
    NotFoundError,
    QuotaExceededError,
    QuotaWaitError,
)
from gizwits_async.options import QuotaSnapshot

# As the API document lists them: 57 rows, 5016 twice. Status -> codes, written out once more here.
ROWS = {
    400: (
        *(5001, 5002, 5004, 5005, 5006, 5008, 5009, 5010, 5011, 5012, 5014, 5020, 5021, 5203),
        *(5204, 5205, 5207, 5208, 5303, 5304, 5305, 5401, 5403, 5408, 5502, 5703, 5801, 5901),
    ),
    403: (5013, 5018, 5023, 5024, 5201, 5302, 5404, 5503, 5701, 5702),
    404: (
        *(5003, 5007, 5015, 5016, 5016, 5017, 5019, 5022, 5025, 5202, 5206, 5301, 5402, 5405),
        5501,
    ),
    500: (5406, 5407, 5409, 5601),
}
PAIRS = [(code, status) for status, codes in ROWS.items() for code in codes]
CLASSES = {
    "InvalidRequestError": {5001, 5002, 5020, 5207, 5401, 5408, 5703},
    "AuthenticationError": {5003, 5004, 5005, 5007, 5008, 5010, 5012, 5801, 5901},
    "TokenRejectedError": {5009, 5011},
    "QuotaExceededError": {5013},
    "ForbiddenError": {5018, 5024, 5201, 5302, 5404, 5503, 5701, 5702},
    "NotFoundError": {
        *(5014, 5015, 5016, 5017, 5019, 5022, 5025, 5202, 5206, 5301, 5402, 5405, 5501)
    },
    "ConflictError": {5006, 5021, 5023, 5203, 5204, 5205, 5208, 5303, 5304, 5305, 5502},
    "ServerError": {5403, 5406, 5407, 5409, 5601},
}


def every_class() -> list[type[GizwitsError]]:
    """Return all error classes."""
    return [getattr(errors, name) for name in errors.__all__]


def one_of(cls: type[GizwitsError]) -> GizwitsError:
    """Return an error of this class with all that it can hold."""
    if issubclass(cls, ApiError):
        error = cls("no", status=400, code="x", detail={"a": ["b"]}, where="GET /v1/x")
        error.quota = QuotaSnapshot(limit=10, remaining=1)
        if isinstance(error, QuotaExceededError):
            error.retry_after = 2.5
        return error
    if cls is QuotaWaitError:
        return QuotaWaitError("later", retry_after=3.0)
    if cls is LogRangeError:
        return LogRangeError("old", oldest=5)
    if cls is InvalidResponseError:
        return InvalidResponseError("odd", problems=("missing @ $.did",), truncated=True)
    return cls("it went wrong")


def test_the_documents_57_rows_are_all_there_and_no_other() -> None:
    """Each row of the document is in the table, with its status and a text."""
    assert len(PAIRS) == 57
    assert {(code, row[0]) for code, row in API_ERRORS.items()} == set(PAIRS)
    assert all(row[2] for row in API_ERRORS.values())


def test_the_status_is_shown_where_there_was_a_reply() -> None:
    """An error that the library found without a call has the status 0, which is none."""
    assert str(NotFoundError("no device", status=404)) == "no device [HTTP 404]"
    assert str(NotFoundError("no device")) == "no device"


@pytest.mark.parametrize(("code", "status"), sorted(set(PAIRS)))
def test_a_code_is_told_by_its_class(code: int, status: int) -> None:
    """An error_code decides on the class, whatever the HTTP status says."""
    expected = next(name for name, codes in CLASSES.items() if code in codes)
    for seen in (status, 200, 500, 404):
        error = api_error(seen, code, "")
        assert type(error).__name__ == expected
        assert (error.code, error.status) == (code, seen)
        assert str(code) in str(error)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "InvalidRequestError"),
        (401, "AuthenticationError"),
        (403, "ForbiddenError"),
        (404, "NotFoundError"),
        (405, "InvalidRequestError"),
        (409, "ConflictError"),
        (429, "QuotaExceededError"),
        (500, "ServerError"),
        (503, "ServerError"),
        (200, "ApiError"),
    ],
)
@pytest.mark.parametrize("code", [None, 4711, "020201"])
def test_without_a_known_code_the_status_tells(status: int, name: str, code: object) -> None:
    """A missing or unknown error_code leaves the status to decide."""
    assert type(api_error(status, code, "text")).__name__ == name  # type: ignore[arg-type]


@pytest.mark.parametrize("cls", every_class())
@pytest.mark.fault("P5")
def test_every_error_survives_pickle_and_copy(cls: type[GizwitsError]) -> None:
    """An error crosses process borders with its message, its fields, its resume token and its notes."""
    error = one_of(cls)
    error.resume = "g1.x"
    error.add_note("go on")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), error.copy()):
        assert type(twin) is cls
        assert str(twin) == str(error)
        assert twin.args == error.args
        assert {**vars(twin)} == {**vars(error)}
        assert twin.__traceback__ is None


def test_copies_do_not_share_their_notes() -> None:
    """A note added by one waiter does not appear at the others."""
    error = NoReplyError("lost")
    error.add_note("first")
    twin = error.copy()
    twin.add_note("second")
    assert error.__notes__ == ["first"]
    assert twin.__notes__ == ["first", "second"]


def test_the_tree_is_the_one_that_the_module_shows() -> None:
    """The docstring's drawing names exactly the classes there are, each under its parent."""
    drawing = (errors.__doc__ or "").split("```")[1]
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in filter(None, drawing.splitlines()):
        depth, name = len(line) - len(line.lstrip()), line.split()[0]
        if not name.endswith("Error"):
            continue
        above = [one for one in above if one[0] < depth]
        if above:
            parents[name] = above[-1][1]
        above.append((depth, name))
    assert {*parents, "GizwitsError"} == set(errors.__all__)
    for name, parent in parents.items():
        assert getattr(errors, name).__bases__[0].__name__ == parent


def test_no_error_shadows_a_builtin() -> None:
    """A star import hides nothing of Python's."""
    assert not set(errors.__all__) & set(dir(builtins))


def test_bad_input_errors_are_value_errors_too() -> None:
    """Code that catches ValueError for bad input catches these."""
    assert issubclass(errors.ArgumentError, ValueError)
    assert issubclass(LogRangeError, ValueError)
    assert issubclass(errors.ResumeMismatchError, ValueError)
