"""The permits of all processes of one machine, in a file; no server and no thread is needed."""

import logging
import time
from collections.abc import Callable

from gizwits_async.quota.bucket import Bucket
from gizwits_async.quota.ledger import (
    LATEST,
    LEFT,
    LEFT_GRANTED,
    LEFT_UNTIL,
    LEVEL,
    LEVEL_AT,
    OFFSET,
    PAGE_SIZE,
    PAGE_SLOTS,
    REFUSED_AT,
    STOP_UNTIL,
    WALL,
)
from gizwits_async.quota.limits import Limits
from gizwits_async.quota.shared.page_file import PageFile

__all__ = ["FileBucket"]

_log = logging.getLogger("gizwits_async.quota")
_RETRY = 0.001
"""Seconds after which to try again while another process holds the lock."""
_CAREFUL_WINDOWS = 24
"""Windows for which all processes stay careful after a refusal: a server has its kind of count."""
_PROBE = 5.0
"""Seconds between attempts to use a file that could not be used."""
_BACK = 1.0
"""Seconds by which the machine's clock may differ between processes."""


class FileBucket(Bucket):
    """A bucket and a window of grants whose state is a page of a file.

    It uses the monotonic clock of the machine, which all processes share. While the file cannot be
    used, for instance on a full disk, it counts the permits of its own process, and adds them to the
    file afterwards.
    """

    shared = True

    def __init__(
        self,
        limits: Limits,
        *,
        path: str,
        name: bytes,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Make it; the file is opened with the first permit.

        Args:
            limits: The numbers of the quota.
            path: The file.
            name: 32 bytes that name the quota in the file.
            monotonic: Seconds of a clock that all processes share, and that begins anew at most with
                the machine.
            wall: Epoch seconds: shows how long the machine was off.
        """
        self._monotonic, self._wall, self._span = monotonic, wall, limits.span
        self._page = bytearray(PAGE_SIZE)
        super().__init__(limits, clock=self._time_of_page, slots=PAGE_SLOTS, page=self._page)
        self._file = PageFile(path, name, self._page)
        self._busy = False
        self._probe_at: float | None = None
        self._in_file = 0  # permits granted, as the file says
        self._spent: int | None = None

    def begin(self, spent: int | None) -> None:
        """Start counting, unless another process did."""
        self._spent = spent
        if self._open():
            self._close()

    def forgive(self) -> None:
        """Cancel a debt: the server's count, which it was about, has restarted."""
        self._change(super().forgive)

    def follow_loop(self) -> None:
        """Nothing here belongs to an event loop."""

    async def take(self, need: float, limit: float, *, interactive: bool) -> bool:
        """Take a permit if the bucket holds `need` and fewer than `limit` lie in the window."""
        if not self._open():
            return False
        try:
            header = self.counter.header
            now = header[LATEST]
            held = min(self.burst, header[LEVEL] + (now - header[LEVEL_AT]) * self.rate)
            if now < header[STOP_UNTIL] or held < need:
                return False
            return self.count(now, limit, interactive=interactive)
        finally:
            self._close()

    def note_interactive(self) -> None:
        """Note an interactive call that has to wait."""
        self._change(super().note_interactive)

    def give_back(self) -> None:
        """Return a permit whose call was not sent."""
        self._change(super().give_back)

    def wait_for(self, need: float, limit: float, blocked: float = 0.0) -> float:
        """Return the seconds after which to try again."""
        if self._busy:
            return _RETRY
        stopped = self.counter.header[STOP_UNTIL] - self.time()
        return super().wait_for(need, limit, max(blocked, stopped, 0.0))

    @property
    def refused(self) -> bool:
        """Whether any process was refused lately."""
        at = self.counter.header[REFUSED_AT]
        return at > 0 and self.time() < at + _CAREFUL_WINDOWS * self.counter.span

    @property
    def left(self) -> int | None:
        """Calls left in the server's count, less those granted since; None if it is not known."""
        header = self.counter.header
        if self.time() >= header[LEFT_UNTIL]:
            return None
        return int(header[LEFT] - (self.counter.granted - header[LEFT_GRANTED]))

    def report(self, left: int, seconds: float) -> None:
        """Inform processes that read no reply yet; not needed once the books cover a window.

        Args:
            left: Calls left in the server's count.
            seconds: Time until that count resets.
        """
        if self.age >= self.counter.span or self.left is not None or not self._open():
            return
        try:
            header = self.counter.header
            header[LEFT], header[LEFT_UNTIL] = left, self.time() + seconds
            header[LEFT_GRANTED] = self.counter.granted
        finally:
            self._close()

    def stop(self, seconds: float) -> None:
        """Make all processes pause, and be careful afterwards."""
        if self._open():
            try:
                header = self.counter.header
                until = self.time() + min(seconds, self.counter.span)
                header[STOP_UNTIL] = max(header[STOP_UNTIL], until)
                header[REFUSED_AT] = self.time()
            finally:
                self._close()

    async def aclose(self) -> None:
        """Close the file."""
        self._file.close()

    def _change(self, change: Callable[[], None]) -> None:
        """Make a change of the page in the file; none while another process holds it for long."""
        if self._open():
            try:
                change()
            finally:
                self._close()

    def _time_of_page(self) -> float:
        return self._monotonic() + self.counter.header[OFFSET]

    def _open(self) -> bool:
        """Take the lock and read the page; False if another process holds it for long."""
        if self._probe_at is None:
            try:
                self._busy = not self._file.lock()
            except OSError as error:
                self._give_up(error)
            else:
                self._in_file = self.counter.granted
        elif self._monotonic() >= self._probe_at:
            self._probe()
        if self._busy:
            return False
        self._enter()
        return True

    def _enter(self) -> None:
        """Prepare the page for a change, with the lock held."""
        header = self.counter.header
        now, latest = self.time(), header[LATEST]
        if now < latest - _BACK:
            # The machine was started anew, and its clock began at zero.
            off = max(0.0, self._wall() - header[WALL])
            header[OFFSET] = latest + off - self._monotonic()
            now = self.time()
        header[LATEST], header[WALL] = max(now, latest), self._wall()
        # Each time: at `begin` the lock may be held by others, and a file in use may be emptied.
        self.counter.widen(self._span, now)
        if self.counter.since > now:
            super().begin(self._spent)

    def _close(self) -> None:
        if self._probe_at is not None:
            return
        try:
            self._file.unlock()
        except OSError as error:
            self._give_up(error)
        else:
            self._in_file = self.counter.granted

    def _give_up(self, error: OSError) -> None:
        self._busy, self._probe_at = False, self._monotonic() + _PROBE
        self._file.close()
        _log.warning(
            "quota.degraded: its file cannot be used (%s); this process counts for itself",
            error.strerror or type(error).__name__,
        )

    def _probe(self) -> None:
        """Try to use the file again, and add the permits that were granted meanwhile."""
        page, granted = bytes(self._page), self.counter.granted
        try:
            self._busy = not self._file.lock()
        except OSError:
            self._page[:] = page  # it may be read in part
            self._busy, self._probe_at = False, self._monotonic() + _PROBE
            self._file.close()
            return
        if self._busy:
            return
        meanwhile, self._probe_at = max(0, granted - self._in_file), None
        self._enter()
        self.counter.include(meanwhile, self.time())
        self.put(self.permits - meanwhile)
        self._in_file = self.counter.granted
        _log.warning("quota.degraded over: its file can be used again")
