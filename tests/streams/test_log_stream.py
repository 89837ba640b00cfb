"""Logs as users walk them: what is refused before anything is sent, and what a page holds."""

import asyncio
import gc
import json
import warnings
from datetime import UTC, datetime
from typing import Any

import pytest

from gizwits_async.client import GizwitsClient
from gizwits_async.errors import (
    AuthenticationError,
    ForbiddenError,
    GizwitsError,
    InvalidResponseError,
    LogRangeError,
    NoReplyError,
    ResumeMismatchError,
)
from gizwits_async.models.authorization import Token
from gizwits_async.models.devices import DataRecord
from gizwits_async.models.times import LOG_LIFE, utc_text
from gizwits_async.options import Options
from gizwits_async.streams import LogStream, Page
from tests.doubles import FreeQuota, virtual, virtually
from tests.doubles.scripted import (
    CREDENTIALS,
    NOW,
    ScriptedTransport,
    Sent,
    answers,
    client_on,
    refused,
    reply,
)


class LogServer:
    """A log with closed bounds and contexts that are used once."""

    def __init__(self, times: list[float], *, cap: int = 100, sort: str = "desc") -> None:
        self.times, self.cap, self.sort = times, cap, sort
        self.open: dict[str, list[float]] = {}
        self.used: list[str] = []

    def __call__(self, sent: Sent) -> Any:
        query = sent.query
        if "context" in query:
            self.used.append(query["context"])
            rest = self.open.pop(query["context"])
        else:
            low, high = int(query["start_ts"]), int(query["end_ts"])
            rest = sorted(t for t in self.times if low <= t <= high)
            rest = rest[::-1] if query["sort"] == "desc" else rest
        page, rest = rest[: self.cap], rest[self.cap :]
        context = f"c{len(self.used)}-{len(rest)}" if rest else ""
        self.open[context] = rest
        return reply({"objects": [{"ts": t} for t in page], "meta": {"context": context}})


def log_on(
    server: Any, did: str = "d", *, options: Any = None, **range_: Any
) -> LogStream[DataRecord]:
    client = client_on(ScriptedTransport(server), **(options or {}))
    return client.devices.data_log(did, **range_)


async def pages_of(
    stream: LogStream[DataRecord], resume: str | None = None
) -> list[Page[DataRecord]]:
    return [page async for page in stream.pages(resume)]


def times(pages: list[Page[DataRecord]]) -> list[float]:
    return [record.ts for page in pages for record in page.items]


@pytest.mark.fault("X11")
@pytest.mark.parametrize(
    "range_",
    [
        {"start": datetime(2026, 9, 1)},  # noqa: DTZ001
        {"end": datetime(2026, 9, 1)},  # noqa: DTZ001
        {"start": NOW - 5, "end": NOW - 6},
        {"start": datetime.fromtimestamp(NOW, UTC), "end": NOW - 1},
        {"start": "yesterday"},
        {"start": True},
        {"start": 10**400},
        {"sort": "descending"},
    ],
)
def test_a_range_that_is_none_is_refused_where_it_is_described(range_: Any) -> None:
    """A ValueError before there is a stream, or a loop, or a call."""
    with pytest.raises(ValueError, match=r"naive|reversed|moment|epoch|sort"):
        log_on(answers(reply({})), **range_)


@pytest.mark.fault("X11")
@pytest.mark.parametrize(
    ("range_", "error"),
    [
        ({"start": NOW + 86_400}, ValueError),
        ({"start": NOW - LOG_LIFE - 86_400}, LogRangeError),
        ({"end": NOW - LOG_LIFE}, LogRangeError),
        ({"start": 0}, LogRangeError),
        ({"start": NOW + 60}, ValueError),
        ({"start": NOW - LOG_LIFE - 60}, LogRangeError),
    ],
)
@virtual
async def test_a_start_that_cannot_be_asked_costs_nothing(range_: Any, error: type) -> None:
    """Refused when the walk begins: by our own clock, or, if that may be off, after the login."""
    transport = ScriptedTransport(answers(reply({})))
    with pytest.raises(error) as caught:
        await client_on(transport).devices.online_log("d", **range_).collect()
    assert (
        len(transport.sent)
        == transport.logins
        == (60 in {abs(NOW - s) % LOG_LIFE for s in range_.values()})
    )
    if error is LogRangeError:
        assert utc_text(caught.value.oldest) in str(caught.value)


