"""One quota for many processes, on Valkey or Redis. Needs the extra `redis`."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Self

from gizwits_async.options import Secret
from gizwits_async.quota.bucket import Bucket
from gizwits_async.quota.hourly import HourlyQuota
from gizwits_async.quota.shared.connection import AWAY, SILENT, Store

__all__ = ["SharedQuota"]

_log = logging.getLogger("gizwits_async.quota")
_SPARE_LIFE = 1.0
"""Seconds that a place given back by a cancelled call may wait for another: pad has room for it."""
_SHORTEST_ASK = 0.001
"""Seconds between two questions at the store."""

_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local interval, burst, need, life = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local stop = tonumber(redis.call('GET', KEYS[2]) or '0')
local empty_at = tonumber(redis.call('GET', KEYS[1]) or now)
if need == 0 then empty_at = math.max(empty_at, now) end
local places = math.min(burst, (now - empty_at) / interval)
local taken = 0
if need > 0 and now >= stop and places >= need then taken = 1 places = places - 1 end
redis.call('SET', KEYS[1], string.format('%.6f', now - places * interval), 'EX', life)
return {taken, string.format('%.6f', places), string.format('%.6f', math.max(0, stop - now))}
"""
# A key that is missing is a bucket that is empty: a store that lost its memory grants nothing
# twice. `need` 0 takes nothing and empties the bucket. The store's clock is the only one.

_STOP = """
local clock = redis.call('TIME')
local until_ = clock[1] + clock[2] / 1000000 + tonumber(ARGV[1])
local now_set = tonumber(redis.call('GET', KEYS[1]) or '0')
if until_ > now_set then
  redis.call('SET', KEYS[1], string.format('%.6f', until_), 'EX', math.ceil(ARGV[1]) + 1)
end
"""


