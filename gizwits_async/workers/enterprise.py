"""One enterprise in a worker: its client and its quota, and a slice of the scan of its products."""

import asyncio
import hashlib
from collections.abc import Collection
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Protocol, Self

from attrs import define, field, frozen

from gizwits_async import CallReport, Quota
from gizwits_async.client import GizwitsClient
from gizwits_async.environment import complete
from gizwits_async.options import Lane, Options
from gizwits_async.profiles import Profile
from gizwits_async.quota import HourlyQuota
from gizwits_async.quota.hourly import pad_for
from gizwits_async.scan import FleetScan, ScanProgress, ScanReport, Since, SqlStore
from gizwits_async.workers.schedules import ScanArguments

__all__ = [
    "Counts",
    "Enterprise",
    "Observer",
    "SliceOutcome",
    "digest_of",
    "schema_of",
]

_OUTAGE = 60.0
"""Seconds that an outage may last within a slice; afterwards the enterprise waits without a slot."""
_PLAIN = 40
"""Characters of a product key, at most, that may stand in the name of a schema as they are."""


def digest_of(profile: Profile) -> str:
    """Return what stands for an enterprise id in the tables of the fleet."""
    return hashlib.sha256(profile.credentials.enterprise_id.encode()).hexdigest()[:32]


def schema_of(product_key: str) -> str:
    """Return the schema that holds the store of a product: no two products share one."""
    plain = product_key.isascii() and product_key.isalnum() and product_key == product_key.lower()
    if plain and len(product_key) <= _PLAIN:
        return f"product_{product_key}"
    return f"product__{hashlib.sha256(product_key.encode()).hexdigest()[:32]}"


class Observer(Protocol):
    """Takes in what one enterprise does, such as `gizwits_async.opentelemetry.Metrics`."""

    def __call__(self, report: CallReport, /) -> object:
        """Take in the report of a call."""
        ...

    def on_progress(self, now: ScanProgress, /) -> object:
        """Take in how far a scan is."""
        ...

    def watch(self, quota: Quota, /) -> object:
        """Take in the quota of the enterprise, once for each client that is made for it."""
        ...


@define
class Counts:
    """What a slice has done since it was last asked."""

    windows: int = 0
    records: int = 0
    calls: int = 0
    left: dict[str, int] = field(factory=dict)
    """Windows that are left, by product."""
    _seen: tuple[int, int, int] = (0, 0, 0)

    def note(self, product: str, now: ScanProgress | ScanReport) -> None:
        """Note how far the scan of a product is."""
        at = (now.windows, sum(now.records.values()), now.calls)
        self.windows += at[0] - self._seen[0]
        self.records += at[1] - self._seen[1]
        self.calls += at[2] - self._seen[2]
        self._seen = at
        self.left[product] = now.windows_left

    def next_product(self) -> None:
        """Begin to count a scan from zero."""
        self._seen = (0, 0, 0)

    def take(self) -> dict[str, Any]:
        """Return the counts since the last time."""
        taken = {"windows": self.windows, "records": self.records, "calls": self.calls}
        self.windows = self.records = self.calls = 0
        return {**taken, "left": sum(self.left.values()) if self.left else None}


@frozen(kw_only=True)
class SliceOutcome:
    """What became of a slice."""

    finished: tuple[str, ...]
    """Products that the run has read to their end."""
    over: bool
    """Whether these are all products."""
    missing: str | None
    """What could not be read, of products that were finished in this slice."""


class Enterprise:
    """The client and the quota of one profile, kept from slice to slice."""

    def __init__(
        self, profile: Profile, *, spent: int | None, observer: Observer | None = None
    ) -> None:
        """Make the parts; nothing is sent.

        Args:
            profile: Its credentials, products and quota.
            spent: Calls that other workers made for it in the last two hours; None if not known.
            observer: Takes in its calls, its quota and the progress of its scans.
        """
        self._profile, self._observer = profile, observer
        self.calls_per_hour = profile.quota
        options = Options(lane=Lane.BULK)
        given: dict[str, Any] = {**profile.settings, "options": options, "on_call": observer}
        settings, self._made = complete(
            profile.credentials,
            given,
            calls=self.calls_per_hour,
            lone_reserve=0,
            quota_url=profile.quota_url or "",
        )
        if spent is not None and type(settings["quota"]) is HourlyQuota:
            pad = pad_for(options.timeout)
            quota = HourlyQuota(self.calls_per_hour, reserve=0, pad=pad, spent=spent)
            settings["quota"] = quota
            self._made = (quota, *self._made)
        self._client = GizwitsClient(profile.credentials, **settings)
        if observer is not None:
            observer.watch(self._client.quota)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close client and quota."""
        async with AsyncExitStack() as parts:
            for part in self._made:
                parts.push_async_callback(part.aclose)
            parts.push_async_callback(self._client.aclose)

    async def scan(
        self,
        database: str,
        scan: ScanArguments,
        *,
        every: float | None,
        finished: Collection[str],
        seconds: float,
        lease: float,
        stop: asyncio.Event,
        counts: Counts,
    ) -> SliceOutcome:
        """Scan the products for some seconds, each for an equal part of them.

        Args:
            database: Holds the stores, a schema each.
            scan: What to read.
            every: Seconds of a period of the schedule; None without one.
            finished: Products that earlier slices of this run have read to their end.
            seconds: How long the slice may take.
            lease: Seconds of silence after which another worker may take the store over.
            stop: Ends the slice early.
            counts: Are brought up to date with each page.

        Raises:
            GizwitsError: As `FleetScan.run`.
        """
        clock = asyncio.get_running_loop().time
        deadline, done, missing = clock() + seconds, list(finished), list[str]()
        left = [name for name in self._profile.products if name not in finished]
        for number, name in enumerate(left):
            share = max(1.0, (deadline - clock()) / (len(left) - number))
            key = self._profile.products[name].product_key
            store = SqlStore(database, schema=schema_of(key), lease=lease)
            fleet_scan = self._fleet_scan(name, store, scan, start=scan.first(every))
            counts.next_product()
            report = await fleet_scan.run(
                partial(self._note, counts, name), stop=stop, seconds=share
            )
            counts.note(name, report)
            if not report.stopped:
                done.append(name)
                missing += [] if report.complete else [f"{name}: {_missing(report)}"]
        over = len(done) == len(self._profile.products)
        return SliceOutcome(
            finished=tuple(done), over=over, missing="; ".join(missing)[:500] or None
        )

    def _fleet_scan(
        self, product: str, store: SqlStore, scan: ScanArguments, *, start: float | Since
    ) -> FleetScan:
        credentials = self._profile.products[product]
        return FleetScan(
            self._client.for_product(credentials.product_key, credentials.product_secret),
            store,
            start=start,
            end=scan.end,
            logs=scan.logs,
            devices=scan.devices or None,
            concurrency=scan.concurrency,
            skip=scan.skip,
            derive=scan.derive,
            active_only=scan.active_only,
            keep_trying=_OUTAGE,
        )

    def _note(self, counts: Counts, name: str, now: ScanProgress) -> None:
        counts.note(name, now)
        if self._observer is not None:
            self._observer.on_progress(now)


def _missing(report: ScanReport) -> str:
    parts = [report.listing] if report.listing else []
    parts += [f"{report.failed:,} logs failed"] if report.failed else []
    parts += [f"{report.gap_count:,} gaps"] if report.gap_count else []
    parts += [f"{log} log closed: {text}" for log, text in report.given_up.items()]
    parts += [f"{report.set_aside:,} rows set aside"] if report.set_aside else []
    return ", ".join(parts)
