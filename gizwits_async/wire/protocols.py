"""Protocols of the parts that a client is given: transport, quota, token store."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from gizwits_async.models.authorization import Token
from gizwits_async.options import Lane, QuotaSnapshot

__all__ = [
    "Checked",
    "Closeable",
    "Quota",
    "QuotaWithFront",
    "QuotaWithRelease",
    "Reply",
    "TokenStore",
    "Transport",
]


class Reply(Protocol):
    """A whole HTTP reply."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers under lower-case names, at least `date`, `retry-after` and those of the quota."""
        ...

    @property
    def body(self) -> bytes:
        """The body, decompressed."""
        ...


class Transport(Protocol):
    """Sends one request and returns its reply: one wire request a call, no redirects, no retry."""

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
        """Return the reply; raise a `TransportError` or `InvalidResponseError` if there is none."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class Quota(Protocol):
    """Grants permits: at most so many calls in an hour."""

    async def acquire(self, lane: Lane = ..., max_wait: float | None = None) -> None:
        """Wait for a permit; raise `QuotaWaitError` if that takes more than `max_wait` seconds."""
        ...

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        """Learn the outcome of a permit: the headers of the reply, or None if there was none."""
        ...

    def snapshot(self) -> QuotaSnapshot:
        """Return the present state of the quota."""
        ...

    def retry_after(self) -> float | None:
        """Return the seconds for which a refusal still blocks all calls; None if none does."""
        ...

    async def aclose(self) -> None:
        """End background tasks."""
        ...


@runtime_checkable
class QuotaWithFront(Quota, Protocol):
    """A quota with a fast path for logins; without it `acquire` is used for them."""

    async def acquire_first(self) -> None:
        """Wait for an interactive permit ahead of all waiting calls, which need the login's token."""
        ...


@runtime_checkable
class QuotaWithRelease(Quota, Protocol):
    """A quota that takes back permits; to others a call that was not sent is one without a reply."""

    def release(self, lane: Lane = ...) -> None:
        """Take back a permit whose call was never sent."""
        ...


@runtime_checkable
class Checked(Protocol):
    """A quota or token store whose settings can be tried before they are needed."""

    async def check(self) -> None:
        """Raise `QuotaStoreError` if the server behind it refuses a setting."""
        ...


class Closeable(Protocol):
    """A part that a client closes with itself."""

    async def aclose(self) -> None:
        """Release what is held; safe to repeat."""
        ...


class TokenStore(Protocol):
    """Keeps tokens, perhaps for several processes. Its methods must not raise."""

    async def load(self, key: str) -> Token | None:
        """Return the token under `key`; None if there is none, or if it cannot be read."""
        ...

    async def save(self, key: str, token: Token) -> None:
        """Keep `token` under `key`."""
        ...

    async def discard(self, key: str, token: Token) -> None:
        """Forget the token under `key` if it is still this one."""
        ...

    def renewing(self, key: str) -> AbstractAsyncContextManager[None]:
        """Hold this lock while fetching a new token: one login at a time across all processes."""
        ...
