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

from gizwits_async.errors import API_ERRORS
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
}
"""Allowed types of each field in a rule file."""
_STATUSES = range(200, 600)


_MAX_SECONDS = 1e9
"""About thirty years: a larger clock skew cannot be written as an HTTP date."""


def _list_of_numbers(value: int | Iterable[int] | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, int) else tuple(value)


@frozen(kw_only=True)
class FaultRule:
    """Makes matching calls fail in one way."""

    action: Action = field(converter=Action)
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

    def __attrs_post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: A value is out of bounds.
        """
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"probability must be from 0 to 1, not {self.probability!r}")
        if self.code is not None and self.code not in API_ERRORS:
            raise ValueError(f"code {self.code!r} is not in the API's table of errors")
        if self.status is not None and self.status not in _STATUSES:
            raise ValueError(f"status must be from 200 to 599, not {self.status!r}")
        if self.size is not None and self.size < 0:
            raise ValueError(f"size must not be negative, not {self.size!r}")
        if self.nth is not None and any(number < 1 for number in self.nth):
            raise ValueError(f"nth counts from 1, not {self.nth!r}")
        if self.seconds is not None and not self._min_seconds <= self.seconds <= self._max_seconds:
            raise ValueError(
                f"seconds of {self.action} must be from {self._min_seconds:g} to {self._max_seconds:g}, not"
                f" {self.seconds!r}"
            )
        # Refuse rules that can never match or be sent: the mistake would otherwise go unnoticed.
        if self.method is not None and not self.method.isupper():
            raise ValueError(f"method must be a verb in capitals, not {self.method!r}")
        if not self.path:
            raise ValueError("path must not be empty")
        if not (self.location.isascii() and self.location.isprintable()):
            raise ValueError(f"location must be printable ASCII, not {self.location!r}")

    @property
    def _min_seconds(self) -> float:
        return -_MAX_SECONDS if self.action is Action.CLOCK_SKEW else 0.0

    @property
    def _max_seconds(self) -> float:
        return inf if self.action is Action.STALL else _MAX_SECONDS

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
        data = data.get("rules", data.get("rule"))
    if not isinstance(data, list):
        raise ValueError('fault rules are a list, or an object with a list "rules"')
    rules: list[FaultRule] = []
    for number, item in enumerate(data, start=1):
        where = f"fault rule {number}"
        if not isinstance(item, Mapping) or "action" not in item:
            raise ValueError(f"{where}: must be an object with an action")
        given = {name: value for name, value in item.items() if value is not None}
        for name, value in given.items():
            if name not in _TYPES:
                raise ValueError(f"{where}: unknown field {name!r}; known are {sorted(_TYPES)}")
            if type(value) not in _TYPES[name]:
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
