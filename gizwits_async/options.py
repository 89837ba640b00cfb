"""Settings that callers pass in, and the state of the quota: frozen values, checked on creation."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self, TypedDict, Unpack

from attrs import evolve, field, frozen

from gizwits_async.errors import ArgumentError, CredentialsError
from gizwits_async.schema import Model

__all__ = [
    "BASE_URL",
    "CALLS_PER_HOUR",
    "SPRINT",
    "Credentials",
    "Lane",
    "OptionChanges",
    "Options",
    "QuotaSnapshot",
    "Secret",
]

BASE_URL = "https://enterpriseapi.gizwits.com"
"""The only host that the API document names. It claims TLS support; nobody could verify it."""
CALLS_PER_HOUR = 3600
"""The quota of an enterprise for which no other number is given."""


class Secret(str):
    """A string whose repr is masked, so that no log and no traceback shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __getitem__(self, key: Any) -> "Secret":
        # Tools that show locals truncate long strings first: a part is a secret too.
        return Secret(super().__getitem__(key))


class Lane(StrEnum):
    """Priority lane: interactive requests are served before bulk jobs."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


# For code that runs at every call: before Python 3.12, looking up a member of an enum takes 0.2 us.
INTERACTIVE, BULK = Lane

SPRINT = 0.1
"""Of the mean spacing between calls: the spacing in a sprint."""


@frozen(kw_only=True)
class QuotaSnapshot(Model):
    """What is known of the quota at one moment."""

    limit: int
    """Calls allowed in a period."""
    remaining: int
    """Calls left of it, as far as known."""
    resets_at: float | None = None
    """When the count restarts, in epoch seconds UTC by the server's clock; None if unknown."""
    period: float = 3600.0
    """Seconds of a period."""
    source: Literal["local", "server"] = "local"
    """Whether the numbers come from our own count or from reply headers of the server."""
    next_in: Mapping[Lane, float] = field(factory=dict)
    """Seconds that one more call of each lane would wait for its permit."""
    waiting: Mapping[Lane, int] = field(factory=dict)
    """Calls of each lane that wait for a permit."""
    reserve: int = 0
    """Calls of the period that the bulk lane leaves to interactive ones at present."""
    sprint: int = 0
    """Bulk calls that may go at present at ten times the mean rate."""

    def seconds_for(self, calls: int, now: float) -> float:
        """Estimate how many seconds so many bulk calls take, if nobody else calls meanwhile.

        After a sprint, the calls that remain go evenly until the count restarts. The next sprint
        begins a period after the first. Without a sprint, calls go at the mean rate after the wait
        for the first permit.

        Args:
            calls: Number of calls.
            now: Present of the server, in epoch seconds UTC.
        """
        mean = self.period / self.limit
        if not self.sprint:
            return self.next_in.get(BULK, 0.0) + calls * mean if calls else 0.0
        before, room, sprint = 0.0, self.remaining, self.sprint
        length = self.period if self.resets_at is None else max(0.0, self.resets_at - now)
        if calls > room:
            periods, calls = divmod(calls - room, self.limit)
            before, length = (1 + periods) * self.period, self.period
            room, sprint = self.limit, self.limit // 2
        fast, slow = min(calls, sprint), max(0, calls - sprint)
        rest = max(0.0, length - sprint * mean * SPRINT)
        return before + fast * mean * SPRINT + slow * rest / max(1, room - sprint)


def _plain_ascii(instance: object, attribute: Any, value: Any) -> None:
    # Header values: aiohttp refuses CR and LF but sends other bytes raw.
    del instance
    if not isinstance(value, str) or not value:
        raise ArgumentError(f"{attribute.name} is missing: it must be a non-empty string")
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ArgumentError(f"{attribute.name} must be visible ASCII characters without spaces")


def _secret(value: Any) -> Any:
    return Secret(value) if isinstance(value, str) else value


_NAMES = ("enterprise_id", "enterprise_secret", "product_key", "product_secret")


