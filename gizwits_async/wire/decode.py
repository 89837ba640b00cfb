"""Turns a reply into the result of its request. Pure; errors keep no locals that hold the body."""

import json
from collections.abc import Mapping
from types import NoneType
from typing import Any, TypeVar

from gizwits_async.error_codes import api_error
from gizwits_async.errors import (
    ApiError,
    GizwitsError,
    InvalidResponseError,
    UnexpectedRedirectError,
)
from gizwits_async.models.converter import structure
from gizwits_async.models.decoder import decode_object, decode_page
from gizwits_async.models.json import load_json
from gizwits_async.models.rows import RowsReply
from gizwits_async.models.times import epoch_of
from gizwits_async.wire.protocols import Reply
from gizwits_async.wire.request import Request

__all__ = ["decode", "retry_after"]

T = TypeVar("T")

_SNIPPET = 200
_MAX_LENGTH = 1000
"""Characters of a message or detail that are kept, since they go to logs and terminals."""
_MAX_NESTING = 50
"""Brackets of a detail, beyond which it is kept as text: deep nesting breaks `pickle` and `json`."""
_MAX_DIGITS = 9
_OK = range(200, 300)
_REDIRECT = range(300, 400)
_NO_CODE = (None, 0, "0", "")


def decode(request: Request[T], reply: Reply, *, strict_rows: bool = False) -> T:
    """Return the result of a request from its reply.

    Args:
        request: The request.
        reply: The whole reply to it.
        strict_rows: Whether a row that cannot be read as a whole is an error; else it is set aside,
            or given without the fields that cannot be read.

    Raises:
        ApiError: The service refused or failed, by `error_code` first, by the status second.
        InvalidResponseError: A success that is not JSON, or not of the documented shape.
        UnexpectedRedirectError: Any status 3xx.
    """
    result: Any = None
    if reply.status in _OK:
        # Not one after the other: a look-up of a parametrized type, such as a page, takes a microsecond.
        kind: Any = request.returns
        read = decode_object if isinstance(kind, type) else decode_page
        result = read(reply.body, kind)
    if result is None:
        result = _result(request, reply)
    if strict_rows and isinstance(result, RowsReply) and result.problems:
        problems = tuple(map(str, result.problems))
        result = InvalidResponseError(
            f"{request.where}: {'; '.join(problems[:5])}", problems=problems
        )
    if isinstance(result, GizwitsError):
        # Raised in this frame, whose locals show no part of the body: a token, or an echoed secret.
        raise result
    return result  # type: ignore[no-any-return]  # T is the page type, or that of the object.


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that `Retry-After` asks to wait; None if it is missing or unreadable.

    Args:
        headers: Headers of the reply under lower-case names.
        now: The server's time in epoch seconds UTC, if the reply has no `Date`.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:_MAX_DIGITS])
    moment = epoch_of(text)
    if moment is None:
        return None
    sent = epoch_of(headers.get("date", ""))
    return max(0.0, moment - (now if sent is None else sent))


def _result(request: Request[T], reply: Reply) -> T | GizwitsError:
    """Return the result of a reply that msgspec did not decode as a whole, or the error in it."""
    status, body, returns = reply.status, reply.body, request.returns
    succeeded = status in _OK
    if status in _REDIRECT:
        return UnexpectedRedirectError(f"{request.where}: answered with a redirect, not followed")
    empty = not body or body.isspace()
    try:
        value = None if empty else load_json(body)
        code = value.get("error_code") if isinstance(value, dict) else None
        if code not in _NO_CODE or not succeeded:
            return _refusal(status, value, request)
        if returns is NoneType:
            return None  # type: ignore[return-value]
        if empty and not request.may_be_empty:
            raise InvalidResponseError("an empty body", problems=("empty @ $",), truncated=True)
        return structure({} if empty else value, returns)
    except InvalidResponseError as error:
        message, problems, truncated = str(error), error.problems, error.truncated
    if succeeded:
        message = f"{request.where}: {message}"
        return InvalidResponseError(message, problems=problems, truncated=truncated)
    text = body[: 4 * _SNIPPET].decode("utf-8", "replace")
    return api_error(status, None, _clean(text, _SNIPPET), None, request.where)


def _refusal(status: int, value: object, request: Request[Any]) -> ApiError:
    """Return the error that a JSON body describes."""
    body = value if isinstance(value, dict) else {}
    code = body.get("error_code")
    details = (body.get(name) for name in ("detail_message", "detail", "detail_msg"))
    detail = _kept(next((one for one in details if one), None))
    message = _text(body.get("error_message") or "")
    if not message and isinstance(detail, str):
        message, detail = detail, None
    code = None if code in _NO_CODE else _code(code)
    return api_error(status, code, message, detail, request.where)


def _code(value: object) -> int | str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = _text(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text  # noqa: PLR2004


def _kept(detail: Any) -> object:
    """Return a detail as received, or as truncated text if it is very long or deeply nested."""
    text = _text(detail)
    if (
        isinstance(detail, str)
        or len(text) >= _MAX_LENGTH
        or text.count("[") + text.count("{") > _MAX_NESTING
    ):
        return text
    return detail


def _text(value: object) -> str:
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except RecursionError:
        text = "(nested too deep)"
    return _clean(text, _MAX_LENGTH)


def _clean(text: str, longest: int) -> str:
    text = text[: 4 * longest]
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:longest]
