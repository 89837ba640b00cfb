"""The envelope of lists, and the parsing of `skip`, `limit` and other numbers in a query."""

import random
import re
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from gizwits_async.simulator.codes import FORM_INVALID
from gizwits_async.simulator.messages import ApiRefusal
from gizwits_async.simulator.quirks import Quirks
from gizwits_async.simulator.state.state import Call

__all__ = ["flag", "limit_of", "page_of", "whole", "with_objects"]

T = TypeVar("T")

_DEFAULT_LIMIT = 20
_MOST_ROWS, _MOST_SKIPPED = 1_000_000, 1_000_000_000
_LAST = 99_999_999_999
"""Latest epoch second that is accepted."""
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def whole(query: dict[str, str], name: str, *, low: int = 0, high: int = _LAST) -> int | None:
    """Return an integer of the query; None if it was not sent.

    Args:
        query: Parameters as sent.
        name: Name of the parameter.
        low: Minimum.
        high: Maximum.

    Raises:
        ApiRefusal: 5002, the value is no integer or out of bounds.
    """
    text = query.get(name)
    if text is None:
        return None
    if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
        raise ApiRefusal(FORM_INVALID, name)
    return int(text)


def flag(query: dict[str, str], name: str) -> bool | None:
    """Return a flag of the query, sent as 0 or 1; None if it was not sent.

    Raises:
        ApiRefusal: 5002, the value is neither.
    """
    text = query.get(name)
    if text is None:
        return None
    if text not in ("0", "1"):
        raise ApiRefusal(FORM_INVALID, name)
    return text == "1"


def limit_of(query: dict[str, str], *, refuse_over: int | None, cap: int | None) -> int:
    """Return how many rows a page has at most: the `limit` of the query, 20 if it was not sent.

    Args:
        query: Parameters as sent.
        refuse_over: Larger limits are refused; None: only those that no service would take.
        cap: Larger limits mean this one; None: each means what it says.

    Raises:
        ApiRefusal: 5002, the limit is no integer, not positive, or refused.
    """
    high = _MOST_ROWS if refuse_over is None else refuse_over
    limit = whole(query, "limit", low=1, high=high)
    limit = _DEFAULT_LIMIT if limit is None else limit
    return limit if cap is None else min(limit, cap)


def with_objects(
    objects: Sequence[object],
    quirks: Quirks,
    *,
    limit: int,
    skip: int,
    total: int,
    rng: random.Random,
) -> dict[str, object]:
    """Return the envelope around the objects of one page.

    Args:
        objects: Rows of the page.
        quirks: Form of the envelope and of the total.
        limit: Maximum number of rows of the page.
        skip: Number of rows before the page.
        total: Number of rows of the list.
        rng: Source of drifting totals.
    """
    shown: int | None = {
        "page_only": len(objects),
        "short": total // 2,
        "over": total + 7,
        "drifting": total + rng.randrange(4),
        "null": None,
    }.get(quirks.total, total)
    meta: dict[str, object] = {"previous": None, "skip": skip, "limit": limit, "next": None}
    if quirks.total != "missing":
        meta["total"] = shown
    if not quirks.hits:
        return {"meta": meta, "objects": list(objects)}
    inner = {"objects": list(objects)} | ({} if quirks.total == "missing" else {"total": shown})
    return {"meta": meta, "objects": {"hits": inner, "took": 117, "err_code": 0}}


def page_of(
    rows: Sequence[T],
    call: Call,
    show: Callable[[T], object] = lambda row: row,
) -> dict[str, object]:
    """Return the page of a list that `skip` and `limit` select.

    Args:
        rows: The whole list.
        call: The call, whose query has `skip` and `limit`.
        show: Returns the JSON value of a row; called for the rows of the page only.

    Raises:
        ApiRefusal: 5002, `skip` or `limit` is no integer or out of bounds; 5002 or 5409, `skip` is
            larger than `max_skip`.
    """
    query, quirks = call.query, call.state.quirks
    limit = limit_of(query, refuse_over=quirks.list_refuse_over, cap=quirks.list_cap)
    skip = whole(query, "skip", high=_MOST_SKIPPED) or 0
    beyond = quirks.max_skip is not None and skip > quirks.max_skip
    if beyond and quirks.beyond_max_skip != "empty":
        raise ApiRefusal(quirks.beyond_max_skip, "skip")
    chosen = () if beyond else rows[skip : skip + limit]
    objects = [show(row) for row in chosen]
    total, rng = len(rows), call.state.rng
    body = with_objects(objects, quirks, limit=limit, skip=skip, total=total, rng=rng)
    meta = body["meta"]
    if quirks.next_link == "relative" and skip + len(chosen) < len(rows) and isinstance(meta, dict):
        following = {**query, "skip": str(skip + len(chosen)), "limit": str(limit)}
        meta["next"] = f"{call.request.path}?{urlencode(following)}"
    return body
