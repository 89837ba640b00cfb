"""The JSON reader: bytes of a reply to plain Python values, whatever encoding was declared. Pure."""

import json
import math
from typing import Any, NoReturn

import msgspec

from gizwits_async.errors import InvalidResponseError

__all__ = ["load_json"]

_decode = msgspec.json.Decoder().decode


def load_json(body: bytes | str) -> Any:
    """Return the value of a JSON text, which as bytes is UTF-8 with or without a byte order mark.

    Integers of any size and lone surrogates are kept. If an object repeats a key, its last value
    counts.

    Raises:
        InvalidResponseError: It is not JSON; `.truncated` if it begins like it.
        UnicodeEncodeError: A `str` holds a lone surrogate.
    """
    try:
        return _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # Not `contextlib.suppress`: it costs more than decoding a short reply.
    if isinstance(body, str):
        body = body.encode()
    # The standard library also reads byte order marks, lone surrogates and integers beyond 64 bits,
    # and its messages give the position.
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
    except UnicodeDecodeError as error:
        # Guessing another encoding would store wrong characters without any error.
        problem, begins = f"not UTF-8 from byte {error.start} on", b"?"
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        problem, begins = f"not JSON: {reason}", body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    # Raised outside of `except`: even `from None` keeps the context, which holds the whole body.
    raise InvalidResponseError(
        problem, problems=(f"{problem} @ $",), truncated=begins in {b"", b"{", b"["}
    )


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse("a number beyond the range of floats")
