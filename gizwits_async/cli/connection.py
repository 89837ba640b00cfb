"""How the console program reaches the service: credentials, address, quota. No flag takes a secret."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.flags import Flag
from gizwits_async.cli.language import N_, _
from gizwits_async.cli.library_texts import reworded
from gizwits_async.errors import CredentialsError
from gizwits_async.options import BASE_URL, Credentials, Lane, Options

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient
    from gizwits_async.profiles import Profile

__all__ = ["Connection", "configuration"]


@Parameter(name="*", group=N_("Connection"))
@frozen(kw_only=True)
class Connection:
    """The flags that every command has that calls the service."""

    # Cyclopts would read the variables too, but takes an empty one for a value.
    profile: str | None = None
    """A [profiles.NAME] of the configuration file; GIZWITS_PROFILE by default. Without one the
    environment variables GIZWITS_ENTERPRISE_ID, GIZWITS_ENTERPRISE_SECRET, GIZWITS_PRODUCT_KEY and
    GIZWITS_PRODUCT_SECRET are read, or the files that GIZWITS_ENTERPRISE_SECRET_FILE and the like name."""
    product: str | None = None
    """The product, where the profile has several."""
    credentials: Path | None = None
    """The configuration file, of mode 0600; GIZWITS_CONFIG by default. Without profiles it holds
    enterprise_id, enterprise_secret, product_key and product_secret."""
    base_url: str | None = None
    """Where the service is; GIZWITS_BASE_URL by default, or https://enterpriseapi.gizwits.com."""
    allow_insecure: Flag = False
    """Accept plain http to a host that is not this one: the secrets travel readable."""
    proxy: str | None = None
    """Proxy for all connections: http://HOST:PORT, https://... or socks5://...; GIZWITS_PROXY by
    default, where its password belongs. GIZWITS_TRUST_ENV=1 takes HTTPS_PROXY and the like."""
    calls_per_hour: int | None = None
    """The quota of the enterprise; GIZWITS_CALLS_PER_HOUR by default, or 3600. All programs that name
    the same Valkey or Redis in GIZWITS_QUOTA_URL share it, and one token."""
    no_shared_state: Flag = False
    """Do not share quota and login with other programs on this machine. Otherwise they share them by a
    file in the platform's folder for state, but for a service on this machine, such as `simulate`."""
    max_wait: float | None = None
    """Seconds to wait for the quota before giving up with exit code 5; 0 never waits."""

    @property
    def words(self) -> list[str]:
        """The flags that were given, for a command that goes on; without one that holds a password."""
        urls = {"base-url": self.base_url, "proxy": self.proxy}
        values: dict[str, object] = {
            "profile": self.profile,
            "product": self.product,
            "credentials": self.credentials,
            **{name: url for name, url in urls.items() if "@" not in (url or "")},
            "calls-per-hour": self.calls_per_hour,
            "max-wait": self.max_wait,
        }
        words = [f"--{name}={value}" for name, value in values.items() if value is not None]
        words += ["--allow-insecure"] if self.allow_insecure else []
        return words + (["--no-shared-state"] if self.no_shared_state else [])

    @asynccontextmanager
    async def client(self, *, lane: Lane = Lane.INTERACTIVE) -> AsyncIterator["GizwitsClient"]:
        """Open a client, and close it with its quota at the end; nothing is sent yet.

        Args:
            lane: Which queue for quota its calls stand in.

        Raises:
            CredentialsError: The credentials are missing, or readable for others.
            ValueError: The address or the quota makes no sense.
            ImportError: GIZWITS_QUOTA_URL names a Redis, and the extra `redis` is not installed.
        """
        from gizwits_async.client import GizwitsClient
        from gizwits_async.environment import complete

        known, profile = self._account()
        found: dict[str, Any] = {}
        calls, shared = self.calls_per_hour, None
        if profile is not None:
            found, calls = profile.settings, calls or profile.calls_per_hour
            # Another service than the profile's, such as a simulator, spends none of its quota.
            shared = profile.quota_url if self.base_url is None else None
        given = {
            **found,
            "base_url": self.base_url or found.get("base_url"),
            "proxy": self.proxy or found.get("proxy"),
            "allow_insecure": self.allow_insecure or None,
            "options": Options(lane=lane, max_quota_wait=self.max_wait),
        }
        # Nobody else uses the quota of this process: no permits need to be left for others.
        settings, made = complete(
            known,
            given,
            calls=calls,
            lone_reserve=0,
            quota_url=shared or self.quota_url(given["base_url"]),
        )
        async with AsyncExitStack() as ours:
            for part in made:
                ours.push_async_callback(part.aclose)
            yield await ours.enter_async_context(GizwitsClient(known, **settings))

    def quota_url(self, base_url: str | None) -> str:
        """Return the URL of the file by which programs of this machine share quota and login.

        Args:
            base_url: Where the service is, if a flag or a profile says so.

        Returns:
            A `file:` URL. Empty if nothing is shared: a simulator on this machine begins with a full
            quota whenever it is started.
        """
        host = urlsplit(base_url or os.environ.get("GIZWITS_BASE_URL") or BASE_URL).hostname or ""
        if self.no_shared_state or host in {"localhost", "::1"} or host.startswith("127."):
            return ""
        from platformdirs import user_state_path

        path = user_state_path("gizwits-async") / "quota"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path.as_uri()

    def source(self) -> str:
        """Return where the credentials come from, and why a readable file is accepted."""
        name = self.profile or os.environ.get("GIZWITS_PROFILE")
        if not (name or self.credentials):
            by_file = any(
                one.startswith("GIZWITS_") and one.endswith("_FILE") for one in os.environ
            )
            return (
                _("the environment, and files that it names") if by_file else _("the environment")
            )
        from gizwits_async.profiles import config_path
        from gizwits_async.secret_files import is_mounted_read_only

        path = self.credentials or config_path()
        where = _("profile {name} of {path}", name=name, path=path) if name else str(path)
        mounted = is_mounted_read_only(path)
        return where + (
            _(" (a read-only mount, which may be readable for others)") if mounted else ""
        )

    def _account(self) -> "tuple[Credentials, Profile | None]":
        """Return the credentials, and the profile that they stand in."""
        name = self.profile or os.environ.get("GIZWITS_PROFILE")
        if name or self.credentials:
            from gizwits_async.profiles import load_profile

            profile = load_profile(name, configuration(self.credentials))
            return profile.product(self.product), profile
        try:
            return Credentials.from_env(), None
        except ValueError as error:
            raise CredentialsError(f"{error}; {_profiles_instead()}") from None


def configuration(given: Path | None) -> Path:
    """Return the configuration file of a command.

    Args:
        given: The file that a flag names, if any.

    Raises:
        CredentialsError: There is no such file.
    """
    from gizwits_async.profiles import config_path

    path = given or config_path()
    if not path.exists():
        raise CredentialsError(
            _("{path} does not exist: set GIZWITS_CONFIG or give --credentials", path=path)
        )
    return path


def _profiles_instead() -> str:
    """Return what to do where the variables are missing, in the chosen language; no secret is read."""
    from gizwits_async.profiles import config_path, outline

    path = config_path()
    if not path.exists():
        if os.environ.get("GIZWITS_CONFIG"):
            return _("GIZWITS_CONFIG names {path}, which does not exist", path=path)
        return _(
            "or write profiles into {path} and choose one by --profile; `gizwits-async simulate`"
            " serves a simulator and prints these variables",
            path=path,
        )
    try:
        names = list(outline(path))
    except CredentialsError as error:
        return reworded(str(error))
    if not names:
        return _("or give --credentials {path}", path=path)
    return _("or choose --profile {names}", names=_(" or ").join(names))
