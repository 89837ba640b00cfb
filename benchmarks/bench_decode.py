"""Bytes to frozen objects, beside `json.loads` alone: `python -m benchmarks.bench_decode`."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import cattrs
from attrs import frozen

from benchmarks.measure import rounds, table
from benchmarks.pages import device_page, log_page
from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.models.page import PageReply
from gizwits_async.wire.converter import load_json, structure


@frozen
class _StockDevices:
    objects: list[Device]


@frozen
class _StockRecords:
    objects: list[DataRecord]


def main() -> None:
    """Measure and print."""
    stock = cattrs.Converter()
    for title, body, ours, theirs in (
        ("device page", device_page(), PageReply[Device], _StockDevices),
        ("log page", log_page(), PageReply[DataRecord], _StockRecords),
    ):
        candidates: dict[str, Callable[[], object]] = {
            "json.loads": partial(json.loads, body),
            "gizwits_async": partial(_ours, body, ours),
            "json + stock cattrs": partial(_stock, stock, body, theirs),
        }
        print(table(f"{title}, a record", rounds(candidates), "json.loads", unit=100), "\n")


def _ours(body: bytes, kind: Any) -> object:
    return structure(load_json(body), kind)


def _stock(converter: cattrs.Converter, body: bytes, kind: Any) -> object:
    return converter.structure(json.loads(body), kind)


if __name__ == "__main__":
    main()
