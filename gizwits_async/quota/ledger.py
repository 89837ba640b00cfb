"""Counts the permits that were granted: in all, in the last period, and to interactive calls."""

from math import exp

from gizwits_async.options import Lane

__all__ = ["GrantCounter"]

_SLOTS = 60
"""Parts of a period in which grants are counted together."""
_DEMAND_WINDOW = 1 / 6
"""Of a period: the time constant of the average of interactive demand."""


class GrantCounter:
    """Counts granted permits; times are seconds of the quota's clock."""

    def __init__(self, period: float) -> None:
        self.granted = 0
        """Permits granted since the beginning."""
        self._slot = period / _SLOTS
        self._slots: dict[int, int] = {}
        self._fading = period * _DEMAND_WINDOW
        self._demand, self._demand_at = 0.0, 0.0

    def add(self, lane: Lane, now: float, permits: int = 1) -> None:
        """Count permits granted to `lane`; a negative number takes back grants."""
        self.granted += permits
        slot = int(now // self._slot)
        if slot not in self._slots:
            self._slots = {old: count for old, count in self._slots.items() if old > slot - _SLOTS}
        self._slots[slot] = self._slots.get(slot, 0) + permits
        if lane is Lane.INTERACTIVE:
            self._demand = self.demand(now) + permits / self._fading
            self._demand_at = now

    def recent(self, now: float) -> int:
        """Return the permits granted in the last period, to a sixtieth of it."""
        oldest = int(now // self._slot) - _SLOTS
        return sum(count for slot, count in self._slots.items() if slot >= oldest)

    def demand(self, now: float) -> float:
        """Return the interactive permits a second, an exponential moving average."""
        return self._demand * exp((self._demand_at - now) / self._fading)
