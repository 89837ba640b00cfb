"""What the server's headers may and may not do, as tables and over anything they could hold."""

import asyncio
from email.utils import formatdate

import pytest
from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota
from gizwits_async.quota.headers import Reading, read
from gizwits_async.quota.local_state import LocalState
from gizwits_async.quota.server_view import ServerView
from tests.doubles import now, virtually
from tests.quota.servers import EPOCH

DATE = formatdate(EPOCH, usegmt=True)


def view(**changes: object) -> ServerView:
    """Return a view of the default quota."""
    return ServerView(calls=3600, period=3600.0, pad=12.0, reserve=18, **changes)  # type: ignore[arg-type]


def headers(remaining: object, reset_in: float = 1800, at: float = 0.0) -> dict[str, str]:
    """Return the headers of a reply sent at `at`."""
    return {
        "date": formatdate(EPOCH + at, usegmt=True),
        "x-ratelimit-limit": "3600",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(int(EPOCH + at + reset_in)),
    }


@pytest.mark.fault("Q2")
@pytest.mark.parametrize(
    ("reset", "date", "reset_in"),
    [
        (str(int(EPOCH) + 900), DATE, 901),
        (f" {int(EPOCH) + 900} ", DATE, 901),
        (str((int(EPOCH) + 900) * 1000), DATE, 901),
        ("900", DATE, 901),
        ("900", None, 901),
        ("0", None, 1),
        (str(int(EPOCH) + 900), None, None),
        (str(int(EPOCH) + 900), "yesterday", None),
        (str(int(EPOCH) - 1), DATE, None),
        (str(int(EPOCH) + 3613), DATE, None),
        (str(int(EPOCH) + 10 * 365 * 86400), DATE, None),
        ("-5", DATE, None),
        ("1e3", DATE, None),
        ("٣", DATE, None),
        ("9" * 5000, DATE, None),
        ("", DATE, None),
        (None, DATE, None),
    ],
)
def test_reset_is_read_by_the_servers_own_clock(reset, date, reset_in):
    """Seconds to the reset are Reset - Date of one reply; what cannot be true is no reset."""
    given_headers = {"x-ratelimit-reset": reset, "date": date}
    reading, _ = read(
        {name: value for name, value in given_headers.items() if value is not None},
        calls=3600,
        longest=3612.0,
    )
    assert reading.reset_in == reset_in


@pytest.mark.fault("Q2")
@pytest.mark.parametrize(
    ("limit", "remaining", "found"),
    [
        ("3600", "17", (3600, 17)),
        ("3600", "0", (3600, 0)),
        ("3600", "3601", (3600, None)),
        (None, "3601", (None, None)),
        ("7200", "5000", (7200, 5000)),
        ("0", "5", (None, 5)),
        ("abc", "-1", (None, None)),
        ("3600", "12.5", (3600, None)),
    ],
)
def test_counts_that_cannot_be_true_are_none(limit, remaining, found):
    """Junk, negative numbers and more left than there is are as good as no header."""
    given_headers = {"x-ratelimit-limit": limit, "x-ratelimit-remaining": remaining}
    reading, remaining = read(
        {name: value for name, value in given_headers.items() if value is not None},
        calls=3600,
        longest=3612.0,
    )
    assert (reading.limit, remaining) == found


def test_headroom_is_less_what_is_under_way_and_only_falls():
    """Replies that overtook each other do not give back what a newer one took."""
    seen = view()
    seen.observe(headers(100), 1.0)
    assert seen.headroom(LocalState(time=1.0, in_flight=5)) == 95
    seen.observe(headers(104), 1.5)
    assert seen.headroom(LocalState(time=1.5, in_flight=4)) == 96
    seen.observe(headers(99), 2.0)
    assert seen.headroom(LocalState(time=2.0, in_flight=3)) == 96
    seen.observe(headers(3, reset_in=-600), 2.5)
    late = seen
    assert late.headroom(LocalState(time=2.5, in_flight=2)) == 96