@virtual
async def test_the_servers_clock_decides_once_it_was_seen() -> None:
    """Ours is an hour off: `end=None` is the server's now, at the cost of no extra call."""
    transport = ScriptedTransport(LogServer([]), login=answers(
        reply({"token": "t"}, 201, date="Mon, 21 Sep 2026 15:13:20 GMT")  # NOW + 3600
    ))  # fmt: skip
    await client_on(transport).devices.data_log("d").collect()
    assert len(transport.sent) == 2
    asked = transport.calls[0].query
    assert abs(int(asked["end_ts"]) - NOW - 3600) <= 2
    assert int(asked["end_ts"]) - int(asked["start_ts"]) <= 172_800


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (-100, 0),
        (-100, -100),
        (-400_000, -1),
        (-100, 10 * 86_400),
        (-500_000, 10 * 86_400),
        (-1, 0),
    ],
)
@virtual
async def test_only_the_last_page_has_no_resume(start: int, end: int, sort: Any) -> None:
    """Also if the range is empty, or reaches into the future: who stores `resume` knows the end."""
    server = LogServer([NOW - 50, NOW - 300_000, NOW - 450_000], cap=1)
    got = await pages_of(log_on(server, start=NOW + start, end=NOW + end, sort=sort))
    assert [page.resume is None for page in got] == [False] * (len(got) - 1) + [True]
    inside = [t for t in server.times if NOW + start <= t < NOW + end]
    assert times(got) == sorted(inside, reverse=sort == "desc")
    assert len(server.used) == len(set(server.used))


@pytest.mark.parametrize("sort", ["asc", "desc"])
@virtual
async def test_every_page_can_be_gone_on_from(sort: Any) -> None:
    """What was given up to any page, and what its token brings, is the whole; each once."""
    server = LogServer([NOW - 90 + i / 4 for i in range(120)], cap=7)
    range_ = {"start": NOW - 80, "end": NOW - 61, "sort": sort}
    whole = await pages_of(log_on(server, **range_))
    assert len(whole) > 5
    for count, page in enumerate(whole[:-1], 1):
        rest = await pages_of(log_on(server, **range_), page.resume)
        assert times(whole[:count]) + times(rest) == times(whole)


@virtual
async def test_a_failed_walk_says_where_to_go_on() -> None:
    """An error out of a stream carries `.resume` and a note; nothing is lost or given twice."""
    server = LogServer([NOW - 10 - i for i in range(12)], cap=3)
    fail = {"now": False}

    def script(sent: Sent) -> Any:
        if fail["now"] and "context" not in sent.query:
            return refused(5024, 403)
        return NoReplyError("lost") if fail["now"] else server(sent)

    stream = log_on(script, start=NOW - 100, end=NOW)
    got: list[Page[DataRecord]] = []

    async def walk() -> None:
        async for page in stream.pages():
            got.append(page)
            fail["now"] = len(got) == 2

    with pytest.raises(ForbiddenError) as caught:
        await walk()
    error = caught.value
    assert error.resume == got[-1].resume
    assert error.__notes__ == [f'go on with stream.pages(resume="{error.resume}")']
    fail["now"] = False
    rest = await pages_of(stream, error.resume)
    assert times(got) + times(rest) == server.times


@pytest.mark.parametrize(
    "page",
    [
        {"objects": [{"ts": (NOW - 5) * 1000}]},
        {"objects": [{"ts": NOW - 5}, {"ts": NOW - 4}]},
        {"objects": None},
        [],
    ],
)
@virtual
async def test_an_impossible_page_is_an_invalid_response_with_a_token(page: Any) -> None:
    """Milliseconds, a wrong order, a wrong shape."""
    with pytest.raises(InvalidResponseError) as caught:
        await log_on(answers(reply(page)), start=NOW - 100, end=NOW).collect()
    assert caught.value.resume
    assert "/v1/products/pk/devices/d/data" in str(caught.value)


@pytest.mark.fault("X5", "X6")
@virtual
async def test_a_server_that_makes_no_progress_is_an_error_with_a_token() -> None:
    """Endless contexts over one page end, in few calls."""
    transport = ScriptedTransport(
        lambda _: reply({"objects": [{"ts": NOW - 5}], "meta": {"context": "c"}})
    )
    with pytest.raises(InvalidResponseError, match="never came past") as caught:
        await client_on(transport).devices.data_log("d").collect()
    assert caught.value.resume
    assert len(transport.calls) < 15


@virtual
async def test_a_token_of_another_log_is_refused() -> None:
    """The arguments count as they were given: device, log, range, order; not options."""
    server = LogServer([NOW - 10 - i for i in range(9)], cap=3)
    client = client_on(ScriptedTransport(server))
    token = (await anext(client.devices.data_log("d", start=NOW - 100).pages())).resume
    same = [
        client.devices.data_log("d", start=float(NOW - 100)),
        client.devices.data_log("d", start=datetime.fromtimestamp(NOW - 100, UTC)),
        client.with_options(page_size=2).devices.data_log("d", start=NOW - 100),
    ]
    for stream in same:
        assert times(await pages_of(stream, token))[0] == NOW - 12
    other = [
        client.devices.data_log("e", start=NOW - 100),
        client.devices.cmd_log("d", start=NOW - 100),
        client.devices.data_log("d"),
        client.devices.data_log("d", start=NOW - 100, end=NOW),
        client.devices.data_log("d", start=NOW - 100, sort="asc"),
        client.devices.data_log("d", start=NOW - 101),
    ]
    for stream in other:
        with pytest.raises(ResumeMismatchError, match="another query"):
            await pages_of(stream, token)


