"""What follows from the server's count, as tables: who must wait, who may go ahead, how far apart."""

import pytest

from gizwits_async.options import Lane
from gizwits_async.quota.headers import Reading
from gizwits_async.quota.local_state import LocalState
from gizwits_async.quota.server_view import ServerView

PEOPLE, BULK = Lane.INTERACTIVE, Lane.BULK


def view(**known: object) -> ServerView:
    """Return a view of 3,600 calls an hour; at second 0, 30 minutes before the reset."""
    known = {"left": 3000, "reset_at": 1800.0, **known}
    return ServerView(calls=3600, period=3600.0, pad=12.0, reserve=18, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lane", "known", "now", "apart"),
    [
        # A sprint: more than half of the limit is left when all that others want is taken off.
        (PEOPLE, {}, {}, 0.1),
        (PEOPLE, {"left": 1801}, {}, 0.1),
        (PEOPLE, {"left": 1800}, {}, None),
        (PEOPLE, {"left": 1802}, {"in_flight": 1}, 0.1),
        (PEOPLE, {"left": 1802}, {"in_flight": 2}, None),
        (PEOPLE, {}, {"waiting": 5000}, 0.1),
        (PEOPLE, {"sprint": False}, {}, None),
        (PEOPLE, {"left": 2701, "other_clients_rate": 0.5}, {}, 0.1),
        (PEOPLE, {"left": 2700, "other_clients_rate": 0.5}, {}, None),
        (PEOPLE, {"left": 2101, "other_clients_rate": 0.5}, {"time": 1200.0}, 0.1),
        (PEOPLE, {"left": 2100, "other_clients_rate": 0.5}, {"time": 1200.0}, None),
        # Bulk leaves its margin and what people want of late, and only if that ends its backlog.
        (BULK, {"left": 1819}, {}, 0.1),
        (BULK, {"left": 1818}, {}, None),
        (BULK, {"left": 2719}, {"demand": 0.5}, 0.1),
        (BULK, {"left": 2718}, {"demand": 0.5}, None),
        (BULK, {"left": 3600}, {"demand": 0.5, "waiting": 882}, 0.1),
        (BULK, {"left": 3600}, {"demand": 0.5, "waiting": 883}, None),
        (BULK, {"left": 3583, "other_clients_rate": 0.25}, {"demand": 0.5, "waiting": 415}, 0.1),
        (BULK, {"left": 3583, "other_clients_rate": 0.25}, {"demand": 0.5, "waiting": 416}, None),
        # Each refusal ever makes its margin larger, up to a twentieth.
        (BULK, {"left": 1837, "refusal_count": 1}, {}, 0.1),
        (BULK, {"left": 1836, "refusal_count": 1}, {}, None),
        (BULK, {"left": 1981, "refusal_count": 100}, {}, 0.1),
        (BULK, {"left": 1980, "refusal_count": 100}, {}, None),
        # The smaller of the server's limit and ours counts.
        (PEOPLE, {"last": Reading(limit=7200), "left": 1801}, {}, 0.1),
        (PEOPLE, {"last": Reading(limit=1000), "left": 501}, {}, 0.36),
        (PEOPLE, {"last": Reading(limit=1000), "left": 500}, {}, None),
        (BULK, {"last": Reading(limit=1001), "left": 718}, {"waiting": 200}, 360 / 1001),
        (BULK, {"last": Reading(limit=1001), "left": 718}, {"waiting": 201}, None),
        # A server that counts no fixed windows: a period after the first word it is proven.
        (PEOPLE, {"sliding": True, "since": 0.0, "reset_at": 9000.0}, {"time": 3600.0}, 0.1),
        (PEOPLE, {"sliding": True, "since": 0.0, "reset_at": 9000.0}, {"time": 3600.5}, None),
        (PEOPLE, {"sliding": True, "since": None}, {}, 0.1),
        (PEOPLE, {"sliding": False, "since": 0.0, "reset_at": 9000.0}, {"time": 5000.0}, 0.1),
        (BULK, {"sliding": True, "left": 1819}, {"demand": 1.0}, 0.1),
        # Ahead of the bucket already: as far apart as what is left lasts.
        (PEOPLE, {"left": 1800}, {"debt": True}, 1.0),
        (PEOPLE, {"left": 900}, {"debt": True}, 2.0),
        (PEOPLE, {"left": 1}, {"debt": True}, 1800.0),
        (PEOPLE, {"left": 2}, {"debt": True}, 900.0),
        (PEOPLE, {"left": 0}, {"debt": True}, None),
        (PEOPLE, {"left": 1200, "sprint": False, "reset_at": 60.0}, {"debt": True}, 0.1),
        (BULK, {"left": 918}, {"debt": True}, 2.0),
        (BULK, {"left": 1818}, {"debt": True, "demand": 0.5}, 2.0),
        (PEOPLE, {"left": 900, "sliding": True}, {"debt": True}, 2.0),
        (BULK, {"left": 2000, "sliding": True}, {"debt": True, "demand": 0.5}, 2.0),
        (BULK, {"left": 1818, "sliding": True}, {"debt": True, "demand": 0.5}, None),
        (BULK, {"left": 1819, "sliding": True}, {"debt": True, "demand": 0.5}, 2.0),
        # The window that was used ahead of time is over: one call goes to look.
        (PEOPLE, {}, {"time": 1800.0, "debt": True}, 0.0),
        (PEOPLE, {}, {"time": 1800.0, "debt": True, "in_flight": 1}, None),
        (PEOPLE, {}, {"time": 1800.0}, None),
        # Nothing is known, or half open.
        (PEOPLE, {"left": None}, {"debt": True}, None),
        (PEOPLE, {"reset_at": None}, {"debt": True}, None),
        (PEOPLE, {"closed_until": -5.0}, {"debt": True}, None),
    ],
)
def test_how_far_apart_calls_may_go_ahead_of_the_bucket(lane, known, now, apart):
    """Seconds between them; None: not at all."""
    found = view(**known).spacing(lane, LocalState(**{"time": 0.0, **now}))
    assert found == (None if apart is None else pytest.approx(apart))


