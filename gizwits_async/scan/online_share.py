"""The part of a fleet that was connected, hour by hour, out of its online log. No I/O."""

from collections.abc import Iterable

__all__ = ["OnlineShare"]

_HOUR = 3_600


class OnlineShare:
    """Adds up the seconds that devices were connected."""

    def __init__(self, start: int, end: int) -> None:
        """Begin with no device.

        Args:
            start: First second, in epoch seconds UTC.
            end: The second after the last one.
        """
        self._first, self._end = start // _HOUR, end
        self._start = start
        hours = max(0, -(-end // _HOUR) - self._first)
        self._partial = [0.0] * hours
        self._whole = [0] * (hours + 1)
        """Change of the number of devices that were connected for the whole hour."""
        self._devices = 0

    def add(self, events: Iterable[tuple[float, bool]], *, at_last: bool | None = None) -> None:
        """Add a device.

        Args:
            events: When it connected (True) or disconnected, in order of time.
            at_last: Whether it is connected, if it has no events; None if nothing is known of it.
        """
        since, online = float(self._start), at_last
        seen = False
        for time, state in events:
            if not seen:
                online, seen = not state, True
            if online:
                self._connected(since, time)
            since, online = max(since, time), state
        if online is None:
            return
        self._devices += 1
        if online:
            self._connected(since, self._end)

    def _connected(self, since: float, until: float) -> None:
        since, until = max(since, self._start), min(until, self._end)
        if since >= until:
            return
        first, last = int(since // _HOUR) - self._first, int(until // _HOUR) - self._first
        if first == last:
            self._partial[first] += until - since
            return
        self._partial[first] += (first + 1 + self._first) * _HOUR - since
        if rest := until - (last + self._first) * _HOUR:
            self._partial[last] += rest
        self._whole[first + 1] += 1
        self._whole[last] -= 1

    def hours(self) -> tuple[tuple[int, float], ...]:
        """Return the first second of each hour, and the part of the devices that were connected."""
        found, whole = list[tuple[int, float]](), 0
        for index, seconds in enumerate(self._partial):
            whole += self._whole[index]
            begin = (index + self._first) * _HOUR
            length = min(begin + _HOUR, self._end) - max(begin, self._start)
            total = self._devices * length
            found.append((begin, min(1.0, (whole * length + seconds) / total) if total else 0.0))
        return tuple(found)
