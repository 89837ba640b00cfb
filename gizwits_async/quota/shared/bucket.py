"""One token bucket for many processes: GCRA on Valkey or Redis, and a local share while it is away."""

import asyncio
import logging

from gizwits_async.quota.bucket import Bucket
from gizwits_async.quota.loop_clock import LoopClock
from gizwits_async.quota.shared.connection import AWAY, SILENT, Store

__all__ = ["SharedBucket"]

_log = logging.getLogger("gizwits_async.quota")
_SPARE_LIFE = 1.0
"""Seconds for which a returned permit is kept for another call of this process; `pad` covers it."""
_SHORTEST_DELAY = 0.001
"""Seconds between two requests to the store."""

_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local interval, burst, need, life = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local stop = tonumber(redis.call('GET', KEYS[2]) or '0')
local empty_at = tonumber(redis.call('GET', KEYS[1]) or now)
if need == 0 then empty_at = math.max(empty_at, now) end
local permits = math.min(burst, (now - empty_at) / interval)
local taken = 0
if need > 0 and now >= stop and permits >= need then taken = 1 permits = permits - 1 end
redis.call('SET', KEYS[1], string.format('%.6f', now - permits * interval), 'EX', life)
return {taken, string.format('%.6f', permits), string.format('%.6f', math.max(0, stop - now))}
"""
# A missing key is an empty bucket: a store that lost its data grants nothing twice. `need` 0 takes
# nothing and empties the bucket. Only the clock of the store is used: those of processes differ.

_STOP = """
local clock = redis.call('TIME')
local until_ = clock[1] + clock[2] / 1000000 + tonumber(ARGV[1])
local now_set = tonumber(redis.call('GET', KEYS[1]) or '0')
if until_ > now_set then
  redis.call('SET', KEYS[1], string.format('%.6f', until_), 'EX', math.ceil(ARGV[1]) + 1)
end
"""


class SharedBucket(Bucket):
    """The bucket in the store; a local bucket with a share of the rate while the store is away."""

    latency = 0.1

    def __init__(
        self,
        burst: float,
        rate: float,
        *,
        clock: LoopClock,
        store: Store,
        prefix: str,
        life: int,
        replicas: int,
        probe: float,
    ) -> None:
        super().__init__(burst, rate, clock=clock)
        self.at_start = burst  # unknown until the store was asked: no call is refused before
        self._store, self._life, self._replicas = store, life, replicas
        self._keys = [f"{prefix}quota", f"{prefix}stop"]
        self._probe = probe
        self._share: Bucket | None = None
        self._isolated = False
        self._probe_at = 0.0
        self._probing: asyncio.Task[None] | None = None
        self._publishing: set[asyncio.Task[None]] = set()
        self._stopped_until = 0.0
        self._spares: list[float] = []

    async def take(self, reserve: float = 0.0) -> bool:
        """Take one permit from the store if `reserve` permits then remain."""
        now = self._clock()
        self._spares = [time for time in self._spares if time > now - _SPARE_LIFE]
        if self._spares:
            self._spares.pop()
            return True
        if self._share is not None:
            if now >= self._probe_at and not self._is_probing():
                # In a task of its own: a store that hangs would block the lane for a second each time.
                self._probing = asyncio.get_running_loop().create_task(self._probe_store())
            return await self._take_share(reserve)
        try:
            return await self._ask(1 + reserve)
        except AWAY as error:
            await self._lost(error)
            return await self._take_share(reserve)

    def wait_for(self, permits: float) -> float:
        """Return the seconds after which to try again."""
        if self._share is None:
            wait = max(super().wait_for(permits), self._stopped_until - self._clock())
            return max(wait, _SHORTEST_DELAY)
        until_probe = self._probe_at - self._clock()
        if until_probe <= 0:  # the probe is under way
            until_probe = self._probe
        if self._isolated and permits > 1:
            return until_probe
        need = 1 + min((permits - 1) / self._replicas, self._share.burst - 1)
        return min(self._share.wait_for(need), until_probe)

    def give_back(self) -> None:
        """Return a permit; for a second another call of this process may have it."""
        self._spares.append(self._clock())

    def stop(self, seconds: float) -> None:
        """Make all other processes pause, because the server refused a call."""
        task = asyncio.get_running_loop().create_task(self._publish_stop(seconds))
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)

    async def aclose(self) -> None:
        """End a probe that is under way, and close the connection."""
        if self._probing is not None and self._is_probing():
            self._probing.cancel()
            await asyncio.wait([self._probing])
        await asyncio.gather(*self._publishing, return_exceptions=True)
        await self._store.aclose()

    def _is_probing(self) -> bool:
        task = self._probing
        return task is not None and not task.done() and not task.get_loop().is_closed()

    async def _probe_store(self) -> None:
        try:
            # Reset the shared bucket: what it accumulated meanwhile was already used from local shares.
            await self._ask(0.0)
        except AWAY as error:
            await self._lost(error)
        else:
            self._share = None
            _log.warning("quota.degraded over: the store answers again")

    async def _lost(self, error: BaseException) -> None:
        self._degrade(await self._diagnose(error))
        self._probe_at = self._clock() + self._probe

    async def _ask(self, need: float) -> bool:
        taken, permits, stop = await self._store.run(
            _TAKE, self._keys, 1 / self.rate, self.burst, need, self._life
        )
        self.put(float(str(permits)))
        self._stopped_until = self._clock() + float(str(stop))
        return bool(taken)

    async def _take_share(self, reserve: float) -> bool:
        if self._share is None or (self._isolated and reserve > 0):
            return False
        return await self._share.take(min(reserve / self._replicas, self._share.burst - 1))

    async def _diagnose(self, error: BaseException) -> BaseException:
        # A dropped connection says little; another attempt tells a dead store from a cut connection.
        if isinstance(error, SILENT):
            return error
        try:
            await self._store.client.ping()
        except AWAY as again:
            return again
        return error

    def _degrade(self, error: BaseException) -> None:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ConnectionRefusedError):
            cause = cause.__cause__ or cause.__context__
        # Only a refused connection proves that the store is down for the other processes too.
        self._isolated = cause is None and self._replicas > 1
        if self._share is None:
            self._share = Bucket(
                max(1.0, self.burst / self._replicas),
                self.rate / self._replicas,
                clock=self._clock,
            )
            _log.warning(
                "quota.degraded: the store is away (%s); continuing with 1/%d of the quota%s",
                type(error).__name__,
                self._replicas,
                ", interactive lane only" if self._isolated else "",
            )

    async def _publish_stop(self, seconds: float) -> None:
        try:
            await self._store.run(_STOP, self._keys[1:], seconds)
        except AWAY as error:
            _log.debug("the refusal could not be published: %s", type(error).__name__)
