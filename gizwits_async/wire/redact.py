"""Cuts secrets out of errors, in case the server echoed what it was sent. Pure."""

import json
from urllib.parse import quote

from gizwits_async.errors import ApiError

__all__ = ["redact"]

_MIN_TAIL = 4
"""Characters of a secret that are cut out at the end of a text, where truncation may have split it."""
_MIN_PART = 8
"""Characters of a secret that are cut out wherever they stand."""


def redact(error: ApiError, *secrets: str) -> None:
    """Replace these secrets, and recognizable parts of them, by `***` in all fields of an error."""
    for secret in filter(None, secrets):
        error.message = _without(error.message, secret)
        if isinstance(error.code, str):
            error.code = _without(error.code, secret)
        if error.detail is not None and _is_in(error.detail, secret):
            error.detail = "***"
    error.args = (error.message,)


def _is_in(detail: object, secret: str) -> bool:
    text = detail if isinstance(detail, str) else json.dumps(detail)
    # A string inside may itself be JSON, which doubles its backslashes.
    readings = (text, text.replace("\\\\", "\\"))
    return any(_without(reading, secret) != reading for reading in readings)


def _without(text: str, secret: str) -> str:
    from html import escape  # noqa: PLC0415 - a millisecond of every start, needed by errors only

    # Servers echo input raw, percent-encoded, HTML-escaped or as JSON.
    quoted = {quote(secret, safe=""), quote(secret)}
    in_json = json.dumps(secret)[1:-1]
    for written in {secret, escape(secret), in_json, in_json.replace("/", "\\/"), *quoted}:
        text = _without_parts(text.replace(written, "***"), written)
        for length in range(len(written) - 1, _MIN_TAIL - 1, -1):
            if text.endswith(written[:length]):
                text = f"{text[:-length]}***"
                break
    return text


def _without_parts(text: str, secret: str) -> str:
    # An echo may be cut, wrapped or garbled; a long part of a secret is as good as all of it.
    for start in range(len(secret) - _MIN_PART + 1):
        end = start + _MIN_PART
        if secret[start:end] in text:
            while end < len(secret) and secret[start : end + 1] in text:
                end += 1
            text = text.replace(secret[start:end], "***")
    return text