def test_a_call_without_word_is_counted():
    """A reply without headers spends one of what was left."""
    seen = view()
    seen.observe(headers(100), 1.0)
    seen.observe({}, 2.0)
    assert seen.headroom(LocalState(time=2.0)) == 99


def test_nothing_left_stops_both_lanes_until_the_reset():
    """Remaining 0 holds everybody to the reset, and no longer."""
    seen = view()
    seen.observe(headers(0, 600), 10.0)
    assert [seen.blocked_for(lane, LocalState(time=10.0)) for lane in Lane] == [601, 601]
    assert [seen.blocked_for(lane, LocalState(time=611.0)) for lane in Lane] == [0, 0]


def test_strangers_make_bulk_leave_them_their_part():
    """What Remaining falls beyond our own calls is what others spend; bulk slows, people do not."""
    seen, left = view(), 3600.0
    for step in range(120):
        left -= 10 * (0.5 + 0.7)
        found = headers(int(left), 3600 - step * 10, at=step * 10)
        if seen.observe(found, step * 10.0):
            seen.measure(step * 10.0, in_flight=0, granted=step * 5)
    assert seen.other_clients_rate == pytest.approx(0.7, abs=0.02)
    at = LocalState(time=1200.0, granted=600, bulk_granted_at=1200.0)
    assert seen.blocked_for(Lane.BULK, at) > 1.5
    assert seen.blocked_for(Lane.INTERACTIVE, at) == 0


def test_alone_there_are_no_strangers():
    """Our own calls, however late they are counted, are not taken for somebody else's."""
    seen = view()
    for step in range(1, 200):
        found = headers(3600 - step, 3600 - step, at=step)
        if seen.observe(found, step * 1.0):
            seen.measure(step * 1.0, in_flight=8, granted=step + 8)
    assert seen.other_clients_rate == 0


def test_a_window_that_gives_nothing_back_is_no_fixed_window():
    """A Reset that passes without a new start stops the sprint for good."""
    seen = view()
    seen.observe(headers(3000, 3500), 0.0)
    assert seen.spacing(Lane.INTERACTIVE, LocalState(time=1.0)) == pytest.approx(0.1)
    seen.observe(headers(900, 1, at=3499), 3499.0)
    seen.observe(headers(905, 3600, at=3502), 3502.0)
    moved = seen
    assert moved.sliding
    moved.observe(headers(3500, 3600, at=7200), 7200.0)
    rich = moved
    assert rich.spacing(Lane.INTERACTIVE, LocalState(time=7201.0)) is None


def test_a_window_that_starts_anew_is_one():
    """A Reset that gives back what was used keeps the sprint, and is counted."""
    seen = view()
    seen.observe(headers(3000, 3500), 0.0)
    seen.observe(headers(900, 1, at=3499), 3499.0)
    seen.observe(headers(3599, 3600, at=3502), 3502.0)
    anew = seen
    assert not anew.sliding
    assert anew.restored == 1


ANY = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.integers(-(10**20), 10**20).map(str),
    st.integers(0, 4000).map(str),
)


FEW = set(map(str, range(1, 41)))
"""Limits so low that the bucket alone needs longer than a period for a bulk call and the reserve."""


@st.composite
def replies(draw):
    """Return anything a server could send, but for a limit of a few calls."""
    at = draw(st.integers(-100_000, 100_000))
    reset = st.one_of(ANY, st.integers(-4000, 4000).map(lambda s: str(int(EPOCH + at + s))))
    date = st.one_of(ANY, st.just(formatdate(EPOCH + at, usegmt=True)))
    limit = ANY.filter(lambda text: text is None or text.strip() not in FEW)
    found = {
        "date": draw(date),
        "x-ratelimit-limit": draw(limit),
        "x-ratelimit-remaining": draw(ANY),
        "x-ratelimit-reset": draw(reset),
    }
    kept = {name: value for name, value in found.items() if value is not None}
    return (
        draw(st.one_of(st.none(), st.just(kept))),
        draw(st.booleans()),
        draw(st.integers(0, 4000)),
    )


