"""Products of few and of many data points, and a report of all of them: for `payload`, in any build."""

from gizwits_async.models.product import (
    DataPoint,
    Entity,
    Position,
    ProductDataPoints,
    UintSpec,
)
from gizwits_async.payload import Frame

__all__ = ["product", "report"]

_ACCESS = ("status_writable", "status_readonly", "alert", "fault")


def product(protocol_type: str, each: int) -> ProductDataPoints:
    """Return a product with `each` bools, enums, bytes and scaled numbers of every access."""
    points: list[DataPoint] = []
    byte = 0
    for access in _ACCESS:
        section, bit = byte, 0
        byte += (3 * each + 7) // 8
        for data_type, bits in (("bool", 1), ("enum", 2), ("uint8", 8), ("uint16", 16)):
            for _ in range(each):
                bitwise = bits < 8  # noqa: PLR2004
                number = len(points)
                points.append(
                    DataPoint(
                        id=number,
                        name=f"{data_type}_{number}",
                        type=access,
                        data_type=data_type,
                        enum=("off", "low", "mid", "high") if data_type == "enum" else None,
                        uint_spec=None if bitwise else UintSpec(min=0, max=255, ratio=0.1),
                        position=Position(
                            len=bits if bitwise else bits // 8,
                            unit="bit" if bitwise else "byte",
                            byte_offset=section if bitwise else byte,
                            bit_offset=bit if bitwise else 0,
                        ),
                    )
                )
                bit += bits if bitwise else 0
                byte += 0 if bitwise else bits // 8
    return ProductDataPoints(
        product_key="pk", entities=(Entity(attrs=tuple(points)),), protocol_type=protocol_type
    )


def report(points: ProductDataPoints) -> str:
    """Return a report of all points, as text."""
    if points.protocol_type == "standard":
        last = points.datapoints[-1].position
        assert last is not None
        body = b"\x04" + b"\x2a" * (last.byte_offset + last.len)
    else:
        # All flags set; as many bytes as a fixed-length report of the same points has, at most.
        count = len(points.datapoints)
        body = b"\x14" + ((1 << count) - 1).to_bytes((count + 7) // 8, "big") + b"\x2a" * 80
    return Frame.build(body, command=0x0091).to_hex()
