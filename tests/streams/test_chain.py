"""Pages from the middle of a chain: taken without further judgement, and with the same outcome."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any
from unittest.mock import patch

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.page import PageReply
from gizwits_async.streams.base import Sort
from gizwits_async.streams.chain import Chain
from gizwits_async.streams.log_walk import LogWalk
from gizwits_async.streams.planner import QueryPlanner
from gizwits_async.streams.windows import Range
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.request import get
from gizwits_async.wire.traits import ServiceTraits

NOW = 1_790_000_000
LIMIT = 3

Replies = list[PageReply[float]]


@attrs.frozen
class Seen:
    """What can be seen of a walk after a reply."""

    query: dict[str, str]
    released: tuple[float, ...]
    position: int | None
    unfinished: tuple[float, ...]
    pause: float
    strays: int
    gaps: tuple[tuple[int, int], ...]
    remarks: list[str]
    traits: dict[str, Any]


def walked(replies: Replies, *, sort: Sort, span: int, inclusive: bool) -> Iterator[Seen | str]:
    """Give one walk these replies, whatever it asks; yield what is seen of it, at last an error."""
    clock = ServerClock(wall=lambda: NOW, loop_time=lambda: 0.0)
    asked, traits = Range(NOW - 59, NOW - 1), ServiceTraits()
    walk: LogWalk[float] = LogWalk(
        request=get("/v1/log", PageReply[float]),
        time_of=float,
        span=asked,
        plan=QueryPlanner(
            span=asked,
            position=None,
            sort=sort,
            past=False,
            longest=span,
            inclusive=inclusive,
            clock=clock,
            traits=traits,
        ),
        limit=LIMIT,
        lifetime=3600,
        clock=clock,
        traits=traits,
    )
    for reply in replies:
        request = walk.next()
        if request is None:
            return
        query = dict(request.ready(0.0).query)
        try:
            released = walk.take(reply)
        except InvalidResponseError as error:
            yield str(error)
            return
        yield Seen(
            query,
            released,
            walk.position,
            tuple(walk.unfinished),
            walk.pause,
            walk.strays,
            walk.take_gaps(),
            walk.take_remarks(),
            attrs.asdict(traits),
        )


def pages_of(times: list[float], *, total: int | None, size: int = LIMIT) -> Replies:
    """Return a log page by page, each but the last with a context."""
    starts = range(0, len(times), size)
    return [
        PageReply(
            objects=tuple(times[at : at + size]),
            context=None if at == starts[-1] else f"c{at}",
            total=total,
        )
        for at in starts
    ]


def spoilt(replies: Replies, at: int, kind: str) -> Replies:
    """Return the replies with one of them odd."""
    at %= len(replies)
    page = replies[at]
    instead: dict[str, Replies] = {
        "repeated": [page, attrs.evolve(page, context="again")],
        "same context": [page, page],
        "short": [attrs.evolve(page, objects=page.objects[1:])],
        "empty": [attrs.evolve(page, objects=(), context="empty"), page],
        "reversed": [attrs.evolve(page, objects=page.objects[::-1])],
        "stray": [attrs.evolve(page, objects=(*page.objects[:-1], NOW + 500.0))],
        "set aside": [attrs.evolve(page, set_aside=1)],
        "longer": [attrs.evolve(page, objects=(*page.objects, *page.objects[-1:]))],
        "last": [attrs.evolve(page, context=None)],
        "endless": [attrs.evolve(page, context="endless")],
    }
    return [*replies[:at], *instead[kind], *replies[at + 1 :]]


KINDS = [
    *("repeated", "same context", "short", "empty", "reversed", "stray", "set aside", "longer"),
    *("last", "endless"),
]


@settings(max_examples=80, deadline=None)
@given(
    gaps=st.lists(
        st.tuples(st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.5]), st.integers(1, 9)),
        min_size=3,
        max_size=9,
    ),
    first=st.sampled_from([-1.0, 0.0, 0.25, 1.0, 2.0]),
    odd=st.lists(st.tuples(st.integers(-9, 9), st.sampled_from(KINDS)), max_size=4),
    total=st.sampled_from([None, 0, 3, 1000]),
    size=st.sampled_from([LIMIT, LIMIT, LIMIT - 1]),
    sort=st.sampled_from(["asc", "desc"]),
    span=st.sampled_from([5, 20, 70]),
    inclusive=st.booleans(),
)
@example(  # More rows than the largest page so far.
    gaps=[(1.0, 9), (1.0, 9)],
    first=1.0,
    odd=[(3, "set aside")],
    total=None,
    size=LIMIT,
    sort="desc",
    span=70,
    inclusive=False,
)
@example(  # Fewer records than were asked for, on every page, and a total that tells the end.
    gaps=[(1.0, 9), (1.0, 9)], first=1.0, odd=[(-1, "endless")], total=0, size=LIMIT - 1, sort="desc",
    span=70, inclusive=False,
)  # fmt: skip
def test_a_page_from_the_middle_is_taken_as_if_it_were_judged(
    gaps: list[tuple[float, int]],
    first: float,
    odd: list[tuple[int, str]],
    total: int | None,
    size: int,
    sort: Sort,
    span: int,
    inclusive: bool,
) -> None:
    """Any pages: with and without the short way, a walk asks, releases and learns the same."""
    begin, way = (NOW - 59, 1) if sort == "asc" else (NOW - 1, -1)
    steps = [gap for gap, times in gaps for _ in range(times)]
    times = [begin + way * time for time in accumulate(steps, initial=first)]
    replies = pages_of(times, total=len(times) if total == 0 else total, size=size)
    for at, kind in odd:
        replies = spoilt(replies, at, kind)
    replies += [PageReply()] * 5

    def walk() -> list[Seen | str]:
        return list(walked(replies, sort=sort, span=span, inclusive=inclusive))

    seen = walk()
    with patch.object(Chain, "take_middle", lambda *_: None):
        assert seen == walk()


def test_a_page_from_the_middle_is_progress() -> None:
    """A circle behind it does not count together with those before: that would end the walk."""
    second = float(NOW - 59)
    first, later, last = (second,) * 3, (second + 1, second + 2, second + 3), (second + 3,) * 3
    circle = [PageReply(objects=first, context="c")] * 2
    replies = [*circle, *circle, circle[0], *[PageReply(objects=later, context="d")] * 2]
    replies += [*[PageReply(objects=last, context="e")] * 2, PageReply(objects=last)]
    released = [
        time
        for seen in walked(replies, sort="asc", span=70, inclusive=False)
        if isinstance(seen, Seen)
        for time in seen.released
    ]
    assert released == [*first, *later[:-1], *last]


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_most_pages_of_a_long_log_are_from_the_middle(sort: Sort) -> None:
    """All but the first and the last one of a window with a record a second."""
    times = [float(NOW - 50 + n) for n in range(15 * LIMIT)][:: 1 if sort == "asc" else -1]
    replies, taken = pages_of(times, total=None), list[Any]()
    take = Chain.take_middle

    def noted(*arguments: Any) -> Any:
        taken.append(take(*arguments))
        return taken[-1]

    with patch.object(Chain, "take_middle", noted):
        list(walked(replies, sort=sort, span=70, inclusive=False))
    assert sum(1 for records in taken if records is not None) == len(replies) - 2
