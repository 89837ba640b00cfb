"""The quota of the enterprise: four kinds of counters, what is counted, and the rate headers."""

from collections import deque
from math import ceil, floor
from typing import Protocol

from gizwits_async.simulator.codes import QUOTA_EXCEEDED
from gizwits_async.simulator.messages import ApiRefusal
from gizwits_async.simulator.quirks import Quirks

__all__ = ["Counter", "Quota"]


class Counter(Protocol):
    """Counts the calls of one enterprise; all times in epoch seconds of the server."""

    def remaining(self, now: float) -> int:
        """Return how many calls would be admitted now."""
        ...

    def charge(self, now: float) -> None:
        """Count one call."""
        ...

    def resets_at(self, now: float) -> float:
        """Return the time that the counter reports as its reset."""
        ...


class _Windows:
    """Calls of the current window and the one before it."""

    def __init__(self, limit: int, period: float, anchor: float | None) -> None:
        self._limit, self._period, self._anchor = limit, period, anchor
        self._index, self._count, self._before = 0, 0, 0

    def _roll(self, now: float) -> float:
        # Returns the elapsed fraction of the current window.
        if self._anchor is None:
            self._anchor = now
        elapsed = (now - self._anchor) / self._period
        index = floor(elapsed)
        if index > self._index:
            self._before = self._count if index == self._index + 1 else 0
            self._index, self._count = index, 0
        return elapsed - index

    def charge(self, now: float) -> None:
        self._roll(now)
        self._count += 1

    def resets_at(self, now: float) -> float:
        self._roll(now)
        return (self._anchor or 0.0) + (self._index + 1) * self._period


class _Fixed(_Windows):
    def remaining(self, now: float) -> int:
        self._roll(now)
        return max(0, self._limit - self._count)


class _Weighted(_Windows):
    """Sliding window counter: the previous window is weighted by its overlap with the last period."""

    def remaining(self, now: float) -> int:
        passed = self._roll(now)
        return max(0, floor(self._limit - self._count - self._before * (1.0 - passed)))


class _Sliding:
    def __init__(self, limit: int, period: float) -> None:
        self._limit, self._period = limit, period
        self._calls: deque[float] = deque()

    def remaining(self, now: float) -> int:
        while self._calls and self._calls[0] + self._period <= now:
            self._calls.popleft()
        return max(0, self._limit - len(self._calls))

    def charge(self, now: float) -> None:
        self._calls.append(now)

    def resets_at(self, now: float) -> float:
        return (self._calls[0] if self._calls else now) + self._period


class _Bucket:
    def __init__(self, limit: int, period: float) -> None:
        self._limit, self._rate = limit, limit / period
        self._level, self._at = float(limit), 0.0

    def _fill(self, now: float) -> float:
        self._level = min(self._limit, self._level + max(0.0, now - self._at) * self._rate)
        self._at = max(self._at, now)
        return self._level

    def remaining(self, now: float) -> int:
        return max(0, floor(self._fill(now)))

    def charge(self, now: float) -> None:
        self._level = self._fill(now) - 1.0

    def resets_at(self, now: float) -> float:
        return now + (self._limit - self._fill(now)) / self._rate


def _make_counter(quirks: Quirks, limit: int, period: float) -> Counter:
    match quirks.quota_kind:
        case "fixed":
            return _Fixed(limit, period, quirks.quota_anchor)
        case "weighted":
            return _Weighted(limit, period, quirks.quota_anchor)
        case "sliding":
            return _Sliding(limit, period)
        case "bucket":
            return _Bucket(limit, period)


class Quota:
    """Calls of one enterprise; all times in epoch seconds of the server."""

    def __init__(self, quirks: Quirks, limit: int, period: float) -> None:
        """Make a quota from which nothing was used.

        Args:
            quirks: Kind of counter, and which calls are counted.
            limit: Calls allowed in a period.
            period: Length of the period in seconds.
        """
        self._quirks, self._limit, self._period = quirks, limit, period
        self.reset()

    def reset(self) -> None:
        """Forget all calls."""
        self._counter = _make_counter(self._quirks, self._limit, self._period)

    def check(self, kind: str, now: float) -> None:
        """Check whether a call of this kind is allowed.

        Raises:
            ApiRefusal: 5013, the quota is used up.
        """
        if self._counts(kind) and self._counter.remaining(now) < 1:
            raise ApiRefusal(QUOTA_EXCEEDED)

    def count(self, kind: str, code: int | None, now: float) -> None:
        """Count a call.

        Args:
            kind: Kind of the call.
            code: Error code with which it was refused; None: it succeeded.
            now: The server's present.
        """
        if code == QUOTA_EXCEEDED:
            counted = self._quirks.refused_calls_count
        else:
            counted = code is None or self._quirks.failed_calls_count
        if counted and self._counts(kind):
            self._counter.charge(now)

    def use_up(self, now: float) -> None:
        """Count calls of other clients until none is left."""
        for _ in range(self._counter.remaining(now)):
            self._counter.charge(now)

    def headers(self, code: int | None, now: float) -> dict[str, str]:
        """Return the rate headers of a reply with this error code."""
        sent = self._quirks.rate_headers
        if sent == "never" or (sent == "refused" and code != QUOTA_EXCEEDED):
            return {}
        reset = self._counter.resets_at(now)
        text = {
            "epoch": str(ceil(reset)),
            "delta": str(ceil(reset - now)),
            "ms": str(int(reset * 1000)),
            "junk": "soon",
        }[self._quirks.rate_reset]
        return {
            "x-ratelimit-limit": str(self._limit),
            "x-ratelimit-remaining": str(self._counter.remaining(now)),
            "x-ratelimit-reset": text,
        }

    def _counts(self, kind: str) -> bool:
        return kind != "token" or self._quirks.token_calls_count
