"""The rules by which windows are passed over, and what a store knows of each. Pure.

Three say that a window is empty (`presence.py`), `derived` says which records it holds (`derived.py`).
"""

from typing import Literal, TypeAlias, get_args

from attrs import frozen

__all__ = ["PROOF", "RULES", "Rule", "RuleTrust"]

Rule: TypeAlias = Literal["online", "offline", "sessions", "derived"]
RULES: tuple[Rule, ...] = get_args(Rule)

PROOF = 100
"""Windows that must have been as a rule predicted before it may skip any."""


@frozen(kw_only=True)
class RuleTrust:
    """What a store knows of one rule."""

    confirmed: int = 0
    """Windows that were read, and were as the rule had said."""
    sampled: int = 0
    """The windows among them that were read although the rule was proven."""
    skipped: int = 0
    """Windows that were not read because of the rule, by all runs."""
    refuted: str | None = None
    """The window that contradicted the rule; None: none did."""

    @property
    def proven(self) -> bool:
        """Whether the rule may skip windows."""
        return self.refuted is None and self.confirmed >= PROOF
