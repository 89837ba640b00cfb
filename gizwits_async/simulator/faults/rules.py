"""Fault rules: which calls fail and how; choosing the rule for a call, and reading rule files.

Pass them to `SimulatedCloud(faults=[...])`; the in-process transport and the server both apply them.
`effects.py` implements the actions.
"""

import json
import random
import tomllib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from math import inf
from pathlib import Path

from attrs import field, frozen

from gizwits_async.error_codes import API_ERRORS
from gizwits_async.simulator.messages import Action, SimulatedRequest

__all__ = ["FaultRule", "Faults", "load_faults", "parse_faults"]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "action": (str,),
    "method": (str,),
    "path": (str,),
    "nth": (int, list),
    "probability": (int, float),
    "seed": (int,),
    "effect": (bool,),
    "status": (int,),
    "code": (int,),
    "seconds": (int, float),
    "size": (int,),
    "location": (str,),
    "row": (int,),
    "key": (str,),
    "value": (object,),
}
"""Allowed types of each field in a rule file."""
_STATUSES = range(200, 600)


_MAX_SECONDS = 1e9
"""About thirty years: a larger clock skew cannot be written as an HTTP date."""


def _action(value: str) -> Action:
    try:
        return Action(value)
    except ValueError:
        raise ValueError(f"action must be one of {', '.join(Action)}, not {value!r}") from None


def _list_of_numbers(value: int | Iterable[int] | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, int) else tuple(value)


@frozen(kw_only=True)
class FaultRule:
    """Makes matching calls fail in one way."""

    action: Action = field(converter=_action)
    """How the calls fail; see `Action`."""
    method: str | None = None
    """HTTP method in capitals; None: any."""
    path: str = "*"
    """Shell-style pattern for the quoted path: `*/devices/*/data`."""
    nth: tuple[int, ...] | None = field(default=None, converter=_list_of_numbers)
    """Numbers of the matching calls that fail, counted from 1; a single number is accepted. None: all."""
    probability: float = 1.0
    """Probability that each of those calls fails."""
    seed: int = 1
    """Seed of that probability."""
    effect: bool | None = None
    """Whether the service handles the call nevertheless; None: the default of the action."""
    status: int | None = None
    """For `status`, `html`, `redirect`: HTTP status; None: 500, 502, 302, or the documented status of
    `code`."""
    code: int | None = None
    """For `status`: `error_code` of the body; None: a body without an error code."""
    seconds: float | None = None
    """For `stall`: seconds until the reply (None: never); `drip`: between pieces (None: 0.1);
    `clock_skew`: by which the server's clock is ahead (None: 3,600)."""
    size: int | None = None
    """For `oversized`: total bytes (None: 32 MiB); `drip`: bytes of a piece (None: 1); `cut` and
    `truncated`: bytes that remain (None: half)."""
    location: str = "http://elsewhere.invalid/"
    """For `redirect`: the header `Location`."""

    row: int | None = None
    """For `odd_row` and `missing_field`: number of the row in its page, counted from 0; None: all."""
    key: str | None = None
    """For `odd_row` and `missing_field`: name of the field; None, for `odd_row`: the whole row."""
    value: object = None
    """For `odd_row`: the JSON value that replaces field or row."""

    def __attrs_post_init__(self) -> None:
        """Check the values. A rule that can never match or be sent would otherwise go unnoticed.

        Raises:
            ValueError: A value is out of bounds.
        """
        low = -_MAX_SECONDS if self.action is Action.CLOCK_SKEW else 0.0
        high = inf if self.action is Action.STALL else _MAX_SECONDS
        text = self.location
        checks = (
            ("method", "in capitals", self.method is None or self.method.isupper()),
            ("path", "a pattern", bool(self.path)),
            ("nth", "counted from 1", self.nth is None or all(n >= 1 for n in self.nth)),
            ("probability", "from 0 to 1", 0.0 <= self.probability <= 1.0),
            ("code", "a documented error code", self.code is None or self.code in API_ERRORS),
            ("status", "from 200 to 599", self.status is None or self.status in _STATUSES),
            ("size", "at least 0", self.size is None or self.size >= 0),
            ("row", "at least 0", self.row is None or self.row >= 0),
            ("key", "given", self.action is not Action.MISSING_FIELD or bool(self.key)),
            ("location", "printable ASCII", text.isascii() and text.isprintable()),
            (
                "seconds",
                f"from {low:g} to {high:g} for {self.action}",
                self.seconds is None or low <= self.seconds <= high,
            ),
        )
        for name, right, ok in checks:
            if not ok:
                raise ValueError(f"{name} must be {right}, not {getattr(self, name)!r}")

    def matches(self, request: SimulatedRequest) -> bool:
        """Return whether method and path of a call match this rule."""
        return self.method in (None, request.method) and fnmatchcase(request.path, self.path)