@pytest.mark.parametrize(
    ("lane", "known", "now", "seconds"),
    [
        # Known to be closed: everybody waits for the end of the pause.
        (PEOPLE, {"closed_until": 90.0}, {}, 90.0),
        (BULK, {"closed_until": 90.0, "left": None}, {}, 90.0),
        # The pause is over: one call, and the next when that one has landed.
        (BULK, {"closed_until": -1.0, "left": 0}, {}, 0.0),
        (BULK, {"closed_until": -1.0}, {"in_flight": 1, "counted_by": 7.0}, 7.0),
        (BULK, {"closed_until": -9.0}, {"in_flight": 1, "counted_by": -7.0}, 0.0),
        # Unknown, or known of a window that is over.
        (BULK, {"left": None}, {}, 0.0),
        (BULK, {"left": 0, "reset_at": None}, {}, 0.0),
        (BULK, {"left": 0, "reset_at": 0.0}, {}, 0.0),
        # Nothing left: until the reset; sooner, if the reply of a call in flight may show more.
        (PEOPLE, {"left": 0}, {}, 1800.0),
        (PEOPLE, {"left": 1}, {}, 0.0),
        (PEOPLE, {"left": 1}, {"in_flight": 1, "counted_by": 12.0}, 12.0),
        (PEOPLE, {"left": 1}, {"in_flight": 1, "counted_by": -1.0}, 0.0),
        # Alone, bulk takes the last one; else it leaves its margin.
        (BULK, {"left": 1}, {}, 0.0),
        (BULK, {"left": 18}, {"debt": True}, 1800.0),
        (BULK, {"left": 19}, {"debt": True}, 0.0),
        (BULK, {"left": 36, "refusal_count": 1}, {"debt": True}, 1800.0),
        (BULK, {"left": 37, "refusal_count": 1}, {"debt": True}, 0.0),
        (BULK, {"left": 180, "refusal_count": 99}, {"debt": True}, 1800.0),
        (BULK, {"left": 181, "refusal_count": 99}, {"debt": True}, 0.0),
        (
            BULK,
            {"last": Reading(limit=200), "left": 18, "refusal_count": 9},
            {"debt": True},
            1800.0,
        ),
        (BULK, {"last": Reading(limit=200), "left": 19, "refusal_count": 9}, {"debt": True}, 0.0),
        (PEOPLE, {"left": 18}, {"debt": True}, 0.0),
        (BULK, {"left": 18, "other_clients_rate": 0.1}, {}, 1800.0),
        # Permits come back one by one: a look every ten seconds.
        (BULK, {"left": 18, "sliding": True, "left_at": -4.0}, {}, 6.0),
        (BULK, {"left": 18, "sliding": True, "left_at": -14.0}, {}, 0.0),
        (BULK, {"left": 19, "sliding": True}, {}, 0.0),
        # Beside other_clients_rate bulk paces itself over what they leave.
        (BULK, {"left": 1818, "other_clients_rate": 0.5}, {"bulk_granted_at": 0.0}, 2.0),
        (BULK, {"left": 1818, "other_clients_rate": 0.5}, {"bulk_granted_at": -0.5}, 1.5),
        (
            BULK,
            {"left": 1818, "other_clients_rate": 0.25},
            {"demand": 0.25, "bulk_granted_at": 0.0},
            2.0,
        ),
        (BULK, {"left": 1818, "other_clients_rate": 0.5}, {"bulk_granted_at": -3.0}, 0.0),
        (BULK, {"left": 919, "other_clients_rate": 0.5}, {}, 1800.0),
        (BULK, {"left": 918, "other_clients_rate": 0.5}, {}, 180.0),
        (BULK, {"left": 300, "other_clients_rate": 5.0, "reset_at": 60.0}, {}, 10.0),
        (BULK, {"left": 300, "other_clients_rate": 5.0, "reset_at": 200.0}, {}, 20.0),
        (PEOPLE, {"left": 918, "other_clients_rate": 0.5}, {}, 0.0),
        (BULK, {"left": 918, "other_clients_rate": 0.5, "sliding": True}, {}, 0.0),
    ],
)
def test_how_long_a_lane_must_wait_whatever_the_bucket_holds(lane, known, now, seconds):
    """Seconds of its gate."""
    found = view(**known).blocked_for(lane, LocalState(**{"time": 0.0, **now}))
    assert found == pytest.approx(seconds)


