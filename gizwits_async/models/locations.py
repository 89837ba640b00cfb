"""The one tree of places that five reports have, read from every shape it is known to take. Pure.

```
{"China": {"count": 3, "Guangdong": {"count": 3, "Guangzhou": 3}}}
{"China": {"count": {"total": 1}, "detail": {"fault_temp": {"total": 1}}, "Guangdong": {...}}}
```
"""

import re
from collections.abc import Iterator, Mapping
from typing import Self

from attrs import evolve, field, frozen

__all__ = ["Counts", "Location"]

Counts = Mapping[str, int]
"""What is counted -> how many; a report that counts one thing calls it `count`."""

_COUNT, _DETAIL = "count", "detail"
_NOTHING: tuple[object, ...] = ("", None, {}, [])
_WHOLE = re.compile(r"-?\d{1,40}", re.ASCII)


@frozen(kw_only=True)
class Location:
    """One place and those in it: the world, a country, a province, a city."""

    name: str = ""
    """Name of the place; empty for the root, which is the world."""
    counts: Counts = field(factory=dict)
    """What was counted here; a counter that is missing is zero. The root has none, usually."""
    detail: Mapping[str, Counts] = field(factory=dict)
    """Data point -> what was counted of it; in reports of events only."""
    children: tuple["Location", ...] = ()
    """The places in it, in the order of the service."""

    @property
    def count(self) -> int | None:
        """The number, in a report that counts one thing only; else None."""
        return self.counts.get(_COUNT)

    def walk(self) -> Iterator["Location"]:
        """Go through this place and all in it, each before what is in it."""
        yield self
        for child in self.children:
            yield from child.walk()

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """Read the tree below the root.

        A key `count` or `detail` may also be a place of that name. It is one if its value is an
        object with a `count` of its own, or with objects deeper than counters go.

        Raises:
            ValueError: It is a bare number, or holds something that is neither a place nor a number.
        """
        if value in _NOTHING:
            return cls()
        if not isinstance(value, Mapping):
            raise ValueError(f"expected places by their names, got {type(value).__name__}")
        counts: Counts | None = None
        detail: Mapping[str, Counts] | None = None
        children: list[Self] = []
        for name, below in value.items():
            if name == _COUNT and (counts := _counts(below)) is not None:
                continue
            if name == _DETAIL and (detail := _detail(below)) is not None:
                continue
            children.append(evolve(cls._place(below), name=name))
        return cls(counts=counts or {}, detail=detail or {}, children=tuple(children))

    @classmethod
    def _place(cls, value: object) -> Self:
        number = _number(value)
        return cls.from_wire(value) if number is None else cls(counts={_COUNT: number})

    def to_wire(self) -> dict[str, object]:
        """Return the tree below this place, every number as `count`."""
        wire: dict[str, object] = {}
        if self.counts:
            wire[_COUNT] = _plain(self.counts)
        elif self.name and all(child.name != _COUNT for child in self.children):
            wire[_COUNT] = None  # So that a place called "count" still is one.
        if self.detail:
            wire[_DETAIL] = {point: _plain(counts) for point, counts in self.detail.items()}
        return wire | {child.name: child.to_wire() for child in self.children}


def _number(value: object) -> int | None:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _counts(value: object) -> Counts | None:
    """Return the counters that `value` is; None if it is a place."""
    if value in _NOTHING:
        return {}
    if (number := _number(value)) is not None:
        return {_COUNT: number}
    if not isinstance(value, Mapping) or _COUNT in value:
        return None
    counts = {name: _number(it) for name, it in value.items() if it is not None}
    known = {name: number for name, number in counts.items() if number is not None}
    return known if len(known) == len(counts) else None


def _detail(value: object) -> Mapping[str, Counts] | None:
    """Return the counters of each data point that `value` is; None if it is a place."""
    if value in _NOTHING:
        return {}
    if not isinstance(value, Mapping) or not isinstance(value.get(_COUNT, {}), Mapping):
        return None
    detail = {point: _counts(it) for point, it in value.items()}
    known = {point: counts for point, counts in detail.items() if counts is not None}
    return known if len(known) == len(detail) else None


def _plain(counts: Counts) -> int | dict[str, int]:
    return counts[_COUNT] if set(counts) == {_COUNT} else dict(counts)
