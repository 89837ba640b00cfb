"""What came of a write to many ids at once; of device groups and of bindings. Pure."""

from collections.abc import Sequence
from typing import Self

from attrs import frozen

__all__ = ["Outcome", "OutcomeReply"]


@frozen(kw_only=True)
class Outcome:
    """Every id that was given, once, under what is known of it."""

    success: tuple[str, ...] = ()
    """Ids for which the service says that it was done."""
    failed: tuple[str, ...] = ()
    """Ids for which it says that it was not done."""
    unknown: tuple[str, ...] = ()
    """Ids of which it says nothing, or both: look before doing it again."""

    def __add__(self, other: Self) -> Self:
        """Return both outcomes as one."""
        return type(self)(
            success=self.success + other.success,
            failed=self.failed + other.failed,
            unknown=self.unknown + other.unknown,
        )


@frozen(kw_only=True)
class OutcomeReply:
    """The two lists as the service sends them."""

    success: tuple[str, ...] | None = None
    """Ids for which it was done."""
    failed: tuple[str, ...] | None = None
    """Ids for which it was not done."""

    def to_outcome(self, asked: Sequence[str]) -> Outcome:
        """Return what this says of the ids that were `asked` for."""
        done, refused = set(self.success or ()), set(self.failed or ())
        return Outcome(
            success=tuple(one for one in asked if one in done - refused),
            failed=tuple(one for one in asked if one in refused - done),
            unknown=tuple(one for one in asked if (one in done) is (one in refused)),
        )
