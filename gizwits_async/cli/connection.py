"""How the console program reaches the service: credentials, address, quota. No flag takes a secret."""

import os
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from attrs import field, frozen
from cyclopts import Parameter

from gizwits_async.options import BASE_URL, Credentials, Lane, Options

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient

__all__ = ["Connection", "CredentialsError"]


class CredentialsError(Exception):
    """The credentials are missing or unsafe: exit code 4."""


@Parameter(name="*", group="Connection")
@frozen(kw_only=True)
class Connection:
    """The flags that every command has that calls the service."""

    base_url: Annotated[str, Parameter(env_var="GIZWITS_BASE_URL")] = BASE_URL
    """Where the service is."""
    allow_insecure: Annotated[bool, Parameter(negative="")] = False
    """Accept plain http to a host that is not this one: the secrets travel readable."""
    credentials: Path | None = field(default=None)
    """TOML file of mode 0600 with enterprise_id, enterprise_secret, product_key, product_secret;
    without it the environment variables GIZWITS_ENTERPRISE_ID, GIZWITS_ENTERPRISE_SECRET,
    GIZWITS_PRODUCT_KEY and GIZWITS_PRODUCT_SECRET are read."""
    calls_per_hour: Annotated[int, Parameter(env_var="GIZWITS_CALLS_PER_HOUR")] = 3600
    """The quota of the enterprise."""
    max_wait: float | None = field(default=None)
    """Seconds to wait for a place in the quota before giving up with exit code 5; 0 never waits."""

    def client(self, *, lane: Lane = Lane.INTERACTIVE, reserve: int = 0) -> "GizwitsClient":
        """Return a client; nothing is sent yet.

        Args:
            lane: Which queue for quota its calls stand in.
            reserve: Places kept free of bulk calls: none, for a lone program has nobody to be
                polite to.

        Raises:
            CredentialsError: They are missing, or readable for others.
            ValueError: The address or the quota makes no sense.
        """
        from gizwits_async.client import GizwitsClient
        from gizwits_async.quota import HourlyQuota

        quota = HourlyQuota(self.calls_per_hour, reserve=reserve)
        return GizwitsClient(
            _read(self.credentials) if self.credentials else _from_env(),
            base_url=self.base_url,
            allow_insecure=self.allow_insecure,
            quota=quota,
            options=Options(lane=lane, max_quota_wait=self.max_wait),
        )


def _from_env() -> Credentials:
    try:
        return Credentials.from_env()
    except ValueError as error:
        raise CredentialsError(str(error)) from None


def _read(path: Path) -> Credentials:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise CredentialsError(f"{path} can be read by others; run: chmod 600 {path}")
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CredentialsError(f"{path}: {error.strerror}") from None
    except ValueError:
        # The parser's message would quote the line, and that may hold a secret.
        raise CredentialsError(f"{path} is not a TOML file") from None
    names = ("enterprise_id", "enterprise_secret", "product_key", "product_secret")
    missing = [name for name in names if not isinstance(values.get(name), str)]
    if missing:
        raise CredentialsError(f"{path}: missing {', '.join(missing)}")
    try:
        return Credentials(**{name: values[name] for name in names})
    except ValueError as error:
        raise CredentialsError(f"{path}: {error}") from None
