"""How the console program reaches the service: credentials, address, quota. No flag takes a secret."""

import os
import stat
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.flags import Flag
from gizwits_async.cli.language import N_, _
from gizwits_async.options import Credentials, Lane, Options

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient

__all__ = ["Connection", "CredentialsError"]


class CredentialsError(Exception):
    """The credentials are missing or unsafe."""


@Parameter(name="*", group=N_("Connection"))
@frozen(kw_only=True)
class Connection:
    """The flags that every command has that calls the service."""

    # Cyclopts would read the variables too, but takes an empty one for a value.
    base_url: str | None = None
    """Where the service is; GIZWITS_BASE_URL by default, or https://enterpriseapi.gizwits.com."""
    allow_insecure: Flag = False
    """Accept plain http to a host that is not this one: the secrets travel readable."""
    credentials: Path | None = None
    """TOML file of mode 0600 with enterprise_id, enterprise_secret, product_key, product_secret;
    without it the environment variables GIZWITS_ENTERPRISE_ID, GIZWITS_ENTERPRISE_SECRET,
    GIZWITS_PRODUCT_KEY and GIZWITS_PRODUCT_SECRET are read."""
    calls_per_hour: int | None = None
    """The quota of the enterprise; GIZWITS_CALLS_PER_HOUR by default, or 3600. All programs that name
    the same Valkey or Redis in GIZWITS_REDIS_URL share it, and one token."""
    max_wait: float | None = None
    """Seconds to wait for the quota before giving up with exit code 5; 0 never waits."""

    @asynccontextmanager
    async def client(self, *, lane: Lane = Lane.INTERACTIVE) -> AsyncIterator["GizwitsClient"]:
        """Open a client, and close it with its quota at the end; nothing is sent yet.

        Args:
            lane: Which queue for quota its calls stand in.

        Raises:
            CredentialsError: They are missing, or readable for others.
            ValueError: The address or the quota makes no sense.
            ImportError: GIZWITS_REDIS_URL is set without the extra `redis`.
        """
        from gizwits_async.client import GizwitsClient
        from gizwits_async.environment import complete

        known = _read(self.credentials) if self.credentials else _from_env()
        given = {
            "base_url": self.base_url,
            "allow_insecure": self.allow_insecure,
            "options": Options(lane=lane, max_quota_wait=self.max_wait),
        }
        # Nobody else uses the quota of this process: no permits need to be left for others.
        settings, made = complete(known, given, calls=self.calls_per_hour, lone_reserve=0)
        async with AsyncExitStack() as ours:
            for part in made:
                ours.push_async_callback(part.aclose)
            yield await ours.enter_async_context(GizwitsClient(known, **settings))


def _from_env() -> Credentials:
    try:
        return Credentials.from_env()
    except ValueError as error:
        raise CredentialsError(str(error)) from None


def _read(path: Path) -> Credentials:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise CredentialsError(
                _("{path} can be read by others; run: chmod 600 {path}", path=path)
            )
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CredentialsError(f"{path}: {error.strerror}") from None
    except ValueError:
        # The parser's message would quote the line, and that may hold a secret.
        raise CredentialsError(_("{path} is not a TOML file", path=path)) from None
    names = ("enterprise_id", "enterprise_secret", "product_key", "product_secret")
    missing = [name for name in names if not isinstance(values.get(name), str)]
    if missing:
        raise CredentialsError(_("{path}: missing {names}", path=path, names=", ".join(missing)))
    try:
        return Credentials(**{name: values[name] for name in names})
    except ValueError as error:
        raise CredentialsError(f"{path}: {error}") from None