@frozen(kw_only=True, init=False)
class Credentials:
    """The four values that the developer centre shows for an enterprise and a product."""

    enterprise_id: str = field(validator=_plain_ascii)
    """Enterprise id (EID)."""
    enterprise_secret: str = field(repr=False, validator=_plain_ascii)
    """Enterprise secret; never in a repr."""
    product_key: str = field(validator=_plain_ascii)
    """Product key (PK)."""
    product_secret: str = field(repr=False, validator=_plain_ascii)
    """Product secret; never in a repr."""

    def __init__(
        self, *, enterprise_id: str, enterprise_secret: str, product_key: str, product_secret: str
    ) -> None:
        # Rebound here, not converted by attrs: tracebacks show the arguments of each frame.
        enterprise_secret, product_secret = _secret(enterprise_secret), _secret(product_secret)
        self.__attrs_init__(
            enterprise_id=enterprise_id,
            enterprise_secret=enterprise_secret,
            product_key=product_key,
            product_secret=product_secret,
        )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Return the credentials in `GIZWITS_ENTERPRISE_ID`, `..._SECRET`, `GIZWITS_PRODUCT_...`.

        `GIZWITS_ENTERPRISE_SECRET_FILE` and the like name a file instead, as Docker and Kubernetes
        mount secrets; a byte order mark and the line break at its end do not count.

        Raises:
            CredentialsError: Some of the four are missing (the message names them), or a file cannot
                be read, or others can read it.
        """
        values, files = _named(os.environ if environ is None else environ)
        del environ  # Whatever is raised below shows the locals of this frame.
        values |= _read(files)
        missing = [f"GIZWITS_{name.upper()}" for name in _NAMES if not values.get(name)]
        if missing:
            raise CredentialsError(f"missing in the environment: {', '.join(missing)}")
        return cls(**values)


def _named(environ: Mapping[str, str]) -> tuple[dict[str, Secret], dict[str, Path]]:
    """Return the values in the environment, and the files that it names for the others."""
    texts = {name: environ.get(f"GIZWITS_{name.upper()}") for name in _NAMES}
    values = {name: Secret(text) for name, text in texts.items() if text}
    paths = {name: environ.get(f"GIZWITS_{name.upper()}_FILE") for name in _NAMES}
    return values, {name: Path(path) for name, path in paths.items() if path and name not in values}


def _read(files: Mapping[str, Path]) -> dict[str, Secret]:
    from gizwits_async.secret_files import read_secret  # noqa: PLC0415 - it imports `Secret` from here

    return {name: read_secret(path) for name, path in files.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _positive(instance: object, attribute: Any, value: Any) -> None:
    del instance
    if not _is_number(value) or not value > 0:
        raise ArgumentError(f"{attribute.name} must be positive, not {value!r}")


def _positive_or_none(instance: object, attribute: Any, value: Any) -> None:
    if value is not None:
        _positive(instance, attribute, value)


def _not_negative(instance: object, attribute: Any, value: Any) -> None:
    del instance
    if value is not None and not (_is_number(value) and value >= 0):
        raise ArgumentError(f"{attribute.name} must not be negative, not {value!r}")


def _true_or_false(instance: object, attribute: Any, value: Any) -> None:
    del instance
    if not isinstance(value, bool):
        # A string such as "false" would be true.
        raise ArgumentError(f"{attribute.name} must be True or False, not {value!r}")


def _within(low: int, high: int) -> Any:
    def check(instance: object, attribute: Any, value: Any) -> None:
        del instance
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ArgumentError(f"{attribute.name} must be from {low} to {high}, not {value!r}")

    return check


class OptionChanges(TypedDict, total=False):
    """Any of the fields of `Options`; see there."""

    timeout: float
    deadline: float | None
    max_quota_wait: float | None
    lane: Lane | Literal["interactive", "bulk"]
    max_retries: int
    page_size: int
    max_log_span: int
    start_inclusive: bool
    context_lifetime: float
    max_response_bytes: int
    strict_rows: bool


@frozen(kw_only=True)
class Options:
    """How calls are made. Change by `client.with_options(...)`, which shares all else."""

    timeout: float = field(default=10.0, validator=_positive)
    """Seconds one attempt may take on the wire, reading included."""
    deadline: float | None = field(default=None, validator=_positive_or_none)
    """Seconds one call may take in all: quota, token, retries. None: any time."""
    max_quota_wait: float | None = field(default=None, validator=_not_negative)
    """Seconds a call may wait for a permit of the quota before `QuotaWaitError`. None: any time."""
    lane: Lane = field(default=Lane.INTERACTIVE, converter=Lane)
    """Priority lane in which calls wait for quota."""
    max_retries: int = field(default=3, validator=_within(0, 100))
    """How often a repeatable call is repeated at most. Refusals for quota do not count, but with 0
    nothing is repeated at all."""
    page_size: int = field(default=100, validator=_within(1, 100))
    """`limit` of a page; the service allows at most 100."""
    max_log_span: int = field(default=172_800, validator=_within(2, 30 * 86_400))
    """Seconds between `start_ts` and `end_ts` of one log query, at most."""
    start_inclusive: bool = field(default=False, validator=_true_or_false)
    """Whether to rely on the server to include `start_ts` itself, which saves a query for some ranges."""
    context_lifetime: float = field(default=3600.0, validator=_positive)
    """Seconds for which a `context` is valid on the server, from the call that opened it."""
    strict_rows: bool = field(default=False, validator=_true_or_false)
    """Whether a list with a row that cannot be read is an `InvalidResponseError`. By default a field
    that cannot be read is None and stands in the row's `unread`, and a row without a readable id or
    time is left out and counted in `Page.set_aside`; a warning is logged once for each field."""
    max_response_bytes: int = field(default=16 * 2**20, validator=_within(1, 2**40))
    """Bytes of a reply at most, after decompression."""

    def evolve(self, **changes: Unpack[OptionChanges]) -> Self:
        """Return a copy with these fields changed, checked anew."""
        return evolve(self, **changes)
