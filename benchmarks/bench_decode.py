"""Bytes to frozen objects, over `orjson.loads` of the same bytes: `python -m benchmarks.bench_decode`."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import cattrs
import orjson
from attrs import frozen

from benchmarks.measure import Figure, markdown, over, rounds, table
from benchmarks.pages import device_page, log_page
from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.models.page import PageReply
from gizwits_async.models.values import Number
from gizwits_async.wire import converter
from gizwits_async.wire.converter import load_page, structure

__all__ = ["figures"]

_KINDS: tuple[tuple[str, bytes, Any, type, float], ...] = (
    ("device page", device_page(), PageReply[Device], Device, 2.5),
    ("log page", log_page(), PageReply[DataRecord], DataRecord, 2.8),
)


def _ours(body: bytes, kind: Any) -> object:
    return structure(load_page(body, kind), kind)


def _refused(body: bytes, kind: Any) -> object:
    try:
        return structure(load_page(body, kind), kind)
    except InvalidResponseError as error:
        return error


def _fast_alone(body: bytes, kind: Any) -> object:
    # The one path, without what catches a refusal and words it.
    return converter._CONVERTER.structure(load_page(body, kind), kind)  # noqa: SLF001


def _stock(converter: cattrs.Converter, body: bytes, kind: Any) -> object:
    return converter.structure(json.loads(body), kind)


def _spoilt(body: bytes, rows: slice) -> bytes:
    page = json.loads(body)
    for row in page["objects"][rows]:
        row.pop("did", None)
        row.pop("ts", None)
    return json.dumps(page).encode()


def figures(repeat: int = 15, *, show: bool = False) -> list[Figure]:
    """Measure both pages."""
    stock = cattrs.Converter()
    for kind in (Number, Number | None):  # It knows no union of numbers: read as it reads a float.
        stock.register_structure_hook(kind, lambda it, _: None if it is None else float(it))
    found: list[Figure] = []
    for title, body, kind, record, target in _KINDS:
        fields = {"objects": list[record]}  # type: ignore[valid-type]
        envelope = frozen(type("Envelope", (), {"__annotations__": fields}))
        candidates: dict[str, Callable[[], object]] = {
            "orjson.loads": partial(orjson.loads, body),
            "json.loads": partial(json.loads, body),
            "gizwits_async": partial(_ours, body, kind),
            "its converter alone": partial(_fast_alone, body, kind),
            "json + stock cattrs": partial(_stock, stock, body, envelope),
            "one bad record of 100": partial(_refused, _spoilt(body, slice(50, 51)), kind),
            "100 bad records": partial(_refused, _spoilt(body, slice(None)), kind),
        }
        measured = rounds(candidates, repeat=repeat)
        if show:
            print(table(f"{title}, a record", measured, "orjson.loads", unit=100), "\n")
        ratio = partial(over, measured)
        found += [
            Figure(f"{title}, over `orjson.loads`", ratio("gizwits_async", "orjson.loads"), target),
            Figure(
                f"{title}, json + stock cattrs, over ours",
                ratio("json + stock cattrs", "gizwits_async"),
            ),
            Figure(
                f"good {title}, with the path of failure over without",
                ratio("gizwits_async", "its converter alone"),
                1.03,
            ),
            Figure(
                f"{title} with a bad record, over a good one",
                ratio("one bad record of 100", "gizwits_async"),
                2.5,
            ),
            Figure(
                f"{title} of bad records only, over a good one",
                ratio("100 bad records", "gizwits_async"),
            ),
        ]
    return found


if __name__ == "__main__":
    print(markdown(figures(show=True)))
