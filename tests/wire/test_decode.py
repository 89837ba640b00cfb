"""The result of a request from its reply: by error_code first, by status second. Pure."""

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async.errors import (
    ApiError,
    ForbiddenError,
    GizwitsError,
    InvalidRequestError,
    InvalidResponseError,
    NotFoundError,
    QuotaExceededError,
    ServerError,
    TokenRejectedError,
    UnexpectedRedirectError,
)
from gizwits_async.models.devices import DeviceDetail
from gizwits_async.wire.decode import decode
from gizwits_async.wire.request import get, post
from gizwits_async.wire.transport import HttpReply
from tests.doubles.scripted import reply

READ = get("/v1/products/pk/device_detail", DeviceDetail, mac="canary-in-the-query")
WRITE = post("/v1/products/pk/devices/d/control", type(None))


def raised(answer: HttpReply, request: Any = READ) -> GizwitsError:
    """Return the error that decoding raises."""
    with pytest.raises(GizwitsError) as caught:
        decode(request, answer)
    return caught.value


@pytest.mark.parametrize("code", [5301, "5301", 5301.0])
@pytest.mark.parametrize("status", [200, 201, 400, 404, 500])
def test_an_error_code_decides_whatever_its_type_and_status(code: object, status: int) -> None:
    """An `error_code` decides, as a number or as text, under a 2xx status too."""
    error = raised(reply({"error_code": code, "error_message": "device not exist!"}, status))
    assert isinstance(error, NotFoundError)
    assert (error.code, error.status, error.message) == (5301, status, "device not exist!")
    assert str(error) == (
        f"GET /v1/products/pk/device_detail: 5301 device not exist! [HTTP {status}]"
    )


@pytest.mark.parametrize("code", [0, "0", None, ""])
def test_a_zero_code_in_a_success_is_none(code: object) -> None:
    """An `error_code` of 0 is a success."""
    assert decode(READ, reply({"error_code": code, "did": "d"})).did == "d"
    assert isinstance(raised(reply({"error_code": code}, 404)), NotFoundError)


@pytest.mark.parametrize(
    ("body", "code", "message", "detail"),
    [
        ({"error_code": "020201", "error_message": "m", "detail_message": ["a"]}, 20201, "m", ["a"]),
        ({"error_code": "E-7", "error_message": None, "detail": "why"}, "E-7", "why", None),
        ({"error_code": -1, "error_message": ""}, -1, "", None),
        ({"error_code": 5002, "detail_msg": {"limit": ["too large"]}}, 5002, "form invalid",
         {"limit": ["too large"]}),
        ({"error_code": "5002", "error_message": "m", "detail_message": "", "detail": "d"}, 5002, "m",
         "d"),
        ({"detail": "Not found."}, None, "Not found.", None),
        ({}, None, "", None),
        ([], None, "", None),
        ("text", None, "", None),
        (None, None, "", None),
    ],
)  # fmt: skip
def test_every_known_shape_of_an_error_body(
    body: Any, code: object, message: str, detail: object
) -> None:
    """All known formats of errors are read, and bodies without one."""
    error = raised(reply(body, 400))
    assert isinstance(error, InvalidRequestError)
    assert (error.code, error.message, error.detail) == (code, message, detail)


@pytest.mark.parametrize(
    ("code", "cls"),
    [(5009, TokenRejectedError), (5011, TokenRejectedError), (5013, QuotaExceededError)],
)
def test_the_codes_that_the_gateway_acts_on(code: int, cls: type) -> None:
    """Neither 401 nor 429 is ever used by the service."""
    assert type(raised(reply({"error_code": code}, 400))) is cls
    assert type(raised(reply({"error_code": str(code)}, 200))) is cls


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_proxys_page_is_a_server_error_with_a_clean_snippet(status: int) -> None:
    """At most 200 printable characters of it."""
    page = b"<html>\r\n<b>Bad \x1b[31mGateway\x00</b>" + "机".encode() * 400
    error = raised(HttpReply(status, {}, page))
    assert isinstance(error, ServerError)
    assert len(error.message) <= 200
    assert error.message.startswith("<html> <b>Bad [31mGateway </b>机")
    assert error.message.isprintable()