class _SharedBucket(Bucket):
    """The bucket as the store keeps it; a share of it of our own while the store is away."""

    def __init__(
        self,
        burst: float,
        rate: float,
        *,
        clock: Callable[[], float],
        store: Store,
        keys: list[str],
        life: int,
        replicas: int,
        probe: float,
    ) -> None:
        super().__init__(burst, rate, clock=clock)
        self._store, self._keys, self._life, self._replicas = store, keys, life, replicas
        self._probe = probe
        self._share: Bucket | None = None
        self._alone = False
        self._probe_at = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._stopped_until = 0.0
        self._spares: list[float] = []

    async def take(self, reserve: float = 0.0) -> bool:
        """Take one place of the store's if `reserve` places then remain."""
        now = self._clock()
        self._spares = [time for time in self._spares if time > now - _SPARE_LIFE]
        if self._spares:
            self._spares.pop()
            return True
        if self._share is not None:
            if now >= self._probe_at and not self._is_looking():
                # Aside: a store that hangs would hold the lane for a second at every look.
                self._looking = asyncio.get_running_loop().create_task(self._look())
            return await self._take_share(reserve)
        try:
            return await self._ask(1 + reserve)
        except AWAY as error:
            await self._lost(error)
            return await self._take_share(reserve)

    def _is_looking(self) -> bool:
        task = self._looking
        return task is not None and not task.done() and not task.get_loop().is_closed()

    async def _look(self) -> None:
        try:
            # What the store saved up while we lived on our share was spent already.
            await self._ask(0.0)
        except AWAY as error:
            await self._lost(error)
        else:
            self._tell(None)

    async def _lost(self, error: BaseException) -> None:
        self._tell(await self._why(error))
        self._probe_at = self._clock() + self._probe

    async def aclose(self) -> None:
        """End a look at the store that is under way."""
        if self._looking is not None and self._is_looking():
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _ask(self, need: float) -> bool:
        taken, places, stop = await self._store.run(
            _TAKE, self._keys, 1 / self.rate, self.burst, need, self._life
        )
        self.put(float(str(places)))
        self._stopped_until = self._clock() + float(str(stop))
        return bool(taken)

    async def _take_share(self, reserve: float) -> bool:
        if self._share is None or (self._alone and reserve > 0):
            return False
        return await self._share.take(min(reserve / self._replicas, self._share.burst - 1))

    async def _why(self, error: BaseException) -> BaseException:
        # A dropped connection says little; one more try tells a dead store from a cut cable.
        if isinstance(error, SILENT):
            return error  # Silence says it all.
        try:
            await self._store.client.ping()
        except AWAY as again:
            return again
        return error

    def _tell(self, error: BaseException | None) -> None:
        if error is None:
            self._share = None
            _log.warning("quota.degraded over: the store answers again")
            return
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ConnectionRefusedError):
            cause = cause.__cause__ or cause.__context__
        self._alone = cause is None and self._replicas > 1
        if self._share is None:
            self._share = Bucket(
                max(1.0, self.burst / self._replicas),
                self.rate / self._replicas,
                clock=self._clock,
            )
            _log.warning(
                "quota.degraded: the store is away (%s); this process goes on with 1/%d%s",
                type(error).__name__,
                self._replicas,
                ", people only" if self._alone else "",
            )

    def wait_for(self, places: float) -> float:
        """Return the seconds after which to ask again."""
        if self._share is None:
            told = max(super().wait_for(places), self._stopped_until - self._clock())
            return max(told, _SHORTEST_ASK)
        until_probe = self._probe_at - self._clock()
        if until_probe <= 0:  # It is being looked at.
            until_probe = self._probe
        if self._alone and places > 1:
            return until_probe
        need = 1 + min((places - 1) / self._replicas, self._share.burst - 1)
        return min(self._share.wait_for(need), until_probe)

    def give_back(self) -> None:
        """Take back a place; for a second another call may have it."""
        self._spares.append(self._clock())

    async def stop(self, seconds: float) -> None:
        """Tell the others that the server refused."""
        try:
            await self._store.run(_STOP, self._keys[1:], seconds)
        except AWAY as error:
            _log.debug("the refusal could not be told to others: %s", type(error).__name__)


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
            enterprise_id: Whose quota it is.
            calls: Calls the server allows in a period, to all processes together.
            period: Seconds.
            replicas: Processes that share; each goes on with its share while the store is away.
            burst: As in `HourlyQuota`, for all processes together.
            reserve: As in `HourlyQuota`.
            pad: As in `HourlyQuota`.
            probe: Seconds between looks for a store that is away.

        Raises:
            ValueError: The numbers do not fit together, or the URL cannot be read.
        """
        url = Secret(url)  # Whatever is raised from here on shows the locals of this frame.
        if replicas < 1:
            raise ValueError(f"replicas must be positive, not {replicas}")
        quota = cls(calls, period, burst=burst, reserve=reserve, pad=pad, initial=0, sprint=False)
        name = hashlib.sha256(enterprise_id.encode()).hexdigest()[:32]
        quota._share_by(Store(url), f"gizwits_async:{{{name}}}:", replicas, probe)
        return quota

    _store: Store | None = None

    def _share_by(self, store: Store, prefix: str, replicas: int, probe: float) -> None:
        self._store = store
        self._telling: set[asyncio.Task[None]] = set()
        self._asking = 0.1
        self._first_places = self._bucket.burst  # unknown: no caller is refused unasked
        self._bucket = _SharedBucket(
            self._bucket.burst,
            self.rate,
            clock=self._now,
            store=store,
            keys=[f"{prefix}quota", f"{prefix}stop"],
            life=int(self.period + 60),
            replicas=replicas,
            probe=probe,
        )

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        """Take in what came of a place, and tell the other processes of a refusal."""
        super().observe(headers, refused=refused)
        pause = self.retry_after() if refused else None
        if pause and isinstance(self._bucket, _SharedBucket):
            task = asyncio.get_running_loop().create_task(self._bucket.stop(pause))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def aclose(self) -> None:
        """Turn all waiting calls away, and give the connection back."""
        await super().aclose()
        if isinstance(self._bucket, _SharedBucket):
            await self._bucket.aclose()
        if self._store is not None:
            await asyncio.gather(*self._telling, return_exceptions=True)
            await self._store.aclose()
