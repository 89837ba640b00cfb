"""Passes over windows that need not be read: by proven rules, which it keeps testing, and by reports of activity."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence

from attrs import field, frozen
from msgspec.structs import replace

from gizwits_async.models.devices import Device
from gizwits_async.payload import DataPointCodec
from gizwits_async.scan.activity import Activity
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.derived import DerivedLog, same_records
from gizwits_async.scan.presence import Prediction, Presence, seen_again
from gizwits_async.scan.report import ScanPage
from gizwits_async.scan.rules import PROOF, RULES, Rule
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.settings import ScanSettings
from gizwits_async.scan.sharded import SLICE
from gizwits_async.scan.store.protocol import Change, ScanStore
from gizwits_async.scan.task import LogName, Record, Task
from gizwits_async.scan.trust import LastRun, Trust

__all__ = ["Skipped", "Skipper"]

_log = logging.getLogger("gizwits_async.scan")
_KEPT = PROOF // 4
"""Confirmations of a rule that a run that is killed may lose; a transaction each would be half of all."""


@frozen
class _Expected:
    """A window that is read to see whether a prediction is right."""

    prediction: Prediction
    found: list[Record] = field(factory=list)
    """The records that were read."""


@frozen
class Skipped:
    """Seconds that were not read."""

    windows: int
    """How many windows that saved."""
    page: ScanPage | None = None
    """Their records, made out of another log; None if there are none."""


class Skipper:
    """The rules, what they rest on, and what they did in one run."""

    def __init__(
        self, client: BulkClient, store: ScanStore, state: ScanState, settings: ScanSettings
    ) -> None:
        """Start without any knowledge; see `load`.

        Args:
            client: Knows how many seconds one log query owns.
            store: Keeps tasks, devices and trust.
            state: The range of the scan.
            settings: What the scan was asked to do.
        """
        self._store, self._end, self._owned = store, state.end, client.owned
        self._settle = settings.settle
        self.enabled = settings.skip == "proven"
        """Whether windows may be passed over by rules; if not, nothing is kept of the rules either."""
        self._presence = Presence(settle=settings.settle)
        self._derived: DerivedLog | None = None
        self._expected: dict[tuple[str, LogName, int], list[_Expected]] = {}
        self.activity: Activity | None = None
        """The days on which each device sent data, by the service's reports; None: not known."""
        self.trust = Trust()
        """What is known of the rules."""
        self.skipped: Counter[Rule] = Counter()
        """Windows that were passed over in this run, by rule."""
        self._of_log: Counter[LogName] = Counter()
        self.sampled = 0
        """Windows that were read although a proven rule expected them to be empty."""

    def derive_with(self, codec: DataPointCodec | None) -> None:
        """Make data records out of the cmd log; None: the product's definition is not known."""
        if self.enabled and codec is not None:
            self._derived = DerivedLog(codec)

    async def load(self) -> None:
        """Take up what earlier runs learned."""
        if not self.enabled:
            return
        self.trust = Trust.from_json(await self._store.trust())
        known = await self._store.presence()
        while known:
            self._presence.listed(known.popitem() for _ in range(min(len(known), SLICE)))
            await asyncio.sleep(0)
        for rule in RULES:
            if self.trust.rules[rule].refuted:  # The run that refuted it may have ended there.
                await self._unskip(rule)

    async def listed(self, devices: Sequence[Device], *, asked: int, answered: int) -> None:
        """Note devices as the service lists them.

        Args:
            devices: A page of the listing.
            asked: When the page was asked for, in epoch seconds UTC.
            answered: When it had come.
        """
        if self.enabled:
            before = self._presence.of(device.did for device in devices)
            seen = {
                device.did: seen_again(
                    before.get(device.did), device, asked=asked, answered=answered
                )
                for device in devices
            }
            self._presence.listed(seen.items())
            await self._store.keep_presence(seen)

    async def read(self, page: ScanPage, task: Task) -> bool:
        """Note a page that was stored.

        Args:
            page: The page.
            task: Its task, before the page.

        Returns:
            Whether it refuted a rule, so that windows that were passed over are due again.
        """
        if not self.enabled:
            return False
        if page.log == "online" and (seen := self._presence.read(page)) is not None:
            await self._store.keep_presence({page.did: seen})
        if self._derived is not None and page.log == "cmd":
            self._derived.read(page, task.opened_at)
        elif self._derived is not None and page.log == "data" and page.last:
            self._derived.drop(page.did, page.end)
        expected = self._expected.pop(task.key, [])
        if page.gaps or page.set_aside:  # Not the whole window was seen.
            return False
        unskipped = False
        for one in expected:
            prediction, found = one.prediction, one.found
            found.extend(page.items)
            if not page.last and (not found or prediction.records):
                self._expected.setdefault(task.key, []).append(one)
            elif same_records(prediction, found, settle=self._settle):
                await self._confirm(
                    prediction.rule, counts=prediction.rule != "derived" or bool(found)
                )
            else:
                unskipped |= await self._refute(prediction.rule, page)
        return unskipped

    async def _confirm(self, rule: Rule, *, counts: bool) -> None:
        if counts:
            self.sampled += self.trust.rules[rule].proven
            self.trust.confirmed(rule)
            if self.trust.rules[rule].confirmed % _KEPT == 0:
                await self._store.keep_trust(self.trust.to_json())

    async def _refute(self, rule: Rule, page: ScanPage) -> bool:
        if self.trust.rules[rule].refuted:
            return False
        window = f"{page.log} of {page.did} from {page.start} to {page.end}"
        _log.warning("rule %r does not hold here: %s", rule, window)
        self.trust.refuted(rule, window)
        # In this order: a run that ends in between goes on with `load`.
        await self._store.keep_trust(self.trust.to_json())
        if rule != "derived":
            self._presence.forget_all()
            if self._derived is not None:
                self._derived.forget_all()
        return await self._unskip(rule) > 0

    async def _unskip(self, rule: Rule) -> int:
        # Sessions are known by online logs, and data records by cmd logs, that a rule may have
        # passed over.
        rules = {rule} if rule == "derived" else {rule, "sessions", "derived"}
        return sum([await self._store.unskip(one) for one in rules])

    async def skip(self, task: Task) -> Skipped | None:
        """Move a task past seconds that hold nothing, or whose records are known.

        Returns:
            What that saved; None if the task must be read.
        """
        return await self._skip_by_rule(task) or await self._skip_inactive(task)

    async def _skip_by_rule(self, task: Task) -> Skipped | None:
        self._expected.pop(task.key, None)
        if not self.enabled or task.end is not None:
            if task.log == "online":  # An earlier run read the beginning of the window.
                self._presence.forget(task.did)
            elif task.log == "cmd" and self._derived is not None:
                self._derived.forget(task.did)
            return None
        predictions = [self._presence.predict(task, self._end)]
        if task.log == "data" and self._derived is not None:
            predictions.append(self._derived.predict(task, self._end))
        usable = [one for one in predictions if one is not None]
        prediction = next((one for one in usable if self.trust.skips(task, one)), None)
        if prediction is None:
            whole = min(task.next_second + self._owned, task.stop(self._end))
            self._expected[task.key] = [
                _Expected(one)
                for one in usable
                if one.until >= whole and not self.trust.rules[one.rule].refuted
            ]
            return None
        await self._commit(task, prediction)
        rule = prediction.rule
        if self.trust.rules[rule].refuted:  # Meanwhile, by another worker.
            await self._unskip(rule)
        saved = task.windows_before(prediction.until, self._end, self._owned)
        self.skipped[rule] += saved
        self._of_log[task.log] += saved
        self.trust.skipped(rule, saved)
        return Skipped(saved, self._page_of(task, prediction))

    async def _skip_inactive(self, task: Task) -> Skipped | None:
        # A device can connect without reporting anything: the online log is always read.
        if self.activity is None or task.log == "online" or task.end is not None:
            return None
        start = self.activity.next(task.did, task.next_second, task.stop(self._end))
        if start <= task.next_second:
            return None
        await self._store.commit(Change(after=task.skipped(start)))
        return Skipped(task.windows_before(start, self._end, self._owned))

    async def _commit(self, task: Task, prediction: Prediction) -> None:
        until, cut = prediction.until, task.cut(prediction.until)
        replaced = task.next_second, min(until, task.replace_before)
        derived = prediction.rule == "derived"
        change = Change(
            after=task.skipped(until, settled=prediction.known_at - self._settle),
            rows=prediction.records,
            replaced=replaced if derived and replaced[0] < replaced[1] else None,
            # If the rule is refuted, the rows that it made are replaced by those of the log.
            skipped=replace(cut, replace_before=until) if derived else cut,
            rule=prediction.rule,
        )
        await self._store.commit(change)
        self._presence.skipped(task, prediction)
        if task.log == "cmd" and self._derived is not None:
            self._derived.empty(task.did, task.next_second, until, prediction.known_at)
        elif task.log == "data" and self._derived is not None:
            self._derived.drop(task.did, until)

    def _page_of(self, task: Task, prediction: Prediction) -> ScanPage | None:
        if not prediction.records:
            return None
        return ScanPage(
            did=task.did,
            log=task.log,
            items=prediction.records,
            start=task.next_second,
            end=prediction.until,
            last=True,
        )

    async def finish(self, read: Counter[LogName], pages: Counter[LogName]) -> None:
        """Keep what this run did, at its end.

        Args:
            read: Windows that it read, by log.
            pages: Pages that held a record, by log.
        """
        if self.enabled:
            self.trust.last = LastRun(
                windows=dict(read + self._of_log),
                read=dict(read),
                pages=dict(pages),
                skipped=dict(self.skipped),
                sampled=self.sampled,
            )
            await self._store.keep_trust(self.trust.to_json())
