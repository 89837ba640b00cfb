"""The faults that must be survived, by number; each is kept by tests marked `fault(number)`."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]

ROWS: Mapping[str, str] = {
    "W1": "connection refused, no such host, TLS fails",
    "W2": "reset in the middle of a body",
    "W3": "Content-Length too large, chunks without an end",
    "W4": "the peer closes before the headers",
    "W5": "a stall after the headers, a slow drip",
    "W6": "502, 503, 504 with a body of HTML",
    "W7": "200 with HTML of a portal",
    "W8": "JSON under another content type",
    "W9": "a wrong or unknown charset",
    "W10": "bytes that are no UTF-8",
    "W11": "a byte order mark",
    "W12": "an empty body",
    "W13": "a gzip bomb",
    "W14": "bad gzip, a coding that was not asked for",
    "W15": "a header beyond all bounds, a bad status line, a negative length",
    "W16": "redirects",
    "W17": "a base URL without TLS",
    "W18": "DELETE whose body a proxy dropped",
    "W19": "a proxy with credentials in the environment",
    "W20": "1xx answers, HEAD, a connection closed each time",
    "J1": "a trailing comma",
    "J2": "truncated JSON",
    "J3": "NaN, Infinity, 1e400",
    "J4": "an int of 5,000 digits",
    "J5": "an int beyond 64 bits",
    "J6": "100,000 nested arrays",
    "J7": "a lone surrogate",
    "J8": "a key that comes twice",
    "J9": "a top level that is no object",
    "J10": "fields missing, null, unknown",
    "J11": "booleans and numbers in other spellings",
    "J12": "timestamps of other kinds",
    "J13": "an unknown value of an enum",
    "J14": "trees: an empty gid, a region named count",
    "J15": "error bodies of other shapes",
    "J16": "names in all of Unicode, a text of 1 MB",
    "A1": "the token expires between pages and in a burst",
    "A2": "who renews the token is cancelled",
    "A3": "the renewal is refused",
    "A4": "a server that always says expired",
    "A5": "local clock skew; expiry in ms, missing, under either name",
    "A6": "the wall clock jumps",
    "A7": "a token of another product",
    "A8": "a shared token store: corrupt value, two writers",
    "Q1": "5013 though the local count is below the limit",
    "Q2": "X-RateLimit headers absent, junk, implausible",
    "Q3": "any interleaving of lanes",
    "Q4": "10,000 waiting calls, all cancelled",
    "Q5": "the shared quota's server down, slow, restarted",
    "Q6": "retries that would use up the quota",
    "X1": "meta.limit smaller than asked",
    "X2": "the total shrinks",
    "X3": "rows come in at the front",
    "X4": "an empty page before the total",
    "X5": "the same cursor for ever",
    "X6": "a cycle of cursors; a million pages",
    "X7": "a cursor that expired, also silently",
    "X8": "more than a page in one second at a re-anchor",
    "X9": "the quota blocks while contexts are open",
    "X10": "window seams, sub-second timestamps",
    "X11": "ranges: too long, too old, reversed, future, naive, DST",
    "X12": "a window ages past the edge before it is sent",
    "X13": "records outside the range, out of order, twice",
    "X14": "a device is deleted in the middle of a scan",
    "X15": "a log that a published product may not read",
    "X16": "the reply to a context call is lost",
    "C1": "control: the reply is lost after the effect",
    "C2": "control: refused before it is sent",
    "C3": "5403 send command failed, use again",
    "C4": "1,001 MACs in one call",
    "C5": "bind and unbind that fail in part",
    "C6": "create group: the reply is lost",
    "P1": "cancellation at every await",
    "P2": "a sibling fails, an outer timeout",
    "P3": "an abandoned iterator",
    "P4": "a client across event loops",
    "P5": "fork, pickle",
    "P6": "two threads",
    "P7": "closed twice, used after, never closed",
    "P8": "disk full, read-only, SIGKILL",
    "P9": "a store that is corrupt, newer, of another scan",
    "P10": "secrets anywhere",
    "P11": "path injection",
    "P12": "control and non-ASCII characters in headers",
    "P13": "CSV and terminal injection",
    "P14": "a stream of a million rows, a slow consumer",
    "P15": "24 hours, thousands of calls: nothing grows",
}


@cache
def kept() -> Mapping[str, list[str]]:
    """Return the tests of each row that assert something, as `file::test`."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "mark.fault" in text else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                rows = list(_marks(node))
                for row in rows if rows and _asserts(node) else ():
                    found[row].append(f"{path.relative_to(TESTS)}::{node.name}")
    return found


def _marks(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
            yield from (ast.literal_eval(row) for row in mark.args)


def _asserts(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a test can fail: it asserts, expects an error, or calls what is named so."""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in {"raises", "warns"} or called.startswith("assert_"):
                return True
    return False
