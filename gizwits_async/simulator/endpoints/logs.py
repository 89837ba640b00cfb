"""The three logs of a device: which records a query selects, and how its pages are written."""

import random
from math import floor

from attrs import frozen

from gizwits_async.simulator.codes import FORM_INVALID
from gizwits_async.simulator.endpoints.envelope import limit_of, whole, with_objects
from gizwits_async.simulator.messages import ApiRefusal
from gizwits_async.simulator.quirks import Log, Quirks
from gizwits_async.simulator.state.contexts import ContextExpired, Contexts
from gizwits_async.simulator.state.datapoints import with_did
from gizwits_async.simulator.state.fleet import Fleet
from gizwits_async.simulator.state.timeline import DAY, Record

__all__ = ["LogQuery", "answer_log", "parse_log_query", "shown_time", "truth"]

_MAX_SPAN = 2 * DAY


@frozen(kw_only=True)
class LogQuery:
    """One parsed log query."""

    log: Log
    did: str
    start: int
    end: int
    descending: bool
    limit: int
    context: str
    key: tuple[object, ...]
    """Parameters that must be equal on all pages of a chain."""


def parse_log_query(
    log: Log, did: str, query: dict[str, str], quirks: Quirks, now: float
) -> LogQuery:
    """Return the parsed query with the defaults of the service.

    Args:
        log: The log.
        did: The device.
        query: Parameters as sent.
        quirks: Which ranges are refused.
        now: The server's present, in epoch seconds.

    Raises:
        ApiRefusal: 5002, with the name of the parameter as the detail.
    """
    start, end = whole(query, "start_ts"), whole(query, "end_ts")
    limit = limit_of(query, refuse_over=quirks.log_refuse_over, cap=quirks.log_cap)
    sort = query.get("sort", "desc")
    if sort not in ("asc", "desc"):
        raise ApiRefusal(FORM_INVALID, "sort")
    key = (log, did, start, end, sort)
    longest = _MAX_SPAN - 1 if quirks.span_strict else _MAX_SPAN
    if end is None:
        end = floor(now) if start is None else min(floor(now), start + longest)
    if start is None:
        start = end - longest
    context = query.get("context", "")
    if not context:
        # Only the opening call is checked: the range ages while its pages are read.
        _check_range(start, end, longest, quirks, now)
        start = max(start, _oldest(quirks, now))
    return LogQuery(
        log=log,
        did=did,
        start=start,
        end=end,
        descending=sort == "desc",
        limit=limit,
        context=context,
        key=key,
    )


def _oldest(quirks: Quirks, now: float) -> int:
    return floor(now) - quirks.log_days * DAY


def _check_range(start: int, end: int, longest: int, quirks: Quirks, now: float) -> None:
    if not 0 <= end - start <= longest:
        raise ApiRefusal(FORM_INVALID, "start_ts and end_ts")
    if quirks.refuse_future_end and end > now:
        raise ApiRefusal(FORM_INVALID, "end_ts")
    if quirks.refuse_old_start and start < _oldest(quirks, now):
        raise ApiRefusal(FORM_INVALID, "start_ts")


def _clock(log: Log, quirks: Quirks) -> str:
    return quirks.data_ts if log == "data" else quirks.event_timestamp


def shown_time(record: Record, log: Log, quirks: Quirks) -> float:
    """Return the time that the server writes for a record."""
    return record.at if _clock(log, quirks) == "fractional" else floor(record.at)


def _compared(record: Record, log: Log, quirks: Quirks) -> float:
    cut = quirks.comparison == "whole" or _clock(log, quirks) == "whole"
    return floor(record.at) if cut else record.at


def _show(record: Record, log: Log, did: str, quirks: Quirks) -> dict[str, object]:
    name = "ts" if log == "data" else "timestamp"
    body = record.body
    if log == "online" and quirks.online_details == "flat":
        body = _flat(body)
    elif log == "cmd" and quirks.report_frames == "with_did" and body["type"] == "dev2app":
        body = {**body, "payload": with_did(str(body["payload"]), did)}
    return {name: shown_time(record, log, quirks), **body}


