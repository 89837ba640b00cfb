"""What the server says of the quota, and what follows from it. Pure: no clock, no I/O."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Self

from attrs import evolve, frozen

__all__ = ["Reading", "ServerView", "read"]

_FIRST_PAUSE = 1 / 60
"""Of a period: the pause after a refusal that came without a usable Reset."""
_MILLI = 1000.0
_ROUNDING = 1.0
"""Seconds by which Date and Reset may be cut off."""


@frozen(kw_only=True)
class Reading:
    """The numbers of one reply that can be true."""

    limit: int | None = None
    """Calls in a period."""
    remaining: int | None = None
    """Calls left."""
    reset_in: float | None = None
    """Seconds from this reply to the reset, rounded up."""
    resets_at: float | None = None
    """The reset in epoch seconds of the server's clock."""


def _whole(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len("1" * 18) else None


def _epoch(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def read(headers: Mapping[str, str], *, calls: int, longest: float) -> Reading:
    """Return what the headers (lower-case names) say, less what cannot be true.

    Durations come from `Reset - Date` of the same reply, never from a clock of ours: clocks differ.

    Args:
        headers: Reply headers; strangers among them are ignored.
        calls: Calls a period, where the reply names no limit.
        longest: Seconds that a reset may be away, `period + pad`; a Reset beyond it is junk.
    """
    limit = _whole(headers.get("x-ratelimit-limit")) or None
    remaining = _whole(headers.get("x-ratelimit-remaining"))
    if remaining is not None and remaining > (limit or calls):
        remaining = None
    stamp, date = _whole(headers.get("x-ratelimit-reset")), _epoch(headers.get("date"))
    reset_in = resets_at = None
    if stamp is not None and date is not None:
        for epoch in (float(stamp), stamp / _MILLI):
            if 0 <= epoch - date <= longest:
                reset_in, resets_at = epoch - date, epoch
    if reset_in is None and stamp is not None and stamp <= longest:  # some servers send a delta
        reset_in, resets_at = float(stamp), None if date is None else date + stamp
    if reset_in is not None:
        reset_in = min(reset_in + _ROUNDING, longest)
    return Reading(limit=limit, remaining=remaining, reset_in=reset_in, resets_at=resets_at)


@frozen(kw_only=True)
class ServerView:
    """What is known of the server's count. Times are seconds of the quota's own clock."""

    calls: int
    period: float
    longest: float
    """`period + pad`: no gate is longer."""
    last: Reading = Reading()
    """The newest reading."""
    reset_at: float | None = None
    """When the last usable Reset comes."""
    closed_until: float | None = None
    """End of the pause after a refusal; None once a call got through again."""
    closed_at: float = 0.0
    refusals: int = 0
    """Pauses in a row that ended in another refusal."""

    def observe(
        self, headers: Mapping[str, str] | None, now: float, *, granted_at: float, refused: bool
    ) -> Self:
        """Return the view after a reply (None: none came) to a call granted at `granted_at`."""
        view = self if headers is None else self._learn(headers, now)
        if refused:
            return view._refuse(now, granted_at)  # noqa: SLF001 - the same class
        if headers is not None and view.closed_until is not None and now >= view.closed_until:
            return evolve(view, closed_until=None, refusals=0)
        return view

    def _learn(self, headers: Mapping[str, str], now: float) -> Self:
        reading = read(headers, calls=self.calls, longest=self.longest)
        if reading.reset_in is None:
            return self
        return evolve(self, last=reading, reset_at=now + reading.reset_in)

    def _refuse(self, now: float, granted_at: float) -> Self:
        until = self.reset_at if self.reset_at is not None and self.reset_at > now else None
        again = self.closed_until is not None and granted_at >= self.closed_until
        first = self.closed_until is None
        refusals = self.refusals + 1 if first or again else self.refusals
        if until is None:
            if not (first or again):  # one of those that were under way when the pause began
                return self
            until = now + min(self.longest, self.period * _FIRST_PAUSE * 2 ** (refusals - 1))
        if self.closed_until is not None:
            until = max(until, self.closed_until)
        return evolve(self, closed_until=until, closed_at=now, refusals=refusals)

    def pause(self, now: float) -> float:
        """Return the seconds for which a refusal holds everybody back."""
        return 0.0 if self.closed_until is None else max(0.0, self.closed_until - now)

    @property
    def doubtful(self) -> bool:
        """Whether a pause was begun and no call has got through since: send one, not a burst."""
        return self.closed_until is not None
