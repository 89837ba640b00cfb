"""Requests, replies, ledger entries and refusals of the simulated service, as values. No I/O."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from gizwits_async.error_codes import API_ERRORS

__all__ = [
    "Action",
    "Answer",
    "ApiRefusal",
    "Delivery",
    "LedgerEntry",
    "SimulatedReply",
    "SimulatedRequest",
    "encode_json",
]


def encode_json(value: object) -> bytes:
    """Return a JSON value as UTF-8, or as ASCII with escapes if a text holds a lone surrogate."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


@frozen(kw_only=True)
class SimulatedRequest:
    """One HTTP request as the service sees it."""

    method: str
    """Verb, in capitals."""
    target: str
    """Quoted path, with `?query` if there is one."""
    headers: Mapping[str, str] = field(factory=dict)
    """Header fields, names in any case."""
    body: bytes = b""
    """Body as sent; empty if none."""
    peer: str = "127.0.0.1"
    """Address of the caller, checked against the whitelist."""

    @property
    def path(self) -> str:
        """The quoted path alone."""
        return self.target.partition("?")[0]

    def segments(self) -> tuple[str, ...]:
        """Return the path's segments. Each is unquoted separately, so that `%2F` does not split one."""
        return tuple(unquote(part) for part in self.path.split("/")[1:])

    def query(self) -> dict[str, str]:
        """Return the query parameters; the last value wins where a name is repeated."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def header(self, name: str) -> str | None:
        """Return a header by its case-insensitive name; None if it was not sent."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)


class Action(StrEnum):
    """What a fault rule does to a call."""

    STATUS = "status"
    """Another status, with or without an `error_code`; the request does not reach the service."""
    HTML = "html"
    """An HTML page, as a proxy sends it; the request does not reach the service."""
    REDIRECT = "redirect"
    """A redirect; the request does not reach the service."""
    RESET = "reset"
    """The connection breaks before the service acts."""
    EFFECT_WITHOUT_REPLY = "effect_without_reply"
    """The service acts, then the connection breaks."""
    CUT = "cut"
    """The connection breaks in the middle of the body."""
    TRUNCATED = "truncated"
    """The body is complete by its length, but its JSON is cut off."""
    STALL = "stall"
    """The reply is delayed, or never sent."""
    DRIP = "drip"
    """The body is sent in small pieces with pauses between them."""
    OVERSIZED = "oversized"
    """The body is followed by megabytes of blanks."""
    DUPLICATE_ROWS = "duplicate_rows"
    """The first row of the page is repeated."""
    EMPTY_PAGE = "empty_page"
    """A page of a list or log has no rows and no context, while its total stays right."""
    ODD_ROW = "odd_row"
    """A field of a row, or the whole row, has another value."""
    MISSING_FIELD = "missing_field"
    """A field of a row is missing."""
    SAME_CURSOR = "same_cursor"
    """Every page of a log is the first page, with the same context."""
    DRIFTING_TOTAL = "drifting_total"
    """`meta.total` is wrong by up to two, differently on each call."""
    CLOCK_SKEW = "clock_skew"
    """The server's clock is wrong for this call."""


@frozen(kw_only=True)
class Delivery:
    """How a reply is delivered when a fault rule disturbs it."""

    wait: float = 0.0
    """Seconds until the first byte; infinite: no byte is ever sent."""
    reset: bool = False
    """Whether the connection is reset in place of a reply."""
    cut_at: int | None = None
    """Bytes of the body after which the connection breaks; None: it does not."""
    piece: int | None = None
    """Bytes of the body sent at a time; None: all at once."""
    pause: float = 0.0
    """Seconds between the pieces."""
    padding: int = 0
    """Bytes of blanks sent after the body."""


@frozen(kw_only=True)
class SimulatedReply:
    """One HTTP reply."""

    status: int
    """HTTP status."""
    headers: Mapping[str, str]
    """Header fields, names in lower case."""
    body: bytes
    """Body, uncompressed."""
    delivery: Delivery | None = None
    """How the reply must be delivered; None: undisturbed."""

    @classmethod
    def of_json(cls, status: int, value: object, headers: Mapping[str, str]) -> Self:
        """Return a reply that carries a JSON value as UTF-8.

        Args:
            status: HTTP status.
            value: What `json` can write; None for an empty body.
            headers: Further header fields.
        """
        body = b"" if value is None else encode_json(value)
        kind = {"content-type": "application/json"} if body else {}
        return cls(status=status, headers={**kind, **headers}, body=body)


@frozen(kw_only=True)
class LedgerEntry:
    """Record of one handled call, for tests that count calls."""

    at: float
    """When the call was handled, in epoch seconds of the caller's clock."""
    method: str
    """Verb."""
    path: str
    """Quoted path."""
    query: Mapping[str, str]
    """Decoded query parameters."""
    status: int
    """HTTP status of the reply; 0 if a fault rule suppressed the reply."""
    error_code: int | None
    """Error code of the refusal; None if the call succeeded."""
    kind: str
    """Endpoint, such as `devices.search` or `log.online`; `""` if no route matched; `fault.status` and so
    on if a fault rule kept the call from the service."""


@frozen
class Answer:
    """Result of an endpoint whose status is not 200 or which has no body."""

    status: int
    body: object


class ApiRefusal(Exception):  # noqa: N818 - an answer of the service, no failure of the simulator
    """The service refuses the call with an error code of the API document."""

    def __init__(self, code: int, detail: object = None) -> None:
        super().__init__(f"{code}: {API_ERRORS[code][2]}")
        self.code = code
        self.detail = detail

    @property
    def status(self) -> int:
        """HTTP status that the API document lists for this code."""
        return API_ERRORS[self.code][0]

    @property
    def text(self) -> str:
        """Message that the API document lists for this code."""
        return API_ERRORS[self.code][2]
