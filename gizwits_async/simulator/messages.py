"""What goes in and out of the simulated service, as values, and the line a call leaves behind."""

import json
from collections.abc import Mapping
from typing import Self
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from gizwits_async.errors import API_ERRORS

__all__ = ["Answer", "LedgerEntry", "Refusal", "SimulatedReply", "SimulatedRequest"]


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


@frozen(kw_only=True)
class SimulatedReply:
    """One HTTP reply."""

    status: int
    """HTTP status."""
    headers: Mapping[str, str]
    """Header fields, names in lower case."""
    body: bytes
    """Body, not compressed."""

    @classmethod
    def of_json(cls, status: int, value: object, headers: Mapping[str, str]) -> Self:
        """Return a reply that carries a JSON value as UTF-8.

        Args:
            status: HTTP status.
            value: What `json` can write; None for an empty body.
            headers: Further header fields.
        """
        body = b"" if value is None else json.dumps(value, ensure_ascii=False).encode()
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
    """HTTP status of the answer."""
    error_code: int | None
    """The service's code of a refusal; None if it was none."""
    kind: str
    """Which endpoint it was, such as `devices.search` or `log.online`; `""` for no route."""


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
