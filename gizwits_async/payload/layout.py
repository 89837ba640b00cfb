"""Lays the bits of data points out in bodies, and finds them there. Pure; `kinds` reads the bits.

A body is an action byte and its data. All numbers are big-endian, and so is each section of bits as
a whole: its lowest bit is the lowest bit of its *last* byte. Flags are such a section too.

Fixed-length products (`standard`):

- report (4) and answer (3): all status bytes, laid out by `position`. Points of bits with the same
  `byte_offset` are one section; `bit_offset` counts from its lowest bit.
- write (1): one flag for each writable point, by rank of id; then the status bytes up to the end of
  the last writable point, as in a report. Only flagged points are written; the rest is filler.

Variable-length products (`var_len`), where `position` holds lengths but no offsets:

- write (0x11), answer (0x13), report (0x14): one flag for each data point, by rank of id; then the
  flagged points only: their bits as one section, first point lowest; then their bytes, by id.

The document shows examples only. They agree with the vendor's public firmware, from which the rest is
taken. No recorded body with more than eight flags is known.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial

from attrs import frozen

from gizwits_async.errors import GizwitsError
from gizwits_async.models.product import DataPoint
from gizwits_async.payload.kinds import Kind, Value, describe, kind_of

__all__ = ["FixedLayout", "PayloadError", "Point", "VariableLayout"]

_LAST_BYTE = 0xFFFF
_BITWISE = frozenset({"bool", "enum"})


class PayloadError(GizwitsError, ValueError):
    """A body that should carry data points does not fit the product's definition."""


@frozen
class Point:
    """A data point with its position, prepared for reading and writing."""

    name: str
    writable: bool
    bitwise: bool
    kind: Kind
    byte_offset: int
    bit_offset: int

    @classmethod
    def of(cls, point: DataPoint) -> "Point":
        """Return the point of a definition.

        Raises:
            ValueError: The definition is inconsistent; the message names the data point.
        """
        position = point.position
        if position is None:
            raise ValueError(f"{point.name}: position is missing")
        kind = kind_of(point, position)
        for offset in (position.byte_offset, position.bit_offset):
            if not 0 <= offset <= _LAST_BYTE:
                raise ValueError(
                    f"{point.name}: offset {describe(offset)} is not in 0 to {_LAST_BYTE}"
                )
        return cls(
            point.name,
            point.is_writable,
            point.data_type in _BITWISE,
            kind,
            position.byte_offset,
            position.bit_offset,
        )


Slot = tuple[str, int, int, Callable[[int], Value]]
"""Name, shift and mask within the data read as one big-endian integer, and the value's reader."""


def _slots(points: Iterable[tuple[Point, int]]) -> tuple[Slot, ...]:
    return tuple((p.name, shift, (1 << p.kind.bits) - 1, p.kind.show) for p, shift in points)


def _show(slots: Iterable[Slot], row: int) -> dict[str, Value]:
    return {name: show(row >> shift & mask) for name, shift, mask, show in slots}


def _bytes_for(bits: int) -> int:
    return (bits + 7) // 8


def _cut(body: bytes, start: int, size: int, what: str) -> int:
    """Return `size` bytes as an integer; missing bytes are an error, extra ones are ignored.

    A device with newer firmware may report more data points than the definition has.
    """
    part = body[start : start + size]
    if len(part) < size:
        raise PayloadError(
            f"{what}: {size} bytes expected after the first {start}, not {len(part)}"
        )
    return int.from_bytes(part, "big")


def _flagged(body: bytes, count: int, what: str) -> tuple[int, int]:
    """Return the flags, and the offset at which the flagged data begins."""
    size = _bytes_for(count)
    flags = _cut(body, 1, size, what)
    if flags >> count:
        raise PayloadError(f"{what}: flags {flags:#x} are set beyond the {count} known data points")
    return flags, 1 + size


_ACTIONS = {
    0x01: "write (01)",
    0x03: "answer (03)",
    0x04: "report (04)",
    0x11: "flagged write (11)",
    0x13: "flagged answer (13)",
    0x14: "flagged report (14)",
}
_FIXED_WRITE, _FIXED_REPORTS = 0x01, frozenset({0x03, 0x04})
_VARIABLE_WRITE, _FLAGGED = 0x11, frozenset({0x11, 0x13, 0x14})


