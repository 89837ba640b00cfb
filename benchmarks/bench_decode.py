"""Bytes to frozen objects, over `orjson.loads` of the same bytes; odd pages, over a plain one.

`python -m benchmarks decode`
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import cattrs
import orjson
from attrs import frozen

from benchmarks.measure import Figure, heap_frozen, markdown, over, repeated, turns
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
_PAGES: Mapping[str, tuple[bytes, type, float]] = {
    "device page": (device_page(), Device, 2.5),
    "log page": (log_page(), DataRecord, 2.8),
    "online page": (online_page(), OnlineEvent, 2.8),
}
_FLOOR = "orjson.loads"
_OURS = "gizwits_async"
_STOCK = "json + stock cattrs"
_ALTERNATING = "every other one with its last record bad"
"""The dearest order of pages: each is first tried as the one before it had to be read."""
_STOCK_TARGET = 2.0
"""Stock cattrs costs at least this much more, or msgspec is not worth a dependency."""
_ODD_TARGET = 2.0
_REFUSED_TARGET = 8.0
"""For a page that is read value by value to its end, since every record is bad or many things are odd at once."""


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


def _details_beside(page: _Page) -> _Page:
    rows = [
        {**row, **row["payload"], "payload": {}} if isinstance(row.get("payload"), dict) else row
        for row in page["objects"]
    ]
    return {**page, "objects": rows}


_ODD: Mapping[str, tuple[Callable[[_Page], _Page], float]] = {
    "one bad record": (_spoilt, _ODD_TARGET),
    "the last record bad": (lambda it: _spoilt(it, slice(-1, None)), _ODD_TARGET),
    "details beside an empty payload": (_details_beside, _ODD_TARGET),
    "numbers as text": (_numbers_as_text, _ODD_TARGET),
    "objects as JSON text": (_objects_as_text, _ODD_TARGET),
    "`hits` envelope": (_hits, _ODD_TARGET),
    "all as text, in `hits`": (
        lambda it: _hits(_objects_as_text(_numbers_as_text(it))),
        _ODD_TARGET,
    ),
    "objects as text, one bad record": (lambda it: _spoilt(_objects_as_text(it)), _REFUSED_TARGET),
    "bad records only": (lambda it: _spoilt(it, slice(None)), _REFUSED_TARGET),
}
"""Oddity -> a page with it, and the most that it may cost over a plain one."""


def _odd_pages(body: bytes) -> dict[str, bytes]:
    """Return each oddity that a page can have, and the page with it."""
    pages = {
        name: json.dumps(change(json.loads(body))).encode() for name, (change, _) in _ODD.items()
    }
    names = {page: name for name, page in reversed(pages.items()) if page != body}
    return {name: page for name, page in pages.items() if names.get(page) == name}


def _candidates(body: bytes, record: type) -> dict[str, Callable[[], object]]:
    page = _page_of(record)
    ours = {_OURS: body, **_odd_pages(body)}

    def alternating() -> None:
        _ours(ours["the last record bad"], page)
        _ours(body, page)  # At the end, so that no page of the next candidate is dearer.

    return {
        _ALTERNATING: alternating,
        _FLOOR: partial(orjson.loads, body),
        _STOCK: _stock(body, record),
        **{name: partial(_ours, text, page) for name, text in ours.items()},
    }


def figures(repeat: int = 30) -> list[Figure]:
    """Measure CPU of one page of each kind, and of pages with oddities."""
    rows: list[Figure] = []
    for page, (body, record, target) in _PAGES.items():
        work = {name: repeated(one, 10) for name, one in _candidates(body, record).items()}
        with heap_frozen():
            found = asyncio.run(turns(work, repeat=repeat))
        rows += [
            Figure(f"{page}, over `orjson.loads`", over(found, _OURS, _FLOOR), target),
            Figure(
                f"{page}, json + stock cattrs, over ours",
                over(found, _STOCK, _OURS),
                _STOCK_TARGET,
                least=True,
            ),
        ]
        alternating = over(found, _ALTERNATING, _OURS) / 2
        rows += [
            Figure(f"{page}, {_ALTERNATING}, over plain ones", alternating, _ODD_TARGET),
            *(
                Figure(f"{page}, {name}, over a plain one", over(found, name, _OURS), limit)
                for name, (_, limit) in _ODD.items()
                if name in found
            ),
        ]
    return rows


if __name__ == "__main__":
    print(markdown(figures()))
