"""The share of a fleet that was connected, by the hour, against a count of single seconds."""

from hypothesis import given
from hypothesis import strategies as st

from gizwits_async.scan.online_share import OnlineShare

START, END = 3_600 * 10 + 40, 3_600 * 12 + 100
EVENTS = st.lists(st.tuples(st.integers(START - 500, END + 500), st.booleans()), max_size=6)


def connected(events: list[tuple[int, bool]], at_last: bool | None, second: int) -> bool | None:
    """Return whether a device was connected in a second; None if nothing is known of it."""
    state = not events[0][1] if events else at_last
    for time, now in events:
        if time <= second:
            state = now
    return state


@given(st.lists(st.tuples(EVENTS.map(sorted), st.sampled_from([True, False, None])), max_size=3))
def test_it_is_the_count_of_the_seconds(
    devices: list[tuple[list[tuple[int, bool]], bool | None]],
) -> None:
    """Before its first event a device was in the other state; one without any is as it was seen."""
    share = OnlineShare(START, END)
    for events, at_last in devices:
        share.add(events, at_last=at_last)
    for begin, found in share.hours():
        seconds = range(max(begin, START), min(begin + 3_600, END), 20)
        states = [connected(events, at, second) for events, at in devices for second in seconds]
        known = [state for state in states if state is not None]
        wanted = sum(known) / len(known) if known else 0.0
        assert abs(found - wanted) <= 6 * 20 / len(seconds) / 20 + 1e-9
    assert [begin for begin, _ in share.hours()] == [36_000, 39_600, 43_200]