@pytest.mark.fault("Q2")
@settings(max_examples=100, deadline=None)
@given(st.lists(replies(), max_size=8), st.sampled_from(Lane))
def test_any_headers_are_survived(script, lane):
    """Whatever servers send, the next call goes within period + pad and a second for the bucket."""

    async def main():
        quota = HourlyQuota()
        for found, refused, pause in script:
            asked = now()
            await quota.acquire(lane)
            assert now() - asked <= 3612 + 25
            quota.observe(found, refused=refused)
            assert (quota.retry_after() or 0) <= 3612
            seen = quota.snapshot()
            assert seen.remaining >= 0
            assert seen.limit > 0
            await asyncio.sleep(pause)

    virtually(main())


def test_an_unread_view_says_nothing():
    """Without any header nothing is gated, nothing goes ahead, and the count is our own."""
    fresh = view()
    assert fresh.last == Reading()
    assert fresh.blocked_for(Lane.BULK, LocalState(time=5.0)) == 0
    assert fresh.spacing(Lane.BULK, LocalState(time=5.0)) is None


def test_snapshot_says_where_it_is_known_from():
    """Our own count before the first header, the server's after it, ours again past its reset."""

    async def main():
        quota = HourlyQuota()
        await quota.acquire()
        ours = quota.snapshot()
        quota.observe(headers(3000, 60))
        theirs = quota.snapshot()
        await asyncio.sleep(62)
        return ours, theirs, quota.snapshot()

    ours, theirs, later = virtually(main())
    assert (ours.source, ours.limit, ours.remaining) == ("local", 3600, 3599)
    assert (theirs.source, theirs.remaining, theirs.resets_at) == ("server", 3000, EPOCH + 60)
    assert (later.source, later.remaining) == ("local", 3599)


@st.composite
def counts(draw):
    """Return headers of two seconds that repeat, fall, rise or lack one; a pause; and a refusal."""
    found = headers(
        draw(st.integers(98, 101)), draw(st.sampled_from([5, 600])), draw(st.booleans())
    )
    found.pop(draw(st.sampled_from(["", "x-ratelimit-remaining", "x-ratelimit-reset"])), None)
    return found, draw(st.sampled_from([0.0, 0.0, 1.0, 20.0])), draw(st.integers(0, 9)) == 0


LATER = {name: text for name, text in headers(0, 600).items() if name != "x-ratelimit-remaining"}
"""Another Reset without a count, between two replies that are alike."""


@example([(headers(100, 5), 0.0, False), (LATER, 0.0, False), (headers(98, 5), 0.0, False)])
@given(st.lists(counts(), max_size=9))
def test_a_repeated_reply_is_judged_as_if_it_were_read_anew(script):
    """Only Remaining is read of a reply that repeats the others of the last: no state depends on that."""
    seen, anew, time = view(), view(), 0.0
    for found, pause, refused in script:
        time += pause
        anew.last = evolve(anew.last, texts=())
        for one in (seen, anew):
            if one.observe(found, time, granted_at=time, refused=refused):
                one.measure(time, in_flight=0, granted=0)
        assert evolve(seen, last=evolve(seen.last, texts=())) == evolve(
            anew, last=evolve(anew.last, texts=())
        )


@given(
    st.integers(0, 40),
    st.sampled_from([None, -1.0, 0.0, 90.0]),
    st.integers(0, 2),
    st.booleans(),
    st.sampled_from([0.0, 0.5]),
    st.integers(0, 40),
    st.sampled_from([0.0, 1799.0, 1800.0]),
)
def test_what_the_view_admits_it_does_not_block(
    left, closed_until, refusals, sliding, others, in_flight, time
):
    """A call that the server's count admits skips the other judgement, which would let it go as well."""
    seen = view(
        left=left, reset_at=1800.0, closed_until=closed_until, sliding=sliding,
        refusal_count=refusals + (closed_until is not None), other_clients_rate=others,
    )  # fmt: skip
    if seen.admits(time, in_flight):
        state = LocalState(time=time, in_flight=in_flight, counted_by=time + 12)
        assert seen.blocked_for(Lane.INTERACTIVE, state) == 0
