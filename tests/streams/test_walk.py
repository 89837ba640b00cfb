"""The log walk driven by hand: which call next, and what each odd reply means. No I/O."""

from typing import Any

import pytest
from attrs import frozen

from gizwits_async.errors import (
    AuthenticationError,
    ClientClosedError,
    InvalidResponseError,
    NoReplyError,
    NotFoundError,
    QuotaWaitError,
)
from gizwits_async.models.page import PageReply
from gizwits_async.models.times import LOG_LIFE
from gizwits_async.streams.base import Sort
from gizwits_async.streams.log_walk import LogWalk
from gizwits_async.streams.planner import QueryPlanner
from gizwits_async.streams.windows import Range
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.request import Request, get
from gizwits_async.wire.traits import ServiceTraits

NOW = 1_790_000_000


@frozen
class Rec:
    """A record with nothing but its time, and a name that distinguishes equal times."""

    ts: float
    name: str = ""


class Walked:
    """A walk, its clocks, and what became of it."""

    def __init__(
        self,
        start: float,
        end: float,
        *,
        sort: Sort = "desc",
        span: int = 172_800,
        position: int | None = None,
        lifetime: float = 3600,
        inclusive: bool = False,
    ) -> None:
        self.wall, self.loop = float(NOW), 0.0
        clock = ServerClock(wall=lambda: self.wall, loop_time=lambda: self.loop)
        traits, span_ = ServiceTraits(), Range(start, end)
        self.plan = QueryPlanner(
            span=span_,
            position=position,
            sort=sort,
            past=False,
            longest=span,
            inclusive=inclusive,
            clock=clock,
            traits=traits,
        )
        self.walk: LogWalk[Rec] = LogWalk(
            request=get("/v1/log", PageReply[Rec]),
            time_of=lambda r: r.ts,
            span=span_,
            plan=self.plan,
            limit=100,
            lifetime=lifetime,
            clock=clock,
            traits=traits,
        )
        self.got: list[Rec] = []
        self.contexts: list[str] = []
        self.request: Request[Any] | None = None

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.loop += seconds

    def ask(self, wait: float = 0.0) -> dict[str, str]:
        """Return the query of the next call, settled after `wait` seconds in the queue."""
        request = self.walk.next()
        assert request is not None, "the walk is over"
        self.pass_time(wait)
        self.request = request = request if request.finalize is None else request.finalize(request)
        query = dict(request.query)
        if "context" in query:
            assert request.single_attempt or not request.repeatable, (
                "a context call is never repeated"
            )
            self.contexts.append(query["context"])
        return query

    def answer(
        self, *records: Any, context: str | None = None, total: int | None = None
    ) -> tuple[Rec, ...]:
        """Take a page in; numbers stand for records at that time. Return what became complete."""
        page = tuple(r if isinstance(r, Rec) else Rec(r) for r in records)
        given = self.walk.take(PageReply(objects=page, context=context, total=total))
        self.got += given
        return given

    @property
    def times(self) -> list[float]:
        return [r.ts for r in self.got]

    def over(self) -> bool:
        return self.walk.next() is None


def look_again(w: Walked, *records: Any, total: int | None = None) -> None:
    """Answer the one further look at a window that ended by an empty page, with the same end."""
    assert w.walk.pause > 0
    assert "context" not in w.ask()
    w.answer(*records, total=total)


def test_a_log_of_two_pages_is_given_once_and_whole() -> None:
    """A second is held back until the next one was seen; the end of the window frees the last."""
    w = Walked(NOW - 100, NOW)
    assert w.ask() == {"start_ts": str(NOW - 101), "end_ts": str(NOW)}
    w.answer(NOW - 5, NOW - 7.5, NOW - 7.2, context="a")
    assert (w.times, w.walk.position) == ([NOW - 5], NOW - 8)
    assert w.ask()["context"] == "a"
    w.answer(NOW - 7.9, NOW - 50)
    assert w.times == [NOW - 5, NOW - 7.5, NOW - 7.2, NOW - 7.9, NOW - 50]
    assert w.walk.position is None
    assert w.over()


