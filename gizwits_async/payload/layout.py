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

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from attrs import frozen

from gizwits_async.errors import GizwitsError
from gizwits_async.models.product import DataPoint
from gizwits_async.payload.kinds import Kind, Value, describe, kind_of
from gizwits_async.payload.reader import RowReader, Slot

__all__ = ["FixedLayout", "PayloadError", "Point", "VariableLayout"]

_LAST_BYTE = 0xFFFF
_MAX_READERS = 256
"""Combinations of flags for which a reader is kept."""
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


def _slots(points: Iterable[tuple[Point, int]]) -> tuple[Slot, ...]:
    return tuple(Slot(p.name, shift, p.kind) for p, shift in points)


def _bytes_for(bits: int) -> int:
    return (bits + 7) // 8


def _require(body: bytes, start: int, size: int, what: str) -> None:
    """Refuse a body with fewer than `size` bytes from `start` on; more are ignored.

    A device with newer firmware may report more data points than the definition has.

    Raises:
        PayloadError: Bytes are missing.
    """
    if len(body) < start + size:
        there = max(len(body) - start, 0)
        raise PayloadError(f"{what}: {size} bytes expected after the first {start}, not {there}")


def _flagged(body: bytes, count: int, what: str) -> tuple[int, int]:
    """Return the flags, and the offset at which the flagged data begins."""
    size = _bytes_for(count)
    _require(body, 1, size, what)
    flags = int.from_bytes(body[1 : 1 + size], "big")
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
        report = slots(points, self._size)
        _refuse_overlap(report)
        self._report = RowReader(report, self._size)
        self._writes = slots(writable, self._write_size)
        # Cached: applications write few combinations of data points.
        self._written = lru_cache(maxsize=_MAX_READERS)(self._reader_of)

    def _reader_of(self, flags: int) -> RowReader:
        flagged = [slot for rank, slot in enumerate(self._writes) if flags >> rank & 1]
        return RowReader(flagged, self._write_size)

    def read(self, body: bytes) -> dict[str, Value]:
        """Return the data points in `body`; none for an action that carries none.

        Raises:
            PayloadError: The body does not fit the definition.
        """
        action = body[0]
        if action in _FIXED_REPORTS:
            _require(body, 1, self._size, _ACTIONS[action])
            return self._report.read(body, 1)
        if action == _FIXED_WRITE:
            what = _ACTIONS[action]
            flags, start = _flagged(body, len(self._writes), what)
            _require(body, start, self._write_size, what)
            return self._written(flags).read(body, start)
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
            _require(current, 1, self._write_size, "current")
            row = int.from_bytes(current[1 : 1 + self._write_size], "big")
        for rank, slot in enumerate(self._writes):
            if slot.name in values:
                flags |= 1 << rank
                row = row & ~(slot.mask << slot.shift) | values[slot.name] << slot.shift
        head = flags.to_bytes(_bytes_for(len(self._writes)), "big")
        return bytes((_FIXED_WRITE,)) + head + row.to_bytes(self._write_size, "big")


class VariableLayout:
    """Bodies that hold only the flagged data points, packed without gaps."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._points = tuple(points)
        # Cached: a device uses few combinations of flags.
        self._reader = lru_cache(maxsize=_MAX_READERS)(self._reader_of)

    def _reader_of(self, flags: int) -> RowReader:
        return RowReader(*_packed(self._points, flags))

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
        reader = self._reader(flags)
        _require(body, start, reader.size, _ACTIONS[action])
        return reader.read(body, start)

    def write(self, values: Mapping[str, int], current: bytes) -> bytes:
        """Return the body that writes these raw values; other data points are not sent at all."""
        del current
        flags = sum(1 << i for i, point in enumerate(self._points) if point.name in values)
        slots, size = _packed(self._points, flags)
        row = sum(values[slot.name] << slot.shift for slot in slots)
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
    for number, slot in enumerate(slots):
        bits = slot.mask << slot.shift
        if used & bits:
            others = (one.name for one in slots[:number] if one.mask << one.shift & bits)
            raise ValueError(f"{slot.name}: its position overlaps that of {next(others)}")
        used |= bits
