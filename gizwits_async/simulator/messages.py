"""What goes in and out of the simulated service, as values, and the line a call leaves behind."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from gizwits_async.errors import API_ERRORS

__all__ = [
    "Action",
    "Answer",
    "Delivery",
    "LedgerEntry",
    "Refusal",
    "SimulatedReply",
    "SimulatedRequest",
    "written",
]


def written(value: object) -> bytes:
    """Return a JSON value as UTF-8; as plain ASCII if it holds half a character, which has none."""
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
    """Address of the caller, for the whitelist."""

    @property
    def path(self) -> str:
        """The quoted path alone."""
        return self.target.partition("?")[0]

    def segments(self) -> tuple[str, ...]:
        """Return the path's segments, each unquoted on its own, so that `%2F` stays inside one."""
        return tuple(unquote(part) for part in self.path.split("/")[1:])

    def query(self) -> dict[str, str]:
        """Return the query; of a name given twice the last value counts."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def header(self, name: str) -> str | None:
        """Return a header by its name in any case; None if it was not sent."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)


class Action(StrEnum):
    """What a fault rule does to a call."""

    STATUS = "status"
    """Another status, with or without an `error_code`; the service is not reached."""
    HTML = "html"
    """An HTML page, as of a proxy; the service is not reached."""
    REDIRECT = "redirect"
    """A redirect; the service is not reached."""
    RESET = "reset"
    """The connection breaks before the service acts."""
    EFFECT_WITHOUT_REPLY = "effect_without_reply"
    """The service acts, then the connection breaks."""
    CUT = "cut"
    """The connection breaks within the body."""
    TRUNCATED = "truncated"
    """The body is complete for HTTP, and broken off as JSON."""
    STALL = "stall"
    """The reply is late, or never comes."""
    DRIP = "drip"
    """The body comes in small pieces with pauses."""
    OVERSIZED = "oversized"
    """The body is followed by blanks, megabytes of them."""
    DUPLICATE_ROWS = "duplicate_rows"
    """The first row of a page stands there twice."""
    SAME_CURSOR = "same_cursor"
    """A log answers with the same page and the same context for ever."""
    DRIFTING_TOTAL = "drifting_total"
    """`meta.total` is wrong by up to two, another way at each call."""
    CLOCK_SKEW = "clock_skew"
    """The server's clock is off for this call."""


@frozen(kw_only=True)
class Delivery:
    """How a reply travels, where that is not simply well."""

    wait: float = 0.0
    """Seconds until its first byte; infinite: it never comes."""
    reset: bool = False
    """Whether the connection breaks instead."""
    cut_at: int | None = None
    """Bytes of the body after which the connection breaks; None: not at all."""
    piece: int | None = None
    """Bytes of the body that come at a time; None: all."""
    pause: float = 0.0
    """Seconds between such pieces."""
    padding: int = 0
    """Blanks that follow the body."""


@frozen(kw_only=True)
class SimulatedReply:
    """One HTTP reply."""

    status: int
    """HTTP status."""
    headers: Mapping[str, str]
    """Header fields, names in lower case."""
    body: bytes
    """Body, not compressed."""
    delivery: Delivery | None = None
    """How it travels; None: well. Whoever carries it has to honour this."""

    @classmethod
    def of_json(cls, status: int, value: object, headers: Mapping[str, str]) -> Self:
        """Return a reply that carries a JSON value as UTF-8.

        Args:
            status: HTTP status.
            value: What `json` can write; None for an empty body.
            headers: Further header fields.
        """
        body = b"" if value is None else written(value)
        kind = {"content-type": "application/json"} if body else {}
        return cls(status=status, headers={**kind, **headers}, body=body)


@frozen(kw_only=True)
class LedgerEntry:
    """What remains of one call, for tests that say "exactly" and "once"."""

    at: float
    """When it was handled, in epoch seconds of the caller's clock."""
    method: str
    """Verb."""
    path: str
    """Quoted path."""
    query: Mapping[str, str]
    """Query as it was understood."""
    status: int
    """HTTP status of the answer; 0 if a fault rule left it without one."""
    error_code: int | None
    """The service's code of a refusal; None if it was none."""
    kind: str
    """Which endpoint it was, such as `devices.search` or `log.online`; `""` for no route, `fault.status` and
    so on for a call that a fault rule kept from the service."""


@frozen
class Answer:
    """What an endpoint gives back when its status is not 200, or its body is not plain JSON."""

    status: int
    body: object


class Refusal(Exception):  # noqa: N818 - a verdict of the service, not a failure of ours
    """The service says no: an error code of the document's table."""

    def __init__(self, code: int, detail: object = None) -> None:
        super().__init__(f"{code}: {API_ERRORS[code][2]}")
        self.code = code
        self.detail = detail

    @property
    def status(self) -> int:
        """HTTP status that the table gives this code."""
        return API_ERRORS[self.code][0]

    @property
    def text(self) -> str:
        """Message that the table gives this code."""
        return API_ERRORS[self.code][2]