def test_a_context_is_sent_until_it_is_eleven_twelfths_old_and_not_longer() -> None:
    """Counted from the sending of the opening call; then the rest is opened anew at the position."""
    w = Walked(NOW - 100, NOW)
    w.ask(wait=1000)  # The queue does not count: the context is made when the call is sent.
    w.answer(NOW - 5, NOW - 6, context="a")
    w.pass_time(3299)
    w.ask()
    assert w.request is not None
    assert w.request.not_after == pytest.approx(1000 + 3300)
    w.answer(NOW - 7, NOW - 8, context="b")
    w.pass_time(1)
    query = w.ask()
    assert "context" not in query
    assert query["end_ts"] == str(NOW - 8 + 1), "the unfinished second is opened whole again"
    w.answer(NOW - 8, Rec(NOW - 8, "late"), context=None)
    assert w.times == [NOW - 5, NOW - 6, NOW - 7, NOW - 8, NOW - 8]
    assert w.over()


@pytest.mark.fault("X16")
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_lost_reply_to_a_context_call_opens_the_rest_anew(sort: Sort) -> None:
    """The server may have moved on; the same context is never sent twice."""
    w = Walked(NOW - 100, NOW, sort=sort)
    w.ask()
    times = [NOW - 50, NOW - 51, NOW - 52] if sort == "desc" else [NOW - 52, NOW - 51, NOW - 50]
    w.answer(*times, context="a")
    w.ask()
    assert w.walk.failed(NoReplyError("lost"))
    query = w.ask()
    assert "context" not in query
    if sort == "desc":
        assert (query["start_ts"], query["end_ts"]) == (str(NOW - 101), str(NOW - 52 + 1))
    else:
        assert (query["start_ts"], query["end_ts"]) == (str(NOW - 50 - 1), str(NOW))
    w.answer(times[-1], context="b")
    w.ask()
    w.answer(context=None)
    look_again(w, times[-1])
    assert w.times == times
    assert w.contexts == ["a", "b"]


def test_the_failure_of_an_opening_is_the_callers() -> None:
    """The retry policy has repeated it already; the position is kept."""
    w = Walked(NOW - 100, NOW, position=NOW - 30)
    w.ask()
    assert not w.walk.failed(NoReplyError("lost"))
    assert w.walk.position == NOW - 30


@pytest.mark.parametrize(
    ("error", "survives"),
    [
        (NotFoundError("gone", code=5301), True),
        (AuthenticationError("no", code=5004), False),
        (ClientClosedError("closed"), False),
        (QuotaWaitError("wait", retry_after=9), False),
    ],
)
def test_errors_that_opening_anew_would_meet_again_are_raised(error: Any, survives: bool) -> None:
    """A dead context may say anything, 404 too; wrong credentials will not change."""
    w = Walked(NOW - 100, NOW)
    w.ask()
    w.answer(NOW - 5, NOW - 6, context="a")
    w.ask()
    assert w.walk.failed(error) is survives


@pytest.mark.fault("X5")
def test_a_page_that_comes_again_under_its_context_is_a_circle() -> None:
    """The same context with new records is a scroll; with the same page it is left."""
    w = Walked(NOW - 100, NOW)
    w.ask()
    w.answer(NOW - 5, NOW - 6, context="scroll")
    w.ask()
    w.answer(NOW - 7, NOW - 8, context="scroll")
    w.ask()
    given = w.answer(NOW - 7, NOW - 8, context="scroll")
    assert given == ()
    assert "context" not in w.ask()
    w.answer(NOW - 8, NOW - 9)
    assert w.times == [NOW - d for d in (5, 6, 7, 8, 9)]


@pytest.mark.fault("X6")
def test_circles_of_contexts_end_in_an_error_with_a_token() -> None:
    """A -> B -> A; three openings that finish no second are enough."""
    w = Walked(NOW - 100, NOW)
    calls = 0

    def circle() -> None:
        nonlocal calls
        for _ in range(100):
            query = w.ask()
            calls += 1
            w.answer(NOW - 5.5, NOW - 5.2, context={"a": "b"}.get(query.get("context", ""), "a"))

    with pytest.raises(InvalidResponseError, match="never came past"):
        circle()
    assert calls < 20
    assert w.walk.position in {NOW - 1, NOW - 6}
    assert w.got == []


