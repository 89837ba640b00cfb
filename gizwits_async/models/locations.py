"""The tree of locations that five reports share, read from every known shape. Pure.

```
{"China": {"count": 3, "Guangdong": {"count": 3, "Guangzhou": 3}}}
{"China": {"count": {"total": 1}, "detail": {"fault_temp": {"total": 1}}, "Guangdong": {...}}}
```
"""

import re
from collections.abc import Iterator, Mapping
from typing import Self

from attrs import evolve, field, frozen

from gizwits_async.schema import Model

__all__ = ["Counts", "Location"]

Counts = Mapping[str, int]
"""Counter -> number; a report with one counter names it `count`."""

_COUNT, _DETAIL = "count", "detail"
_EMPTY: tuple[object, ...] = ("", None, {}, [])
_WHOLE = re.compile(r"-?\d{1,40}", re.ASCII)


@frozen(kw_only=True)
class Location(Model):
    """A location and those within it: the world, a country, a province, a city."""

    name: str = ""
    """Its name; empty for the root, which is the world."""
    counts: Counts = field(factory=dict)
    """Counter -> number; a missing counter is zero. The root usually has none."""
    detail: Mapping[str, Counts] = field(factory=dict)
    """Data point -> its counters; in reports of events only."""
    children: tuple["Location", ...] = ()
    """The locations within it, in the order of the service."""

    @property
    def count(self) -> int | None:
        """The number, in a report with one counter; else None."""
        return self.counts.get(_COUNT)

    def walk(self) -> Iterator["Location"]:
        """Yield this location and all within it, each before its children."""
        yield self
        for child in self.children:
            yield from child.walk()

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """Read the tree below the root.

        A key `count` or `detail` may also be the name of a location. It is one if its value is an
        object with a `count` of its own, or nested deeper than counters are.

        Raises:
            ValueError: It is a bare number, or holds a value that is neither a location nor a number.
        """
        if value in _EMPTY:
            return cls()
        if not isinstance(value, Mapping):
            raise ValueError(f"expected locations by their names, got {type(value).__name__}")
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
        """Return the tree below this location, every number under `count`."""
        wire: dict[str, object] = {}
        if self.counts:
            wire[_COUNT] = _plain(self.counts)
        elif self.name and all(child.name != _COUNT for child in self.children):
            wire[_COUNT] = None  # Otherwise a child named "count" would be read as a counter.
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
    """Return `value` as counters; None if it is a location."""
    if value in _EMPTY:
        return {}
    if (number := _number(value)) is not None:
        return {_COUNT: number}
    if not isinstance(value, Mapping) or _COUNT in value:
        return None
    counts = {name: _number(it) for name, it in value.items() if it is not None}
    known = {name: number for name, number in counts.items() if number is not None}
    return known if len(known) == len(counts) else None


def _detail(value: object) -> Mapping[str, Counts] | None:
    """Return `value` as counters by data point; None if it is a location."""
    if value in _EMPTY:
        return {}
    if not isinstance(value, Mapping) or not isinstance(value.get(_COUNT, {}), Mapping):
        return None
    detail = {point: _counts(it) for point, it in value.items()}
    known = {point: counts for point, counts in detail.items() if counts is not None}
    return known if len(known) == len(detail) else None


def _plain(counts: Counts) -> int | dict[str, int]:
    return counts[_COUNT] if set(counts) == {_COUNT} else dict(counts)
