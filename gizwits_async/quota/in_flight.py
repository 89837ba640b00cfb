"""The calls whose permits were granted, and that the server may not have counted yet. Pure."""

from collections import deque

__all__ = ["InFlight"]


class InFlight:
    """When each permit was granted whose call has no outcome yet, oldest first.

    A call without a reply may still be counted: it stays in flight until `pad` has passed.
    """

    def __init__(self, pad: float) -> None:
        """Make it empty.

        Args:
            pad: Longest time in seconds between a permit and the server's count of the call.
        """
        self._pad = pad
        self._granted: deque[float] = deque()

    def __len__(self) -> int:
        return len(self._granted)

    def add(self, now: float) -> None:
        """Note a permit that was granted now."""
        self._granted.append(now)

    def land(self, now: float) -> float:
        """Note a reply, to the oldest call; return when its permit was granted."""
        return self._granted.popleft() if self._granted else now

    def undo(self) -> None:
        """Forget the newest permit: its call was not sent."""
        if self._granted:
            self._granted.pop()

    def expire(self, now: float) -> int:
        """Drop the calls that must have been counted by now; return how many there were."""
        expired = 0
        while self._granted and self._granted[0] <= now - self._pad:
            self._granted.popleft()
            expired += 1
        return expired

    def counted_by(self, now: float) -> float:
        """Return when the oldest call must have been counted."""
        return self._granted[0] + self._pad if self._granted else now
