"""The calls whose permits were granted, and that the server may not have counted yet. Pure."""

from collections import deque

__all__ = ["InFlight"]


class InFlight(deque[float]):
    """When each permit was granted whose call has no outcome yet, oldest first.

    A call without a reply may still be counted: it stays in flight until `pad` has passed.
    """

    def __init__(self, pad: float) -> None:
        """Make it empty.

        Args:
            pad: Longest time in seconds between a permit and the server's count of the call.
        """
        super().__init__()
        self._pad = pad

    def undo(self) -> None:
        """Forget the newest permit: its call was not sent."""
        if self:
            self.pop()

    def expire(self, now: float) -> bool:
        """Drop the oldest call if it must have been counted by now; return whether it was dropped."""
        if not self or self[0] > now - self._pad:
            return False
        self.popleft()
        return True

    def counted_by(self, now: float) -> float:
        """Return when the oldest call must have been counted."""
        return self[0] + self._pad if self else now
