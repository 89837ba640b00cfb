"""The quota of one enterprise id for all its processes. Needs the extra `redis`."""

import hashlib
from typing import Self

from gizwits_async.options import Secret
from gizwits_async.quota.bucket import fill_rate
from gizwits_async.quota.hourly import HourlyQuota
from gizwits_async.quota.loop_clock import LoopClock
from gizwits_async.quota.shared.bucket import SharedBucket
from gizwits_async.quota.shared.connection import Store

__all__ = ["SharedQuota"]


class SharedQuota(HourlyQuota):
    """The quota of one enterprise id for all its processes, kept on Valkey or Redis."""

    @classmethod
    def from_url(
        cls,
        url: str,
        enterprise_id: str,
        *,
        calls: int = 3600,
        period: float = 3600.0,
        replicas: int = 1,
        burst: int = 24,
        reserve: int = 18,
        pad: float = 12.0,
        probe: float = 5.0,
    ) -> Self:
        """Return the quota that all processes with this store and enterprise share.

        Args:
            url: `redis://`, `rediss://` or `unix://`, as redis-py reads it.
            enterprise_id: The enterprise whose quota it is.
            calls: Calls the server allows in a period, to all processes together.
            period: Seconds.
            replicas: Processes that share; each continues with its share while the store is away.
            burst: As in `HourlyQuota`, for all processes together.
            reserve: As in `HourlyQuota`.
            pad: As in `HourlyQuota`.
            probe: Seconds between attempts to reach a store that is away.

        Raises:
            ValueError: The numbers do not fit together, or the URL cannot be read.
        """
        url = Secret(url)  # rebound: a traceback shows the locals of this frame
        if replicas < 1:
            raise ValueError(f"replicas must be positive, not {replicas}")
        clock = LoopClock()
        name = hashlib.sha256(enterprise_id.encode()).hexdigest()[:32]
        bucket = SharedBucket(
            burst,
            fill_rate(calls, period, burst, pad),
            clock=clock,
            store=Store(url),
            prefix=f"gizwits_async:{{{name}}}:",
            life=int(period + 60),
            replicas=replicas,
            probe=probe,
        )
        return cls(
            calls,
            period,
            burst=burst,
            reserve=reserve,
            pad=pad,
            initial=0,
            sprint=False,
            bucket=bucket,
            clock=clock,
        )
