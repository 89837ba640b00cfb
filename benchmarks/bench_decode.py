"""Bytes to frozen objects, over `orjson.loads` of the same bytes; odd pages, over a plain one.

`python -m benchmarks decode`
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import cattrs
import orjson
import pytest
from attrs import frozen
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.measure import Figure, Measured
from benchmarks.pages import device_page, log_page, online_page
from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.devices import DataRecord, Device, OnlineEvent
from gizwits_async.models.page import LogReply, PageReply
from gizwits_async.models.values import Number
from gizwits_async.wire.decode import decode
from gizwits_async.wire.request import get
from gizwits_async.wire.transport import HttpReply

__all__ = ["figures"]

_Page: TypeAlias = dict[str, Any]
_PAGES: Mapping[str, tuple[bytes, type, float | None]] = {
    "device page": (device_page(), Device, 2.5),
    "log page": (log_page(), DataRecord, 2.8),
    "online page": (online_page(), OnlineEvent, None),
}
_FLOOR = "orjson.loads"
_OURS = "gizwits_async"
_ODD_TARGET = 2.0


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


def _page_of(record: type) -> Any:
    return (PageReply if record is Device else LogReply)[record]


def _each(page: _Page, change: Callable[[Any], Any]) -> _Page:
    rows = [{name: change(it) for name, it in row.items()} for row in page["objects"]]
    return {**page, "objects": rows}


def _spoilt(page: _Page, rows: slice = slice(50, 51)) -> _Page:
    for row in page["objects"][rows]:
        for name in ("did", "ts", "timestamp"):
            row.pop(name, None)
    return page


def _numbers_as_text(page: _Page) -> _Page:
    return _each(page, lambda it: str(it) if type(it) in (int, float) else it)


def _objects_as_text(page: _Page) -> _Page:
    return _each(page, lambda it: json.dumps(it) if isinstance(it, dict) else it)


def _hits(page: _Page) -> _Page:
    rows = page["objects"]
    return {**page, "objects": {"hits": {"total": len(rows), "objects": rows}, "took": 1}}


_ODD: Mapping[str, tuple[Callable[[_Page], _Page], float | None]] = {
    "one bad record": (_spoilt, _ODD_TARGET),
    "numbers as text": (_numbers_as_text, _ODD_TARGET),
    "objects as JSON text": (_objects_as_text, _ODD_TARGET),
    "`hits` envelope": (_hits, _ODD_TARGET),
    "numbers and objects as text": (
        lambda page: _objects_as_text(_numbers_as_text(page)),
        _ODD_TARGET,
    ),
    "objects as text, in `hits`": (lambda page: _hits(_objects_as_text(page)), _ODD_TARGET),
    "bad records only": (lambda page: _spoilt(page, slice(None)), None),
}
"""Oddity -> a page with it, and the most it may cost over a plain one."""


def _odd(change: Callable[[_Page], _Page], body: bytes, record: type) -> Callable[[], object]:
    return partial(_ours, json.dumps(change(json.loads(body))).encode(), _page_of(record))


_CANDIDATES: Mapping[str, Callable[[bytes, type], Callable[[], object]]] = {
    _FLOOR: lambda body, _: partial(orjson.loads, body),
    _OURS: lambda body, record: partial(_ours, body, _page_of(record)),
    "json + stock cattrs": _stock,
    **{name: partial(_odd, change) for name, (change, _) in _ODD.items()},
}


@pytest.mark.parametrize("candidate", _CANDIDATES)
@pytest.mark.parametrize("page", _PAGES)
def test_decode(benchmark: BenchmarkFixture, page: str, candidate: str) -> None:
    benchmark.group = page
    body, record, _ = _PAGES[page]
    benchmark(_CANDIDATES[candidate](body, record))


def figures(found: Measured) -> list[Figure]:
    """Return the figures of all pages."""
    rows: list[Figure] = []
    for page, (_, _, target) in _PAGES.items():
        one = found[page]
        ours = one[_OURS]
        rows += [
            Figure(f"{page}, over `orjson.loads`", ours / one[_FLOOR], target),
            Figure(f"{page}, json + stock cattrs, over ours", one["json + stock cattrs"] / ours),
        ]
        rows += [
            Figure(f"{page}, {name}, over a plain one", one[name] / ours, limit)
            for name, (_, limit) in _ODD.items()
        ]
    return rows
