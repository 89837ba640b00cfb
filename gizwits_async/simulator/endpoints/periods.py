"""Days, weeks and months of the reports: parsing, labels and boundaries. Pure."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from gizwits_async.simulator.codes import FORM_INVALID, REPORT_NOT_MADE
from gizwits_async.simulator.messages import ApiRefusal
from gizwits_async.simulator.quirks import Quirks
from gizwits_async.simulator.state.timeline import DAY

__all__ = ["Cycle", "Days", "cycles", "day_range", "text_of"]

Cycle = Literal["date", "week", "month"]

_CYCLES: dict[str, Cycle] = {"date": "date", "week": "week", "month": "month"}
_LONGEST: dict[str, int] = {"date": 30, "week": 53, "month": 12}
_FORMS = {"date": r"\d{4}-\d\d-\d\d", "week": r"\d{4}-\d\d", "month": r"\d{4}-\d\d"}
_WEEKS = {"sunday": "%Y-%U", "monday": "%Y-%W"}
_FIRST_WEEKDAY = {"sunday": 6, "monday": 0}
_MOST_DAYS = 400
_HOUR = 3600
_EPOCH = date(1970, 1, 1).toordinal()


class Days:
    """Calendar days in the time zone of the reports."""

    def __init__(self, quirks: Quirks) -> None:
        self._shift = quirks.report_hours * _HOUR

    def of(self, at: float) -> date:
        """Return the day of an instant given in epoch seconds."""
        return date.fromordinal(_EPOCH + int((at + self._shift) // DAY))

    def begin(self, day: date) -> float:
        """Return the start of a day, in epoch seconds."""
        return float((day.toordinal() - _EPOCH) * DAY - self._shift)

    def stamp(self, at: float) -> str:
        """Return an instant as the reports write it: local time without a zone."""
        return datetime.fromtimestamp(at + self._shift, UTC).strftime("%Y-%m-%d %H:%M:%S")


def text_of(day: date, cycle: Cycle, quirks: Quirks) -> str:
    """Return the label of the day, week or month that contains a day."""
    if cycle == "date":
        return day.isoformat()
    if cycle == "month":
        return day.isoformat()[:7]
    if quirks.weeks == "iso":
        year, week, _ = day.isocalendar()
        return f"{year:04d}-{week:02d}"
    return day.strftime(_WEEKS[quirks.weeks])


def _first_day(text: str, cycle: Cycle, quirks: Quirks) -> date:
    if cycle == "date":
        return date.fromisoformat(text)
    year, number = int(text[:4]), int(text[5:])
    if cycle == "month":
        return date(year, number, 1)
    if quirks.weeks == "iso":
        return date.fromisocalendar(year, number, 1)
    # Week 1 starts on the first Sunday or Monday; the days before it are week 00.
    new_year = date(year, 1, 1)
    lead = (_FIRST_WEEKDAY[quirks.weeks] - new_year.weekday()) % 7
    if not 0 <= number <= _LONGEST["week"]:
        raise ValueError(text)
    return max(new_year, new_year + timedelta(days=lead + 7 * (number - 1)))


def _days_in(first: date, cycle: Cycle) -> int:
    return {"date": 1, "week": 7, "month": monthrange(first.year, first.month)[1]}[cycle]


def day_range(
    query: dict[str, str], names: tuple[str, str], quirks: Quirks, now: float, *, default: int = 0
) -> list[date]:
    """Return the days between two dates of the query, both included.

    Args:
        query: Parameters as sent.
        names: Parameters of the first and the last date.
        quirks: Time zone of the days, and whether reports of today exist.
        now: The server's present, in epoch seconds.
        default: Number of days up to yesterday if a date is missing; 0: both are required.

    Raises:
        ApiRefusal: 5002, missing, malformed, reversed or too long; 5014, no report of today yet.
    """
    today = Days(quirks).of(now)
    yesterday = (today - timedelta(days=1)).isoformat() if default else ""
    end = query.get(names[1], yesterday)
    texts = [query.get(names[0], _back(end, default - 1) if default else ""), end]
    first, last = (_date(text, name) for text, name in zip(texts, names, strict=True))
    if not 0 <= (last - first).days < _MOST_DAYS:
        raise ApiRefusal(FORM_INVALID, " and ".join(names))
    if last >= today and not quirks.report_today:
        raise ApiRefusal(REPORT_NOT_MADE)
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def _back(text: str, days: int) -> str:
    try:
        return (date.fromisoformat(text) - timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return text


def _date(text: str, name: str) -> date:
    if not re.fullmatch(_FORMS["date"], text, re.ASCII):
        raise ApiRefusal(FORM_INVALID, name)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ApiRefusal(FORM_INVALID, name) from None


def cycles(
    query: dict[str, str], quirks: Quirks, now: float
) -> tuple[Cycle, dict[str, list[date]]]:
    """Return the cycle of a history query, and the days of each day, week or month in it.

    Args:
        query: Parameters as sent: `cycle`, `start`, `end`.
        quirks: Numbering of weeks, and whether reports of today exist.
        now: The server's present, in epoch seconds.

    Raises:
        ApiRefusal: 5002, missing, malformed, reversed or too long; 5014, no report of today yet.
    """
    cycle = _CYCLES.get(query.get("cycle", "date"))
    if cycle is None:
        raise ApiRefusal(FORM_INVALID, "cycle")
    start, end = query.get("start", ""), query.get("end", "")
    firsts: list[date] = []
    for name, text in (("start", start), ("end", end)):
        try:
            if not re.fullmatch(_FORMS[cycle], text, re.ASCII):
                raise ApiRefusal(FORM_INVALID, name)
            firsts.append(_first_day(text, cycle, quirks))
        except (ValueError, OverflowError):
            raise ApiRefusal(FORM_INVALID, name) from None
    if not 0 <= (firsts[1] - firsts[0]).days < _MOST_DAYS:
        raise ApiRefusal(FORM_INVALID, "start and end")
    found: dict[str, list[date]] = {}
    for day in _each(firsts[0], firsts[1], _days_in(firsts[1], cycle)):
        label = text_of(day, cycle, quirks)
        if start <= label <= end:
            found.setdefault(label, []).append(day)
    if len(found) > _LONGEST[cycle]:
        raise ApiRefusal(FORM_INVALID, "start and end")
    today = Days(quirks).of(now)
    if not quirks.report_today and any(today in days for days in found.values()):
        raise ApiRefusal(REPORT_NOT_MADE)
    return cycle, found


def _each(first: date, last: date, length: int) -> Iterator[date]:
    stop = min(last.toordinal() + length, date.max.toordinal() + 1)
    return (date.fromordinal(number) for number in range(first.toordinal(), stop))
