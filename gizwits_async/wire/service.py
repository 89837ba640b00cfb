"""What the calls of one client share, whatever their product and options."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from weakref import WeakValueDictionary

from attrs import field, frozen

from gizwits_async.errors import ApiError, QuotaExceededError, ServerError
from gizwits_async.models.authorization import Token
from gizwits_async.options import Credentials
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.decode import retry_after
from gizwits_async.wire.protocols import Checked, Quota, TokenStore, Transport
from gizwits_async.wire.report import CallObserver
from gizwits_async.wire.token import TokenSource, token_key
from gizwits_async.wire.traits import ServiceTraits

__all__ = ["Service"]


@frozen(kw_only=True, eq=False, repr=False)
class Service:
    """The service as one client reaches it."""

    base_url: str
    """Where the service is, without a final slash."""
    transport: Transport
    """Carries all other calls."""
    command_transport: Transport
    """Carries commands: on connections that are new, or were in use a moment ago."""
    quota: Quota
    """Grants the permits of calls."""
    token_store: TokenStore
    """Keeps tokens, perhaps for several processes."""
    user_agent: str
    """Value of the header `User-Agent`."""
    proxy: str | None = None
    """Scheme, host and port of the proxy that all calls go through."""
    clock: ServerClock = field(factory=ServerClock)
    """The server's time, corrected by its replies."""
    observer: CallObserver = field(factory=CallObserver)
    """Receives each call that ended."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Pauses between attempts, and between the calls of a walk."""
    traits: ServiceTraits = field(factory=ServiceTraits)
    """What was learned of the service."""
    token_sources: WeakValueDictionary[Credentials, TokenSource] = field(
        factory=WeakValueDictionary
    )
    """The token source of each product that a gateway is in use for."""

    def token_source(
        self, credentials: Credentials, login: Callable[[], Awaitable[Token]]
    ) -> TokenSource:
        """Return the one token source of a product; `login` fetches its tokens if it is made now."""
        source = self.token_sources.get(credentials)
        if source is None:
            source = self.token_sources[credentials] = TokenSource(
                key=token_key(self.base_url, credentials),
                login=login,
                store=self.token_store,
                clock=self.clock,
            )
        return source

    async def check(self) -> None:
        """Raise `QuotaStoreError` if the server of a shared quota or login refuses a setting."""
        for part in (self.quota, self.token_store):
            if isinstance(part, Checked):
                await part.check()

    async def aclose(self) -> None:
        """Close the token sources and the transports; quota and token store stay open."""
        for source in list(self.token_sources.values()):
            await source.aclose()
        await self.transport.aclose()
        await self.command_transport.aclose()

    def learn_from(self, error: ApiError, headers: Mapping[str, str]) -> None:
        """Tell the quota of a refusal, and complete the error by what quota and headers say."""
        used_up = isinstance(error, QuotaExceededError) and error.from_service
        self.quota.observe(headers, refused=used_up)
        error.quota = self.quota.snapshot()
        if isinstance(error, QuotaExceededError | ServerError):
            error.retry_after = (
                self.quota.retry_after() if used_up else retry_after(headers, self.clock.now())
            )
