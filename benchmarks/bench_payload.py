"""What decoding a cmd record costs, beside making that record: `python -m benchmarks payload`."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.measure import Figure, Measured
from gizwits_async.models.converter import structure
from gizwits_async.models.devices import CommandRecord
from gizwits_async.models.json import load_json
from gizwits_async.models.page import PageReply
from gizwits_async.models.product import (
    DataPoint,
    Entity,
    Position,
    ProductDataPoints,
    UintSpec,
)
from gizwits_async.payload import DataPointCodec, Frame

__all__ = ["figures"]

PAGE = 100
ACCESS = ("status_writable", "status_readonly", "alert", "fault")
_PRODUCTS = (("standard", 1), ("standard", 4), ("var_len", 4))
_FLOOR = "its structuring, from bytes"
_FRAME, _POINTS = "its frame", "its data points"


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


def _payload(points: ProductDataPoints) -> str:
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


def _page(text: str) -> bytes:
    rows = [
        {"timestamp": 1517384243.25 + i, "type": "dev2app", "payload": text} for i in range(PAGE)
    ]
    return json.dumps({"meta": {"limit": PAGE}, "objects": rows}).encode()


def _title(points: ProductDataPoints) -> str:
    return f"{points.protocol_type}, {len(points.datapoints)} points, a cmd record"


@pytest.mark.parametrize("candidate", [_FLOOR, _FRAME, _POINTS])
@pytest.mark.parametrize(("protocol_type", "each"), _PRODUCTS)
def test_payload(
    benchmark: BenchmarkFixture, protocol_type: str, each: int, candidate: str
) -> None:
    points = product(protocol_type, each)
    benchmark.group = _title(points)
    codec, text = DataPointCodec(points), _payload(points)
    frames: list[Any] = [Frame.parse(text)] * PAGE
    assert len(codec.decode(frames[0])) == len(points.datapoints)
    candidates: dict[str, Callable[[], object]] = {
        _FLOOR: partial(_structured, _page(text)),
        _FRAME: partial(_each, Frame.parse, [text] * PAGE),
        _POINTS: partial(_each, codec.decode, frames),
    }
    benchmark(candidates[candidate])


def _structured(page: bytes) -> object:
    return structure(load_json(page), PageReply[CommandRecord])


def _each(do: Callable[[Any], object], values: list[Any]) -> None:
    for value in values:
        do(value)


def figures(found: Measured) -> list[Figure]:
    """Return the figures of products of few and of many data points."""
    rows = []
    for protocol_type, each in _PRODUCTS:
        title = _title(product(protocol_type, each))
        one = found[title]
        rows += [
            Figure(f"{title}: frame over structuring", one[_FRAME] / one[_FLOOR]),
            Figure(f"{title}: data points over structuring", one[_POINTS] / one[_FLOOR], 3.0),
        ]
    return rows
