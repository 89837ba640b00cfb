"""What a caller hands in and reads off: frozen values, checked where they are made. No I/O."""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, Self

from attrs import evolve, field, frozen

__all__ = ["BASE_URL", "Credentials", "Lane", "Options", "QuotaSnapshot", "Secret"]

BASE_URL = "https://enterpriseapi.gizwits.com"
"""The one host that the API document names; that it speaks TLS is claimed there, not verified."""


class Secret(str):
    """A string that is itself everywhere but in a repr, so that no log or traceback shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __getitem__(self, key: Any) -> "Secret":
        # Tools that show locals cut long texts first: a part is a secret too.
        return Secret(super().__getitem__(key))


class Lane(StrEnum):
    """Who is asking: a person who waits, or a job that has hours."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


@frozen(kw_only=True)
class QuotaSnapshot:
    """What is known of the quota at one moment."""

    limit: int
    """Calls allowed in a period."""
    remaining: int
    """Calls left of it, as far as known."""
    resets_at: float | None = None
    """When the count starts anew, in epoch seconds UTC by the server's clock; None if unknown."""
    period: float = 3600.0
    """Seconds of a period."""
    source: Literal["local", "server"] = "local"
    """Whether our own count says so or the reply headers of the server."""


def _plain_ascii(instance: object, attribute: Any, value: Any) -> None:
    # Header values: aiohttp refuses CR and LF but sends other bytes raw.
    del instance
    if not isinstance(value, str) or not value:
        raise ValueError(f"{attribute.name} is missing: it must be a text that is not empty")
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ValueError(f"{attribute.name} must be visible ASCII characters without spaces")


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
        # Rebound, and not converted by attrs: a traceback with locals shows what a frame was given.
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

        Raises:
            ValueError: Some of the four are missing; the message names them.
        """
        values = _values(os.environ if environ is None else environ)
        del environ  # Whatever is raised below shows the locals of this frame.
        missing = [f"GIZWITS_{name.upper()}" for name, value in values.items() if not value]
        if missing:
            raise ValueError(f"missing in the environment: {', '.join(missing)}")
        return cls(**values)


def _values(environ: Mapping[str, str]) -> dict[str, Secret]:
    return {name: Secret(environ.get(f"GIZWITS_{name.upper()}", "")) for name in _NAMES}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _positive(instance: object, attribute: Any, value: Any) -> None:
    del instance
    if not _is_number(value) or not value > 0:
        raise ValueError(f"{attribute.name} must be positive, not {value!r}")


def _positive_or_none(instance: object, attribute: Any, value: Any) -> None:
    if value is not None:
        _positive(instance, attribute, value)


def _not_negative(instance: object, attribute: Any, value: Any) -> None:
    del instance
    if value is not None and not (_is_number(value) and value >= 0):
        raise ValueError(f"{attribute.name} must not be negative, not {value!r}")


def _true_or_false(instance: object, attribute: Any, value: Any) -> None:
    del instance
    if not isinstance(value, bool):
        # "false" from an environment variable would be true.
        raise ValueError(f"{attribute.name} must be True or False, not {value!r}")


def _within(low: int, high: int) -> Any:
    def check(instance: object, attribute: Any, value: Any) -> None:
        del instance
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"{attribute.name} must be from {low} to {high}, not {value!r}")

    return check


@frozen(kw_only=True)
class Options:
    """How calls are made. Change by `client.with_options(...)`, which shares all else."""

    timeout: float = field(default=10.0, validator=_positive)
    """Seconds one attempt may take on the wire, reading included."""
    deadline: float | None = field(default=None, validator=_positive_or_none)
    """Seconds one call may take in all: quota, token, retries. None: as long as it takes."""
    max_quota_wait: float | None = field(default=None, validator=_not_negative)
    """Seconds a call may wait for a place in the quota before `QuotaWaitError`. None: for ever."""
    lane: Lane = field(default=Lane.INTERACTIVE, converter=Lane)
    """Which queue for quota the calls stand in."""
    max_retries: int = field(default=3, validator=_within(0, 100))
    """How often a call that may be repeated is repeated. Refusals for quota are not counted, but with
    0 nothing is repeated at all."""
    page_size: int = field(default=100, validator=_within(1, 100))
    """`limit` of a page; the service allows at most 100."""
    max_log_span: int = field(default=172_800, validator=_within(2, 30 * 86_400))
    """Seconds between `start_ts` and `end_ts` of one log query, at most."""
    start_inclusive: bool = field(default=False, validator=_true_or_false)
    """Whether to trust that the server includes `start_ts` itself: n windows instead of n + 1."""
    context_lifetime: float = field(default=3600.0, validator=_positive)
    """Seconds a `context` lives on the server, counted from the call that opened it."""
    max_response_bytes: int = field(default=16 * 2**20, validator=_within(1, 2**40))
    """Bytes a reply may have after decompression."""

    def evolve(self, **changes: Any) -> Self:
        """Return a copy with these fields changed, checked anew."""
        return evolve(self, **changes)
