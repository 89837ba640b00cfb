"""Strategies for invalid bodies: any JSON, mutated valid replies, bytes."""

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from tests.faults.c0 import ECHO, SECRETS

Draw = Callable[[st.SearchStrategy[Any]], Any]

_WORDS = ["", " ", "0", "1", "-1", "true", "null", "5301", "NaN", "1e400", "2026-09-21", "context",
    "count", "detail", "error_code", "objects", "\ud800", "\0\x1b[2J\r\n", "设备😀\u202e", "x" * 300,
    ECHO, *SECRETS]  # fmt: skip
TEXTS = st.sampled_from(_WORDS) | st.text(max_size=8)
EXTREMES = st.sampled_from(
    [0, -1, 20, 1.5, -0.0, 1e300, -1e300, 2**63, 10**30, 10**400, -(10**400), 1_790_000_000_000]
)
NUMBERS = EXTREMES | st.integers() | st.floats()
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
CODES = st.sampled_from([5001, 5002, 5004, 5009, 5011, 5013, 5014, 5018, 5301, 5403, 5601, 4711,
    "5002", "5013", "E-7", 0, -1, True, [5], {"a": 5}, *SECRETS])  # fmt: skip
REFUSALS = st.fixed_dictionaries(
    {"error_code": CODES},
    optional={
        "error_message": LEAVES,
        "detail_message": LEAVES | st.lists(TEXTS, max_size=2),
        "detail": st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2), max_size=2),
    },
)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
PIECES = st.sampled_from([b"", b",", b"}", b"]", b"[", b'"', b"\\", b"\0", b"\xff", b"\xed\xa0\x80",
    b"null", b"NaN", b"-Infinity", b"1e400", b"9" * 5000, b"[" * 2000, b'{"a":' * 2000, b"\xef\xbb\xbf",
    b"\\ud800", b"<html>", ECHO.encode()])  # fmt: skip
RAW = (
    st.binary(max_size=60)
    | PIECES
    | st.sampled_from([b"<html><body>login</body></html>", b"\x1f\x8b\x08\x00\x00", b'{"did": "d'])
)
STATUSES = st.sampled_from([200] * 25 + [201, 202, 204, 299, 300, 302, 304, 307, 400, 401, 403, 404,
    405, 409, 429, 500, 502, 503, 504, 599, 600, 999, 101])  # fmt: skip
HEADERS = st.sampled_from([{}, {}, {"date": "Mon, 21 Sep 2026 14:13:20 GMT"}, {"date": "soon"},
    {"date": "Mon, 99 Sep 99999 14:13:20 GMT"}, {"date": ""},
    {"x-ratelimit-limit": "-5", "x-ratelimit-remaining": "9" * 400, "x-ratelimit-reset": "NaN"}])  # fmt: skip


class Twice(dict[str, Any]):
    """An object written with one key twice, of which the last counts."""

    def __init__(self, plain: Mapping[str, Any], key: str, first: object) -> None:
        super().__init__(plain)
        self.first = key, first

    def items(self) -> Any:
        return [self.first, *super().items()]


def written(value: object, *, as_ascii: bool) -> bytes:
    """Return a value as JSON text, with NaN and infinities as Python writes them."""
    text = json.dumps(value, ensure_ascii=as_ascii)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def _places(value: Any, above: Any = None, key: Any = None) -> Iterator[tuple[Any, Any, Any]]:
    """Yield all values within a value, each with its container and key."""
    yield above, key, value
    if isinstance(value, dict | list):
        inner = dict.items(value) if isinstance(value, dict) else enumerate(value)
        for name, below in list(inner):
            yield from _places(below, value, name)


def _retyped(value: Any, draw: Draw) -> Any:
    """Return the same in another type."""
    match value:
        case bool() | int() | float() | None:
            return draw(
                st.sampled_from([str(value), str(value).lower(), [value], {"count": value}])
            )
        case str():
            return draw(st.sampled_from([[value], list(value), {value: value}, {"text": value}, 7]))
        case list():
            return draw(
                st.sampled_from([{"hits": {"objects": value}}, dict(enumerate(value)), None])
            )
        case _:
            return draw(st.sampled_from([list(value.values()), list(value), json.dumps(value)]))