class Faults:
    """The active rules with their counters and random generators."""

    def __init__(self, rules: Iterable[FaultRule] = ()) -> None:
        self.set(rules)

    def set(self, rules: Iterable[FaultRule]) -> None:
        """Replace all rules and reset the counters."""
        self.rules = tuple(rules)
        self.matched = [0] * len(self.rules)
        """Number of calls that matched each rule."""
        self.fired = [0] * len(self.rules)
        """Number of calls that each rule made fail."""
        self.pages: dict[str, bytes] = {}
        """Pages that `same_cursor` repeats: path -> body."""
        self._chance = [
            random.Random(f"{rule.seed}/{number}") for number, rule in enumerate(self.rules)
        ]

    def choose(self, request: SimulatedRequest) -> FaultRule | None:
        """Return the first rule that makes this call fail; update the counters of all that match."""
        chosen: FaultRule | None = None
        for number, rule in enumerate(self.rules):
            if not rule.matches(request):
                continue
            self.matched[number] += 1
            fails = rule.nth is None or self.matched[number] in rule.nth
            if rule.probability < 1.0:
                fails = self._chance[number].random() < rule.probability and fails
            if fails and chosen is None:
                self.fired[number] += 1
                chosen = rule
        return chosen


def parse_faults(data: object) -> tuple[FaultRule, ...]:
    """Return the rules in the decoded content of a JSON or TOML file.

    Args:
        data: A list of objects, or an object with such a list as `rules` or `rule`.

    Raises:
        ValueError: The structure, a name or a value is wrong; the message names rule and field.
    """
    if isinstance(data, Mapping):
        unknown = data.keys() - {"rules", "rule"}
        if unknown:
            raise ValueError(f"unknown key {min(unknown, key=str)!r}; known are ['rule', 'rules']")
        data = data.get("rules", data.get("rule"))
    if not isinstance(data, list):
        raise ValueError('fault rules are a list, or an object with a list "rules"')
    rules: list[FaultRule] = []
    for number, item in enumerate(data, start=1):
        where = f"fault rule {number}"
        if not isinstance(item, Mapping) or "action" not in item:
            raise ValueError(f"{where}: must be an object with an action: {', '.join(Action)}")
        given = {name: value for name, value in item.items() if value is not None}
        for name, value in given.items():
            if name not in _TYPES:
                raise ValueError(f"{where}: unknown field {name!r}; known are {sorted(_TYPES)}")
            if not {object, type(value)}.intersection(_TYPES[name]):
                raise ValueError(f"{where}: {name} cannot be {value!r}")
        try:
            rules.append(FaultRule(**given))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{where}: {error}") from error
    return tuple(rules)


def load_faults(path: str | Path) -> tuple[FaultRule, ...]:
    """Return the rules in a file: TOML with `[[rules]]` tables, or JSON.

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is neither TOML nor JSON, or a rule in it is wrong.
    """
    text = Path(path).read_text("utf-8")
    if Path(path).suffix == ".toml":
        return parse_faults(tomllib.loads(text))
    return parse_faults(json.loads(text))