def _flat(body: dict[str, object]) -> dict[str, object]:
    details = body["payload"]
    found = dict(details) if isinstance(details, dict) else {}
    found |= found.pop("heartbeat", {})
    if "keep_alive" in found:
        found["KeepAlive"] = found.pop("keep_alive")
    return {**body, "payload": "", **found}


def _select(
    fleet: Fleet, query: LogQuery, quirks: Quirks, now: float, rng: random.Random
) -> tuple[Record, ...]:
    def inside(record: Record) -> bool:
        time = _compared(record, query.log, quirks)
        low = query.start < time if quirks.bounds == "left_open" else query.start <= time
        high = time < query.end if quirks.bounds == "half_open" else time <= query.end
        return low and high and record.visible(now, quirks.record_lag)

    # With cut fractions, all records of the second `end` are at `end`.
    near = fleet.records(query.log, query.did, query.start, query.end + 1)
    rows = [record for record in near if inside(record)]
    if quirks.second_order == "reversed":
        rows.sort(key=lambda record: (floor(record.at), -record.at))
    elif quirks.second_order == "shuffled":
        rows.sort(key=lambda record: (floor(record.at), rng.random()))
    return tuple(reversed(rows)) if query.descending else tuple(rows)


def answer_log(
    fleet: Fleet,
    query: LogQuery,
    quirks: Quirks,
    *,
    contexts: Contexts,
    now: float,
    rng: random.Random,
) -> dict[str, object]:
    """Return the body of one page.

    Args:
        fleet: Source of the records.
        query: The parsed query.
        quirks: Behaviour of the server.
        contexts: Open chains.
        now: The server's present, in epoch seconds.
        rng: Source of shuffled orders and drifting totals.

    Raises:
        ApiRefusal: 5002, the context has expired and `dead_context` is `error`.
    """
    try:
        chain, position = (
            contexts.find(query.context, query.key, now) if query.context else (None, None)
        )
    except ContextExpired as expired:
        if quirks.dead_context == "error":
            raise ApiRefusal(FORM_INVALID, "context") from None
        if quirks.dead_context != "restart":
            total = expired.total if quirks.dead_context == "empty_with_total" else 0
            return _page(query, quirks, (), None, total=total, rng=rng)
        chain = position = None
    if chain is None or position is None:
        chain = contexts.open(query.key, _select(fleet, query, quirks, now, rng), now)
        position = chain.steps[0]
    rows, context = contexts.page_at(chain, position, query.limit)
    return _page(query, quirks, rows, context, total=len(chain.rows), rng=rng)


def _page(
    query: LogQuery,
    quirks: Quirks,
    rows: tuple[object, ...],
    context: str | None,
    *,
    total: int,
    rng: random.Random,
) -> dict[str, object]:
    objects = [_show(row, query.log, query.did, quirks) for row in rows if isinstance(row, Record)]
    mark: dict[str, object] = {}
    if context is not None or quirks.context_end != "absent":
        mark["context"] = "" if context is None and quirks.context_end == "empty" else context
    place = quirks.context_place
    if place == "last_object" and objects:
        objects[-1] = {**objects[-1], **mark}
    elif (place == "last_object" and context is not None) or (place == "extra_object" and mark):
        objects.append(mark)
    body = with_objects(objects, quirks, limit=query.limit, skip=0, total=total, rng=rng)
    meta = body["meta"]
    if place in ("meta", "both") and isinstance(meta, dict):
        meta.update(mark)
    if place in ("top", "both"):
        body.update(mark)
    return body


def truth(
    fleet: Fleet,
    log: Log,
    did: str,
    span: tuple[float, float],
    *,
    quirks: Quirks,
    now: float | None,
) -> list[dict[str, object]]:
    """Return the records with `start <= written time < end`, oldest first.

    Args:
        fleet: Source of the records.
        log: The log.
        did: The device.
        span: Start and end, in epoch seconds.
        quirks: How times are written.
        now: Only records visible at this time, in epoch seconds; None: all.
    """
    start, end = span
    return [
        _show(record, log, did, quirks)
        for record in fleet.records(log, did, start, end + 1)
        if start <= shown_time(record, log, quirks) < end
        and (now is None or record.visible(now, quirks.record_lag))
    ]
