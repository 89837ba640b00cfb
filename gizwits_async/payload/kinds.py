"""The kinds of data points, from bits to values and back: bool, enum, number, binary. Pure."""

import math
import reprlib
from fractions import Fraction
from typing import Protocol, TypeAlias

from attrs import frozen

from gizwits_async.models.product import DataPoint, Position, UintSpec

__all__ = ["Kind", "Value", "describe", "kind_of"]

Value: TypeAlias = int | float | str
"""A data point as the data log shows it: 0 or 1, an enum's name, a number, hex text."""

_UINTS = {"uint8": 8, "uint16": 16, "uint32": 32}
_FULL_RANGE = {name: UintSpec(min=0, max=2**bits - 1) for name, bits in _UINTS.items()}
_MAX_BYTES = 0xFFFF
_MAX_BITS = 16
_SCALES = (1e-12, 1e12)


class Kind(Protocol):
    """How a data point is read and written."""

    @property
    def bits(self) -> int:
        """How many bits it takes."""

    @property
    def allowed(self) -> str:
        """The values that may be written, as the end of the sentence "x must be ..."."""

    def show(self, raw: int) -> Value:
        """Return the value of the bits, in the units of the data log."""

    def take(self, value: object) -> int | None:
        """Return the bits of a value to write; None for one that is not allowed."""


@frozen
class Switch:
    """A bool, which the data log shows as 0 or 1."""

    bits: int

    @property
    def allowed(self) -> str:
        return "True, False, 1 or 0"

    def show(self, raw: int) -> Value:
        return raw

    def take(self, value: object) -> int | None:
        return int(value) if isinstance(value, int) and value in (0, 1) else None


@frozen
class Choice:
    """An enum: a number on the wire, a name everywhere else."""

    bits: int
    names: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return f"one of {', '.join(map(repr, self.names))}"

    def show(self, raw: int) -> Value:
        # A device may have more values than the definition names: keep their number.
        return self.names[raw] if raw < len(self.names) else raw

    def take(self, value: object) -> int | None:
        return self.names.index(value) if isinstance(value, str) and value in self.names else None


@frozen
class Number:
    """A number on a grid: `(raw * ratio + addition) / scale`, all of them integers.

    So 3 steps of 0.1 are 0.3, and not 0.30000000000000004.
    """

    bits: int
    low: int
    high: int
    ratio: int
    addition: int
    scale: int

    @property
    def allowed(self) -> str:
        ends = sorted((self.show(self.low), self.show(self.high)), key=float)
        step = Fraction(abs(self.ratio), self.scale)
        shown = step.numerator if step.denominator == 1 else float(step)
        return f"a number from {ends[0]} to {ends[1]} in steps of {shown}"

    def show(self, raw: int) -> Value:
        scaled = raw * self.ratio + self.addition
        return scaled if self.scale == 1 else scaled / self.scale

    def take(self, value: object) -> int | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        if isinstance(value, float) and not math.isfinite(value):
            return None
        exact = (Fraction(value) * self.scale - self.addition) / self.ratio
        raw = round(exact)
        if not self.low <= raw <= self.high:
            return None
        # Tolerates rounding errors of floats (0.1 + 0.2), but no value between two steps.
        near = abs(exact - raw) <= Fraction(1, 1_000_000) or self.show(raw) == value
        return raw if near else None


@frozen
class Binary:
    """Bytes of a fixed length, as hex text."""

    size: int

    @property
    def bits(self) -> int:
        return 8 * self.size

    @property
    def allowed(self) -> str:
        return f"hex text of at most {2 * self.size} digits, or at most {self.size} bytes"

    def show(self, raw: int) -> Value:
        return raw.to_bytes(self.size, "big").hex()

    def take(self, value: object) -> int | None:
        digits = value.hex() if isinstance(value, bytes | bytearray) else value
        if not isinstance(digits, str) or len(digits) > 2 * self.size:
            return None
        # The service expects the full length, padded with zeros on the right.
        digits = digits.ljust(2 * self.size, "0")
        try:
            raw = bytes.fromhex(digits)
        except ValueError:
            return None
        return int.from_bytes(raw, "big") if len(raw) == self.size else None


def kind_of(point: DataPoint, position: Position) -> Kind:
    """Return how this data point is read and written.

    Raises:
        ValueError: The definition is inconsistent; the message names the data point.
    """
    length = position.len
    bitwise = point.data_type in ("bool", "enum")
    most = _MAX_BITS if bitwise else _MAX_BYTES
    if not 1 <= length <= most or position.unit != ("bit" if bitwise else "byte"):
        unit = "bits" if bitwise else "bytes"
        found = f"{describe(length)} {position.unit}"
        raise ValueError(f"{point.name}: {point.data_type} takes 1 to {most} {unit}, not {found}")
    if point.data_type == "bool":
        return Switch(length)
    if point.data_type == "enum":
        return _choice(point, length)
    if point.data_type == "binary":
        return Binary(length)
    if point.data_type in _UINTS:
        return _number(point, length)
    known = ", ".join(("bool", "enum", *_UINTS, "binary"))
    raise ValueError(
        f"{point.name}: unknown data_type {describe(point.data_type)}; known are {known}"
    )


def _choice(point: DataPoint, length: int) -> Choice:
    names = point.enum or ()
    if not 1 <= len(names) <= 1 << length:
        raise ValueError(f"{point.name}: {len(names)} enum values do not fit {length} bits")
    return Choice(length, names)


def _number(point: DataPoint, length: int) -> Number:
    bits = _UINTS[point.data_type]
    if 8 * length != bits:
        raise ValueError(f"{point.name}: {point.data_type} takes {bits // 8} bytes, not {length}")
    spec = point.uint_spec or _FULL_RANGE[point.data_type]
    if not _SCALES[0] <= abs(spec.ratio) <= _SCALES[1]:
        raise ValueError(
            f"{point.name}: ratio must be a number other than 0, not {describe(spec.ratio)}"
        )
    if not abs(spec.addition) <= _SCALES[1]:
        raise ValueError(f"{point.name}: addition is out of range: {describe(spec.addition)}")
    # Values outside the type cannot be sent, even if the definition allows them.
    low, high = max(spec.min, 0), min(spec.max, 2**bits - 1)
    if low > high:
        given = f"{describe(spec.min)} to {describe(spec.max)}"
        raise ValueError(f"{point.name}: no {point.data_type} lies in the range {given}")
    # Through text, so that 0.1 in the definition is exactly a tenth.
    ratio, addition = Fraction(str(spec.ratio)), Fraction(str(spec.addition))
    scale = math.lcm(ratio.denominator, addition.denominator)
    return Number(bits, low, high, int(ratio * scale), int(addition * scale), scale)


def describe(value: object) -> str:
    """Return a short repr for a message, also for integers too long to be printed."""
    try:
        return reprlib.repr(value)
    except ValueError:
        return f"a very long {type(value).__name__}"
