"""What the environment says of a client beside its credentials: address, quota, tokens. No I/O.

The library, the web app and the console all read it here: a variable that only some of them knew
would let the others spend the quota a second time.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from gizwits_async.options import BASE_URL, Credentials, Options, Secret
from gizwits_async.quota.hourly import HourlyQuota, pad_for

if TYPE_CHECKING:
    from gizwits_async.quota.shared.tokens import SharedTokenStore

__all__ = ["Made", "complete"]

Made: TypeAlias = "tuple[HourlyQuota | SharedTokenStore, ...]"
"""What was made for a client, and is to be closed after it."""

_CALLS = 3600
_REPLICAS = 4
"""No process can count the others; a guess that is too high costs speed, one too low refusals."""
_DIGITS = 9


def complete(
    credentials: Credentials,
    given: Mapping[str, Any],
    *,
    calls: int | None = None,
    lone_reserve: int = 18,
) -> tuple[dict[str, Any], Made]:
    """Return the arguments of a client, what is not given from the environment; and what was made.

    A variable that is empty is not set.

    Args:
        credentials: Whose quota it is.
        given: Arguments of `GizwitsClient`; of them `base_url`, `quota` and `tokens` go before the
            environment.
        calls: Goes before `GIZWITS_CALLS_PER_HOUR`.
        lone_reserve: The `reserve` of a quota that is shared with nobody.

    Raises:
        ValueError: The environment says nonsense; the message names the variable.
        ImportError: `GIZWITS_REDIS_URL` is set without the extra `redis`.
    """
    settings, made = dict(given), list[Any]()
    if settings.get("base_url") is None:
        settings["base_url"] = Secret(os.environ.get("GIZWITS_BASE_URL") or BASE_URL)
    url = Secret(os.environ.get("GIZWITS_REDIS_URL", ""))
    if settings.get("quota") is None:
        options: Options = settings.get("options") or Options()
        calls = _number("GIZWITS_CALLS_PER_HOUR", _CALLS) if calls is None else calls
        pad = pad_for(options.timeout)
        settings["quota"] = (
            _shared_quota(url, credentials.enterprise_id, calls=calls, pad=pad)
            if url
            else HourlyQuota(calls, reserve=lone_reserve, pad=pad)
        )
        made.append(settings["quota"])
    if url and settings.get("tokens") is None:
        settings["tokens"] = _shared_tokens(url)
        made.append(settings["tokens"])
    return settings, tuple(made)


def _shared_quota(url: Secret, enterprise_id: str, *, calls: int, pad: float) -> HourlyQuota:
    _check_url(url)
    try:
        from gizwits_async.quota.shared.quota import SharedQuota  # noqa: PLC0415 - needs an extra
    except ModuleNotFoundError as error:
        raise _no_redis() from error
    replicas = _number("GIZWITS_REPLICAS", _REPLICAS)
    return SharedQuota.from_url(url, enterprise_id, calls=calls, replicas=replicas, pad=pad)


def _shared_tokens(url: Secret) -> "SharedTokenStore":
    _check_url(url)
    try:
        from gizwits_async.quota.shared.tokens import SharedTokenStore  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise _no_redis() from error
    return SharedTokenStore.from_url(url)


def _no_redis() -> ImportError:
    return ImportError(
        "GIZWITS_REDIS_URL is set, and its extra is missing: pip install 'gizwits-async[redis]'"
    )


def _number(name: str, otherwise: int) -> int:
    # `os.environ` is no local of any frame here: it holds all secrets, and tracebacks show locals.
    text = os.environ.get(name) or str(otherwise)
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) > 0):
        raise ValueError(
            f"{name} must be a whole number above 0, of {_DIGITS} digits at most, not {text[:20]!r}"
        )
    return int(text)


def _check_url(url: Secret) -> None:
    # Never shown: it may hold a password.
    if not _is_redis(url):
        raise ValueError("GIZWITS_REDIS_URL must be redis://..., rediss://... or unix://...")


def _is_redis(url: str) -> bool:
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"redis", "rediss", "unix"} and parts.port != 0
    except ValueError:
        known = False
    return known
