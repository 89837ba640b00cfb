"""What decoding a cmd record costs, beside making that record: `python -m benchmarks.bench_payload`."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.measure import Figure, markdown, over, rounds, table
from gizwits_async.models.devices import CommandRecord
from gizwits_async.models.page import PageReply
from gizwits_async.models.product import (
    DataPoint,
    Entity,
    Position,
    ProductDataPoints,
    UintSpec,
)
from gizwits_async.payload import DataPointCodec, Frame
from gizwits_async.wire.converter import load_json, structure

__all__ = ["figures"]

PAGE = 100
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


def figures(repeat: int = 15, *, show: bool = False) -> list[Figure]:
    """Measure products of few and of many data points."""
    found: list[Figure] = []
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
        rows = [
            {"timestamp": 1517384243.25 + i, "type": "dev2app", "payload": text}
            for i in range(PAGE)
        ]
        page = json.dumps({"meta": {"limit": PAGE}, "objects": rows}).encode()
        frames = [Frame.parse(text)] * PAGE
        assert len(codec.decode(frames[0])) == count
        measured = rounds(
            {
                "its structuring, from bytes": partial(_structured, page),
                "its frame": partial(_each, Frame.parse, [text] * PAGE),
                "its data points": partial(_each, codec.decode, frames),
            },
            repeat=repeat,
        )
        title = f"{protocol_type}, {count} points, a cmd record"
        if show:
            print(table(title, measured, "its structuring, from bytes", unit=PAGE), "\n")
        ratio = partial(over, measured, floor="its structuring, from bytes")
        found += [
            Figure(f"{title}: frame over structuring", ratio("its frame")),
            Figure(f"{title}: data points over structuring", ratio("its data points")),
        ]
    return found


def _structured(page: bytes) -> object:
    return structure(load_json(page), PageReply[CommandRecord])


def _each(do: Callable[[Any], object], values: list[Any]) -> None:
    for value in values:
        do(value)


if __name__ == "__main__":
    print(markdown(figures(show=True)))