@pytest.mark.fault("X6")
def test_a_million_pages_of_one_second_are_too_many() -> None:
    """Contexts that go on for ever with new records of one second end, in flat memory."""
    w = Walked(NOW - 100, NOW)

    def endless() -> None:
        for n in range(5000):
            w.ask()
            w.answer(Rec(NOW - 5, f"a{n}"), context=f"c{n}")

    with pytest.raises(InvalidResponseError, match="pages of second"):
        endless()


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_empty_page_behind_records_is_confirmed_by_the_last_record(confirmed: bool) -> None:
    """A query in the opposite order for one record more than the last second has; else it goes on."""
    w = Walked(NOW - 100, NOW)
    w.ask()
    w.answer(NOW - 5, NOW - 6, context="c0")
    w.ask()
    w.answer(context="c1")
    query = w.ask()
    assert (query["sort"], query["limit"], "context" in query) == ("asc", "2", False)
    assert w.walk.pause == 0
    if confirmed:
        w.answer(NOW - 6, NOW - 5)
    else:
        w.answer(NOW - 8, NOW - 6)
        for follows in range(2, 5):
            assert w.ask()["context"] == f"c{follows - 1}"
            w.answer(context=f"c{follows}")
        look_again(w, NOW - 6, NOW - 8)
    assert w.times == [NOW - 5, NOW - 6] + [NOW - 8] * (not confirmed)
    assert w.over()


def test_a_query_for_the_last_record_that_fails_costs_nothing_but_a_call() -> None:
    """The server may refuse it: its chain goes on where it was."""
    w = Walked(NOW - 100, NOW)
    w.ask()
    w.answer(NOW - 5, NOW - 6, context="c0")
    w.ask()
    w.answer(context="c1")
    assert w.ask()["sort"] == "asc"
    assert w.walk.failed(NotFoundError("gone", code=5301))
    assert w.ask()["context"] == "c1"
    w.answer(NOW - 7)
    assert w.times == [NOW - 5, NOW - 6, NOW - 7]
    assert w.over()


def test_empty_pages_alone_are_followed_three_times_and_verified_once() -> None:
    """Empty pages with a context; if opening anew brings nothing new, it is the end."""
    w = Walked(NOW - 100, NOW)
    w.ask()
    w.answer(context="c0")
    follows = 0
    while "context" in w.ask():
        follows += 1
        w.answer(context=f"c{follows}")
    assert follows == 3
    w.answer(context="d0")
    more = 0
    while not w.over():
        w.ask()
        more += 1
        w.answer(context=f"d{more}")
        assert more < 10
    assert w.got == []


@pytest.mark.fault("X7")
def test_an_empty_end_before_the_total_is_looked_at_again() -> None:
    """An expired context may answer with an empty end; the rest is opened once more."""
    w = Walked(NOW - 100, NOW)
    w.ask()
    w.answer(NOW - 5, NOW - 6, context="a", total=4)
    w.ask()
    w.answer()  # Innocent, empty, and wrong.
    query = w.ask()
    assert query["end_ts"] == str(NOW - 6 + 1)
    w.answer(NOW - 6, NOW - 7, NOW - 8, total=3)
    assert w.times == [NOW - d for d in (5, 6, 7, 8)]
    assert w.over()


def test_a_total_that_is_never_reached_is_found_to_be_wrong() -> None:
    """After three further looks and a check of the total by a query of one second."""
    w = Walked(NOW - 100, NOW)
    w.ask()
    w.answer(NOW - 5, total=9)
    w.ask()
    w.answer(NOW - 5, total=9)
    calls = 2
    while not w.over():
        w.ask()
        w.answer(NOW - 5, total=9)
        calls += 1
        assert calls < 6
    assert w.times == [NOW - 5]


@pytest.mark.fault("X7")
def test_a_second_empty_end_counts_only_if_it_returns_the_same() -> None:
    """Contexts die twice within one second of many pages; the total says that more is there."""
    w = Walked(NOW - 100, NOW)
    w.ask()
    w.answer(NOW - 5, NOW - 6, NOW - 6, context="a", total=6)
    w.ask()
    w.answer()  # Dead, in the middle of a second.
    w.ask()
    w.answer(NOW - 6, NOW - 6, NOW - 6, context="b", total=5)
    w.ask()
    w.answer()  # Dead again, at another page.
    w.ask()
    w.answer(NOW - 6, NOW - 6, context="c", total=5)
    w.ask()
    w.answer(NOW - 6, NOW - 6, context="d")
    w.ask()
    w.answer(NOW - 7)
    assert w.times == [NOW - d for d in (5, 6, 6, 6, 6, 7)]
    assert w.over()


