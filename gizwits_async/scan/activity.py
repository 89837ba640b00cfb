"""Which devices had data on which days, so that a scan need not ask the others."""

import logging
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

from attrs import frozen

from gizwits_async.errors import (
    CLIENT_WIDE_ERRORS,
    GizwitsError,
    InvalidResponseError,
    NotFoundError,
    TransportError,
)
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.store.protocol import ScanStore

__all__ = ["Activity", "Expected", "expected"]

_log = logging.getLogger("gizwits_async.scan")
_DAY = 86_400
_NOT_GENERATED = 5014
_ZONE = 14 * 3600
"""Seconds by which a day of the reports may be shifted: their zone is not documented."""
_FRESH = 2
"""Days up to today that a report may not have counted to their end yet: everybody is asked."""
_BROKEN = 3
"""Reports that may come back broken before they are given up: each has cost all its retries."""
_NO_FALLBACK = (*CLIENT_WIDE_ERRORS, ScanStoreError)
"""Errors that asking in another way would meet too."""


class Activity:
    """The days of a range on which each device reported data, as bits. Knows nothing of records."""

    def __init__(self, start: int, end: int, now: float) -> None:
        """Make a calendar on which everybody has to be asked about the latest days only.

        Args:
            start: First second of the range, in epoch seconds UTC.
            end: The second after the last one.
            now: The present, in epoch seconds.
        """
        self._start = start
        self._first = (start - _ZONE) // _DAY
        self.days = (end + _ZONE) // _DAY - self._first + 1
        """How many days it has."""
        self._all = 0
        for number in range(self.days):
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
            self._of[did] = (1 << self.days) - 1

    def asks_all(self, day: int) -> bool:
        """Return whether everybody must be asked about a day, counted from the first."""
        return bool(self._all >> day & 1)

    def days_of(self, start: int, end: int) -> range:
        """Return the days, counted from the first, of which a report may hold these seconds."""
        first = max(0, (start - _ZONE) // _DAY - self._first)
        return range(first, min(self.days, (end - 1 + _ZONE) // _DAY - self._first + 1))

    def date(self, day: int) -> date:
        """Return the date of a day, counted from the first."""
        return datetime(1970, 1, 1, tzinfo=UTC).date() + timedelta(days=self._first + day)

    def next(self, did: str, start: int, end: int) -> int:
        """Return the first second from `start` on at which a device may have data; else `end`."""
        if start < self._start:
            return start  # What the calendar does not reach is not passed over.
        days = self._of.get(did, 0) | self._all
        number = max(0, (start - _ZONE) // _DAY - self._first)
        left = days >> number
        if not left:
            return end
        number += (left & -left).bit_length() - 1
        return min(end, max(start, (self._first + number) * _DAY - _ZONE))

    async def load(self, client: BulkClient, store: ScanStore) -> None:
        """Ask for the report of each day; or, where that is closed, who was active since the start.

        What cannot be learned is asked of everybody: without it a scan is slower, and no worse.

        Raises:
            GizwitsError: The credentials were refused, the quota is used up, the client or the
                store cannot be used.
        """
        self.mark_whole(await store.without_mac())
        try:
            await self._load_days(client, store)
        except _NO_FALLBACK:
            raise
        except GizwitsError as error:
            _log.info("who was active on which day is not known: %s", error)
            await self._load_since(client)

    async def _load_days(self, client: BulkClient, store: ScanStore) -> None:
        broken = 0
        for number in range(self.days):
            if self.asks_all(number):
                continue
            try:
                await self._load_day(client, store, number)
            except (InvalidResponseError, TransportError) as error:
                broken += 1
                if broken == _BROKEN:
                    raise
                _log.warning("who was active on %s is not known: %s", self.date(number), error)
                self.mark(number)

    async def _load_since(self, client: BulkClient) -> None:
        since = max(self._first * _DAY, client.oldest())
        try:
            async for device in client.devices.search(show_disabled=True, liveness_start=since):
                self.mark_whole([device.did])
        except _NO_FALLBACK:
            raise
        except GizwitsError as error:
            _log.warning("who was active is not known, everybody is asked: %s", error)
            for number in range(self.days):
                self.mark(number)

    async def _load_day(self, client: BulkClient, store: ScanStore, number: int) -> None:
        try:
            async for page in client.active_devices(self.date(number)).pages():
                macs = [row.mac for row in page.items if row.mac]
                if len(macs) < len(page.items):  # A Bluetooth device has a serial number instead.
                    self.mark(number)
                    return
                self.mark(number, await store.by_mac(macs))
        except NotFoundError as error:
            if error.code != _NOT_GENERATED:
                raise
            self.mark(number)


@frozen(kw_only=True)
class Expected:
    """What asking first will come to, as far as a few counts tell."""

    share: float
    """Part of the windows of cmd and data log that will be asked."""
    calls: int
    """Calls that it takes to learn which those are."""


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
    except _NO_FALLBACK:
        raise
    except GizwitsError:
        since = max((start - _ZONE) // _DAY * _DAY, client.oldest())
        found = await client.devices.search(show_disabled=True, liveness_start=since).total()
        active = devices if found is None else min(found, devices)
        asked = [devices if any(map(calendar.asks_all, days)) else active for days in layers]
        calls = 1 + -(-active // client.page_size)  # The refusal, and the list.
    else:
        # Who was active on two of the days is counted twice: rather too many than too few.
        asked = [min(devices, sum(counts[day] for day in days)) for days in layers]
        listed = [count for day, count in enumerate(counts) if not calendar.asks_all(day)]
        calls = sum(max(1, -(-count // client.page_size)) for count in listed)
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
