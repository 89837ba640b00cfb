"""Reads rows of bytes that hold data points: by a loop at first, later by a compiled function. Pure.

The loop costs more than the values. So a row that comes often gets a function of its own, in which
the positions are source code. That source consists of our own words and numbers: names, enum values
and scales, which come from the service, are constants of the function and never part of its text.
"""

from collections.abc import Callable, Sequence
from functools import cache
from struct import Struct
from typing import Any, TypeAlias

from attrs import field, frozen

from gizwits_async.payload.kinds import Binary, Choice, Kind, Number, Switch, Value

__all__ = ["COMPILED_AFTER", "RowReader", "Slot", "compiled"]

_FORMATS = {1: "B", 2: "H", 4: "I"}
_MAX_TABLE_BITS = 8
"""Up to here all values of a data point are computed beforehand."""
COMPILED_AFTER = 100
"""Reads by the loop before the function is compiled, which costs as much as so many of them: products
of variable length have rows without number, most of which come a few times."""

Read: TypeAlias = Callable[[bytes, int], dict[str, Value]]
"""Returns the values of the row that begins at an offset of a body, which must hold all of it."""


@frozen
class Slot:
    """A data point, and where it lies in a row of bytes that is read as one big-endian integer."""

    name: str
    shift: int
    kind: Kind

    @property
    def mask(self) -> int:
        """The bits of the data point, unshifted."""
        return (1 << self.kind.bits) - 1


@frozen
class _Segment:
    """Bytes of a row that are unpacked as one value: a number, a binary, or bits that share bytes."""

    start: int
    end: int
    slots: list[Slot] = field(factory=list)

    @property
    def size(self) -> int:
        return self.end - self.start

    @property
    def is_integer(self) -> bool:
        """Whether `struct` returns an integer; else it returns bytes."""
        return self.size in _FORMATS


class RowReader:
    """Reads rows of bytes that hold the same data points in the same positions."""

    def __init__(self, slots: Sequence[Slot], size: int) -> None:
        """Prepare for rows of `size` bytes, whose values are given in the order of the slots."""
        self.size = size
        self.read: Read = self._loop
        self._slots = tuple(slots)
        self._parts = [(slot.name, slot.shift, slot.mask, slot.kind.show) for slot in slots]
        self._reads = 0

    def _loop(self, body: bytes, start: int) -> dict[str, Value]:
        self._reads += 1
        if self._reads == COMPILED_AFTER:
            self.read = compiled(self._slots, self.size)
        row = int.from_bytes(body[start : start + self.size], "big")
        return {name: show(row >> shift & mask) for name, shift, mask, show in self._parts}


def compiled(slots: Sequence[Slot], size: int) -> Read:
    """Return a function that reads rows of `size` bytes as the loop does."""
    segments = _segments(slots, size)
    parts, at = [], 0
    for one in segments:
        parts.append(f"{one.start - at}x{_FORMATS.get(one.size, f'{one.size}s')}")
        at = one.end
    unpack = Struct(">" + "".join(parts)).unpack_from
    read = _function(slots, segments, size)
    return lambda body, start: read(*unpack(body, start))


def _segments(slots: Sequence[Slot], size: int) -> list[_Segment]:
    """Return the segments of a row, in order and without overlap."""
    found: list[_Segment] = []
    for slot in sorted(slots, key=lambda slot: -slot.shift):
        start = size - (slot.shift + slot.kind.bits + 7) // 8
        end = size - slot.shift // 8
        if found and start < found[-1].end:
            before = found.pop()
            found.append(_Segment(before.start, max(before.end, end), [*before.slots, slot]))
        else:
            found.append(_Segment(start, end, [slot]))
    return found


def _function(
    slots: Sequence[Slot], segments: Sequence[_Segment], size: int
) -> Callable[..., dict[str, Value]]:
    """Return the function of the segments' contents that returns the values."""
    constants: dict[str, Any] = {}
    values = {
        slot.name: _expression(slot, segment, f"s{number}", size, constants)
        for number, segment in enumerate(segments)
        for slot in segment.slots
    }
    # A copy is large enough from the start: a dict that grows costs as much as the values.
    constants["copy"] = dict.fromkeys(slot.name for slot in slots).copy
    arguments = ", ".join(f"s{number}" for number in range(len(segments)))
    lines = [f"def read({arguments}):", "row = copy()"]
    for number, slot in enumerate(slots):
        constants[f"name{number}"] = slot.name
        lines.append(f"row[name{number}] = {values[slot.name]}")
    source = "\n ".join([*lines, "return row"])
    exec(source, constants)  # noqa: S102 - nothing of the definition is in the source
    read: Callable[..., dict[str, Value]] = constants["read"]
    return read


def _expression(
    slot: Slot, segment: _Segment, variable: str, size: int, constants: dict[str, Any]
) -> str:
    """Return the source of a data point's value; what it refers to is added to `constants`."""

    def constant(value: object) -> str:
        name = f"c{len(constants)}"
        constants[name] = value
        return name

    kind = slot.kind
    shift = slot.shift - 8 * (size - segment.end)
    whole = kind.bits == 8 * segment.size
    if isinstance(kind, Binary) and whole and not segment.is_integer:
        return f"{variable}.hex()"
    raw = variable if segment.is_integer else f"{constant(int.from_bytes)}({variable}, 'big')"
    raw = f"({raw} >> {shift})" if shift else raw
    raw = raw if shift + kind.bits == 8 * segment.size else f"({raw} & {slot.mask})"
    if isinstance(kind, Switch):
        return raw
    if isinstance(kind, Choice | Number) and kind.bits <= _MAX_TABLE_BITS:
        return f"{constant(_table(kind))}[{raw}]"
    if isinstance(kind, Number):
        return _scaled(raw, kind, constant)
    return f"{constant(kind.show)}({raw})"


def _scaled(raw: str, kind: Number, constant: Callable[[object], str]) -> str:
    """Return the source of `Number.show`, without the steps that change nothing."""
    if kind.ratio != 1:
        raw = f"{raw} * {constant(kind.ratio)}"
    if kind.addition:
        raw = f"{raw} + {constant(kind.addition)}"
    return raw if kind.scale == 1 else f"({raw}) / {constant(kind.scale)}"


@cache
def _table(kind: Kind) -> tuple[Value, ...]:
    return tuple(kind.show(raw) for raw in range(1 << kind.bits))