def test_a_server_that_dies_at_another_page_each_time_is_given_up() -> None:
    """Attempts at one second that return different records, none of them all: an error, no loss."""
    w = Walked(NOW - 100, NOW)
    for number in range(3):
        w.ask()
        w.answer(*[NOW - 6] * (number + 1), context="a", total=99 - number)
        w.ask()
        w.answer()
    w.ask()
    w.answer(*[NOW - 6] * 9, context="a", total=88)
    w.ask()
    with pytest.raises(InvalidResponseError, match="never came past"):
        w.answer()
    assert w.got == []


@pytest.mark.fault("X5")
@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize("total", [None, "of the page"])
def test_equal_events_on_pages_of_their_own_are_events(sort: Sort, total: str | None) -> None:
    """Under a new context a page like the one before is believed, if it comes each time."""
    w = Walked(NOW - 100, NOW, sort=sort)
    pages = [[Rec(NOW - 5, "twin")] * 2] * 2 + [[Rec(NOW - 5, "last")]]
    openings = calls = page = 0
    while page < len(pages):
        query = w.ask()
        if query.get("sort") == ("asc" if sort == "desc" else "desc"):
            w.answer(Rec(NOW - 5, "last"), *pages[0], total=3)
            continue
        page, openings = (page, openings) if "context" in query else (0, openings + 1)
        last = page == 2
        count = len(pages[page]) if total else None
        w.answer(*pages[page], context=None if last else f"c{calls}", total=count)
        page, calls = page + 1, calls + 1
        assert calls < 10
    assert [r.name for r in w.got] == ["twin"] * 4 + ["last"]
    assert openings == 4
    assert w.over()


@pytest.mark.fault("X5", "X7")
@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize("total", [None, 1])
def test_a_page_that_restarts_three_times_is_released_once(sort: Sort, total: int | None) -> None:
    """A dead context that silently begins anew looks like a page of equal events."""
    w = Walked(NOW - 100, NOW, sort=sort)
    for opening in range(3):
        assert "context" not in w.ask()
        w.answer(Rec(NOW - 5, "one"), context=f"a{opening}", total=total)
        assert "context" in w.ask()
        w.answer(Rec(NOW - 5, "one"), context=f"b{opening}", total=total)
    w.ask()
    w.answer(Rec(NOW - 5, "one"), context="alive", total=total)
    w.ask()
    w.answer(total=total)
    look_again(w, Rec(NOW - 5, "one"), total=total)
    assert [r.name for r in w.got] == ["one"]
    assert w.over()


@pytest.mark.fault("X7")
def test_lost_replies_make_no_repeated_page_accepted() -> None:
    """Only openings in which it came twice count, whatever else went wrong before."""
    w = Walked(NOW - 100, NOW)
    for answered in (False, False, True):
        w.ask()
        w.answer(Rec(NOW - 5, "one"), context="a")
        w.ask()
        if answered:
            w.answer(Rec(NOW - 5, "one"), context="b")
        else:
            assert w.walk.failed(NoReplyError("lost"))
    assert "context" not in w.ask()
    w.answer(Rec(NOW - 5, "one"), context="alive")
    w.ask()
    w.answer(NOW - 7)
    assert w.times == [NOW - 5, NOW - 7]


@pytest.mark.fault("X13")
@pytest.mark.parametrize(
    ("sort", "times"), [("desc", (5, 4)), ("asc", (4, 5)), ("desc", (5, 5.5, 3))]
)
def test_seconds_that_run_backwards_are_an_error(sort: Sort, times: tuple[float, ...]) -> None:
    """Within a page and from page to page; inside a second the order is free."""
    w = Walked(NOW - 100, NOW, sort=sort)
    w.ask()
    with pytest.raises(InvalidResponseError, match=f"backwards, .* in a log sorted {sort}"):
        w.answer(*(NOW - t for t in times))
    w = Walked(NOW - 100, NOW, sort=sort)
    w.ask()
    w.answer(NOW - times[0], context="a")
    w.ask()
    with pytest.raises(InvalidResponseError, match="backwards"):
        w.answer(*(NOW - t for t in times[1:]))


