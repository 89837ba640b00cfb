"""Results of a write to many ids at once, to device groups or bindings. Pure."""

from collections.abc import Sequence
from typing import Self

from attrs import frozen

from gizwits_async.schema import Model

__all__ = ["Outcome", "OutcomeReply"]


@frozen(kw_only=True)
class Outcome(Model):
    """Every id that was given, once, by its result."""

    success: tuple[str, ...] = ()
    """Ids for which the service confirmed the write."""
    failed: tuple[str, ...] = ()
    """Ids for which it reported a failure."""
    unknown: tuple[str, ...] = ()
    """Ids that it did not mention, or mentioned as both: check before writing again."""

    def __add__(self, other: Self) -> Self:
        """Return both outcomes combined."""
        return type(self)(
            success=self.success + other.success,
            failed=self.failed + other.failed,
            unknown=self.unknown + other.unknown,
        )


@frozen(kw_only=True)
class OutcomeReply:
    """The two lists as the service sends them."""

    success: tuple[str, ...] | None = None
    """Ids that were written."""
    failed: tuple[str, ...] | None = None
    """Ids that were not."""

    def to_outcome(self, asked: Sequence[str]) -> Outcome:
        """Return the result of each id in `asked`."""
        done, refused = set(self.success or ()), set(self.failed or ())
        return Outcome(
            success=tuple(one for one in asked if one in done - refused),
            failed=tuple(one for one in asked if one in refused - done),
            unknown=tuple(one for one in asked if (one in done) is (one in refused)),
        )
