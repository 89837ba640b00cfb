"""The permits of many processes on Valkey or Redis, and a local share of them while it is away."""

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from math import inf

from gizwits_async.quota.bucket import Bucket
from gizwits_async.quota.ledger import Interactive
from gizwits_async.quota.limits import Limits
from gizwits_async.quota.loop_clock import LoopClock
from gizwits_async.quota.shared.connection import AWAY, SILENT, Store, check
from gizwits_async.quota.shared.refusals import refusal
from gizwits_async.quota.shared.scripts import GIVE_BACK, REPORT, RESET, STOP, TAKE, TRY, Stored
from gizwits_async.quota.shared.servers import Client

__all__ = ["SharedBucket"]

_log = logging.getLogger("gizwits_async.quota")
_SHORTEST_DELAY = 0.001
"""Seconds between two requests to the store."""

_CAREFUL_WINDOWS = 24
"""Windows for which all processes stay careful after a refusal: a server has its kind of count."""
_UNLIMITED = 1e12


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
        self._prefix, self._key = prefix, f"{prefix}window"
        self._stored = Stored(
            level=self.burst
        )  # unknown yet: no call is refused before it was asked
        self._stored_at = 0.0
        self._share: Bucket | None = None
        self._isolated = False
        self._learned = False
        self._reason = ""
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

    @property
    def left(self) -> int | None:
        """Calls left in the server's count, as a process reported; None if it is not known."""
        known = self._share is None and self.time() < self._stored_at + self._stored.left_for
        return int(self._stored.left) if known else None

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

    async def take(self, need: float, limit: float, *, interactive: bool) -> bool:
        """Take a permit from the store, or from the share while the store is away."""
        if self._share is not None:
            if self.time() >= self._probe_at and not self._is_probing():
                # In a task of its own: a store that hangs would block the lane for a second each time.
                self._probing = asyncio.get_running_loop().create_task(self._probe_store())
            return await self._take_share(need)
        arguments = max(need, -_UNLIMITED), min(limit, _UNLIMITED), interactive
        try:
            reply = await self._run(TAKE, *map(float, arguments))
            stored = Stored(*(float(str(part)) for part in reply))
        except AWAY as error:
            await self._lost(error)
            return await self._take_share(need)
        before, self._stored, self._stored_at = self.left, stored, self.time()
        self._learned = before is None and self.left is not None
        return self._stored.taken == 1

    def wait_for(self, need: float, limit: float, blocked: float = 0.0) -> float:
        """Return the seconds after which to try again."""
        if self._share is None:
            if self._learned:
                return _SHORTEST_DELAY  # The terms were those of a process that knows nothing.
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

    def note_interactive(self) -> None:
        """Nothing: the store counts interactive calls when their permits are granted."""

    def give_back(self) -> None:
        """Return a permit whose call was not sent."""
        if self._share is not None:
            self._share.give_back()
        else:
            self._start(self._publish(GIVE_BACK))

    def report(self, left: int, seconds: float) -> None:
        """Inform processes that read no reply yet; not needed once the store has counted for a window.

        Args:
            left: Calls left in the server's count.
            seconds: Time until that count resets.
        """
        if self._share is None and self.age < self.counter.span and self.left is None:
            self._start(self._publish(REPORT, left, seconds))

    def stop(self, seconds: float) -> None:
        """Make all processes pause, and be careful afterwards, because the server refused a call."""
        self._start(self._publish(STOP, seconds))

    async def check(self) -> None:
        """Raise `QuotaStoreError` if the store refuses a setting."""
        await check(partial(self._store.run, TRY, [f"{self._prefix}check"]), "quota")

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

    async def _publish(self, script: str, *arguments: float) -> None:
        try:
            await self._run(script, *arguments)
        except AWAY as error:
            _log.debug("the other processes could not be informed: %s", type(error).__name__)

    def _is_probing(self) -> bool:
        task = self._probing
        return task is not None and not task.done() and not task.get_loop().is_closed()

    async def _probe_store(self) -> None:
        try:
            # Reset the shared bucket: what it accumulated meanwhile was already used from local shares.
            await self._run(RESET)
        except AWAY as error:
            await self._lost(error)
        else:
            self._share, self._reason = None, ""
            self._stored, self._stored_at = Stored(), self.time()
            _log.warning("quota.degraded over: the store answers again")

    async def _lost(self, error: BaseException) -> None:
        self._degrade(await self._diagnose(error))
        self._probe_at = self.time() + self._probe

    async def _take_share(self, need: float) -> bool:
        if self._share is None or (self._isolated and need > 1):
            return False
        return await self._share.take(self._share_need(need), inf, interactive=False)

    def _share_need(self, need: float) -> float:
        burst = self._share.burst if self._share is not None else self.burst
        return 1 + min(max(0.0, need - 1) / self._replicas, burst - 1)

    async def _diagnose(self, error: BaseException) -> BaseException:
        # Another attempt distinguishes a store that is down from a connection that was cut.
        if isinstance(error, SILENT) or refusal(error):
            return error
        try:
            await self._store.call(_ping)
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
        words = refusal(error)
        reason = f"refuses: {words}" if words else f"is away: {type(error).__name__}"
        # A store that comes back from an outage with another password must not pass for the outage.
        if not self._reason or (words and reason != self._reason):
            self._reason = reason
            _log.warning(
                "quota.degraded: the store %s; continuing with 1/%d of the quota%s",
                reason,
                self._replicas,
                ", interactive lane only" if self._isolated else "",
            )


async def _ping(client: Client) -> object:
    return await client.ping()