def refuse(seen: ServerView, at: float, granted_at: float = 0.0) -> ServerView:
    """Let the view observe a 5013 without headers, and return it."""
    seen.observe({}, at, granted_at=granted_at, refused=True)
    return seen


def pauses(seen: ServerView) -> tuple[float | None, int, int]:
    """Return the end of the pause, the refusals in a row, and all refusals."""
    return seen.closed_until, seen.refusals, seen.refusal_count


def test_pauses_without_a_reset_double():
    """Each pause that ends in another refusal is followed by one twice as long, up to period + pad."""
    seen, at, lengths = view(left=None, reset_at=None), 0.0, []
    for _ in range(9):
        refuse(seen, at, granted_at=at)
        lengths.append(seen.pause(at))
        at += lengths[-1]
    assert lengths == [60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3612.0, 3612.0, 3612.0]
    assert (seen.refusals, seen.refusal_count) == (9, 9)


def test_refusals_of_calls_in_flight_count_once():
    """A refusal of a call that was granted before the pause neither extends it nor counts again."""
    seen = refuse(view(left=None, reset_at=None), 5.0, granted_at=4.0)
    refuse(seen, 6.0, granted_at=4.5)
    assert pauses(seen) == (65.0, 1, 1)
    refuse(seen, 70.0, granted_at=65.0)
    assert pauses(seen) == (190.0, 2, 2)


def test_a_refusal_with_a_reset_pauses_until_then():
    """The pause ends at the server's Reset if that lies ahead; at the later one of two."""
    seen = refuse(view(reset_at=300.0), 10.0)
    assert pauses(seen) == (300.0, 1, 1)
    assert refuse(view(reset_at=10.0, left=0), 10.0).closed_until == 70.0
    seen.observe(
        {"date": "Thu, 01 Jan 1970 00:00:20 GMT", "x-ratelimit-reset": "520"},
        20.0,
        granted_at=5.0,
        refused=True,
    )
    assert pauses(seen) == (521.0, 1, 1)


def test_a_success_after_the_pause_ends_it_but_is_remembered():
    """After the pause one call is sent; its success unblocks the lanes, and the refusal stays counted."""
    seen = refuse(view(left=None, reset_at=None), 0.0)
    seen.observe({}, 30.0)
    assert seen.half_open
    seen.observe({}, 60.0)
    assert (seen.half_open, seen.refusals, seen.refusal_count) == (False, 0, 1)
    assert refuse(seen, 100.0, granted_at=99.0).refusal_count == 2
