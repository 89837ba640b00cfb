"""GizwitsClient assembles the parts, gives access to the sections, and closes what it opened."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from ssl import SSLContext
from types import TracebackType
from typing import Self, TypeVar, Unpack

from attrs import evolve

from gizwits_async.errors import ArgumentError
from gizwits_async.models.times import edge
from gizwits_async.options import BASE_URL, Credentials, OptionChanges, Options, Secret
from gizwits_async.quota.hourly import HourlyQuota, pad_for
from gizwits_async.sections.access import SectionAccess
from gizwits_async.settings import ClientSettings
from gizwits_async.version import __version__
from gizwits_async.wire.base_url import checked_base_url
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.protocols import Closeable, Quota, TokenStore, Transport
from gizwits_async.wire.report import CallObserver, OnCall
from gizwits_async.wire.request import Request
from gizwits_async.wire.route import Route, route_to
from gizwits_async.wire.service import Service
from gizwits_async.wire.sessions import Session
from gizwits_async.wire.token import MemoryTokenStore
from gizwits_async.wire.transport import http_transports

__all__ = ["GizwitsClient"]

T = TypeVar("T")


class GizwitsClient(SectionAccess):
    """The Gizwits Enterprise API, for one product of one enterprise.

    ```python
    async with GizwitsClient(credentials) as gizwits:
        async for device in gizwits.devices.search(is_online=True):
            print(device.mac)
    ```

    One client serves any number of tasks of one event loop. `for_product` and `with_options` give
    views that share its session, quota and tokens; closing the client closes them all.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str = BASE_URL,
        allow_insecure: bool = False,
        session: Session | None = None,
        quota: Quota | None = None,
        tokens: TokenStore | None = None,
        options: Options = Options(),  # noqa: B008 - frozen
        transport: Transport | None = None,
        clock: Callable[[], float] | None = None,
        on_call: OnCall | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        ssl: SSLContext | None = None,
    ) -> None:
        """Assemble a client; nothing is opened or sent before the first call.

        Args:
            credentials: Enterprise and product.
            base_url: Address of the service; plain http only on loopback.
            allow_insecure: Whether to accept plain http to another host, with a warning.
            session: An aiohttp session to borrow; the caller closes it.
            quota: The quota of the enterprise, shared by all its clients in this process. None makes
                one of the documented 3,600 calls an hour, which is closed with the client.
            tokens: Keeps tokens; None keeps them in memory.
            options: How calls are made.
            transport: Replaces HTTP, for instance `simulator.SimulatorTransport`. If it has a
                `sleep`, pauses between calls use that.
            clock: Returns epoch seconds UTC; used until a reply shows the server's time. None: the
                `now` of the transport if it has one, else `time.time`.
            on_call: Called with a `CallReport` after each call, in the caller's task. An exception
                that it raises is logged once and fails no call.
            proxy: URL of the proxy for all connections: `http`, `https`, `socks4` or `socks5` (extra
                `socks`), with user and password if it wants them; they are never shown.
            trust_env: Whether to take the proxy from `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` and
                `.netrc` if `proxy` is None.
            ssl: Trusted certificates, such as `ssl.create_default_context(cafile=...)`; None: those
                of the system.

        Raises:
            ArgumentError: An invalid or unsafe `base_url`; an invalid `proxy` or `on_call`; a proxy or
                certificates together with a session or transport, which bring their own.
        """
        # A user may have put a password into it, and tracebacks show locals.
        base_url = Secret(base_url)
        proxy = None if proxy is None else Secret(proxy)
        url = checked_base_url(base_url, allow_insecure=allow_insecure)
        wall = getattr(transport, "now", time.time) if clock is None else clock
        granting = quota or HourlyQuota(pad=pad_for(options.timeout))
        self._owned: tuple[Closeable, ...] = () if quota else (granting,)
        route = route_to(url, proxy=proxy, trust_env=trust_env, tls=ssl)
        if (session or transport) and route != Route():
            raise ArgumentError("a session or transport brings its own proxy and certificates")
        calls, commands = (
            (transport, transport) if transport else http_transports(url, session, route=route)
        )
        service = Service(
            base_url=url,
            transport=calls,
            command_transport=commands,
            quota=granting,
            token_store=tokens or MemoryTokenStore(),
            user_agent=f"gizwits-async/{__version__}",
            clock=ServerClock(wall=wall),
            observer=CallObserver(on_call),
            sleep=getattr(transport, "sleep", asyncio.sleep),
            proxy=route.via,
        )
        self._gateway = Gateway(service, credentials, options)

    @classmethod
    def from_env(cls, **arguments: Unpack[ClientSettings]) -> Self:
        """Return a client with `Credentials.from_env()` and the other settings of the environment.

        `GIZWITS_BASE_URL` and `GIZWITS_ALLOW_INSECURE=1` (plain http to another host) name the service;
        `GIZWITS_PROXY`, `GIZWITS_TRUST_ENV=1` (`HTTPS_PROXY` and the like) and `GIZWITS_CA_BUNDLE` (a
        PEM file or folder, in place of the system's authorities) describe the way to it.
        `GIZWITS_CALLS_PER_HOUR` (3600 if not set) is the quota, and `GIZWITS_QUOTA_URL` a file, Valkey or
        Redis through which all processes that name it share quota and token. While it is unreachable,
        each uses a fraction of 1 / `GIZWITS_REPLICAS` (4 if not set) of the quota.

        Args:
            arguments: Arguments of `GizwitsClient`; they override the environment.

        Raises:
            ArgumentError: Variables are missing or invalid; the message names them.
            ImportError: `GIZWITS_QUOTA_URL` names a Redis, and the extra `redis` is not installed.
        """
        from gizwits_async.environment import complete

        credentials = Credentials.from_env()
        settings, made = complete(credentials, arguments)
        client = cls(credentials, **settings)
        client._owned += made
        return client

    @classmethod
    def from_profile(
        cls,
        name: str,
        product: str | None = None,
        *,
        path: Path | None = None,
        **arguments: Unpack[ClientSettings],
    ) -> Self:
        """Return a client for a profile of the configuration file; see `gizwits_async.profiles`.

        Settings that neither the profile nor an argument gives come from the environment, as in
        `from_env`.

        Args:
            name: The profile.
            product: The product, where the profile has several.
            path: The file; `GIZWITS_CONFIG` or `config.toml` in the platform's folder by default.
            arguments: Arguments of `GizwitsClient`; they override the profile.

        Raises:
            CredentialsError: There is no such profile or product, or its file is unsafe or incomplete.
            ArgumentError: A variable of the environment is invalid.
        """
        from gizwits_async.environment import complete
        from gizwits_async.profiles import load_profile

        profile = load_profile(name, path)
        credentials = profile.product(product)
        given = {**profile.settings, **arguments}
        settings, made = complete(
            credentials, given, calls=profile.calls_per_hour, quota_url=profile.quota_url or ""
        )
        client = cls(credentials, **settings)
        client._owned += made
        return client

    @property
    def options(self) -> Options:
        """How calls of this client, or view, are made."""
        return self._gateway.options

    @property
    def quota(self) -> Quota:
        """The quota that grants the permits of its calls."""
        return self._gateway.service.quota

    @property
    def product_key(self) -> str:
        """The product of this client, or view."""
        return self._gateway.credentials.product_key

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._gateway.service.base_url

    @property
    def proxy(self) -> str | None:
        """Scheme, host and port of the proxy that all calls go through; None without one."""
        return self._gateway.service.proxy

    async def learn_time(self) -> None:
        """Make sure that the server's time is known: fetch a token if no reply has shown it yet.

        If that takes longer than `Options.max_quota_wait`, the time remains unknown.

        Raises:
            GizwitsError: As any call.
        """
        await self._gateway.learn_time()

    async def check_shared(self) -> None:
        """Make sure that the server of a shared quota and login, if there is one, accepts us.

        Without this a wrong setting of it only slows calls down: each process then goes on with its
        part of the quota, as in an outage, and the log says why.

        Raises:
            QuotaStoreError: It refuses the password, a command, the database or the like.
        """
        await self._gateway.service.check()

    def server_time(self) -> float:
        """Return the server's time in epoch seconds UTC; by our own clock until its first reply."""
        return self._gateway.clock.earliest()

    def oldest_log(self) -> int:
        """Return the oldest second for which logs can be queried, in epoch seconds UTC."""
        return edge(self._gateway.clock.latest())

    def log_window(self) -> int:
        """Return the seconds of a log that one query brings for certain, by what is known so far."""
        from gizwits_async.streams.limits import LogLimits  # a listing needs none

        limits = LogLimits.known(self._gateway.traits, self.options.max_log_span)
        return limits.owned(self._gateway.traits, inclusive=self.options.start_inclusive)

    def with_options(self, **changes: Unpack[OptionChanges]) -> Self:
        """Return a view of this client with changed `Options` that shares all else."""
        return self._view(_gateway=evolve(self._gateway, options=self.options.evolve(**changes)))

    def with_quota(self, quota: Quota) -> Self:
        """Return a view whose calls take their permits from another quota, such as one that counts.

        Logins keep to the quota of this client. Closing the view closes no quota.
        """
        service = evolve(self._gateway.service, quota=quota)
        owned = tuple(part for part in self._owned if part is not self.quota)
        return self._view(_gateway=evolve(self._gateway, service=service), _owned=owned)

    def for_product(self, product_key: str, product_secret: str) -> Self:
        """Return a view for another product of the enterprise, with tokens of its own."""
        product_secret = Secret(product_secret)  # So that no traceback shows it as a local.
        gateway = self._gateway
        other = evolve(gateway.credentials, product_key=product_key, product_secret=product_secret)
        return self._view(_gateway=evolve(gateway, credentials=other))

    async def send(self, request: Request[T]) -> T:
        """Send any request, for endpoints that have no method here.

        Raises:
            GizwitsError: One of the tree in `gizwits_async.errors`.
        """
        return await self._gateway.send(request)

    async def aclose(self) -> None:
        """Close everything that this client opened; safe to repeat. What was borrowed stays open."""
        await self._gateway.service.aclose()
        for part in self._owned:
            await part.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        # A traceback shows the locals of `__init__`, among them a client without a gateway.
        product_key = self.product_key if hasattr(self, "_gateway") else "?"
        return f"<{type(self).__name__} product_key={product_key}>"

    def _view(self, **parts: object) -> Self:
        """Return a client that shares all with this one but these attributes."""
        view = self._copy()
        vars(view).update(parts)
        return view