@pytest.mark.fault("X13")
@pytest.mark.parametrize("time", [(NOW - 5) * 1000, NOW - 5000, NOW + 5000, -1, 1e300, 0])
def test_a_page_wholly_outside_is_an_error_and_a_stray_record_is_dropped(time: float) -> None:
    """Milliseconds or the page of another device are an error; one stray among others is counted."""
    w = Walked(NOW - 100, NOW)
    w.ask()
    with pytest.raises(InvalidResponseError, match="no record of the page"):
        w.answer(time, time)
    w = Walked(NOW - 100, NOW)
    w.ask()
    w.answer(NOW - 5, time, NOW - 6)
    assert w.times == [NOW - 5, NOW - 6]
    assert w.walk.strays == 1


@pytest.mark.fault("X13")
def test_genuinely_equal_events_stay_two() -> None:
    """No comparison of records: two equal ones in one reply are two."""
    w = Walked(NOW - 100, NOW)
    w.ask()
    w.answer(NOW - 5, NOW - 5, NOW - 6, NOW - 6)
    assert w.times == [NOW - 5, NOW - 5, NOW - 6, NOW - 6]


@pytest.mark.fault("X8")
def test_a_busy_second_at_a_new_opening_is_given_once_and_whole() -> None:
    """More than a page in one second, and the context dies inside of it."""
    busy = [Rec(NOW - 6, f"b{i}") for i in range(6)]
    w = Walked(NOW - 100, NOW)
    w.ask()
    w.answer(NOW - 5, *busy[:3], context="a")
    w.ask()
    assert w.walk.failed(NoReplyError("lost"))
    assert w.ask()["end_ts"] == str(NOW - 5)
    w.answer(*busy[:4], context="b")
    w.ask()
    w.answer(*busy[4:], NOW - 7)
    assert w.got[1:7] == busy
    assert len(w.got) == 8


def test_openings_that_finish_no_second_are_given_up() -> None:
    """As often as needed while each one finishes a second; three in vain are an error."""
    w = Walked(NOW - 100, NOW)
    for second in range(5, 15):
        w.ask()
        w.answer(NOW - second, NOW - second - 1, context="x")
        w.ask()
        assert w.walk.failed(NoReplyError("lost"))
    for _ in range(2):
        w.ask()
        w.answer(NOW - 15, context="y")
        w.ask()
        try:
            w.walk.failed(NoReplyError("lost"))
        except InvalidResponseError:
            return
    w.ask()
    w.answer(NOW - 15, context="y")
    w.ask()
    with pytest.raises(InvalidResponseError, match="never came past") as caught:
        w.walk.failed(NoReplyError("lost"))
    assert isinstance(caught.value.__cause__, NoReplyError)


def test_windows_follow_each_other_and_drop_what_is_their_neighbours() -> None:
    """Each whole second from its owner only; what the overlap brings twice is dropped."""
    w = Walked(NOW - 20, NOW, span=11)
    assert w.ask() == {"start_ts": str(NOW - 11), "end_ts": str(NOW)}
    w.answer(NOW - 0.0, NOW - 1, NOW - 10, NOW - 10.5, NOW - 11)
    assert w.walk.position == NOW - 11
    assert w.ask() == {"start_ts": str(NOW - 21), "end_ts": str(NOW - 10)}
    w.answer(NOW - 10, NOW - 10.5, NOW - 11, NOW - 20, NOW - 20.5, NOW - 21)
    assert w.times == [NOW - 1, NOW - 10, NOW - 10.5, NOW - 11, NOW - 20]
    assert w.over()


@pytest.mark.fault("X12")
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_what_falls_off_the_edge_before_it_is_asked_is_a_gap(sort: Sort) -> None:
    """An hour in the queue at the 30-day edge: a gap, neither silence nor an error."""
    start = NOW - LOG_LIFE
    w = Walked(start, start + 7200, sort=sort)
    query = w.ask(wait=3600)
    assert int(query["start_ts"]) == start + 3600
    w.answer(*sorted((start + 3700, start + 5000), reverse=sort == "desc"))
    assert sorted(w.times) == [start + 3700, start + 5000]
    assert w.plan.gaps == [(start, start + 3599)]
    assert w.over()


