"""The quota of one enterprise id for all its processes, in a file or on Valkey or Redis."""

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from gizwits_async.options import Secret
from gizwits_async.quota.bucket import Bucket
from gizwits_async.quota.hourly import HourlyQuota
from gizwits_async.quota.limits import Limits
from gizwits_async.quota.shared.address import path_of, secret_of
from gizwits_async.wire.protocols import Checked

if TYPE_CHECKING:
    from gizwits_async.quota.shared.servers import Client

__all__ = ["SharedQuota"]


class SharedQuota(HourlyQuota):
    """The quota of one enterprise id for all its processes."""

    _remembered = True

    def __init__(
        self,
        url: "str | Client",
        enterprise_id: str,
        *,
        calls: int = 3600,
        period: float = 3600.0,
        replicas: int = 4,
        burst: int = 24,
        reserve: int = 18,
        pad: float = 12.0,
        probe: float = 5.0,
        initial: int | None = None,
        sprint: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Make the quota that all processes with this URL and enterprise share.

        Args:
            url: `file:///PATH` for the processes of one machine: a small file under the system's
                lock. For several machines a Valkey or Redis, with the extra `redis`: `redis://`,
                `rediss://` or `unix://`; `redis+sentinel://HOST,HOST/NAME` for the server that
                Sentinels know by a name; `redis+cluster://HOST,HOST`; with `valkey` in place of
                `redis` as well. Or a client of `redis.asyncio`, which the caller closes.
            enterprise_id: The enterprise whose quota it is.
            calls: Calls the server allows in a period, to all processes together.
            period: Seconds.
            replicas: Processes that share; each continues with its share while the Redis is away.
            burst: As in `HourlyQuota`, for all processes together.
            reserve: As in `HourlyQuota`.
            pad: As in `HourlyQuota`.
            probe: Seconds between attempts to reach a Redis that is away.
            initial: As in `HourlyQuota`, for all processes together.
            sprint: As in `HourlyQuota`.
            monotonic: Seconds of the clock that all processes of the machine share; for a file.
            wall: Epoch seconds: shows how long the machine was off; for a file.

        Raises:
            ValueError: The numbers do not fit together, or the URL cannot be read.
            ImportError: The URL needs the extra `redis`.
        """
        url = secret_of(url)  # rebound: a traceback shows the locals of this frame
        if replicas < 1:
            raise ValueError(f"replicas must be positive, not {replicas}")
        self._url, self._name = url, hashlib.sha256(enterprise_id.encode())
        self._replicas, self._probe = replicas, probe
        self._monotonic, self._wall = monotonic, wall
        super().__init__(
            calls, period, burst=burst, reserve=reserve, pad=pad, initial=initial, sprint=sprint
        )

    @classmethod
    def from_url(cls, url: str, enterprise_id: str, **settings: Any) -> Self:
        """Return the quota that all processes with this URL and enterprise share; see the class."""
        url = Secret(url)  # rebound: a traceback shows the locals of this frame
        return cls(url, enterprise_id, **settings)

    async def check(self) -> None:
        """Make sure that the server behind the URL accepts us; an outage is no error.

        Raises:
            QuotaStoreError: It refuses the password, a command, the database or the like.
        """
        if isinstance(self._bucket, Checked):
            await self._bucket.check()

    def _new_bucket(self, limits: Limits) -> Bucket:
        path = path_of(self._url) if isinstance(self._url, str) else None
        if path is not None:
            from gizwits_async.quota.shared.file_bucket import FileBucket  # noqa: PLC0415

            self._name.update(f" {limits.period:g}".encode())
            name = self._name.digest()
            return FileBucket(
                limits, path=path, name=name, monotonic=self._monotonic, wall=self._wall
            )
        # Loaded late: needs the extra `redis`.
        from gizwits_async.quota.shared.bucket import SharedBucket  # noqa: PLC0415
        from gizwits_async.quota.shared.connection import Store  # noqa: PLC0415

        return SharedBucket(
            limits,
            clock=self._clock,
            store=Store(self._url),
            prefix=f"gizwits_async:{{{self._name.hexdigest()[:32]}}}:",
            replicas=self._replicas,
            probe=self._probe,
        )
