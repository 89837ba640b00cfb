"""Predicts, from the device listing and the online log, where a log is empty. Pure.

Three rules. A device that is online since before a window had no online event in it. A device that
was offline with the same last login at two listings was offline in between. Commands and reports
happen within sessions, which the online log shows. Whether a service keeps to them is for `Trust`
to find out.
"""

from collections.abc import Iterable, Sequence

from attrs import frozen
from msgspec import Struct
from msgspec.structs import replace

from gizwits_async.models.devices import Device, OnlineEvent
from gizwits_async.scan.report import ScanPage
from gizwits_async.scan.rules import Rule
from gizwits_async.scan.sharded import Sharded
from gizwits_async.scan.task import Record, Task

__all__ = ["Prediction", "Presence", "Seen", "seen_again"]


class Seen(Struct, frozen=True, kw_only=True, gc=False):
    """A device as the listings of a scan showed it; a struct for the reason of `Task`."""

    online: bool | None
    latest: float | None
    """When it came online last, in epoch seconds UTC; None: never, or not known."""
    since: int
    """From this second on it is known to be offline, up to `at`."""
    at: int
    """When it was listed last."""


def seen_again(before: Seen | None, device: Device, *, asked: int, answered: int) -> Seen:
    """Return a device as it is known after it was listed once more.

    Args:
        before: What was known of it.
        device: The device in the listing.
        asked: When the page was asked for, in epoch seconds UTC.
        answered: When it had come.
    """
    online, latest, since = device.is_online, device.online_latest, answered + 1
    if before is not None and before.online is False:
        if online is False and before.latest == latest:
            since = before.since
        elif online and (latest is None or latest < before.since):
            online = None  # It cannot be online without having come online since.
    return Seen(online=online, latest=latest, since=since, at=asked)


@frozen(kw_only=True)
class Prediction:
    """What a rule expects of the next seconds of a log: that they are empty, or hold these records."""

    rule: Rule
    until: int
    """The first second for which the rule says nothing."""
    known_at: int
    """When that became known, in epoch seconds UTC; later records may have appeared before it."""
    records: tuple[Record, ...] = ()
    """The records; none but for the rule `derived`."""


class _Online(Struct, frozen=True, gc=False):
    """The part of an online log that was read in this run: the seconds `first <= t < end`."""

    first: int
    end: int
    events: tuple[tuple[float, bool], ...] = ()
    """Time of each event, and whether the device came online."""


class Presence:
    """What is known of the devices of a scan."""

    def __init__(self, *, settle: int) -> None:
        """Start without any knowledge.

        Args:
            settle: Seconds that an event may be late, and records may lie outside a session.
        """
        self._settle = settle
        self._seen = Sharded[Seen]()
        self._online = Sharded[_Online | None]()
        """None: a part of the log was not seen, so that nothing follows from the rest."""

    def listed(self, seen: Iterable[tuple[str, Seen]]) -> None:
        """Note devices as they were listed."""
        self._seen.update(seen)

    def of(self, dids: Iterable[str]) -> dict[str, Seen]:
        """Return what is known of these devices."""
        return {did: self._seen[did] for did in dids if did in self._seen}

    def skipped(self, task: Task, prediction: Prediction) -> None:
        """Note that an online log is taken to be empty."""
        if task.log == "online":
            self._extend(task.did, task.next_second, prediction.until, ())

    def forget_all(self) -> None:
        """Note that what was taken to be an empty part of an online log may hold events."""
        self._online.clear()

    def forget(self, did: str) -> None:
        """Note that a part of the device's online log was not seen, or is lost."""
        self._online[did] = None

    def read(self, page: ScanPage) -> Seen | None:
        """Note a page of an online log.

        Returns:
            The device as it is known now, if the page showed that it went offline for good.
        """
        if page.gaps or page.set_aside:
            self.forget(page.did)
        events = [
            (item.timestamp, "off" not in item.type)
            for item in page.items
            if isinstance(item, OnlineEvent)
        ]
        self._extend(page.did, page.start, page.end if page.last else page.start, events)
        known, seen = self._online.get(page.did), self._seen.get(page.did)
        if not page.last or known is None or seen is None or not known.events:
            return None
        last, came = known.events[-1]
        if seen.online is not False or came or (seen.latest or 0) > last or last >= seen.since:
            return None
        self._seen[page.did] = seen = replace(seen, since=int(last) + 1)
        return seen

    def _extend(self, did: str, start: int, end: int, events: Sequence[tuple[float, bool]]) -> None:
        known = self._online.get(did, _Online(start, start))
        if known is None:
            return
        if start > known.end:
            self.forget(did)
            return
        self._online[did] = _Online(known.first, max(known.end, end), (*known.events, *events))

    def predict(self, task: Task, end: int) -> Prediction | None:
        """Return what a rule says of the next seconds of a log; None if none says anything.

        Args:
            task: A task without an open window.
            end: Where the range of the scan ends.
        """
        seen, start = self._seen.get(task.did), task.next_second
        if seen is None:
            return None
        until = min(task.stop(end), seen.at)
        rule: Rule = "sessions"
        if seen.online is False and seen.since <= start:
            rule = "offline"
        elif task.log == "online":
            if not seen.online or seen.latest is None or seen.latest + self._settle > start:
                return None
            rule = "online"
        else:
            until = self._next_session(task.did, seen, start, until)
        if until <= start:
            return None
        return Prediction(rule=rule, until=until, known_at=seen.at)

    def _next_session(self, did: str, seen: Seen, start: int, until: int) -> int:
        """Return the first second from `start` on that may lie in a session; `until` if none does."""
        known = self._online.get(did)
        if known is None or known.first > start or known.end < until:
            return start
        for first, end in _sessions(known, online=seen.online is not False):
            if first - self._settle < until and end + self._settle > start:
                return max(start, int(first) - self._settle)
        return until


def _sessions(known: _Online, *, online: bool) -> list[tuple[float, float]]:
    """Return when a device may have been online.

    Args:
        known: Its online log.
        online: Whether it was online at the end.
    """
    events = sorted(set(known.events))
    # The first event tells the state before it; without any, the state did not change.
    state = not events[0][1] if events else online
    began, found = float(known.first), []
    for at, came in events:
        if came and not state:
            began = at
        elif not came:
            found.append((began, at))
            began = at
        state = came
    if state:
        found.append((began, float("inf")))
    return found
