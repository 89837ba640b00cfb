"""Reports of which devices sent data on which days, so that a scan can leave out the other days."""

import logging
from collections.abc import Collection
from datetime import date

from attrs import frozen

from gizwits_async.errors import (
    GizwitsError,
    InvalidResponseError,
    NotFoundError,
    TransportError,
)
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.calendar import date_of
from gizwits_async.scan.errors import SCAN_WIDE_ERRORS
from gizwits_async.scan.sharded import Sharded
from gizwits_async.scan.store.protocol import ScanStore

__all__ = ["ALL_ACTIVE", "Activity", "Expected", "expected"]

_log = logging.getLogger("gizwits_async.scan")
_DAY = 86_400
_NOT_GENERATED = 5014
_ZONE = 14 * 3600
"""Seconds by which a day of the reports may be shifted: their time zone is not documented."""
_FRESH = 2
"""Latest days whose reports may not be final yet: all devices are asked about them."""
_MAX_BROKEN = 3
"""Unreadable reports after which no more are asked for: each has cost all its retries."""


class Activity:
    """A calendar of the days on which each device must be asked, as a bit mask a device."""

    def __init__(self, start: int, end: int, now: float) -> None:
        """Make a calendar on which all devices must be asked about the latest days only.

        Args:
            start: First second of the range, in epoch seconds UTC.
            end: The second after the last one.
            now: The present, in epoch seconds.
        """
        self._start = start
        self._first = (start - _ZONE) // _DAY
        self.days = (end + _ZONE) // _DAY - self._first + 1
        """Number of days in the calendar."""
        self._all = 0
        for number in range(self.days):
            if self._first + number > now // _DAY - _FRESH:
                self._all |= 1 << number
        self._of = Sharded[int]()

    def mark(self, day: int, dids: Collection[str] | None = None) -> None:
        """Note that devices must be asked about a day.

        Args:
            day: The day, counted from the first of the calendar.
            dids: The devices; None for all.
        """
        if dids is None:
            self._all |= 1 << day
            return
        for did in dids:
            self._of[did] = self._of.get(did, 0) | 1 << day

    def mark_whole(self, dids: Collection[str] | None = None) -> None:
        """Note that devices, None for all, must be asked about every day."""
        every = (1 << self.days) - 1
        if dids is None:
            self._all = every
            return
        for did in dids:
            self._of[did] = every

    def asks_all(self, day: int) -> bool:
        """Return whether all devices must be asked about a day, counted from the first."""
        return bool(self._all >> day & 1)

    def days_of(self, start: int, end: int) -> range:
        """Return the days, counted from the first, whose reports may cover these seconds."""
        first = max(0, (start - _ZONE) // _DAY - self._first)
        return range(first, min(self.days, (end - 1 + _ZONE) // _DAY - self._first + 1))

    def date(self, day: int) -> date:
        """Return the date of a day, counted from the first."""
        return date_of(self._first + day)

    def next(self, did: str, start: int, end: int) -> int:
        """Return the first second from `start` on at which a device may have data; else `end`."""
        if start < self._start:
            return start  # The calendar does not reach back that far.
        days = self._of.get(did, 0) | self._all
        number = max(0, (start - _ZONE) // _DAY - self._first)
        left = days >> number
        if not left:
            return end
        number += (left & -left).bit_length() - 1
        return min(end, max(start, (self._first + number) * _DAY - _ZONE))

    async def load(self, client: BulkClient, store: ScanStore) -> None:
        """Ask for the report of each day. Where it cannot be had, all devices are asked.

        The listing's filter `liveness_start` is no substitute: it may mean the last login, which
        leaves out a device whose session began before.

        Raises:
            GizwitsError: The credentials were refused, the quota is used up, the client or the
                store cannot be used.
        """
        self.mark_whole(await store.without_mac())
        try:
            await self._load_days(client, store)
        except SCAN_WIDE_ERRORS:
            raise
        except GizwitsError as error:
            _log.warning("no report of active devices, all devices are asked: %s", error)
            self.mark_whole()

    async def _load_days(self, client: BulkClient, store: ScanStore) -> None:
        broken = 0
        for number in range(self.days):
            if self.asks_all(number):
                continue
            try:
                await self._load_day(client, store, number)
            except (InvalidResponseError, TransportError) as error:
                broken += 1
                if broken == _MAX_BROKEN:
                    raise
                _log.warning("no report of active devices of %s: %s", self.date(number), error)
                self.mark(number)

    async def _load_day(self, client: BulkClient, store: ScanStore, number: int) -> None:
        try:
            async for page in client.active_devices(self.date(number)).pages():
                macs = [row.mac for row in page.items if row.mac]
                if len(macs) < len(page.items):  # Bluetooth devices have a serial number instead.
                    self.mark(number)
                    return
                self.mark(number, await store.by_mac(macs))
        except NotFoundError as error:
            if error.code != _NOT_GENERATED:
                raise
            self.mark(number)


@frozen(kw_only=True)
class Expected:
    """The expected effect of asking for active devices first."""

    share: float
    """Part of the windows of cmd and data log that will be read."""
    calls: int
    """Calls that the reports take."""


ALL_ACTIVE = Expected(share=1.0, calls=0)
"""All devices are asked, and no reports."""


async def expected(client: BulkClient, start: int, end: int, devices: int) -> Expected:
    """Ask how many devices reported data on each day of a range; one call a day.

    Raises:
        GizwitsError: As any call.
    """
    calendar = Activity(start, end, client.now())
    layers = [
        calendar.days_of(first, min(end, first + client.owned))
        for first in range(start, end, client.owned)
    ]
    try:
        counts = [await _count(client, calendar, day, devices) for day in range(calendar.days)]
    except SCAN_WIDE_ERRORS:
        raise
    except GizwitsError:
        return Expected(share=1.0, calls=1)  # The refusal.
    # A device that was active on two of the days is counted twice: an upper bound.
    asked = [min(devices, sum(counts[day] for day in days)) for days in layers]
    listed = [count for day, count in enumerate(counts) if not calendar.asks_all(day)]
    calls = sum(map(client.calls_to_list, listed))
    return Expected(share=sum(asked) / max(devices * len(layers), 1), calls=calls)


async def _count(client: BulkClient, calendar: Activity, number: int, devices: int) -> int:
    if calendar.asks_all(number):
        return devices
    try:
        found = await client.active_devices(calendar.date(number)).total()
    except NotFoundError as error:
        if error.code != _NOT_GENERATED:
            raise
        found = None
    return devices if found is None else min(found, devices)
