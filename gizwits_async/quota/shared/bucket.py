"""One token bucket for many processes: GCRA on Valkey or Redis, and a local share while it is away."""

import asyncio
import logging
from collections.abc import Coroutine
from math import inf
from typing import NamedTuple

from gizwits_async.options import Lane
from gizwits_async.quota.bucket import Bucket
from gizwits_async.quota.ledger import Interactive
from gizwits_async.quota.limits import Limits
from gizwits_async.quota.loop_clock import LoopClock
from gizwits_async.quota.shared.connection import AWAY, SILENT, Store

__all__ = ["SharedBucket"]

_log = logging.getLogger("gizwits_async.quota")
_SHORTEST_DELAY = 0.001
"""Seconds between two requests to the store."""

_SLOTS = 240
"""Slots of a window in the store: a grant counts for up to one slot longer than it must."""
_CAREFUL_WINDOWS = 24
"""Windows for which all processes stay careful after a refusal: a server has its kind of count."""
_UNLIMITED = 1e12

_STATE = """
local key, rate, burst, span = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local raw = clock[1] + clock[2] / 1000000
local names = {'offset', 'latest', 'since', 'level', 'at', 'slot', 'window', 'two', 'granted', 'stop',
  'refused', 'people', 'burst', 'burst_at', 'demand'}
local found, s = redis.call('HMGET', key, unpack(names)), {}
for i, name in ipairs(names) do s[name] = tonumber(found[i] or '0') end
if not found[1] then
  s.latest, s.since, s.at, s.refused = raw, raw, raw, -1e12
  s.slot = math.floor(raw * SLOTS / span)
end
local now = raw + s.offset
if now < s.latest then s.offset, now = s.latest - raw, s.latest end
s.latest = now
local slot = math.floor(now * SLOTS / span)
local function count(kind, index) return tonumber(redis.call('HGET', key, kind .. index) or '0') end
if slot - s.slot > 2 * SLOTS then
  redis.call('DEL', key)
  s.window, s.two, s.people = 0, 0, 0
else
  for new = s.slot + 1, slot do
    s.window = s.window - count('s', new - SLOTS - 1)
    local old = new - 2 * SLOTS - 2
    s.two, s.people = s.two - count('s', old), s.people - count('p', old)
    redis.call('HDEL', key, 's' .. old, 'p' .. old)
    s.demand = s.demand * DECAY
  end
end
s.slot = math.max(s.slot, slot)
s.level, s.at = math.min(burst, s.level + (now - s.at) * rate), now
local function save()
  local flat = {}
  for name, value in pairs(s) do
    flat[#flat + 1] = name
    flat[#flat + 1] = string.format('%.6f', value)
  end
  redis.call('HSET', key, unpack(flat))
  redis.call('EXPIRE', key, 604800 + math.ceil(2 * span))
end
""".replace("SLOTS", str(_SLOTS)).replace("DECAY", str(1 - 6 / _SLOTS))
# A missing key is a store that lost its data: it holds no permits and knows nothing of what was
# spent. Only the clock of the store is used, those of processes differ; `offset` holds it when it
# is set back. `s` and `p` with the number of a slot count its permits, and the interactive ones.

_TAKE = (
    _STATE
    + """
local need, limit, people = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local taken, frees = 0, 0
if now >= s.stop and s.level >= need and s.window < limit then
  taken = 1
  s.level, s.window, s.two, s.granted = s.level - 1, s.window + 1, s.two + 1, s.granted + 1
  redis.call('HINCRBY', key, 's' .. s.slot, 1)
  if people == 1 then
    local burst_now = redis.call('HINCRBY', key, 'p' .. s.slot, 1) + count('p', s.slot - 1)
    s.people, s.demand = s.people + 1, s.demand + 6 / span
    if burst_now >= s.burst or now - s.burst_at > 2 * span then
      s.burst, s.burst_at = burst_now, now
    end
  end
elseif s.window >= limit then
  local excess, index = s.window - limit + 1, s.slot - SLOTS
  while excess > 0 and index <= s.slot do
    excess = excess - count('s', index)
    index = index + 1
  end
  frees = math.max(0, (index + SLOTS) * span / SLOTS - now)
end
save()
local reply = {taken, s.level, s.window, s.two, s.granted, now - s.since, s.stop - now,
  now - s.refused, frees, s.people, s.burst, s.demand}
for i, value in ipairs(reply) do reply[i] = string.format('%.6f', value) end
return reply
""".replace("SLOTS", str(_SLOTS))
)

