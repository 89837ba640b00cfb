"""What decoding a cmd record costs, beside structuring that record from JSON: `python -m` this.

Prints microseconds a record, best of several rounds, and the ratio to the structuring.
"""

import timeit
from collections.abc import Callable

from gizwits_async.models.devices import CommandRecord
from gizwits_async.models.product import (
    DataPoint,
    Entity,
    Position,
    ProductDataPoints,
    UintSpec,
)
from gizwits_async.payload import DataPointCodec, Frame
from gizwits_async.wire.converter import structure

PAGE = 100
ROUNDS = 7
ACCESS = ("status_writable", "status_readonly", "alert", "fault")


def product(protocol_type: str, each: int) -> ProductDataPoints:
    """Return a product with `each` bools, enums, bytes and scaled numbers of every access."""
    points: list[DataPoint] = []
    byte = 0
    for access in ACCESS:
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


def microseconds(run: Callable[[], object], records: int = PAGE) -> float:
    """Return the best time of a round, for each record."""
    timer = timeit.Timer(run)
    number, _ = timer.autorange()
    return min(timer.repeat(ROUNDS, number)) / number / records * 1e6


def main() -> None:
    """Measure and print."""
    for protocol_type, each in (("standard", 1), ("standard", 4), ("var_len", 4)):
        points = product(protocol_type, each)
        codec = DataPointCodec(points)
        count = len(points.datapoints)
        if protocol_type == "standard":
            last = points.datapoints[-1].position
            assert last is not None
            body = b"\x04" + b"\x2a" * (last.byte_offset + last.len)
        else:
            # All flags set; as many bytes as a fixed-length report of the same points has, at most.
            body = b"\x14" + ((1 << count) - 1).to_bytes((count + 7) // 8, "big") + b"\x2a" * 80
        text = Frame.build(body, command=0x0091).to_hex()
        replies = [
            {"timestamp": 1517384243.0 + i, "type": "dev2app", "payload": text} for i in range(PAGE)
        ]
        frames = [Frame.parse(text)] * PAGE
        assert len(codec.decode(frames[0])) == count

        def parse(text: str = text) -> None:
            for _ in range(PAGE):
                Frame.parse(text)

        def decode(codec: DataPointCodec = codec, frames: list[Frame] = frames) -> None:
            for frame in frames:
                codec.decode(frame)

        def records(replies: list[dict[str, object]] = replies) -> object:
            return structure(replies, tuple[CommandRecord, ...])

        record = microseconds(records)
        parsed, decoded = microseconds(parse), microseconds(decode)
        print(
            f"{protocol_type:8} {count:3} points: record {record:6.2f} us, "
            f"frame {parsed:6.2f} us ({parsed / record:.1f}x), "
            f"decode {decoded:6.2f} us ({decoded / record:.1f}x, {decoded / count:.2f} us a point)"
        )


if __name__ == "__main__":
    main()
