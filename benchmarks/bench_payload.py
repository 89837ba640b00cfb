"""What decoding a cmd record costs, beside making that record: `python -m benchmarks payload`."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.measure import Figure, heap_frozen, markdown, over, repeated, turns
from benchmarks.points import product, report
from gizwits_async.models.converter import structure
from gizwits_async.models.devices import CommandRecord
from gizwits_async.models.json import load_json
from gizwits_async.models.page import PageReply
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.payload import DataPointCodec, Frame

__all__ = ["figures"]

_PAGE = 100
_PRODUCTS = (("standard", 1), ("standard", 4), ("var_len", 4))
_FLOOR = "structuring"
_FRAME, _POINTS = "frame", "data points"
_TARGETS = {_FRAME: 2.0, _POINTS: 3.0}


def _page(text: str) -> bytes:
    rows = [
        {"timestamp": 1517384243.25 + i, "type": "dev2app", "payload": text} for i in range(_PAGE)
    ]
    return json.dumps({"meta": {"limit": _PAGE}, "objects": rows}).encode()


def _structured(page: bytes) -> object:
    return structure(load_json(page), PageReply[CommandRecord])


def _each(do: Callable[[Any], object], values: list[Any]) -> None:
    for value in values:
        do(value)


def _candidates(points: ProductDataPoints) -> dict[str, Callable[[], object]]:
    codec, text = DataPointCodec(points), report(points)
    frames: list[Any] = [Frame.parse(text)] * _PAGE
    assert len(codec.decode(frames[0])) == len(points.datapoints)
    return {
        _FLOOR: partial(_structured, _page(text)),
        _FRAME: partial(_each, Frame.parse, [text] * _PAGE),
        _POINTS: partial(_each, codec.decode, frames),
    }


def figures(repeat: int = 30) -> list[Figure]:
    """Measure products of few and of many data points, over structuring a record from its bytes."""
    rows = []
    for protocol_type, each in _PRODUCTS:
        points = product(protocol_type, each)
        work = {name: repeated(one, 3) for name, one in _candidates(points).items()}
        with heap_frozen():
            found = asyncio.run(turns(work, repeat=repeat))
        title = f"{protocol_type}, {len(points.datapoints)} points, a cmd record"
        rows += [
            Figure(f"{title}: {name} over structuring", over(found, name, _FLOOR), target)
            for name, target in _TARGETS.items()
        ]
    return rows


if __name__ == "__main__":
    print(markdown(figures()))
