"""Which devices had data on which days, so that a scan need not ask the others."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

from gizwits_async.errors import ApiError, AuthenticationError, NotFoundError, QuotaExceededError
from gizwits_async.scan.ports import ScanStore
from gizwits_async.scan.view import BulkView

__all__ = ["Activity"]

_DAY = 86_400
_NOT_GENERATED = 5014
_ZONE = 14 * 3600
"""Seconds by which a day of the reports may be shifted: their zone is not documented."""
_FRESH = 2
"""Days up to today that a report may not have counted to their end yet: everybody is asked."""


class Activity:
    """The days of a range on which each device reported data, as bits. Knows nothing of records."""

    def __init__(self, start: int, end: int, now: float) -> None:
        """Make a calendar on which everybody has to be asked about the latest days only.

        Args:
            start: First second of the range, in epoch seconds UTC.
            end: The second after the last one.
            now: The present, in epoch seconds.
        """
        self._first = (start - _ZONE) // _DAY
        self._days = (end + _ZONE) // _DAY - self._first + 1
        self._all = 0
        for number in range(self._days):
            if self._first + number > now // _DAY - _FRESH:
                self._all |= 1 << number
        self._of: dict[str, int] = {}

    def mark(self, day: int, dids: Collection[str] | None = None) -> None:
        """Note that these devices, None for all, must be asked about a day, counted from the first."""
        if dids is None:
            self._all |= 1 << day
            return
        for did in dids:
            self._of[did] = self._of.get(did, 0) | 1 << day

    def mark_whole(self, dids: Collection[str]) -> None:
        """Note that these devices must be asked about every day."""
        for did in dids:
            self._of[did] = (1 << self._days) - 1

    def next(self, did: str, start: int, end: int) -> int:
        """Return the first second from `start` on at which a device may have data; else `end`."""
        days = self._of.get(did, 0) | self._all
        number = max(0, (start - _ZONE) // _DAY - self._first)
        left = days >> number
        if not left:
            return end
        number += (left & -left).bit_length() - 1
        return min(end, max(start, (self._first + number) * _DAY - _ZONE))

    async def load(self, view: BulkView, store: ScanStore) -> None:
        """Ask for the report of each day; or, where that is closed, who was active since the start.

        Raises:
            GizwitsError: As any call; the quota may be used up.
        """
        self.mark_whole(await store.without_mac())
        try:
            for number in range(self._days):
                if not self._all >> number & 1:
                    await self._load_day(view, store, number)
        except (AuthenticationError, QuotaExceededError):
            raise
        except ApiError:
            since = max(self._first * _DAY, view.oldest())
            active = view.devices.search(show_disabled=True, liveness_start=since)
            async for device in active:
                self.mark_whole([device.did])

    async def _load_day(self, view: BulkView, store: ScanStore, number: int) -> None:
        day = _date(self._first + number)
        try:
            async for page in view.active_devices(day).pages():
                macs = [row.mac for row in page.items if row.mac]
                self.mark(number, await store.by_mac(macs))
        except NotFoundError as error:
            if error.code != _NOT_GENERATED:
                raise
            self.mark(number)


def _date(days: int) -> date:
    return datetime(1970, 1, 1, tzinfo=UTC).date() + timedelta(days=days)
