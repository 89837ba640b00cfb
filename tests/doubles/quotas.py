"""Quotas that always grant, or never, or fail as a test asks."""

import asyncio
from collections.abc import Iterable, Mapping

from gizwits_async.options import Lane, QuotaSnapshot

__all__ = ["FreeQuota"]


class FreeQuota:
    """A quota that grants every permit and counts what happens to it.

    Args:
        delay: Seconds that each permit takes.
        permits: How many it grants; then calls wait until they are cancelled.
        errors: Raised by the first calls, one each; None grants that call.
    """

    def __init__(
        self,
        *,
        delay: float = 0.0,
        permits: float = float("inf"),
        errors: Iterable[Exception | None] = (),
    ) -> None:
        self.delay, self.permits = delay, permits
        self.errors = iter(errors)
        self.taken = 0
        """Permits asked for."""
        self.observed = 0
        """Outcomes observed; one belongs to each permit."""
        self.refused = 0
        """Outcomes that were refusals."""
        self.waiting = 0
        """Calls that wait for a permit that will not come."""
        self.closed = 0

    async def acquire(self, lane: Lane = Lane.INTERACTIVE, max_wait: float | None = None) -> None:
        self.taken += 1
        if self.delay:
            await asyncio.sleep(self.delay)
        error = next(self.errors, None)
        if error is not None:
            raise error
        if self.taken > self.permits:
            self.waiting += 1
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self.waiting -= 1

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        self.observed += 1
        self.refused += refused

    def snapshot(self) -> QuotaSnapshot:
        return QuotaSnapshot(limit=3600, remaining=3600)

    def retry_after(self) -> float | None:
        return None

    async def aclose(self) -> None:
        self.closed += 1