def test_a_message_is_cleaned_too() -> None:
    """Messages of the server are cleaned of control characters and truncated, since they are logged."""
    said = "a\x1b[31m\r\nb" + "x" * 1_000_000
    error = raised(reply({"error_code": 5002, "error_message": said, "detail": said}, 400))
    assert isinstance(error, ApiError)
    assert error.message.startswith("a [31m b")
    assert str(error).isprintable()
    assert len(str(error)) < 2200


@pytest.mark.parametrize("depth", [500, 900, 970, 5000])
def test_a_deep_detail_neither_crashes_nor_blocks_a_pickle(depth: int) -> None:
    """The error can be printed and pickled, whatever it carries."""
    body = b'{"error_code": 5002, "detail": ' + b"[" * depth + b"]" * depth + b"}"
    error = raised(HttpReply(400, {}, body))
    assert str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    "body", [b"<html>login</html>", b"", b" \n", b"\xff", b'{"did"', b"[1]", b"5"]
)
def test_a_success_of_the_wrong_shape_is_an_invalid_response(body: bytes) -> None:
    """The error gives the position in the text, and not the body."""
    error = raised(HttpReply(200, {}, body))
    assert isinstance(error, InvalidResponseError)
    assert str(error).startswith("GET /v1/products/pk/device_detail: ")
    assert error.problems
    assert "login" not in str(error)


@pytest.mark.parametrize(
    ("body", "truncated"),
    [
        (b"", True),
        (b'{"did": "d"', True),
        (b"<html>", False),
        (b'{"mac": "m"}', False),
        (b"null", False),
    ],
)
def test_only_a_broken_off_body_is_called_truncated(body: bytes, truncated: bool) -> None:
    """`truncated` decides whether a read is repeated."""
    error = raised(HttpReply(200, {}, body))
    assert isinstance(error, InvalidResponseError)
    assert error.truncated is truncated


@pytest.mark.parametrize("status", [200, 201, 204])
@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[]", b" "])
def test_a_call_without_content_takes_any_success(status: int, body: bytes) -> None:
    """Control and delete answer with nothing, or with an empty object."""
    assert decode(WRITE, HttpReply(status, {}, body)) is None


def test_a_call_without_content_still_hears_a_refusal() -> None:
    """A 200 with an error_code, or with HTML, is an error for calls without a result too."""
    assert isinstance(raised(reply({"error_code": 5305}), WRITE), ApiError)
    assert isinstance(raised(HttpReply(200, {}, b"<html>"), WRITE), InvalidResponseError)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399])
def test_a_redirect_is_an_error_whatever_it_says(status: int) -> None:
    """A redirect is an error and is not followed."""
    assert isinstance(raised(reply({"did": "d"}, status)), UnexpectedRedirectError)


@pytest.mark.parametrize("status", [199, 600, 999])
def test_a_status_beyond_all_known_is_no_success(status: int) -> None:
    """Any body gives a value or an error of this package."""
    assert isinstance(raised(reply({"did": "d"}, status)), ApiError)


def test_no_message_holds_the_query() -> None:
    """Errors name verb and path without the query, which may hold secrets."""
    for answer in (reply({}, 400), reply(b"x", 200), reply({}, 302), reply([], 200)):
        assert "canary" not in str(raised(answer))


@given(
    status=st.integers(100, 599),
    body=st.one_of(
        st.binary(max_size=40),
        st.builds(
            lambda d: json.dumps(d).encode(),
            st.dictionaries(
                st.sampled_from(["error_code", "error_message", "detail", "detail_message", "did"]),
                st.none() | st.booleans() | st.integers() | st.text(max_size=5)
                | st.lists(st.integers(), max_size=2) | st.just({"a": 1}),
            ),
        ),
    ),
    request_=st.sampled_from([READ, WRITE]),
)  # fmt: skip
def test_any_reply_is_a_value_or_one_error_of_ours(status: int, body: bytes, request_: Any) -> None:
    """Errors are of this package, can be pickled, and keep no part of the body alive."""
    try:
        decode(request_, HttpReply(status, {}, body))
    except GizwitsError as error:
        assert error.__context__ is None
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
        return
    assert 200 <= status < 300


def test_403_without_code_is_forbidden() -> None:
    """The refusal of a firewall in front of the service is an ApiError by its status."""
    assert type(raised(HttpReply(403, {}, b"<html>denied"))) is ForbiddenError
