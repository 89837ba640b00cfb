"""What goes over the wire, as values. Nothing here does I/O."""

import json
import re
import string
from collections.abc import Callable, Mapping
from enum import Enum
from math import isfinite
from types import MappingProxyType
from typing import Any, Generic, Self, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from attrs import field, frozen

from gizwits_async.errors import ArgumentError, NotSentError

__all__ = ["Auth", "JsonValue", "Path", "QueryValue", "Request", "delete", "get", "post", "put"]

T = TypeVar("T")
QueryValue: TypeAlias = str | int | float | None
"""What may stand in a query: None means "leave out", a bool is written as 1 or 0."""
JsonValue: TypeAlias = (
    str | int | float | bool | tuple["JsonValue", ...] | list[Any] | Mapping[str, Any] | None
)
"""What a request body may hold."""

_SEGMENT = re.compile(r"[^\x00-\x20\x7f/\\?#%]+", re.ASCII)
_DOTS = {".", ".."}
_WORD = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*", re.ASCII)
_UNRESERVED = (string.ascii_letters + string.digits + "_.~-").encode()


class _SealedBytes(bytes):
    """A body whose repr shows nothing: that of a login holds three secrets."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class Auth(Enum):
    """How a call is authenticated (api document, sections 4 and "users")."""

    TOKEN = "token"  # noqa: S105 - the kind, not a token
    """`Authorization: token ...`."""
    ENTERPRISE = "enterprise"
    """`X-Gizwits-Enterprise-ID` and `-Secret`, no token."""
    NONE = "none"
    """Nothing: the token call itself."""


def _checked_segment(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ArgumentError(f"{name} must be a text, not {type(value).__name__}")
    if _WORD.fullmatch(value):
        return value  # Most are ids, which need no quoting.
    if not value:
        raise ArgumentError(f"{name} must not be empty")
    if value in _DOTS or not _SEGMENT.fullmatch(value) or not value.isprintable():
        # Quoting does not help: URL libraries collapse ".." and "%2e%2e" after unquoting.
        raise ArgumentError(f"{name} cannot stand in a path: {value[:80]!r}")
    try:
        return quote(value, safe=":@!$&'()*+,;=~-._")
    except UnicodeEncodeError:
        raise ArgumentError(f"{name} cannot stand in a path: {value[:80]!r}") from None


class Path(str):
    """A checked and quoted path that remembers the template it was made from."""

    __slots__ = ("route",)
    route: str
    """The template, such as `/v1/products/{product_key}/devices/{did}/data`."""

    @classmethod
    def of(cls, template: str, /, **segments: str) -> Self:
        """Return `template` with its `{names}` filled in, each one as a single segment.

        Raises:
            ArgumentError: A segment is empty, or holds a slash, dots, `%`, `?`, `#` or white space.
        """
        filled = {name: _checked_segment(name, value) for name, value in segments.items()}
        path = cls(template.format_map(filled))
        path.route = template
        return path


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.startswith("/"):
        raise ArgumentError(f"a path is a text that begins with a slash, not {str(value)[:80]!r}")
    path = Path("/" + "/".join(_checked_segment("path", part) for part in value[1:].split("/")))
    path.route = path
    return path


def _query(
    values: Mapping[str, QueryValue], before: MappingProxyType[str, str] = MappingProxyType({})
) -> MappingProxyType[str, str]:
    """Return a query with these values added or replaced, as they are written; None leaves one out."""
    written = before.copy()
    for name, value in values.items():
        if value is None:
            written.pop(name, None)
        else:
            text = value if type(value) is str else _written(name, value)
            if not (text.isascii() and name.isascii()):
                _check_text(name + text)
            written[name] = text
    return MappingProxyType(written)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ArgumentError("query parameters must not contain lone surrogates") from None


def _written(name: str, value: object) -> str:
    if type(value) is int:
        return str(value)
    if not isinstance(value, str | int | float):
        raise ArgumentError(f"{name} must be a text or a number, not {type(value).__name__}")
    if isinstance(value, float) and not isfinite(value):
        raise ArgumentError(f"{name} must be a finite number, not {value}")
    return str(int(value)) if isinstance(value, bool) else str(value)


def _encode(value: JsonValue) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return _SealedBytes(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"the body cannot be written as JSON: {error}") from None


# Without slots: attrs fills a frozen class with slots by `object.__setattr__`, at three times the cost.
@frozen(kw_only=True, eq=False, slots=False)
class Request(Generic[T]):
    """One call, before it is sent. Made by `get`, `post`, `put` and `delete`; changed by `evolve`."""

    verb: str
    """GET, POST, PUT or DELETE."""
    path: Path = field(converter=_path)
    """Path below the base URL, each segment quoted."""
    returns: type[T]
    """The type that the reply is structured into; `type(None)` if it has no content of interest."""
    query: MappingProxyType[str, str] = field(factory=dict, converter=_query, repr=False)
    """Query parameters as they are written."""
    json: JsonValue = field(default=None, repr=False)
    """JSON body; None sends none."""
    auth: Auth = Auth.TOKEN
    """How the call is authenticated."""
    repeatable: bool = False
    """Whether the call may be sent again after its reply was lost."""
    single_attempt: bool = False
    """Whether the call must not be sent again even after a refusal: a context may advance with each use."""
    may_be_empty: bool = False
    """Whether an empty reply body is valid, and read as `{}`."""
    not_after: float | None = None
    """Event loop time after which the call must no longer be sent."""
    finalize: Callable[["Request[T]"], "Request[T]"] | None = field(default=None, repr=False)
    """Called once the permit is granted, to fill in what depends on the moment of sending."""

    @property
    def is_command(self) -> bool:
        """Whether the call changes something, so that it must never be sent twice."""
        return self.verb != "GET" and not self.repeatable

    @property
    def target(self) -> str:
        """Path and query as they stand in the request line."""
        query = self.query
        if not query:
            return str(self.path)
        text = "&".join(map("=".join, query.items()))
        # Most values are words and numbers, which need no quoting: all else is the separators.
        if text.encode().translate(None, _UNRESERVED) != (b"=&" * len(query))[:-1]:
            text = urlencode(query, safe="", quote_via=quote)
        return self.path + "?" + text

    @property
    def where(self) -> str:
        """Verb and path, for messages; without the query, which may hold personal data."""
        return f"{self.verb} {self.path}"

    def encoded_body(self) -> bytes:
        """Return the JSON body as it is sent.

        Raises:
            ArgumentError: It cannot be written as JSON.
        """
        return _encode(self.json)

    def ready(self, now: float) -> "Request[T]":
        """Return the request as it is sent at this event loop time.

        Raises:
            NotSentError: Its time limit has passed.
        """
        request = self if self.finalize is None else self.finalize(self)
        if request.not_after is not None and request.expired(now):
            raise NotSentError(f"{request.where}: not sent, its time limit passed while waiting")
        return request

    def expired(self, now: float) -> bool:
        """Say whether the call must no longer be sent at this event loop time."""
        return self.not_after is not None and now > self.not_after

    def evolve(self, **changes: Any) -> Self:
        """Return a copy with these fields changed."""
        fields = vars(self)
        if not changes.keys() <= fields.keys():
            raise TypeError(f"a request has no {', '.join(changes.keys() - fields.keys())}")
        if "path" in changes:
            changes["path"] = _path(changes["path"])
        if "query" in changes:
            changes["query"] = _query(changes["query"])
        return self._copy(**changes)

    def asking(self, **query: QueryValue) -> Self:
        """Return a copy with these query parameters added or replaced; None leaves one out."""
        return self._copy(query=_query(query, self.query))

    def _copy(self, **changes: Any) -> Self:
        # Not `attrs.evolve`, which converts every field anew: walks copy their request for each page.
        copied = object.__new__(self.__class__)
        copied.__dict__.update(self.__dict__, **changes)
        return copied


def get(path: str, returns: type[T], /, **query: QueryValue) -> Request[T]:
    """Return a GET of `path` that is structured into `returns`; it may be repeated."""
    return Request(verb="GET", path=path, returns=returns, query=query, repeatable=True)


def post(
    path: str, returns: type[T], /, *, json: JsonValue = None, **query: QueryValue
) -> Request[T]:
    """Return a POST of `json` to `path`; never sent twice by itself."""
    return Request(verb="POST", path=path, returns=returns, query=query, json=json)


def put(
    path: str, returns: type[T], /, *, json: JsonValue = None, **query: QueryValue
) -> Request[T]:
    """Return a PUT of `json` to `path`; never sent twice by itself."""
    return Request(verb="PUT", path=path, returns=returns, query=query, json=json)


def delete(
    path: str, returns: type[T], /, *, json: JsonValue = None, **query: QueryValue
) -> Request[T]:
    """Return a DELETE of `path`, with a JSON body if one is given; never sent twice by itself."""
    return Request(verb="DELETE", path=path, returns=returns, query=query, json=json)
