"""The definition of the air conditioner whose frames and records the API document shows."""

import pytest

from gizwits_async.models.product import (
    DataPoint,
    Entity,
    Position,
    ProductDataPoints,
    UintSpec,
)


@pytest.fixture
def air_conditioner():
    """Names and values are from the document; the positions are inferred from its frames."""

    def bits(number, name, type_, bit, *, length=1, byte=0, names=None):
        return DataPoint(
            id=number,
            name=name,
            type=type_,
            data_type="enum" if names else "bool",
            enum=names,
            position=Position(byte_offset=byte, bit_offset=bit, len=length, unit="bit"),
        )

    def uint8(number, name, type_, byte, **spec):
        return DataPoint(
            id=number,
            name=name,
            type=type_,
            data_type="uint8",
            uint_spec=UintSpec(**spec),
            position=Position(byte_offset=byte, bit_offset=0, len=1, unit="byte"),
        )

    write, read = "status_writable", "status_readonly"
    attrs = (
        bits(0, "switch", write, 0),
        bits(1, "fan_swing", write, 1),
        bits(2, "mode", write, 2, length=2, names=("制冷", "制热", "除湿", "送风")),
        bits(3, "fan_speed", write, 4, length=2, names=("低风", "中风", "高风")),
        uint8(4, "on_timing", write, 1, min=0, max=24),
        uint8(5, "off_timing", write, 2, min=0, max=24),
        uint8(6, "set_temp", write, 3, min=16, max=30),
        uint8(7, "room_temp", read, 4, min=0, max=100, addition=-10),
        bits(8, "alert_full", "alert", 0, byte=5),
        bits(9, "alert_shutdown", "alert", 1, byte=5),
        bits(10, "fault_roomtemp", "fault", 0, byte=6),
    )
    return ProductDataPoints(product_key="pk", entities=(Entity(attrs=attrs),))