_RESET = (
    _STATE
    + """
s.level, s.since = math.min(0, s.level), now
save()
return {}
"""
)

_STOP = (
    _STATE
    + """
s.stop, s.refused = math.max(math.min(s.stop, now + span), now + math.min(span, tonumber(ARGV[4]))), now
save()
return {}
"""
)

_GIVE_BACK = (
    _STATE
    + """
local kind = tonumber(ARGV[4]) == 1 and 'p' or 's'
for index = s.slot, s.slot - SLOTS, -1 do
  if count(kind, index) > 0 then
    redis.call('HINCRBY', key, 's' .. index, -1)
    if kind == 'p' then
      redis.call('HINCRBY', key, 'p' .. index, -1)
      s.people = s.people - 1
    end
    s.window, s.two, s.level = s.window - 1, s.two - 1, math.min(burst, s.level + 1)
    break
  end
end
save()
return {}
""".replace("SLOTS", str(_SLOTS))
)


class _Stored(NamedTuple):
    """What the store answered with the last permit."""

    taken: float = 0.0
    level: float = 0.0
    window: float = 0.0
    two_windows: float = 0.0
    granted: float = 0.0
    age: float = 0.0
    stopped_for: float = 0.0
    refused_for: float = 1e12
    frees_in: float = 0.0
    interactive_calls: float = 0.0
    interactive_burst: float = 0.0
    interactive_rate: float = 0.0


