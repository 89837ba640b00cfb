"""Passes over windows that a proven rule expects to be empty, and keeps testing the rules."""

import logging
from collections import Counter
from collections.abc import Sequence

from gizwits_async.models.devices import Device
from gizwits_async.scan.presence import Prediction, Presence, seen_again
from gizwits_async.scan.report import ScanPage
from gizwits_async.scan.rules import RULES, Rule
from gizwits_async.scan.store.protocol import Change, ScanStore
from gizwits_async.scan.task import LogName, Task
from gizwits_async.scan.trust import LastRun, Trust

__all__ = ["Skipper"]

_log = logging.getLogger("gizwits_async.scan")


class Skipper:
    """The rules, what they rest on, and what they did in one run."""

    def __init__(
        self, store: ScanStore, *, end: int, settle: int, owned: int, enabled: bool
    ) -> None:
        """Start without any knowledge; see `load`.

        Args:
            store: Keeps tasks, devices and trust.
            end: Where the range of the scan ends, in epoch seconds UTC.
            settle: Seconds that a record may take to appear in a log.
            owned: Seconds that one log query owns.
            enabled: Whether windows may be passed over; if not, nothing is kept either.
        """
        self._store, self._end, self._settle, self._owned = store, end, settle, owned
        self.enabled = enabled
        self._presence = Presence(settle=settle)
        self._expected: dict[tuple[str, LogName, int], Prediction] = {}
        self.trust = Trust()
        """What is known of the rules."""
        self.skipped: Counter[Rule] = Counter()
        """Windows that were passed over in this run, by rule."""
        self._of_log: Counter[LogName] = Counter()
        self.sampled = 0
        """Windows that were read although a proven rule expected them to be empty."""

    async def load(self) -> None:
        """Take up what earlier runs learned."""
        if not self.enabled:
            return
        self.trust = Trust.from_json(await self._store.trust())
        self._presence.listed((await self._store.presence()).items())
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

    async def read(self, page: ScanPage, part: int) -> bool:
        """Note a page that was stored.

        Args:
            page: The page.
            part: The part of its task.

        Returns:
            Whether it refuted a rule, so that windows that were passed over are due again.
        """
        if not self.enabled:
            return False
        if page.log == "online" and (seen := self._presence.read(page)) is not None:
            await self._store.keep_presence({page.did: seen})
        key = (page.did, page.log, part)
        if key not in self._expected or not (page.items or page.last):
            return False
        rule = self._expected.pop(key).rule
        if page.gaps:
            return False
        if not page.items:
            self.sampled += self.trust.rules[rule].proven
            self.trust.confirmed(rule)
            await self._store.keep_trust(self.trust.to_json())
            return False
        return await self._refute(rule, page)

    async def _refute(self, rule: Rule, page: ScanPage) -> bool:
        if self.trust.rules[rule].refuted:
            return False
        window = f"{page.log} of {page.did} from {page.start} to {page.end}"
        _log.warning("rule %r does not hold here: records in %s", rule, window)
        self.trust.refuted(rule, window)
        # In this order: a run that ends in between goes on with `load`.
        await self._store.keep_trust(self.trust.to_json())
        self._presence.forget_all()
        return await self._unskip(rule) > 0

    async def _unskip(self, rule: Rule) -> int:
        # The rule of sessions rests on online logs that the others may have passed over.
        return sum([await self._store.unskip(one) for one in {rule, "sessions"}])

    async def skip(self, task: Task) -> int | None:
        """Move a task past seconds that hold nothing.

        Returns:
            How many windows that saved; None if the task must be read.
        """
        self._expected.pop(task.key, None)
        if not self.enabled or task.end is not None:
            if task.log == "online":  # An earlier run read the beginning of the window.
                self._presence.forget(task.did)
            return None
        prediction = self._presence.predict(task, self._end)
        if prediction is None:
            return None
        stop = task.stop(self._end)
        whole = prediction.until >= min(task.next_second + self._owned, stop)
        if not self.trust.skips(task, prediction):
            if whole and not self.trust.rules[prediction.rule].refuted:
                self._expected[task.key] = prediction
            return None
        after = task.skipped(prediction.until, settled=prediction.known_at - self._settle)
        rule = prediction.rule
        await self._store.commit(Change(after=after, skipped=task.cut(prediction.until), rule=rule))
        self._presence.skipped(task, prediction)
        if self.trust.rules[rule].refuted:  # Meanwhile, by another worker.
            await self._unskip(rule)
        saved = -(-(stop - task.next_second) // self._owned)
        saved -= -(-(stop - prediction.until) // self._owned)
        self.skipped[rule] += saved
        self._of_log[task.log] += saved
        self.trust.skipped(rule, saved)
        return saved

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
