"""What the gateway asks of the parts that it is given: transport, quota, token store. Protocols."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from gizwits_async.models.authorization import Token
from gizwits_async.options import Lane, QuotaSnapshot

__all__ = ["Quota", "QuotaWithFront", "Reply", "TokenStore", "Transport"]


class Reply(Protocol):
    """A whole HTTP reply."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers, at least the ones of interest, under lower-case names."""
        ...

    @property
    def body(self) -> bytes:
        """The body, decompressed."""
        ...


class Transport(Protocol):
    """Carries one request and brings its reply; one wire request a call, no redirects, no retry."""

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        timeout: float,  # noqa: ASYNC109 - the limit of this one exchange
        max_bytes: int,
    ) -> Reply:
        """Return the reply; raise a `TransportError`, `InvalidResponseError` if there is none."""
        ...

    async def aclose(self) -> None:
        """Give back what is held."""
        ...


class Quota(Protocol):
    """How often one may call."""

    async def acquire(self, lane: Lane = ..., max_wait: float | None = None) -> None:
        """Wait for a place; raise `QuotaWaitError` if that takes more than `max_wait` seconds."""
        ...

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        """Take in what came of a place: the reply's headers, or None when no reply came."""
        ...

    def snapshot(self) -> QuotaSnapshot:
        """Return what is known of the quota now."""
        ...

    def retry_after(self) -> float | None:
        """Return the seconds for which a refusal still holds all calls back."""
        ...

    async def aclose(self) -> None:
        """End what runs in the background."""
        ...


@runtime_checkable
class QuotaWithFront(Quota, Protocol):
    """A quota that lets one ahead; others are asked by `acquire`."""

    async def acquire_first(self) -> None:
        """Wait for an interactive place before all who wait already: for a login that they need."""
        ...


class TokenStore(Protocol):
    """Where tokens are kept, perhaps for several processes. None of these may raise."""

    async def load(self, key: str) -> Token | None:
        """Return the token under `key`; None if there is none, or none that can be read."""
        ...

    async def save(self, key: str, token: Token) -> None:
        """Keep `token` under `key`."""
        ...

    async def discard(self, key: str, token: Token) -> None:
        """Forget the token under `key` if it is still this one."""
        ...

    def renewing(self, key: str) -> AbstractAsyncContextManager[None]:
        """Hold this while a new token is fetched: one at a time, wherever the others run."""
        ...