class FixedLayout:
    """Bodies that hold all data points, each at a fixed position."""

    def __init__(self, points: Sequence[Point]) -> None:
        widths: dict[int, int] = {}
        for point in points:
            if point.bitwise:
                end = point.bit_offset + point.kind.bits
                widths[point.byte_offset] = max(widths.get(point.byte_offset, 0), end)

        def end_of(point: Point) -> int:
            bits = widths[point.byte_offset] if point.bitwise else point.kind.bits
            return point.byte_offset + _bytes_for(bits)

        def slots(points: Sequence[Point], size: int) -> tuple[Slot, ...]:
            return _slots((p, 8 * (size - end_of(p)) + p.bit_offset) for p in points)

        writable = [point for point in points if point.writable]
        self._size = max(map(end_of, points), default=0)
        self._write_size = max(map(end_of, writable), default=0)
        self._slots = slots(points, self._size)
        self._writes = slots(writable, self._write_size)
        _refuse_overlap(self._slots)

    def read(self, body: bytes) -> dict[str, Value]:
        """Return the data points in `body`; none for an action that carries none.

        Raises:
            PayloadError: The body does not fit the definition.
        """
        action = body[0]
        if action in _FIXED_REPORTS:
            return _show(self._slots, _cut(body, 1, self._size, _ACTIONS[action]))
        if action == _FIXED_WRITE:
            what = _ACTIONS[action]
            flags, start = _flagged(body, len(self._writes), what)
            row = _cut(body, start, self._write_size, what)
            return _show((slot for i, slot in enumerate(self._writes) if flags >> i & 1), row)
        if action in _ACTIONS:
            raise PayloadError(f"{_ACTIONS[action]}: not for a fixed-length product")
        return {}

    def write(self, values: Mapping[str, int], current: bytes) -> bytes:
        """Return the body that writes these raw values over the report `current`, or over zeros.

        Raises:
            PayloadError: `current` is neither empty nor a report of this product.
        """
        flags = row = 0
        if current:
            if current[0] not in _FIXED_REPORTS:
                raise PayloadError(f"current must be a report, not action {current[0]:02x}")
            row = _cut(current, 1, self._write_size, "current")
        for rank, (name, shift, mask, _) in enumerate(self._writes):
            if name in values:
                flags |= 1 << rank
                row = row & ~(mask << shift) | values[name] << shift
        head = flags.to_bytes(_bytes_for(len(self._writes)), "big")
        return bytes((_FIXED_WRITE,)) + head + row.to_bytes(self._write_size, "big")


class VariableLayout:
    """Bodies that hold only the flagged data points, packed without gaps."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._points = tuple(points)
        # Cached: a device uses few combinations of flags.
        self._slots_of = lru_cache(maxsize=256)(partial(_packed, self._points))

    def read(self, body: bytes) -> dict[str, Value]:
        """Return the data points in `body`; none for an action that carries none.

        Raises:
            PayloadError: The body does not fit the definition.
        """
        action = body[0]
        if action not in _ACTIONS:
            return {}
        if action not in _FLAGGED:
            raise PayloadError(f"{_ACTIONS[action]}: not for a variable-length product")
        flags, start = _flagged(body, len(self._points), _ACTIONS[action])
        slots, size = self._slots_of(flags)
        return _show(slots, _cut(body, start, size, _ACTIONS[action]))

    def write(self, values: Mapping[str, int], current: bytes) -> bytes:
        """Return the body that writes these raw values; other data points are not sent at all."""
        del current
        flags = sum(1 << i for i, point in enumerate(self._points) if point.name in values)
        slots, size = self._slots_of(flags)
        row = sum(values[name] << shift for name, shift, _, _ in slots)
        head = flags.to_bytes(_bytes_for(len(self._points)), "big")
        return bytes((_VARIABLE_WRITE,)) + head + row.to_bytes(size, "big")


def _packed(points: Sequence[Point], flags: int) -> tuple[tuple[Slot, ...], int]:
    """Return the slots of the flagged points in the order of their ids, and their size in bytes."""
    present = [point for i, point in enumerate(points) if flags >> i & 1]
    tail = sum(point.kind.bits for point in present if not point.bitwise)
    bit = byte = tail
    positions: list[tuple[Point, int]] = []
    for point in present:
        if point.bitwise:
            positions.append((point, bit))
            bit += point.kind.bits
        else:
            byte -= point.kind.bits
            positions.append((point, byte))
    return _slots(positions), _bytes_for(bit)


def _refuse_overlap(slots: Sequence[Slot]) -> None:
    used = 0
    for number, (name, shift, mask, _) in enumerate(slots):
        if used & mask << shift:
            others = (other for other, s, m, _ in slots[:number] if m << s & mask << shift)
            raise ValueError(f"{name}: its position overlaps that of {next(others)}")
        used |= mask << shift