class SharedBucket(Bucket):
    """The bucket in the store; a local bucket with a share of the rate while the store is away."""

    shared = True
    latency = 0.1

    def __init__(
        self,
        limits: Limits,
        *,
        clock: LoopClock,
        store: Store,
        prefix: str,
        replicas: int,
        probe: float,
    ) -> None:
        """Make it; nothing connects before the first permit."""
        super().__init__(limits, clock=clock)
        self._limits = limits
        self._store, self._replicas, self._probe = store, replicas, probe
        self._key = f"{prefix}window"
        self._stored = _Stored(
            level=self.burst
        )  # unknown yet: no call is refused before it was asked
        self._stored_at = 0.0
        self._share: Bucket | None = None
        self._isolated = False
        self._probe_at = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._probing: asyncio.Task[None] | None = None

    # What it holds, by the last answer of the store.

    @property
    def permits(self) -> float:
        """Permits in the bucket."""
        held = self._stored.level + (self.time() - self._stored_at) * self._rate
        return min(self.burst, held)

    @property
    def granted(self) -> int:
        """Permits granted since the beginning, by all who share the bucket."""
        return int(self._stored.granted)

    @property
    def window(self) -> int:
        """Permits granted in the last window."""
        return int(self._stored.window)

    @property
    def two_windows(self) -> int:
        """Permits granted in the last two windows."""
        return int(self._stored.two_windows)

    @property
    def age(self) -> float:
        """Seconds for which all permits were counted; less than a window while the store is away."""
        if self._share is not None:
            return self.counter.span / 2
        return self._stored.age + self.time() - self._stored_at

    @property
    def interactive(self) -> Interactive:
        """Interactive calls of the last two windows."""
        stored = self._stored
        return Interactive(
            int(stored.interactive_calls), int(stored.interactive_burst), stored.interactive_rate
        )

    @property
    def refused(self) -> bool:
        """Whether any process was refused lately."""
        return self._stored.refused_for < _CAREFUL_WINDOWS * self.counter.span

    # What is done with it.

    def begin(self, spent: int | None) -> None:
        """Start counting; the store knows itself since when it counts, and what was spent."""
        del spent
        self._stored_at = self.time()

    def follow_loop(self) -> None:
        """Drop the share, which belongs to an event loop; it is made anew."""
        if self._share is not None:
            self._share.follow_loop()

    def forgive(self) -> None:
        """Keep a debt: other processes have calls in the window too."""

    async def take(self, lane: Lane, need: float, limit: float) -> bool:
        """Take a permit from the store, or from the share while the store is away."""
        if self._share is not None:
            if self.time() >= self._probe_at and not self._is_probing():
                # In a task of its own: a store that hangs would block the lane for a second each time.
                self._probing = asyncio.get_running_loop().create_task(self._probe_store())
            return await self._take_share(lane, need)
        arguments = max(need, -_UNLIMITED), min(limit, _UNLIMITED), lane is Lane.INTERACTIVE
        try:
            reply = await self._run(_TAKE, *map(float, arguments))
        except AWAY as error:
            await self._lost(error)
            return await self._take_share(lane, need)
        self._stored, self._stored_at = _Stored(*(float(str(part)) for part in reply)), self.time()
        return self._stored.taken == 1

    def wait_for(self, need: float, limit: float, blocked: float = 0.0) -> float:
        """Return the seconds after which to try again."""
        if self._share is None:
            blocked = max(blocked, self._stored.stopped_for - (self.time() - self._stored_at), 0.0)
            held = min(self.burst, self.permits + blocked * self._rate)
            wait = blocked + max(0.0, (need - held) / self._rate)
            if self._stored.window >= limit:
                wait = max(wait, self._stored.frees_in)
            return max(wait, _SHORTEST_DELAY)
        until_probe = self._probe_at - self.time()
        if until_probe <= 0:  # the probe is under way
            until_probe = self._probe
        if self._isolated and need > 1:
            return until_probe
        return min(self._share.wait_for(self._share_need(need), inf), until_probe)

    def give_back(self, lane: Lane) -> None:
        """Return a permit whose call was not sent."""
        if self._share is not None:
            self._share.give_back(lane)
        else:
            self._start(self._publish(_GIVE_BACK, float(lane is Lane.INTERACTIVE)))

    def stop(self, seconds: float) -> None:
        """Make all processes pause, and be careful afterwards, because the server refused a call."""
        self._start(self._publish(_STOP, seconds))

    async def aclose(self) -> None:
        """End what runs in the background, and close the connection."""
        if self._probing is not None and self._is_probing():
            self._probing.cancel()
            await asyncio.wait([self._probing])
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._store.aclose()

    async def _run(self, script: str, *arguments: float) -> list[object]:
        return await self._store.run(
            script, [self._key], self._rate, self.burst, self.counter.span, *arguments
        )

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _publish(self, script: str, argument: float) -> None:
        try:
            await self._run(script, argument)
        except AWAY as error:
            _log.debug("the other processes could not be told: %s", type(error).__name__)

    def _is_probing(self) -> bool:
        task = self._probing
        return task is not None and not task.done() and not task.get_loop().is_closed()

    async def _probe_store(self) -> None:
        try:
            # Reset the shared bucket: what it accumulated meanwhile was already used from local shares.
            await self._run(_RESET)
        except AWAY as error:
            await self._lost(error)
        else:
            self._share = None
            self._stored, self._stored_at = _Stored(), self.time()
            _log.warning("quota.degraded over: the store answers again")

    async def _lost(self, error: BaseException) -> None:
        self._degrade(await self._diagnose(error))
        self._probe_at = self.time() + self._probe

    async def _take_share(self, lane: Lane, need: float) -> bool:
        if self._share is None or (self._isolated and need > 1):
            return False
        return await self._share.take(lane, self._share_need(need), inf)

    def _share_need(self, need: float) -> float:
        burst = self._share.burst if self._share is not None else self.burst
        return 1 + min(max(0.0, need - 1) / self._replicas, burst - 1)

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
            self._share = Bucket(self._limits, clock=self.time, share=self._replicas)
            self._share.begin(None)
            _log.warning(
                "quota.degraded: the store is away (%s); continuing with 1/%d of the quota%s",
                type(error).__name__,
                self._replicas,
                ", interactive lane only" if self._isolated else "",
            )