@virtual
async def test_the_resolved_range_of_a_token_wins() -> None:
    """`end=None` was resolved when the walk began; a later walk does not move it."""
    server = LogServer([NOW - 10 - i for i in range(9)], cap=3)
    token = (await anext(log_on(server).pages())).resume
    server.times = [*server.times, NOW + 500]
    transport = ScriptedTransport(server)
    later = client_on(transport)
    later._gateway.clock._wall = lambda: NOW + 1000
    await pages_of(later.devices.data_log("d"), token)
    assert all(int(sent.query["end_ts"]) < NOW for sent in transport.calls)


@pytest.mark.fault("X12")
@pytest.mark.parametrize("sort", ["asc", "desc"])
@virtual
async def test_what_fell_off_the_edge_is_a_gap(caplog: pytest.LogCaptureFixture, sort: Any) -> None:
    """An hour in the queue; the gap stands on the page and in the log, the rest is given."""
    start, wall = NOW - LOG_LIFE, [float(NOW)]

    class SlowQuota(FreeQuota):
        async def acquire(self, *_: Any) -> None:
            if self.taken == 0:
                wall[0] += 3600
            await super().acquire()

    client = GizwitsClient(
        CREDENTIALS,
        transport=ScriptedTransport(LogServer([start + 5, start + 5000])),
        quota=SlowQuota(),
        clock=lambda: wall[0],
    )
    await client._gateway.tokens._store.save(  # A token in store: the log's call is the first.
        client._gateway.tokens._key, Token(token="t", expires_at=NOW + 10**6)
    )
    stream = client.devices.data_log("d", start=start, end=start + 7200, sort=sort)
    got = await pages_of(stream)
    assert times(got) == [start + 5000]
    assert [gap for page in got for gap in page.gaps] == [(start, start + 3599)]
    assert "fell off" in caplog.text


@virtual
async def test_two_walks_of_one_log_do_not_disturb_each_other() -> None:
    """State lives in the walk."""
    server = LogServer([NOW - 10 - i / 2 for i in range(40)], cap=6)
    stream = log_on(server)
    both = await asyncio.gather(pages_of(stream), pages_of(stream))
    assert times(both[0]) == times(both[1]) == server.times


def test_a_log_walk_that_is_broken_off_leaves_nothing_behind() -> None:
    """`break`, and the walk is gone; no warning, no further call."""
    server = LogServer([NOW - 10 - i for i in range(30)], cap=5)
    stream = log_on(server)

    async def walk() -> None:
        async for _ in stream:
            break
        gc.collect()
        await asyncio.sleep(1)
        assert len(asyncio.all_tasks()) == 1

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        virtually(walk())
        gc.collect()
    assert server.used == []


@virtual
async def test_a_login_that_fails_is_raised_as_it_is() -> None:
    """Before the first page nothing was given: the walk begins again at its beginning."""
    transport = ScriptedTransport(answers(reply({})), answers(refused(5004)))
    with pytest.raises(AuthenticationError):
        await client_on(transport).devices.data_log("d").collect()
    assert transport.logins == 1


@pytest.mark.fault("X11")
@virtual
async def test_walks_over_many_windows_cost_what_the_design_says() -> None:
    """2 x 172,799 s cost 2 calls, n x 172,800 s cost n + 1, or n with start_inclusive."""
    for seconds, options, calls in [
        (2 * 172_799, {}, 2),
        (2 * 172_800, {}, 3),
        (2 * 172_800, {"start_inclusive": True}, 2),
        (2 * 172_798, {"max_log_span": 172_799}, 2),
    ]:
        transport = ScriptedTransport(LogServer([]))
        client = client_on(transport, **options)
        await client.devices.data_log("d", start=NOW - 1000 - seconds, end=NOW - 1000).collect()
        assert len(transport.calls) == calls
        span = options.get("max_log_span", Options().max_log_span)
        for sent in transport.calls:
            assert int(sent.query["end_ts"]) - int(sent.query["start_ts"]) <= span


@virtual
async def test_an_error_of_a_stream_can_be_stored() -> None:
    """`.resume` is plain text that survives any store."""
    with pytest.raises(GizwitsError) as caught:
        await log_on(answers(refused(5301, 404)), start=NOW - 10).collect()
    assert json.loads(json.dumps(caught.value.resume)) == caught.value.resume
    assert caught.value.resume
    assert caught.value.resume.isascii()
