"""The Lua scripts of the shared bucket, and what they answer."""

from typing import NamedTuple

__all__ = ["GIVE_BACK", "REPORT", "RESET", "STOP", "TAKE", "TRY", "Stored"]

_SLOTS = 240
"""Slots of a window in the store: a grant counts for up to one slot longer than it must."""
_STATE = """
local key, rate, burst, span = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local raw = clock[1] + clock[2] / 1000000
local names = {'offset', 'latest', 'since', 'level', 'at', 'slot', 'window', 'two', 'granted', 'stop',
  'refused', 'people', 'burst', 'burst_at', 'demand', 'left', 'left_until', 'left_granted'}
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

TAKE = (
    _STATE
    + """
local need, limit, people = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local taken, frees = 0, 0
if now >= s.stop and s.level >= need and s.window < limit then
  taken = 1
  s.level = math.max(math.min(0, 1 - rate * span), s.level - 1)
  s.window, s.two, s.granted = s.window + 1, s.two + 1, s.granted + 1
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
  now - s.refused, frees, s.people, s.burst, s.demand,
  s.left - (s.granted - s.left_granted), s.left_until - now}
for i, value in ipairs(reply) do reply[i] = string.format('%.6f', value) end
return reply
""".replace("SLOTS", str(_SLOTS))
)

REPORT = (
    _STATE
    + """
if now >= s.left_until then
  s.left, s.left_until, s.left_granted = tonumber(ARGV[4]), now + tonumber(ARGV[5]), s.granted
  save()
end
return {}
"""
)

RESET = (
    _STATE
    + """
s.level, s.since = math.min(0, s.level), now
save()
return {}
"""
)

STOP = (
    _STATE
    + """
s.stop, s.refused = math.max(math.min(s.stop, now + span), now + math.min(span, tonumber(ARGV[4]))), now
save()
return {}
"""
)

GIVE_BACK = (
    _STATE
    + """
for index = s.slot, s.slot - SLOTS, -1 do
  if count('s', index) > 0 then
    redis.call('HINCRBY', key, 's' .. index, -1)
    s.window, s.two, s.level = s.window - 1, s.two - 1, math.min(burst, s.level + 1)
    break
  end
end
save()
return {}
""".replace("SLOTS", str(_SLOTS))
)


TRY = """
redis.call('TIME')
redis.call('HSET', KEYS[1], 'one', 1)
redis.call('HINCRBY', KEYS[1], 'one', 1)
redis.call('HGET', KEYS[1], 'one')
redis.call('HMGET', KEYS[1], 'one')
redis.call('HDEL', KEYS[1], 'other')
redis.call('EXPIRE', KEYS[1], 1)
redis.call('DEL', KEYS[1])
return {}
"""
# Each command of the others, on a key that is gone afterwards: whether the server allows all of them.


class Stored(NamedTuple):
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
    left: float = 0.0
    left_for: float = 0.0
