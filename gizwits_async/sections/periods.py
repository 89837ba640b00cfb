"""Days, weeks and months as the reports write them, and ranges split by call. Pure."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import Literal, TypeAlias, TypeVar

from attrs import evolve

from gizwits_async.errors import ArgumentError
from gizwits_async.models.device_reports import LivenessHistory
from gizwits_async.models.user_reports import NewUsers
from gizwits_async.wire.request import Request

__all__ = ["Cycle", "Day", "as_day", "days", "merged", "parts", "periods"]

History = TypeVar("History", LivenessHistory, NewUsers)

Cycle: TypeAlias = Literal["date", "week", "month"]
"""The period of one row of a history report."""

Day: TypeAlias = date | str
"""A day, or a day, week or month as the reports write it: `2016-08-01`, `2016-51`, `2016-12`."""

_MAX_ROWS = {"date": 30, "week": 53, "month": 12}
"""Rows that one call may request (api document, section "liveness history")."""


def as_day(name: str, day: object, cycle: Cycle = "date") -> date:
    """Return a date, or the first day of the week or month that a text means.

    Raises:
        ArgumentError: It is not a date. A datetime is refused too: its day depends on the time zone,
            and the zone of the reports is not documented.
    """
    if isinstance(day, str):
        return _read(name, day, cycle)
    if isinstance(day, datetime) or not isinstance(day, date):
        raise ArgumentError(f"{name} must be a datetime.date or a text, not {type(day).__name__}")
    return day


def _read(name: str, text: str, cycle: Cycle) -> date:
    with suppress(ValueError):
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    with suppress(ValueError):
        if cycle == "month":
            return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
        if cycle == "week":
            year, week = text.split("-")
            return date.fromisocalendar(int(year), int(week), 1)
    like = {"date": "2016-08-01", "week": "2016-51", "month": "2016-12"}[cycle]
    raise ArgumentError(f"{name} must be a date or a text like {like}, not {text[:20]!r}")


def days(start: Day | None, end: Day | None) -> tuple[str | None, str | None]:
    """Return the first and the last day as written; None stays None.

    Raises:
        ArgumentError: One is not a date, or they are reversed.
    """
    first = None if start is None else as_day("start", start)
    last = None if end is None else as_day("end", end)
    if first is not None and last is not None and first > last:
        raise ArgumentError(f"the range is reversed: start {first} is after end {last}")
    return _iso(first), _iso(last)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _number(cycle: Cycle, day: date) -> int:
    """Return the number of the day, week or month, counted without gaps."""
    if cycle == "date":
        return day.toordinal()
    # Ordinal 1 is a Monday.
    return (day.toordinal() - 1) // 7 if cycle == "week" else day.year * 12 + day.month - 1


def _text(cycle: Cycle, number: int) -> str:
    if cycle == "date":
        return date.fromordinal(number).isoformat()
    if cycle == "month":
        return f"{number // 12:04d}-{number % 12 + 1:02d}"
    # Not documented: weeks are assumed to be those of ISO 8601 (%G-%V).
    year, week, _ = (date(1, 1, 1) + timedelta(weeks=number)).isocalendar()
    return f"{year:04d}-{week:02d}"


def periods(cycle: Cycle, start: Day, end: Day) -> list[tuple[str, str]]:
    """Return the first and last day, week or month of each call that the range takes, oldest first.

    Raises:
        ArgumentError: An unknown cycle, a value that is not a date, or a reversed range.
    """
    if cycle not in _MAX_ROWS:
        raise ArgumentError(f'cycle must be "date", "week" or "month", not {cycle!r}')
    since, until = as_day("start", start, cycle), as_day("end", end, cycle)
    days(since, until)
    first, last, most = _number(cycle, since), _number(cycle, until), _MAX_ROWS[cycle]
    return [
        (_text(cycle, number), _text(cycle, min(number + most - 1, last)))
        for number in range(first, last + 1, most)
    ]


def parts(request: Request[History], cycle: Cycle, start: Day, end: Day) -> list[Request[History]]:
    """Return one `request` for each part of the range; raises as `periods`."""
    spans = periods(cycle, start, end)
    return [request.asking(cycle=cycle, start=first, end=last) for first, last in spans]


def merged(reports: Sequence[History]) -> History:
    """Return the reports of a range's parts as one report of the whole range."""
    rows = sorted((row for one in reports for row in one.data), key=_period)
    return evolve(reports[0], end=reports[-1].end, data=tuple(rows))


def _period(row: object) -> str:
    # Texts of one cycle have one format, so they sort by time.
    return str(attrgetter("period")(row) or "")
