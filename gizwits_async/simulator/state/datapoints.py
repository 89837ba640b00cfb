"""Data points of the simulated product (an air conditioner), their byte layout, and their frames.

The data log, the frames of the cmd log, the control endpoint and the datapoint endpoint all use this
table, so that they agree.
"""

from collections.abc import Mapping
from typing import Literal

from attrs import frozen

__all__ = [
    "POINTS",
    "POINTS_BY_NAME",
    "REST",
    "Point",
    "Values",
    "parse_write",
    "raw_frame",
    "report_frame",
    "show",
    "with_did",
    "write_frame",
]

Values = Mapping[str, int]
"""Raw value of each data point, as the device sends it."""

_TO_DEVICE = 0x0090
_FROM_DEVICE = 0x0091
_ACKNOWLEDGED = 0x0093
_WRITE, _REPORT = 0x01, 0x04
_GROUP = 0x7F
_MORE = 0x80


@frozen(kw_only=True)
class Point:
    """One data point."""

    name: str
    label: str
    kind: Literal["bool", "enum", "uint8"]
    access: Literal["status_writable", "status_readonly", "alert", "fault"]
    byte: int
    """Byte offset in the status block."""
    bit: int = 0
    """Lowest bit in that byte; 0 for a whole byte."""
    bits: int = 1
    """Width in bits."""
    choices: tuple[str, ...] = ()
    """Values of an enum."""
    low: int = 0
    high: int = 1
    """Greatest raw value."""
    ratio: float = 1
    addition: float = 0

    def shown(self, raw: int) -> int | float | str:
        """Return the value as the API writes it: enums by name, numbers as `raw * ratio + addition`."""
        if self.kind == "enum":
            return self.choices[raw]
        value = raw * self.ratio + self.addition
        return int(value) if value == int(value) else value

    def raw(self, shown: object) -> int | None:
        """Return the raw value of a value in a control call; None if it is not allowed."""
        if self.kind == "enum":
            return self.choices.index(shown) if shown in self.choices else None
        if self.kind == "bool":
            return int(shown) if shown in (True, False) and isinstance(shown, int) else None
        if isinstance(shown, bool) or not isinstance(shown, int | float):
            return None
        raw = (shown - self.addition) / self.ratio
        return int(raw) if raw == int(raw) and self.low <= raw <= self.high else None


def _bool(name: str, label: str, byte: int, bit: int, access: str = "status_writable") -> Point:
    return Point(name=name, label=label, kind="bool", access=access, byte=byte, bit=bit)  # type: ignore[arg-type]


POINTS: tuple[Point, ...] = (
    _bool("switch", "开关", 0, 0),
    _bool("fan_swing", "摆风", 0, 1),
    Point(
        name="mode",
        label="模式",
        kind="enum",
        access="status_writable",
        byte=0,
        bit=2,
        bits=3,
        choices=("制冷", "制热", "送风", "除湿", "自动"),
    ),
    Point(
        name="fan_speed",
        label="风速",
        kind="enum",
        access="status_writable",
        byte=0,
        bit=5,
        bits=2,
        choices=("低风", "中风", "高风"),
    ),
    Point(
        name="on_timing",
        label="定时开机",
        kind="uint8",
        access="status_writable",
        byte=1,
        bits=8,
        high=24,
    ),
    Point(
        name="off_timing",
        label="定时关机",
        kind="uint8",
        access="status_writable",
        byte=2,
        bits=8,
        high=24,
    ),
    Point(
        name="set_temp",
        label="设定温度",
        kind="uint8",
        access="status_writable",
        byte=3,
        bits=8,
        low=16,
        high=30,
    ),
    Point(
        name="room_temp",
        label="室温",
        kind="uint8",
        access="status_readonly",
        byte=4,
        bits=8,
        high=120,
        ratio=0.5,
        addition=-10,
    ),
    _bool("alert_full", "水满报警", 5, 0, "alert"),
    _bool("alert_shutdown", "停机报警", 5, 1, "alert"),
    _bool("fault_roomtemp", "室温传感器故障", 6, 0, "fault"),
)
"""All data points in the order of their ids."""

POINTS_BY_NAME: Mapping[str, Point] = {point.name: point for point in POINTS}
REST: Values = {point.name: point.low for point in POINTS}
"""Raw values of a device that has not reported."""

_WRITABLE = tuple(point for point in POINTS if point.access == "status_writable")
_WRITE_BYTES, _STATUS_BYTES = 4, 7


def show(values: Values) -> dict[str, object]:
    """Return `attrs` of a data log record with these raw values."""
    return {point.name: point.shown(values[point.name]) for point in POINTS}


def _block(values: Values, points: tuple[Point, ...], length: int) -> bytes:
    block = bytearray(length)
    for point in points:
        block[point.byte] |= values[point.name] << point.bit
    return bytes(block)


def _frame(command: int, payload: bytes, flag: int = 0) -> str:
    rest = flag.to_bytes() + command.to_bytes(2) + payload
    length, groups = len(rest), bytearray()
    while True:
        length, group = length >> 7, length & _GROUP
        groups.append(group | (_MORE if length else 0))
        if not length:
            return (b"\x00\x00\x00\x03" + bytes(groups) + rest).hex()


def report_frame(values: Values) -> str:
    """Return the hex frame by which the device reports all its data points."""
    return _frame(_FROM_DEVICE, bytes([_REPORT]) + _block(values, POINTS, _STATUS_BYTES))


def with_did(frame: str, did: str) -> str:
    """Return a report frame as newer radio modules send it: serial number and did before the body."""
    body = bytes.fromhex(frame).partition(_FROM_DEVICE.to_bytes(2))[2]
    name = did.encode()
    return _frame(_ACKNOWLEDGED, bytes(4) + len(name).to_bytes(2) + name + body, flag=1)


def write_frame(values: Values, names: tuple[str, ...]) -> str:
    """Return the hex frame that writes these data points of `values` to the device."""
    flags = sum(1 << index for index, point in enumerate(_WRITABLE) if point.name in names)
    chosen = tuple(point for point in _WRITABLE if point.name in names)
    block = _block(values, chosen, _WRITE_BYTES)
    return _frame(_TO_DEVICE, bytes([_WRITE, flags]) + block)


def raw_frame(payload: bytes) -> str:
    """Return the hex frame that carries a raw instruction to the device."""
    return _frame(_TO_DEVICE, payload)


def parse_write(payload: bytes) -> dict[str, int]:
    """Return the raw values that a command sets; empty if it is no write command of this product."""
    if len(payload) != 2 + _WRITE_BYTES or payload[0] != _WRITE:
        return {}
    flags, block = payload[1], payload[2:]
    values = {
        point.name: block[point.byte] >> point.bit & (1 << point.bits) - 1
        for index, point in enumerate(_WRITABLE)
        if flags >> index & 1
    }
    return values if all(_known(POINTS_BY_NAME[name], raw) for name, raw in values.items()) else {}


def _known(point: Point, raw: int) -> bool:
    return raw < len(point.choices) if point.kind == "enum" else point.low <= raw <= point.high
