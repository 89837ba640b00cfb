"""The books of a quota: how many permits were granted when, in lists or in one page of a file."""

from itertools import pairwise
from math import inf
from typing import NamedTuple

__all__ = ["PAGE_SIZE", "PAGE_SLOTS", "GrantCounter", "Interactive"]

PAGE_SIZE = 4096
"""Bytes of the state; one page of a file is written whole or not at all when a process is killed."""
_HEADER = 24
PAGE_SLOTS = 240
"""Slots of a window with which all fits in a page."""

# Fields of the header. The first four hold the name of the record in a file.
SPAN, _SINCE, _GRANTED, _SLOT, _WINDOW = 4, 5, 6, 7, 8
LEVEL, LEVEL_AT, STOP_UNTIL, REFUSED_AT, LATEST, OFFSET, WALL = 9, 10, 11, 12, 13, 14, 15
LEFT, LEFT_UNTIL, LEFT_GRANTED = 16, 17, 18


class Interactive(NamedTuple):
    """Interactive calls that came in the last two windows."""

    calls: int
    """In all."""
    burst: int
    """Most of them within two adjacent slots."""
    rate: float
    """Calls a second, recently."""


class GrantCounter:
    """Counts granted permits by slots of time. A window is `period + pad`: `span` seconds.

    A page that processes share is read before each use and written afterwards, under a lock, by the
    owner of the books.
    """

    def __init__(self, span: float, slots: int, page: bytearray | None = None) -> None:
        """Make empty books.

        Args:
            span: Seconds of a window.
            slots: Slots of a window: a grant counts for up to one slot longer than it must.
            page: `PAGE_SIZE` bytes to keep them in; without, they are kept in lists, which are faster.
        """
        self._slots = slots
        self._ring = ring = 2 * slots + 4  # two windows, and the slots that are partly over
        self.header: list[float] | memoryview[float] = [0.0] * _HEADER
        self._counts: list[int] | memoryview[int] = [0] * ring
        self._interactive: list[int] | memoryview[int] = [0] * ring
        if page is not None:
            view, start, end = memoryview(page), 8 * _HEADER, 8 * _HEADER + 4 * ring
            self.header = view[:start].cast("d")
            self._counts = view[start:end].cast("I")
            self._interactive = view[end : end + 4 * ring].cast("I")
        self._seen: tuple[int, Interactive] = (-1, Interactive(0, 0, 0.0))
        self.header[SPAN] = span
        self.header[_SINCE] = inf
        self.header[REFUSED_AT] = -inf

    @property
    def span(self) -> float:
        """Seconds of a window."""
        return self.header[SPAN]

    @property
    def granted(self) -> int:
        """Permits granted since the beginning."""
        return int(self.header[_GRANTED])

    @property
    def slot(self) -> float:
        """Seconds of a slot."""
        return self.header[SPAN] / self._slots

    @property
    def since(self) -> float:
        """When counting began; infinity before, and minus infinity if all is known."""
        return self.header[_SINCE]

    def begin(self, now: float, spent: int | None = None) -> None:
        """Count from now on.

        Args:
            now: Seconds of the quota's clock, which never goes back.
            spent: Calls of the last two windows, if known. They count as made now.
        """
        self._advance(now)
        if spent is None:
            self.header[_SINCE] = min(self.since, now)
        else:
            self.header[_SINCE] = -inf
            self._count(spent)

    def include(self, permits: int, now: float) -> None:
        """Count permits that were granted outside of these books, as granted now."""
        self._advance(now)
        self.header[_GRANTED] += permits
        self._count(permits)

    def widen(self, span: float, now: float) -> None:
        """Make the window at least as long; all that was counted counts as granted now."""
        if span > self.span:
            permits = sum(self._counts)
            self._clear()
            self.header[SPAN] = span
            self.header[_SLOT] = int(now * self._slots / span)
            self._count(permits)

    def add(self, now: float, limit: float, *, interactive: bool) -> bool:
        """Count a permit, if fewer than `limit` lie in the window.

        Args:
            now: Seconds of the quota's clock.
            limit: Permits in the window.
            interactive: Whether it is also an interactive call that was not noted before.
        """
        header = self.header
        if now * self._slots >= (header[_SLOT] + 1) * header[SPAN]:
            self._advance(now)
        if (window := header[_WINDOW]) >= limit:
            return False
        header[_WINDOW] = window + 1
        header[_GRANTED] += 1
        position = int(header[_SLOT]) % self._ring
        self._counts[position] += 1
        if interactive:
            self._interactive[position] += 1
        return True

    def note_interactive(self, now: float) -> None:
        """Note that an interactive call came, whose permit will be granted later or never."""
        self._interactive[self._advance(now) % self._ring] += 1

    def remove(self) -> None:
        """Take back the latest permit: its call was not made."""
        newest = int(self.header[_SLOT])
        for slot in range(newest, newest - self._slots, -1):
            if self._counts[slot % self._ring] > 0:
                self._counts[slot % self._ring] -= 1
                self.header[_WINDOW] -= 1
                self.header[_GRANTED] -= 1
                return

    def window(self, now: float) -> int:
        """Return the permits granted in the last window."""
        self._advance(now)
        return int(self.header[_WINDOW])

    def two_windows(self, now: float) -> int:
        """Return the permits granted in the last two windows."""
        self._advance(now)
        return sum(self._counts)

    def frees_in(self, permits: int, now: float) -> float:
        """Return the seconds until so many of the granted permits have left the window."""
        if permits > self.window(now):
            return self.span
        newest = int(self.header[_SLOT])
        for slot in range(newest - self._slots, newest + 1):
            permits -= self._counts[slot % self._ring]
            if permits <= 0:
                return max(0.0, (slot + self._slots + 1) * self.slot - now)
        return self.span

    def interactive(self, now: float) -> Interactive:
        """Return what is known of interactive calls; as of the first look in the slot."""
        newest = self._advance(now)
        if self._seen[0] != newest:
            counts = [self._interactive[(newest - age) % self._ring] for age in range(self._ring)]
            recent = self._slots // 6
            rate = sum(counts[:recent]) / (recent * self.slot)
            burst = max(map(sum, pairwise(counts)))
            self._seen = newest, Interactive(sum(counts), burst, rate)
        return self._seen[1]

    def _count(self, permits: int) -> None:
        self.header[_WINDOW] += permits
        self._counts[int(self.header[_SLOT]) % self._ring] += permits

    def _clear(self) -> None:
        self._counts[:] = self._interactive[:] = memoryview(bytes(4 * self._ring)).cast("I")
        self.header[_WINDOW] = 0

    def _advance(self, now: float) -> int:
        """Count slots that are over no longer; return the newest slot."""
        header = self.header
        slot, newest = int(now * self._slots / header[SPAN]), int(header[_SLOT])
        if slot <= newest:
            return newest
        if slot - newest >= self._ring:
            self._clear()
        else:
            for new in range(newest + 1, slot + 1):
                header[_WINDOW] -= self._counts[(new - self._slots - 1) % self._ring]
                self._counts[new % self._ring] = self._interactive[new % self._ring] = 0
        header[_SLOT] = slot
        return slot
