"""The server's time: an interval that each `Date` narrows, and that no NTP step moves."""

from email.utils import formatdate
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async.wire.clock import ServerClock


class Clocks:
    """Two clocks moved by hand."""

    def __init__(self) -> None:
        self.wall, self.loop = 1_000_000.0, 50.0

    def made(self) -> ServerClock:
        return ServerClock(wall=lambda: self.wall, loop_time=lambda: self.loop)


def date(epoch: float) -> str:
    return formatdate(epoch, usegmt=True)


def test_before_any_reply_our_own_clock_counts() -> None:
    """Without a `Date` the wall clock is all there is."""
    clocks = Clocks()
    clock = clocks.made()
    assert (clock.earliest(), clock.latest(), clock.known) == (1_000_000, 1_000_000, False)
    clocks.wall += 7
    assert clock.latest() == 1_000_007


@given(
    offset=st.floats(-1e6, 1e6),
    journeys=st.lists(
        st.tuples(st.floats(0, 5), st.floats(0, 5), st.floats(0, 100)), min_size=1, max_size=8
    ),
)
def test_the_true_time_is_always_within_the_interval(
    offset: float, journeys: list[tuple[float, float, float]]
) -> None:
    """Whatever the journey of each reply, earliest <= true <= latest; and it only narrows."""
    clocks = Clocks()
    clock = clocks.made()
    width = None
    for there, back, pause in journeys:
        sent_at = clocks.loop
        clocks.loop += there
        stamp = floor(clocks.loop + 1_790_000_000 + offset)
        clocks.loop += back
        clock.observe(date(stamp), sent=sent_at, arrived=clocks.loop)
        clocks.loop += pause
        true = clocks.loop + 1_790_000_000 + offset
        assert clock.earliest() <= true + 1e-4
        assert true <= clock.latest() + 1e-4
        now = clock.latest() - clock.earliest()
        assert width is None or now <= width + 1e-4
        width = now


@pytest.mark.fault("A6")
def test_a_step_of_the_wall_clock_moves_nothing_once_the_server_was_heard() -> None:
    """NTP and people set the wall clock; the loop's clock carries the server's time on."""
    clocks = Clocks()
    clock = clocks.made()
    clock.observe(date(2_000_000), sent=50.0, arrived=50.0)
    before = clock.earliest()
    clocks.wall -= 7200
    assert clock.earliest() == before
    clocks.loop += 10
    assert clock.earliest() == before + 10


def test_a_server_that_moved_its_clock_is_believed_anew() -> None:
    """After 16 replies nothing is left of an older time, for instance that before a suspend."""
    clocks = Clocks()
    clock = clocks.made()
    clock.observe(date(2_000_000), sent=50.0, arrived=50.0)
    for _ in range(16):
        clock.observe(date(2_003_600), sent=50.0, arrived=50.0)
    assert 2_003_600 <= clock.earliest() <= clock.latest() <= 2_003_601


@given(st.lists(st.sampled_from([-60, 0, 45]), min_size=1, max_size=60))
def test_nodes_that_disagree_widen_the_interval(errors: list[int]) -> None:
    """The time of each node that answered lately lies in it: nobody knows which one is right."""
    clock = Clocks().made()
    for number, error in enumerate(errors, 1):
        clock.observe(date(2_000_000 + error), sent=50.0, arrived=50.0)
        lately = errors[max(0, number - 16) : number]
        assert clock.earliest() <= 2_000_001 + min(lately)
        assert clock.latest() >= 2_000_000 + max(lately)


@pytest.mark.parametrize(
    "junk", [None, "", "abc", "0", "Tue, 99 Foo 2030", "1e999", "Mon, 01 Jan 99999 00:00:00 GMT"]
)
def test_a_date_that_is_none_is_ignored(junk: str | None) -> None:
    """Junk in `Date` leaves the clock as it was."""
    clock = Clocks().made()
    clock.observe(junk, sent=50.0, arrived=50.0)
    assert not clock.known


@given(st.text(max_size=40))
def test_no_text_in_date_raises(text: str) -> None:
    """Whatever a server writes there."""
    Clocks().made().observe(text, sent=50.0, arrived=50.0)
