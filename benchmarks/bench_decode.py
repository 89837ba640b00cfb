"""Bytes to frozen objects, over `orjson.loads` of the same bytes: `python -m benchmarks decode`."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import cattrs
import orjson
import pytest
from attrs import frozen
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.measure import Figure, Measured
from benchmarks.pages import device_page, log_page
from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.models.page import LogReply, PageReply
from gizwits_async.models.values import Number
from gizwits_async.wire.decode import decode
from gizwits_async.wire.request import get
from gizwits_async.wire.transport import HttpReply

__all__ = ["figures"]

_PAGES: Mapping[str, tuple[bytes, type, float]] = {
    "device page": (device_page(), Device, 2.5),
    "log page": (log_page(), DataRecord, 2.8),
}
_FLOOR = "orjson.loads"
_OURS = "gizwits_async"


def _ours(body: bytes, page: Any) -> object:
    try:
        return decode(get("/v1/rows", page), HttpReply(200, {}, body))
    except InvalidResponseError as error:
        return error


def _stock(body: bytes, record: type) -> Callable[[], object]:
    stock = cattrs.Converter()
    for kind in (Number, Number | None):  # cattrs does not support this union: read it as a float.
        stock.register_structure_hook(kind, lambda it, _: None if it is None else float(it))
    fields = {"objects": list[record]}  # type: ignore[valid-type]
    envelope = frozen(type("Envelope", (), {"__annotations__": fields}))
    return lambda: stock.structure(json.loads(body), envelope)


def _spoilt(body: bytes, rows: slice) -> bytes:
    page = json.loads(body)
    for row in page["objects"][rows]:
        row.pop("did", None)
        row.pop("ts", None)
    return json.dumps(page).encode()


def _page_of(record: type) -> Any:
    return (LogReply if record is DataRecord else PageReply)[record]


_CANDIDATES: Mapping[str, Callable[[bytes, type], Callable[[], object]]] = {
    _FLOOR: lambda body, _: partial(orjson.loads, body),
    _OURS: lambda body, record: partial(_ours, body, _page_of(record)),
    "json + stock cattrs": _stock,
    "one bad record of 100": lambda body, record: partial(
        _ours, _spoilt(body, slice(50, 51)), _page_of(record)
    ),
    "100 bad records": lambda body, record: partial(
        _ours, _spoilt(body, slice(None)), _page_of(record)
    ),
}


@pytest.mark.parametrize("candidate", _CANDIDATES)
@pytest.mark.parametrize("page", _PAGES)
def test_decode(benchmark: BenchmarkFixture, page: str, candidate: str) -> None:
    benchmark.group = page
    body, record, _ = _PAGES[page]
    benchmark(_CANDIDATES[candidate](body, record))


def figures(found: Measured) -> list[Figure]:
    """Return the figures of both pages."""
    rows: list[Figure] = []
    for page, (_, _, target) in _PAGES.items():
        one = found[page]
        ours = one[_OURS]
        rows += [
            Figure(f"{page}, over `orjson.loads`", ours / one[_FLOOR], target),
            Figure(f"{page}, json + stock cattrs, over ours", one["json + stock cattrs"] / ours),
            Figure(
                f"{page} with a bad record, over a good one", one["one bad record of 100"] / ours
            ),
            Figure(f"{page} of bad records only, over a good one", one["100 bad records"] / ours),
        ]
    return rows