def _changed(whole: Any, draw: Draw) -> Any:
    """Return a reply with one change; `whole` is modified."""
    places = list(_places(whole))
    above, key, value = draw(st.sampled_from(places))
    how = draw(
        st.sampled_from(
            ["drop", "replace", "retype", "nest", "twice", "rename", "double", "move", "extreme"]
        )
    )
    if how == "drop" and above is not None:
        del above[key]
        return whole
    if how == "rename" and isinstance(above, dict):
        above[draw(TEXTS)] = above.pop(key)
        return whole
    new: Any
    if how == "retype":
        new = _retyped(value, draw)
    elif how == "nest":
        new = draw(
            st.sampled_from([[value], {"objects": value}, {"count": value}, {key or "a": value}])
        )
    elif how == "twice" and isinstance(value, dict):
        new = Twice(value, draw(st.sampled_from([*value, "a"])), draw(LEAVES))
    elif how == "double" and isinstance(value, list):
        new = value * draw(st.integers(2, 5))
    elif how == "extreme":
        new = draw(EXTREMES)
    elif how == "move":
        new = deepcopy(draw(st.sampled_from(places))[2])
    else:
        new = draw(LEAVES | ANY_JSON)
    if above is None:
        return new
    above[key] = new
    return whole


@st.composite
def gone_wrong(draw: Draw, reply: Any) -> bytes:
    """Return a valid reply with some changes, also in its text."""
    value = deepcopy(reply)
    for _ in range(draw(st.integers(0, 3))):
        value = _changed(value, draw)
    text = written(value, as_ascii=draw(st.booleans()))
    if draw(st.integers(0, 3)):
        return text
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(PIECES) + text[at + draw(st.sampled_from([0, 0, 1, 3, len(text)])) :]


def bodies(reply: Any) -> st.SearchStrategy[bytes]:
    """Return the strategy of all replies."""
    plain = st.builds(lambda value: written(value, as_ascii=True), ANY_JSON | REFUSALS)
    if isinstance(reply, bytes):
        return plain | RAW
    return st.one_of(gone_wrong(reply), gone_wrong(reply), plain, RAW)


_LINES = st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 204 No Content", b"HTTP/1.0 200 OK",
    b"HTTP/1.1 500", b"HTTP/1.1 99 X", b"HTTP/1.1 1000 X", b"HTTP/9.9 200 OK", b"HTTP/1.1  200", b"",
    b"HTTP/1.1 301 Moved", b"HTTP/1.1 103 Hints", b"HTTP/1.1 304 Not Modified", b"ICY 200 OK"])  # fmt: skip
_FIELDS = st.sampled_from([b"Content-Length: 12", b"Content-Length: 5", b"Content-Length: 99999",
    b"Content-Length: -1", b"Content-Length: 1e3", b"Transfer-Encoding: chunked", b"Connection: close",
    b"Transfer-Encoding: gzip, chunked", b"Content-Encoding: gzip", b"Content-Encoding: br",
    b"Content-Encoding: deflate", b"Location: http://elsewhere.invalid/", b"Set-Cookie: \xff=\x00",
    b"Date: soon", b"X: " + b"x" * 9000, b": nameless", b"X", b" folded", b"Upgrade: websocket",
    b"Content-Type: application/json; charset=utf-16", b"Keep-Alive: timeout=-1"])  # fmt: skip
_REST = st.sampled_from([b'{"did": "d"}', b'c\r\n{"did": "d"}\r\n0\r\n\r\n', b"0\r\n\r\n", b"zz\r\n",
    b"ffffffffffffffffff\r\n", b"", b"\x1f\x8b\x08\x00\x00\x00\x00\x00", b"HTTP/1.1 200 OK\r\n\r\n"])  # fmt: skip


@st.composite
def streams_of_bytes(draw: Draw) -> bytes:
    """Return the strategy of a server's bytes: odd HTTP, whole or truncated, or anything else."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=80))
    end = draw(st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"]))
    lines = [draw(_LINES), *draw(st.lists(_FIELDS, max_size=3))]
    text = end.join([*lines, b"", b""]) + draw(_REST | st.binary(max_size=40))
    return text if draw(st.integers(0, 3)) else text[: draw(st.integers(0, len(text)))]