def test_a_last_window_that_falls_off_whole_doubles_nothing() -> None:
    """Newest first, what lies after the window was given already: it is neither lost nor given again."""
    start = NOW - LOG_LIFE
    w = Walked(start, start + 30, span=11)
    w.ask()
    w.answer(start + 25, start + 21)
    w.ask()
    w.answer(start + 15, start + 11)
    assert w.walk.position == start + 9
    query = w.ask(wait=20)  # The edge is now past the window 0...9, in the one before.
    edge = start + 20
    assert int(query["start_ts"]) >= edge
    given = w.answer(edge, edge)
    assert given == ()
    assert w.walk.position is None
    assert w.plan.gaps == [(start, start + 9)]
    assert w.times == [start + 25, start + 21, start + 15, start + 11]


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_range_that_falls_off_whole_is_one_gap(sort: Sort) -> None:
    """Nothing is asked any more, or what is asked gives nothing; the gap is the range."""
    start = NOW - LOG_LIFE
    w = Walked(start, start + 30, sort=sort)
    w.ask(wait=3600)
    w.answer()
    assert w.walk.position is None
    assert w.plan.gaps == [(start, start + 29)]
    w = Walked(start, start + 30, sort=sort)
    w.pass_time(3600)
    assert w.over()
    assert w.plan.gaps == [(start, start + 29)]


def test_an_end_in_the_future_is_clamped_when_it_is_sent() -> None:
    """To the server's now, give or take the second under way, when the permit was granted."""
    w = Walked(NOW - 100, NOW + 1000, sort="asc")
    assert int(w.ask(wait=60)["end_ts"]) in {NOW + 60, NOW + 61}
    w.answer(NOW + 30)
    assert w.times == [NOW + 30]
    w = Walked(NOW - 100, NOW + 1000)
    assert int(w.ask(wait=60)["end_ts"]) in {NOW + 60, NOW + 61}
    w.answer(NOW + 30)
    assert w.times == [NOW + 30]
    assert w.over()


def test_a_position_is_all_that_a_resumed_walk_needs() -> None:
    """Neither context nor records: the first second that was not given."""
    w = Walked(NOW - 100, NOW, position=NOW - 40)
    assert w.ask() == {"start_ts": str(NOW - 101), "end_ts": str(NOW - 39)}
    w.answer(NOW - 39, NOW - 39.5, NOW - 40, NOW - 41)
    assert w.times == [NOW - 39.5, NOW - 40, NOW - 41]


def test_a_trusted_start_saves_the_extra_second() -> None:
    """Options(start_inclusive=True): the query begins at its first own second."""
    w = Walked(NOW - 20, NOW, span=10, inclusive=True)
    assert w.ask() == {"start_ts": str(NOW - 10), "end_ts": str(NOW)}
    w.answer()
    assert w.ask() == {"start_ts": str(NOW - 20), "end_ts": str(NOW - 10)}
    w.answer()
    assert w.over()


def test_an_empty_range_asks_nothing() -> None:
    """start == end."""
    assert Walked(NOW - 5, NOW - 5).over()
    assert Walked(NOW - 5, NOW - 5, sort="asc").over()


STRAY = NOW - 5000.0
"""No part of any query here; a page that holds one is looked at record by record."""
looked_at = pytest.mark.parametrize("strays", [(), (STRAY,)], ids=["by its ends", "one by one"])


@pytest.mark.fault("X10")
@looked_at
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_the_ends_of_a_range_are_exact(sort: Sort, strays: tuple[float, ...]) -> None:
    """`start <= t < end`, to the fraction."""
    w = Walked(NOW - 10.5, NOW - 5.5, sort=sort)
    w.ask()
    times = [NOW - 5.5, NOW - 5.75, NOW - 8, NOW - 10.5]
    w.answer(*(times if sort == "desc" else times[::-1]), *strays)
    assert sorted(w.times) == [NOW - 10.5, NOW - 8, NOW - 5.75]
    w = Walked(NOW - 10.5, NOW - 5.5, sort=sort)
    w.ask()
    times = [NOW - 5.75, NOW - 10.25, NOW - 10.75]
    w.answer(*(times if sort == "desc" else times[::-1]), *strays)
    assert sorted(w.times) == [NOW - 10.25, NOW - 5.75]


