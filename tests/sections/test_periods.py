"""Days, weeks and months: their formats, the split into calls, and the combined report."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async.errors import NotFoundError
from gizwits_async.sections.periods import Cycle, as_day, days, periods
from tests.doubles.scripted import (
    Answer,
    ScriptedTransport,
    Sent,
    answers,
    client_on,
    refused,
    reply,
)

MOST = {"date": 30, "week": 53, "month": 12}
cycles = st.sampled_from(["date", "week", "month"])
dates = st.dates(date(1990, 1, 1), date(2060, 12, 31))


def text(cycle: str, day: date) -> str:
    """Return a day, week or month as strftime writes it."""
    return day.strftime({"date": "%Y-%m-%d", "week": "%G-%V", "month": "%Y-%m"}[cycle])


def texts(cycle: str, start: date, end: date) -> list[str]:
    """Return every one from `start` to `end`, by going through all the days."""
    every = (start + timedelta(days=n) for n in range((end - start).days + 1))
    return list(dict.fromkeys(text(cycle, day) for day in every))


@given(cycle=cycles, start=dates, length=st.integers(0, 1500))
def test_parts_cover_the_range_once_and_none_is_too_long(
    cycle: Cycle, start: date, length: int
) -> None:
    """Every day, week or month is in exactly one part, in order, in as few parts as can be."""
    end = start + timedelta(days=length)
    whole = texts(cycle, start, end)
    parts = periods(cycle, start, end)
    covered = [whole[whole.index(first) : whole.index(last) + 1] for first, last in parts]
    assert [one for part in covered for one in part] == whole
    assert max(map(len, covered)) <= MOST[cycle]
    assert len(parts) == -(-len(whole) // MOST[cycle])


@pytest.mark.parametrize(
    ("cycle", "start", "end", "parts"),
    [
        ("date", date(2016, 8, 1), date(2016, 8, 30), [("2016-08-01", "2016-08-30")]),
        (
            "date",
            date(2016, 8, 1),
            date(2016, 8, 31),
            [("2016-08-01", "2016-08-30"), ("2016-08-31", "2016-08-31")],
        ),
        ("week", date(2016, 12, 19), date(2016, 12, 25), [("2016-51", "2016-51")]),
        ("week", date(2017, 1, 1), date(2017, 1, 2), [("2016-52", "2017-01")]),
        ("month", date(2016, 1, 31), date(2016, 12, 1), [("2016-01", "2016-12")]),
        (
            "month",
            date(2015, 12, 31),
            date(2016, 12, 1),
            [("2015-12", "2016-11"), ("2016-12", "2016-12")],
        ),
    ],
)
def test_formats_are_those_of_the_document(
    cycle: Cycle, start: date, end: date, parts: Any
) -> None:
    """`2016-08-01`, `2016-51` (taken as ISO 8601), `2016-12`; both ends belong to the range."""
    assert periods(cycle, start, end) == parts


@pytest.mark.parametrize(
    "day",
    [datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 1), 1, None],  # noqa: DTZ001
)
def test_only_a_date_is_a_day(day: Any) -> None:
    """A datetime is refused: its day depends on the reports' time zone, which is not documented."""
    with pytest.raises(
        ValueError, match=f"start must be a datetime.date or a text, not {type(day).__name__}"
    ):
        as_day("start", day)


@pytest.mark.parametrize(
    ("cycle", "text"),
    [("date", "2016-08-01"), ("week", "2016-51"), ("week", "2020-53"), ("month", "2016-12")],
)
def test_a_text_as_the_reports_write_it_means_that(cycle: Cycle, text: str) -> None:
    """Periods as the reports write them are accepted as arguments."""
    assert periods(cycle, text, text) == [(text, text)]
    assert periods(cycle, "2016-02-29", "2016-02-29") == periods(
        cycle, date(2016, 2, 29), date(2016, 2, 29)
    )


@pytest.mark.parametrize(
    ("cycle", "text"),
    [("date", "2016-12"), ("date", "2015-02-29"), ("week", "2016-53"), ("week", "2016-0"), ("month", "2016-13"),
     ("month", ""), ("week", "last")],
)  # fmt: skip
def test_a_text_that_is_no_day_says_what_one_looks_like(cycle: Cycle, text: str) -> None:
    """Weeks and months that do not exist are refused."""
    with pytest.raises(ValueError, match="start must be a date or a text like 2016-"):
        periods(cycle, text, text)


def test_days_may_be_left_open() -> None:
    """A missing end stays missing; a reversed range is an error."""
    assert days(None, date(2026, 9, 1)) == (None, "2026-09-01")
    assert days(None, None) == (None, None)
    with pytest.raises(ValueError, match="start 2026-09-02 is after end 2026-09-01"):
        days(date(2026, 9, 2), date(2026, 9, 1))


def served(sent: Sent) -> Answer:
    """Answer with a row for each requested day, newest first."""
    first, last = (date.fromisoformat(sent.query[name]) for name in ("start", "end"))
    rows = [{"date": day, "count": 1} for day in texts("date", first, last)]
    return reply({**sent.query, "data": rows[::-1]})


@pytest.mark.parametrize("section", ["liveness_history", "new_users"])
async def test_a_long_range_is_one_report(section: str) -> None:
    """100 days are four calls and one report: all rows, oldest first, under the whole range."""
    start, end = date(2026, 1, 1), date(2026, 4, 10)
    transport = ScriptedTransport(served)
    async with client_on(transport) as client:
        chapter = client.device_reports if section == "liveness_history" else client.user_reports
        report = await getattr(chapter, section)("date", start, end, gid="g")
    assert len(transport.calls) == 4
    assert {sent.query["gid"] for sent in transport.calls} == {"g"}
    assert (report.start, report.end, report.cycle) == ("2026-01-01", "2026-04-10", "date")
    assert [row.period for row in report.data] == texts("date", start, end)


async def test_a_short_range_is_one_call() -> None:
    """What fits into one call costs one."""
    transport = ScriptedTransport(answers(reply({"data": []})))
    async with client_on(transport) as client:
        await client.device_reports.liveness_history("date", date(2026, 1, 1), date(2026, 1, 30))
    assert len(transport.calls) == 1


async def test_a_report_that_is_not_made_yet_says_so() -> None:
    """5014 is what a batch report answers before the batch has run."""
    async with client_on(ScriptedTransport(answers(refused(5014)))) as client:
        with pytest.raises(NotFoundError, match="5014"):
            await client.user_reports.new_users("month", date(2026, 1, 1), date(2026, 1, 30))
