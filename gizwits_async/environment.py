"""Reads the settings of a client beside its credentials from the environment.

The library, the web app and the console all use it: a quota variable that one of them ignored would
let it spend the quota a second time.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from ssl import SSLContext, SSLError, create_default_context
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from gizwits_async.errors import ArgumentError
from gizwits_async.options import BASE_URL, CALLS_PER_HOUR, Credentials, Options, Secret
from gizwits_async.quota.hourly import HourlyQuota, pad_for

if TYPE_CHECKING:
    from gizwits_async.quota.shared.tokens import SharedTokenStore

__all__ = ["Made", "complete"]

Made: TypeAlias = "tuple[HourlyQuota | SharedTokenStore, ...]"
"""Parts that were made for a client, and must be closed after it."""

_REPLICAS = 4
"""No process can count the others: too high a guess costs speed, too low a guess refusals."""
_DIGITS = 9
_REDIS = frozenset({"redis", "rediss", "valkey", "valkeys"})
_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off")


def complete(
    credentials: Credentials,
    given: Mapping[str, Any],
    *,
    calls: int | None = None,
    lone_reserve: int = 18,
    quota_url: str = "",
) -> tuple[dict[str, Any], Made]:
    """Return the arguments of a client, completed from the environment, and the parts made for it.

    An empty variable counts as not set.

    Args:
        credentials: Whose quota it is.
        given: Arguments of `GizwitsClient`; those that are not None override the environment.
        calls: Overrides `GIZWITS_CALLS_PER_HOUR`.
        lone_reserve: The `reserve` of a quota that no other process shares.
        quota_url: What processes share the quota by if the environment does not say.

    Raises:
        ArgumentError: A variable has an invalid value; the message names it.
        ImportError: `GIZWITS_QUOTA_URL` names a Redis, and the extra `redis` is missing.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    settings, made = {**_connection(chosen), **chosen}, list[Any]()
    named = os.environ.get("GIZWITS_QUOTA_URL") or os.environ.get("GIZWITS_REDIS_URL")
    url = Secret(named or quota_url)
    del named
    if settings.get("quota") is None:
        options: Options = settings.get("options") or Options()
        calls = _number("GIZWITS_CALLS_PER_HOUR", CALLS_PER_HOUR) if calls is None else calls
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


def _connection(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return where the service is and the way to it, as the environment says."""
    found: dict[str, Any] = {
        "base_url": Secret(os.environ.get("GIZWITS_BASE_URL") or BASE_URL),
        "allow_insecure": _flag("GIZWITS_ALLOW_INSECURE"),
    }
    if given.get("session") or given.get("transport"):
        return found  # They bring their own proxy and certificates.
    found["trust_env"] = _flag("GIZWITS_TRUST_ENV")
    if proxy := Secret(os.environ.get("GIZWITS_PROXY", "")):
        found["proxy"] = proxy
    if bundle := os.environ.get("GIZWITS_CA_BUNDLE"):
        found["ssl"] = _trusting(Path(bundle))
    return found


def _trusting(bundle: Path) -> SSLContext:
    """Return a context that trusts the certificate authorities in a PEM file, or a folder of them."""
    try:
        return create_default_context(
            cafile=None if bundle.is_dir() else bundle, capath=bundle if bundle.is_dir() else None
        )
    except (OSError, SSLError) as error:
        reason = error.strerror or "it holds no PEM certificates"
        raise ArgumentError(f"GIZWITS_CA_BUNDLE: {bundle}: {reason}") from error


def _flag(name: str) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if text not in {"", *_YES, *_NO}:
        raise ArgumentError(f"{name} must be 1 or 0, not {text[:20]!r}")
    return text in _YES


def _shared_quota(url: Secret, enterprise_id: str, *, calls: int, pad: float) -> HourlyQuota:
    from gizwits_async.quota.shared import SharedQuota  # noqa: PLC0415 - rarely needed

    _check_url(url)
    replicas = _number("GIZWITS_REPLICAS", _REPLICAS)
    try:
        return SharedQuota.from_url(url, enterprise_id, calls=calls, replicas=replicas, pad=pad)
    except ModuleNotFoundError as error:
        raise _no_redis() from error


def _shared_tokens(url: Secret) -> "SharedTokenStore":
    from gizwits_async.quota.shared import SharedTokenStore  # noqa: PLC0415 - rarely needed

    _check_url(url)
    try:
        return SharedTokenStore.from_url(url)
    except ModuleNotFoundError as error:
        raise _no_redis() from error


def _no_redis() -> ImportError:
    return ImportError(
        f"{_url_name()} names a Redis, and its extra is missing: pip install 'gizwits-async[redis]'"
    )


def _url_name() -> str:
    for name in ("GIZWITS_QUOTA_URL", "GIZWITS_REDIS_URL"):
        if os.environ.get(name):
            return name
    return "quota_url of the profile"


def _number(name: str, otherwise: int) -> int:
    # `os.environ` is never a local here: it holds all secrets, and tracebacks show locals.
    text = os.environ.get(name) or str(otherwise)
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) > 0):
        raise ArgumentError(
            f"{name} must be a whole number above 0, of {_DIGITS} digits at most, not {text[:20]!r}"
        )
    return int(text)


def _check_url(url: Secret) -> None:
    # The URL may hold a password and is not shown.
    if not _is_known(url):
        raise ArgumentError(
            f"{_url_name()} must be file:///PATH, redis://..., rediss://..., unix://...,"
            " redis+sentinel://HOST,HOST/NAME or redis+cluster://HOST,HOST"
        )


def _is_known(url: str) -> bool:
    try:
        parts = urlsplit(url)
        scheme, plus, kind = parts.scheme.partition("+")
        known = (
            scheme in _REDIS and (kind in {"sentinel", "cluster"} if plus else parts.port != 0)
        ) or parts.scheme in {"file", "unix"}
    except ValueError:
        known = False
    return known