@looked_at
def test_a_second_has_a_thousand_pages_at_most(strays: tuple[float, ...]) -> None:
    """A device cannot send that much; a server that goes on for ever is given up."""
    w = Walked(NOW - 100, NOW)
    for number in range(1001):
        w.ask()
        w.answer(Rec(NOW - 5, str(number)), *strays, context=str(number))
    w.ask()
    with pytest.raises(InvalidResponseError, match="more than 1000 pages of second"):
        w.answer(Rec(NOW - 5, "one more"), *strays, context="x")


@looked_at
def test_the_pages_of_a_new_second_are_counted_from_zero(strays: tuple[float, ...]) -> None:
    """Not the pages of the chain are bounded, but those of one second."""
    w = Walked(NOW - 100, NOW)
    for number in range(1500):
        w.ask()
        w.answer(Rec(NOW - 5 - number // 1000, str(number)), *strays, context=str(number))
    assert len(w.got) == 1000
    assert w.walk.strays == 1500 * len(strays)


def dying(first: float, *partial: Rec, total: int, sort: Sort = "desc") -> Walked:
    """Return a walk whose context died silently after a record and a part of the next second."""
    w = Walked(NOW - 100, NOW, sort=sort)
    w.ask()
    w.answer(first, *partial, context="x", total=total)
    w.ask()
    w.answer()
    return w


AB = Rec(NOW - 6, "a"), Rec(NOW - 6, "b")


def test_of_two_attempts_at_a_second_the_one_with_more_records_counts() -> None:
    """A dying context may have returned more of the second than the query that was opened anew."""
    w = dying(NOW - 5, *AB, total=9)
    w.ask()
    w.answer(Rec(NOW - 6, "a"), NOW - 7, total=2)
    assert [r.name for r in w.got] == ["", "a", "b", ""]
    assert w.over()


def test_at_the_end_too_the_attempt_with_more_records_counts() -> None:
    """The last second is completed by the end of the chain, not by a next one."""
    w = dying(NOW - 5, *AB, total=9)
    w.ask()
    w.answer(Rec(NOW - 6, "a"), total=1)
    assert [r.name for r in w.got] == ["", "a", "b"]
    assert w.over()


@pytest.mark.parametrize("again", [3, 0], ids=["fewer", "none"])
def test_an_attempt_with_fewer_records_replaces_nothing(again: int) -> None:
    """Records that were received are kept, however few of them later attempts return."""
    partial = [Rec(NOW - 6, str(number)) for number in range(5)]
    w = dying(NOW - 5, *partial, total=10)
    for _ in range(3):
        w.ask()
        w.answer(*partial[:again], total=4)
    assert w.times == [NOW - 5]
    w.ask()
    w.answer(total=4)  # The totals count something else: one second has not as many records.
    assert [r.name for r in w.got] == ["", "0", "1", "2", "3", "4"]
    assert w.over()


def test_records_of_an_earlier_attempt_are_released_once() -> None:
    """Neither again when a later context dies, nor before its second when the next chain begins."""
    w = dying(NOW - 5, *AB, total=9)
    w.ask()
    w.answer(Rec(NOW - 6, "a"), NOW - 7, Rec(NOW - 8, "c"), context="y", total=9)
    w.ask()
    assert w.walk.failed(NoReplyError("lost"))
    w.ask()
    w.answer(Rec(NOW - 8, "c"), NOW - 9)
    assert [r.name for r in w.got] == ["", "a", "b", "", "c", ""]
    assert w.over()


def test_a_neighbouring_second_does_not_release_the_earlier_attempt() -> None:
    """The query is wider than what it owns: what comes before the second is no sign that it is over."""
    w = dying(NOW - 7, *AB, total=9, sort="asc")
    w.ask()
    w.answer(NOW - 7, Rec(NOW - 6, "a"), NOW - 5, total=3)
    assert [r.name for r in w.got] == ["", "a", "b", ""]
    assert w.over()
