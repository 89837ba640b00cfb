"""Whether the rules of `presence.py` hold at this service: proven by asking, refuted by one record. Pure."""

import json
from zlib import crc32

from attrs import asdict, define, evolve, field, frozen

from gizwits_async.scan.presence import RULES, Prediction, Rule
from gizwits_async.scan.task import LogName, Task

__all__ = ["PROOF", "RuleTrust", "Trust"]

PROOF = 100
"""Windows that must have been empty as predicted before a rule may skip any."""
_SAMPLED = 50
"""One of so many windows is read although a proven rule says that it is empty."""


@frozen(kw_only=True)
class RuleTrust:
    """What a store knows of one rule."""

    confirmed: int = 0
    """Windows that were read and empty, as the rule had said."""
    skipped: int = 0
    """Windows that were not read because of the rule, by all runs."""
    refuted: str | None = None
    """The window that held a record although the rule said that it was empty."""

    @property
    def proven(self) -> bool:
        """Whether the rule may skip windows."""
        return self.refuted is None and self.confirmed >= PROOF


@define
class Trust:
    """What a store knows of all rules, and what the last run made of them."""

    rules: dict[Rule, RuleTrust] = field(factory=lambda: {rule: RuleTrust() for rule in RULES})
    asked: dict[LogName, float] = field(factory=dict)
    """Part of the windows of each log that the last whole run read."""

    def skips(self, task: Task, prediction: Prediction) -> bool:
        """Return whether the seconds of a prediction may be passed over, and are not a sample."""
        if not self.rules[prediction.rule].proven:
            return False
        text = f"{task.did}/{task.log}/{task.next_second}"
        return crc32(text.encode()) % _SAMPLED != 0

    def skipped(self, rule: Rule, windows: int) -> None:
        """Count windows that were not read."""
        known = self.rules[rule]
        self.rules[rule] = evolve(known, skipped=known.skipped + windows)

    def confirmed(self, rule: Rule) -> None:
        """Count a window that was empty as predicted."""
        known = self.rules[rule]
        self.rules[rule] = evolve(known, confirmed=known.confirmed + 1)

    def refuted(self, rule: Rule, window: str) -> None:
        """Give up a rule, for good."""
        self.rules[rule] = evolve(self.rules[rule], refuted=window)

    def to_json(self) -> str:
        """Return it as text for `from_json`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | None) -> "Trust":
        """Return what `to_json` wrote; without a text, or with that of another version, no trust."""
        try:
            read = json.loads(text or "{}")
            rules = {rule: RuleTrust(**read["rules"][rule]) for rule in RULES}
            return cls(rules=rules, asked=dict(read["asked"]))
        except (ValueError, TypeError, KeyError):
            return cls()
