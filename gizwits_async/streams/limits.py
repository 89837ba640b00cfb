"""Which log queries a server accepts, and what to try when it refuses one. Pure.

The API documents disagree: queries may span two days, or less than two days; logs go back 30 days,
or 7 in older editions; an end after the present second may be refused. A refusal says only that the
form is invalid (5002), so the possible reasons are tried one after the other.
"""

from collections.abc import Iterator
from itertools import combinations
from math import ceil
from typing import Any

from attrs import evolve, frozen

from gizwits_async.models.times import LOG_LIFE, LOG_SPAN
from gizwits_async.streams.windows import Bounds, owned_seconds
from gizwits_async.wire.traits import ServiceTraits

__all__ = ["LogLimits"]

_SHORT_SPAN = LOG_SPAN - 1
"""The longest span in seconds where "within two days" means less than two days."""
_SHORT_LIFE = 7 * 86_400
"""Seconds for which logs are kept by older editions of the API document."""


@frozen(kw_only=True)
class LogLimits:
    """What a log query must keep to."""

    span: int
    """Longest span in seconds."""
    life: int = LOG_LIFE
    """Seconds for which logs are kept."""
    finished_only: bool = False
    """Whether the end must not lie after the present second."""

    @classmethod
    def known(cls, traits: ServiceTraits, longest: int) -> "LogLimits":
        """Return what was learned of the service, with spans of at most `longest` seconds."""
        return cls(
            span=min(longest, traits.log_span or longest),
            life=traits.log_life or LOG_LIFE,
            finished_only=traits.refuses_unfinished_seconds,
        )

    def remember(self, traits: ServiceTraits) -> None:
        """Keep these limits for all walks of the client."""
        if self.span == _SHORT_SPAN:
            traits.log_span = self.span
        if self.life == _SHORT_LIFE:
            traits.log_life = self.life
        if self.finished_only:
            traits.refuses_unfinished_seconds = True

    def owned(self, traits: ServiceTraits, *, inclusive: bool) -> int:
        """Return how many seconds one query owns.

        Args:
            traits: What was learned of the service.
            inclusive: Whether the caller says that `start_ts` is included.
        """
        return owned_seconds(self.span, inclusive=inclusive or traits.start_inclusive is True)

    def edge(self, latest: float) -> int:
        """Return the oldest `start_ts` that the server accepts for certain."""
        return ceil(latest - self.life)

    def tighter(self, bounds: Bounds, *, earliest: float, latest: float) -> Iterator["LogLimits"]:
        """Return the limits that could explain the refusal of a query, those with one reason first.

        Args:
            bounds: The bounds of the query.
            earliest: The earliest time that it can be at the server, in epoch seconds.
            latest: The latest time that it can be at the server.
        """
        reasons: list[dict[str, Any]] = []
        if not self.finished_only and bounds.end > earliest:
            reasons.append({"finished_only": True})
        if bounds.end - bounds.start > _SHORT_SPAN:
            reasons.append({"span": _SHORT_SPAN})
        if self.life > _SHORT_LIFE and bounds.start < ceil(latest - _SHORT_LIFE):
            reasons.append({"life": _SHORT_LIFE})
        for count in range(1, len(reasons) + 1):
            for chosen in combinations(reasons, count):
                yield evolve(self, **{name: v for one in chosen for name, v in one.items()})
