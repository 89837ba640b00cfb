"""The numbers of a quota, checked where they are made, and what follows from them. Pure."""

from attrs import field, frozen

__all__ = ["Limits", "pad_for"]

_LARGEST = 10**9
"""Upper bound of calls and seconds: keeps the arithmetic exact enough and in range."""
_COUNT_LATE = 2.0
"""Seconds beyond its time-out after which a call that hung may still be counted by the server."""
_CREDIT = 60
"""Interactive calls that a process may make at once while it does not know what was spent before;
of a small quota at most a twentieth."""


def pad_for(timeout: float) -> float:
    """Return the `pad` for calls with this time-out: a call that hangs may be counted that late."""
    return max(12.0, timeout + _COUNT_LATE)


@frozen(kw_only=True)
class Limits:
    """The numbers of one quota.

    A bucket grants at most `burst + rate * t` permits in any `t`. With `burst + rate * (period +
    pad) <= calls` no server that counts windows of `period` can refuse a call, whatever was granted
    when.

    Raises:
        ValueError: The numbers do not fit together; the message names numbers that would.
    """

    calls: int
    """Calls the server allows in a period."""
    period: float
    """Seconds."""
    burst: int
    """Bulk calls that may go at once after a rest."""
    reserve: int
    """Permits of the burst that bulk calls leave to interactive ones."""
    pad: float
    """Longest time in seconds between a permit and the server's count of the call."""
    initial: int | None = None
    remembered: bool = False
    """Whether the next process will know what this one spends, and so needs no room for its credit."""
    credit: int = field(init=False)
    """Interactive calls at once in a process that does not know what was spent before."""
    crowd: int = field(init=False)
    """Interactive calls at once, beside the burst, before a whole window is known."""
    span: float = field(init=False)
    """Seconds of a window: what is granted in one is counted in one period of the server."""
    careful_rate: float = field(init=False)
    """Permits a second with room for a crowd and for the credit of the next process. The latter is
    room enough for a second burst, and so for servers that weigh two windows."""

    @credit.default
    def _credit(self) -> int:
        self._check()
        return min(_CREDIT, self.calls // 20) if self.initial is None else self.initial

    @crowd.default
    def _crowd(self) -> int:
        return self.credit * 3 // 2

    @span.default
    def _span(self) -> float:
        return self.period + self.pad

    @careful_rate.default
    def _careful_rate(self) -> float:
        credit = 0 if self.remembered else self.credit
        spare = max(self.burst, credit) + self.crowd
        return (self.calls - self.burst - min(spare, (self.calls - self.burst) / 2)) / self.span

    def _check(self) -> None:
        positive = {"calls": self.calls, "period": self.period, "burst": self.burst}
        others = {"reserve": self.reserve, "pad": self.pad, "initial": self.initial or 0}
        for name, number in positive.items():
            if not number > 0:
                raise ValueError(f"{name} must be positive, not {number!r}")
        for name, number in others.items():
            if not number >= 0:
                raise ValueError(f"{name} must not be negative, not {number!r}")
        for name, number in (positive | others).items():
            if number > _LARGEST:
                raise ValueError(f"{name} must be at most {_LARGEST:,}")
        if self.reserve >= self.burst:
            raise ValueError(
                f"reserve must be below burst, or bulk calls would never go: "
                f"reserve={self.reserve}, burst={self.burst}; "
                f"reserve={self.burst - 1} is the most that fits"
            )
        if self.burst >= self.calls:
            raise ValueError(
                f"burst + rate * (period + pad) <= calls leaves nothing for the rate: "
                f"{self.burst} + rate * ({self.period:g} + {self.pad:g}) <= {self.calls}; "
                f"burst must be below {self.calls}, so that rate is positive"
            )
