"""Whether the rules of `presence.py` hold at this service: proven by asking, refuted by one record. Pure."""

import json
from zlib import crc32

from attrs import asdict, define, evolve, field, frozen

from gizwits_async.scan.presence import Prediction
from gizwits_async.scan.rules import RULES, Rule, RuleTrust
from gizwits_async.scan.task import LogName, Task

__all__ = ["LastRun", "Trust"]

_SAMPLED = 50
"""One of so many windows is read although a proven rule says that it is empty."""


@frozen(kw_only=True)
class LastRun:
    """What the last whole run did with its windows, so that a plan can tell what the next one will do."""

    windows: dict[LogName, int]
    """Windows of each log, read or passed over."""
    read: dict[LogName, int]
    """Those that were read."""
    pages: dict[LogName, int]
    """Pages of each log that held a record."""
    skipped: dict[Rule, int]
    """Windows that each rule passed over."""
    sampled: int
    """Windows that were read although a proven rule expected them to be empty."""


@define
class Trust:
    """What a store knows of all rules, and what the last run made of them."""

    rules: dict[Rule, RuleTrust] = field(factory=lambda: {rule: RuleTrust() for rule in RULES})
    last: LastRun | None = None
    """None: no run came to its end yet."""

    @property
    def derives(self) -> bool:
        """Whether a scan made the data log out of the cmd log, and nothing has spoken against it."""
        known = self.rules["derived"]
        return known.confirmed > 0 and known.refuted is None

    @property
    def refutations(self) -> dict[str, str]:
        """The rules that do not hold at this service, with the window that showed it."""
        known = self.rules.items()
        return {rule: trust.refuted for rule, trust in known if trust.refuted is not None}

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
        """Count a window that was as predicted."""
        known = self.rules[rule]
        self.rules[rule] = evolve(
            known, confirmed=known.confirmed + 1, sampled=known.sampled + known.proven
        )

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
            rules = {rule: RuleTrust(**read["rules"].get(rule, {})) for rule in RULES}
            return cls(rules=rules, last=LastRun(**read["last"]) if read.get("last") else None)
        except (ValueError, TypeError, KeyError):
            return cls()
