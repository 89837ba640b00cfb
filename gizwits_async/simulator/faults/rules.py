"""Fault rules: which calls go wrong, and how. Values, their choice, and their reading from files.

Give them to `SimulatedCloud(faults=[...])`; both doors honour them. What each does to a call is in
`mishaps.py`.
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
"""What a field may be in a file."""
_STATUSES = range(200, 600)


_FAR = 1e9
"""Seconds, some thirty years: clocks farther off have no date in a header."""


def _list_of_numbers(value: int | Iterable[int] | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, int) else tuple(value)


@frozen(kw_only=True)
class FaultRule:
    """One kind of call that goes wrong in one way."""

    action: Action = field(converter=Action)
    """What happens; see `Action`."""
    method: str | None = None
    """Verb in capitals; None: any."""
    path: str = "*"
    """Pattern for the quoted path, as of a shell: `*/devices/*/data`."""
    nth: tuple[int, ...] | None = field(default=None, converter=_list_of_numbers)
    """Which of the matching calls, counted from 1: a number or several (none: no call); None: all."""
    probability: float = 1.0
    """Chance of each of them."""
    seed: int = 1
    """Of that chance."""
    effect: bool | None = None
    """Whether the service acts on the call all the same; None: as the action has it."""
    status: int | None = None
    """For `status`, `html`, `redirect`: HTTP status; None: 500, 502, 302, or the code's own."""
    code: int | None = None
    """For `status`: `error_code` of the body; None: a body without one."""
    seconds: float | None = None
    """For `stall`: until the reply (None: never); `drip`: between pieces (None: a tenth);
    `clock_skew`: how far the server's clock is ahead (None: an hour)."""
    size: int | None = None
    """For `oversized`: bytes in all (None: 32 MiB); `drip`: of a piece (None: 1); `cut` and
    `truncated`: that remain (None: half)."""
    location: str = "http://elsewhere.invalid/"
    """For `redirect`: where to."""

    def __attrs_post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: One is out of bounds.
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
        if self.seconds is not None and not self._least <= self.seconds <= self._most:
            raise ValueError(
                f"seconds of {self.action} must be from {self._least:g} to {self._most:g}, not"
                f" {self.seconds!r}"
            )
        # What could match nothing, or not be sent, would be found out too late or never.
        if self.method is not None and not self.method.isupper():
            raise ValueError(f"method must be a verb in capitals, not {self.method!r}")
        if not self.path:
            raise ValueError("path must not be empty")
        if not (self.location.isascii() and self.location.isprintable()):
            raise ValueError(f"location must be printable ASCII, not {self.location!r}")

    @property
    def _least(self) -> float:
        return -_FAR if self.action is Action.CLOCK_SKEW else 0.0

    @property
    def _most(self) -> float:
        return inf if self.action is Action.STALL else _FAR

    def matches(self, request: SimulatedRequest) -> bool:
        """Return whether a call is of the kind that this rule is about."""
        return self.method in (None, request.method) and fnmatchcase(request.path, self.path)


class Faults:
    """Rules in use, and what they have to remember: how many calls matched, and chance."""

    def __init__(self, rules: Iterable[FaultRule] = ()) -> None:
        self.set(rules)

    def set(self, rules: Iterable[FaultRule]) -> None:
        """Put these rules in the place of those before, and count from the beginning."""
        self.rules = tuple(rules)
        self.matched = [0] * len(self.rules)
        """How many calls each rule was about."""
        self.fired = [0] * len(self.rules)
        """How many calls each rule made go wrong."""
        self.pages: dict[str, bytes] = {}
        """What `same_cursor` gives again: path -> body."""
        self._chance = [
            random.Random(f"{rule.seed}/{number}") for number, rule in enumerate(self.rules)
        ]

    def choose(self, request: SimulatedRequest) -> FaultRule | None:
        """Return the first rule that strikes this call, and count it for all that match."""
        chosen: FaultRule | None = None
        for number, rule in enumerate(self.rules):
            if not rule.matches(request):
                continue
            self.matched[number] += 1
            strikes = rule.nth is None or self.matched[number] in rule.nth
            if rule.probability < 1.0:
                strikes = self._chance[number].random() < rule.probability and strikes
            if strikes and chosen is None:
                self.fired[number] += 1
                chosen = rule
        return chosen


def parse_faults(data: object) -> tuple[FaultRule, ...]:
    """Return the rules in what a JSON or TOML file holds.

    Args:
        data: A list of objects, or an object with such a list as `rules` or `rule`.

    Raises:
        ValueError: The shape, a name or a value is wrong; the message says which rule and field.
    """
    if isinstance(data, Mapping):
        data = data.get("rules", data.get("rule"))
    if not isinstance(data, list):
        raise ValueError('fault rules are a list, or an object with a list "rules"')
    rules: list[FaultRule] = []
    for number, item in enumerate(data, start=1):
        where = f"fault rule {number}"
        if not isinstance(item, Mapping) or "action" not in item:
            raise ValueError(f"{where}: an object with an action is wanted")
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
        ValueError: It is neither, or a rule in it is wrong.
    """
    text = Path(path).read_text("utf-8")
    if Path(path).suffix == ".toml":
        return parse_faults(tomllib.loads(text))
    return parse_faults(json.loads(text))
