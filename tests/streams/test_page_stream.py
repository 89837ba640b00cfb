"""Lists by skip and limit: complete, in order, ended, whatever the server caps, counts or moves."""

import asyncio
import gc
import itertools
import json
import warnings
from collections.abc import Callable
from contextlib import aclosing
from string import ascii_letters, digits
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gizwits_async.errors import (
    ForbiddenError,
    GizwitsError,
    InvalidRequestError,
    InvalidResponseError,
    NoReplyError,
    ResumeMismatchError,
)
from gizwits_async.models.devices import Device
from gizwits_async.models.page import PageReply
from gizwits_async.streams import PageStream
from gizwits_async.wire.request import get
from tests.doubles import virtual, virtually
from tests.doubles.scripted import ScriptedTransport, Sent, client_on, gateway_of, refused, reply

Change = Callable[[int, list[str]], None]


class ListServer:
    """A list behind skip and limit; what it says of itself is up to the test."""

    def __init__(
        self,
        items: list[str],
        *,
        cap: int = 100,
        total: str = "right",
        change: Change = lambda _, __: None,
        fail_at: frozenset[int] = frozenset(),
        refuse_over: int | None = None,
    ) -> None:
        self.items, self.cap, self.total, self.change = list(items), cap, total, change
        self.fail_at, self.refuse_over = fail_at, refuse_over
        self.calls = 0
        self.asked: list[tuple[int, int]] = []

    def __call__(self, sent: Sent) -> Any:
        self.calls += 1
        self.change(self.calls, self.items)
        skip, limit = int(sent.query["skip"]), int(sent.query["limit"])
        self.asked.append((skip, limit))
        if self.calls in self.fail_at:
            return NoReplyError("lost")
        if self.refuse_over is not None and limit > self.refuse_over:
            return refused(5002, 400, "form invalid")
        page = self.items[skip : skip + min(limit, self.cap)]
        meta: dict[str, Any] = {"limit": limit, "skip": skip, "next": "/v1/evil?skip=0"}
        if self.total == "right":
            meta["total"] = len(self.items)
        elif self.total != "missing":
            meta["total"] = {
                "null": None,
                "page_only": len(page),
                "capped": min(len(self.items), 100),
                "float": float(len(self.items)),
                "text": str(len(self.items)),
            }[self.total]
        return reply({"meta": meta, "objects": [{"did": did} for did in page]})


def stream_on(server: Any, *, key: bool = True, **options: Any) -> PageStream[Device]:
    gateway = gateway_of(ScriptedTransport(server), **options)
    request = get("/v1/products/pk/devices/search", PageReply[Device])
    return PageStream(gateway, request, key=(lambda d: d.did) if key else None)


def names(n: int) -> list[str]:
    return [f"d{i}" for i in range(n)]


async def dids(stream: PageStream[Device]) -> list[str]:
    return [device.did async for device in stream]


@pytest.mark.fault("X1")
@settings(deadline=None)
@given(
    n=st.integers(0, 130),
    cap=st.integers(1, 120),
    size=st.integers(1, 100),
    key=st.booleans(),
    total=st.sampled_from(["right", "float", "text", "missing", "null"]),
)
def test_a_list_comes_whole_and_in_order(
    n: int, cap: int, size: int, key: bool, total: str
) -> None:
    """Any cap and page size: exactly the items, in the fewest calls that the total allows."""
    server = ListServer(names(n), cap=cap, total=total)
    assert virtually(dids(stream_on(server, key=key, page_size=size))) == names(n)
    step = min(cap, size)
    pages = -(-n // step)
    full = pages == 1 and n >= min(size, 20)  # The total might be the page's.
    full |= pages > 1 and n % step == 0 and step >= min(size, 20)  # It might stop counting there.
    assert server.calls == (pages + 1 if total in {"missing", "null"} or full else max(1, pages))


@pytest.mark.fault("X1")
@given(n=st.integers(0, 330), cap=st.integers(20, 120), size=st.integers(1, 100), key=st.booleans())
def test_a_total_that_counts_the_page_ends_no_list(n: int, cap: int, size: int, key: bool) -> None:
    """`meta.total` is the page's own on some servers: then it says nothing of the list."""
    server = ListServer(names(n), cap=cap, total="page_only")
    assert virtually(dids(stream_on(server, key=key, page_size=size))) == names(n)
    assert server.calls <= -(-n // min(cap, size)) + 1


@pytest.mark.parametrize(("cap", "size"), [(100, 50), (20, 100), (100, 100)])
@pytest.mark.parametrize("more", [0, 1, 100, 130])
@virtual
async def test_a_total_that_stops_counting_ends_no_list(cap: int, size: int, more: int) -> None:
    """Search engines count to 10,000: behind a whole page that reaches the total, one more is asked for."""
    server = ListServer(names(100 + more), cap=cap, total="capped")
    assert await dids(stream_on(server, page_size=size)) == names(100 + more)
    assert server.calls <= -(-(100 + more) // min(cap, size)) + 1


@pytest.mark.parametrize(("cap", "total"), [(19, 50), (10, 15)])
@virtual
async def test_a_total_that_is_too_low_ends_no_list_of_small_pages(cap: int, total: int) -> None:
    """Pages as large as those before go on past a total, also where the server caps them below 20."""

    def server(sent: Sent) -> Any:
        skip, limit = int(sent.query["skip"]), int(sent.query["limit"])
        page = names(100)[skip : skip + min(limit, cap)]
        return reply({"meta": {"total": total}, "objects": [{"did": did} for did in page]})

    assert await dids(stream_on(server)) == names(100)


@virtual
async def test_a_total_that_was_confirmed_needs_no_further_call() -> None:
    """The call behind a last full page is spent once a route and client, and again for a larger total."""
    server = ListServer(names(40), cap=20)
    client = client_on(ScriptedTransport(server))
    for devices, calls in ((40, 3), (40, 5), (60, 9), (60, 12), (40, 14)):
        server.items = names(devices)
        assert len(await client.devices.search().collect()) == devices
        assert server.calls == calls


@virtual
async def test_a_list_that_takes_no_skip_ends_with_what_its_total_counts() -> None:
    """The call that makes sure of it brings the same page again: no fault, and nothing twice."""
    page = {"meta": {"total": 60}, "objects": [{"did": did} for did in names(60)]}
    for key in (True, False):
        assert await dids(stream_on(lambda _: reply(page), key=key)) == names(60)


@virtual
async def test_a_total_that_was_larger_than_its_page_is_believed_from_then_on() -> None:
    """The call that makes sure of a list of one full page is spent once a route and client."""
    server = ListServer(names(60))
    client = client_on(ScriptedTransport(server))
    for calls in (2, 3, 4):
        assert len(await client.with_options(timeout=5).devices.search().collect()) == 60
        assert server.calls == calls
    client = client_on(ScriptedTransport(server))
    assert await client.devices.search().total() == 60
    assert len(await client.devices.search().collect()) == 60
    assert server.calls == 6, "a count settles it as well"


@settings(deadline=None)
@given(
    n=st.integers(0, 60),
    cap=st.integers(1, 20),
    fail_at=st.frozensets(st.integers(1, 12), max_size=4),
    stops=st.lists(st.integers(1, 4), max_size=3),
    total=st.sampled_from(["right", "missing"]),
)
def test_interrupted_and_resumed_it_is_the_same_list(
    n: int, cap: int, fail_at: frozenset[int], stops: list[int], total: str
) -> None:
    """Items before each error or break, and those after its resume token: each once."""
    server = ListServer(names(n), cap=cap, total=total, fail_at=fail_at)

    async def walk() -> list[str]:
        got: list[str] = []
        resume: str | None = None
        left = list(stops)
        for _ in range(40):
            count, stop = 0, left.pop(0) if left else None
            try:
                pages = stream_on(server, max_retries=0).pages(resume)
                async with aclosing(pages):
                    async for page in pages:
                        got += [d.did for d in page.items]
                        resume = page.resume
                        count += 1
                        if resume is None:
                            return got
                        if count == stop:
                            break
            except NoReplyError as error:
                assert error.resume is not None
                assert f'pages(resume="{error.resume}")' in error.__notes__[-1]
                resume = error.resume
        raise AssertionError("no end")

    assert virtually(walk()) == names(n)


changes = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.sampled_from(["insert", "delete"]),
        st.lists(st.integers(0, 80), min_size=1, max_size=12),
    ),
    max_size=5,
    unique_by=lambda change: change[0],  # Between two calls rows come or go, not both.
)


@pytest.mark.fault("X2", "X3")
@settings(deadline=None, max_examples=200)
@given(
    n=st.integers(1, 60),
    cap=st.integers(1, 15),
    total=st.sampled_from(["right", "missing"]),
    plan=changes,
)
def test_a_list_that_moves_loses_nothing_that_was_there_all_along(
    n: int, cap: int, total: str, plan: Any
) -> None:
    """It ends, gives nothing twice, and where the total shows deletions, loses nothing."""
    fresh = iter(range(10_000))
    # A page's worth of new rows before each of many calls shows the same page again and again, which
    # without a total is what a server shows that ignores "skip".
    inserts = {when for when, what, _ in plan if what == "insert"}
    assume(total == "right" or not any({at, at + 1, at + 2} <= inserts for at in inserts))

    def change(call: int, items: list[str]) -> None:
        for when, what, indexes in plan:
            if when != call:
                continue
            for index in indexes:
                if what == "insert":
                    items.insert(index % (len(items) + 1), f"new{next(fresh)}")
                elif items:
                    items.pop(index % len(items))

    server = ListServer(names(n), cap=cap, total=total, change=change)
    got = virtually(dids(stream_on(server)))
    assert len(got) == len(set(got))
    assert server.calls <= 40 * (n + 100)
    deleted = any(what == "delete" for _, what, _ in plan)
    if total == "right" or not deleted:
        stayed = set(names(n)) & set(server.items)
        assert stayed <= set(got)


@virtual
async def test_rows_deleted_behind_us_move_nothing_past_us() -> None:
    """The step back is from where the page began: rows moved up past it, not past its end."""

    def change(call: int, items: list[str]) -> None:
        if call == 2:
            del items[:20]

    server = ListServer(names(100), cap=20, change=change)
    assert set(await dids(stream_on(server))) == set(names(100))


@pytest.mark.fault("X2")
@virtual
async def test_a_total_that_never_stands_still_ends_all_the_same() -> None:
    """An oscillating list must not be walked for ever."""

    def change(call: int, items: list[str]) -> None:
        if call % 2:
            items.append("extra")
        elif "extra" in items:
            items.remove("extra")

    server = ListServer(names(30), cap=1, change=change)
    got = await dids(stream_on(server))
    assert set(names(30)) <= set(got)
    assert server.calls < 500


@pytest.mark.fault("X6")
@pytest.mark.parametrize("total", [30, None])
@virtual
async def test_a_server_that_ignores_skip_is_an_error(total: int | None) -> None:
    """The same rows again and again, one as it is by now, end in an error that can be resumed."""
    online = itertools.cycle([True, False])

    def page(_: Sent) -> Any:
        rows = [{"did": f"d{i}", "is_online": next(online)} for i in range(3)]
        return reply({"objects": rows, "meta": {"total": total}})

    transport = ScriptedTransport(page)
    with pytest.raises(InvalidResponseError, match="again") as caught:
        await client_on(transport).devices.search().collect()
    assert caught.value.resume is not None
    assert len(transport.calls) < 6


@pytest.mark.fault("X4")
@virtual
async def test_an_empty_page_is_the_end_and_a_total_not_reached_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An empty page while the total promises more ends the walk, with a warning."""
    server = ListServer(names(5))
    stream = stream_on(lambda s: reply({"objects": [], "meta": {"total": 9, "next": "/x"}}))
    assert await dids(stream) == []
    assert "ended at 0 of 9" in caplog.text
    caplog.clear()
    assert len(await dids(stream_on(server))) == 5
    assert caplog.text == ""


@pytest.mark.parametrize(("size", "first"), [(100, 100), (50, 50), (20, 20), (7, 7)])
@virtual
async def test_a_list_that_refuses_large_pages_is_asked_for_20_from_then_on(
    size: int, first: int
) -> None:
    """5002 to 100: once more with 20, and remembered for the route, by every view of the client."""
    server = ListServer(names(45), refuse_over=20)
    transport = ScriptedTransport(server)
    client = client_on(transport, page_size=size)
    got = await client.devices.search(is_online=True).collect()
    assert [d.did for d in got] == names(45)
    limits = [limit for _, limit in server.asked]
    assert limits[0] == first
    assert set(limits[1:]) == {min(size, 20)}
    server.asked.clear()
    await client.with_options(timeout=3).devices.search(city="x").collect()
    assert {limit for _, limit in server.asked} == {min(size, 20)}


@pytest.mark.parametrize("code", [5002, 5018])
@virtual
async def test_a_refusal_that_is_not_for_the_size_is_raised_and_not_remembered(code: int) -> None:
    """A form that is invalid for 20 as well is the caller's mistake."""
    transport = ScriptedTransport(lambda _: refused(code, 400))
    client = client_on(transport)
    with pytest.raises((InvalidRequestError, ForbiddenError)) as caught:
        await client.devices.search().collect()
    assert caught.value.resume is not None
    assert [s.query["limit"] for s in transport.calls] == (
        ["100", "20"] if code == 5002 else ["100"]
    )
    assert client._gateway.traits.page_caps == {}


@virtual
async def test_two_walks_of_one_stream_do_not_disturb_each_other() -> None:
    """A stream holds no state."""
    stream = stream_on(ListServer(names(30), cap=4))
    one, other = aiter(stream), aiter(stream)
    got: tuple[list[str], list[str]] = ([], [])
    for step in range(30):
        got[0].append((await anext(one)).did)
        if step % 3 == 0:
            got[1].append((await anext(other)).did)
    got[1].extend([d.did async for d in other])  # type: ignore[attr-defined]
    assert got == (names(30), names(30))
    both = await asyncio.gather(dids(stream), dids(stream))
    assert both == [names(30), names(30)]


@virtual
async def test_first_collect_and_total_cost_what_they_must() -> None:
    """One call for the first, one for the total, as many as needed for a limit."""
    server = ListServer(names(30), cap=10)
    stream = stream_on(server)
    first = await stream.first()
    assert first is not None
    assert first.did == "d0"
    assert await stream.total() == 30
    assert server.asked[-1] == (0, 1)
    assert server.calls == 2
    assert [d.did for d in await stream.collect(limit=15)] == names(15)
    assert server.calls == 4
    assert await stream.collect(limit=0) == []
    assert len(await stream.collect()) == 30
    assert await stream_on(ListServer([])).first() is None
    assert await stream_on(ListServer([], total="missing")).total() is None


@virtual
async def test_every_page_but_the_last_has_a_token() -> None:
    """`resume` is None on the last page and only there; the last page may be empty."""
    for total in ("right", "missing"):
        pages = [p async for p in stream_on(ListServer(names(7), cap=3, total=total)).pages()]
        assert [p.resume is None for p in pages] == [False] * (len(pages) - 1) + [True]


def test_a_walk_that_is_broken_off_leaves_nothing_behind() -> None:
    """`break` without closing: no warning, no task, no call more."""
    server = ListServer(names(30), cap=3)

    async def walk() -> None:
        async for _ in stream_on(server):
            break
        pages = stream_on(server).pages()
        await anext(pages)
        del pages
        gc.collect()
        await asyncio.sleep(1)
        assert len(asyncio.all_tasks()) == 1

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        virtually(walk())
        gc.collect()
    assert server.calls == 2


@virtual
async def test_a_walk_that_is_cancelled_can_go_on() -> None:
    """Nothing is held across a yield; the last token still serves."""
    server = ListServer(names(9), cap=3)
    resume: list[str | None] = []

    async def walk() -> None:
        async for page in stream_on(server).pages():
            resume.append(page.resume)
            await asyncio.sleep(1)

    task = asyncio.ensure_future(walk())
    await asyncio.sleep(1.5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    rest = [d.did async for p in stream_on(server).pages(resume[-1]) for d in p.items]
    assert rest == names(9)[6:]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "g1",
        "g1.",
        "g1.!!!",
        "g0.abc",
        "g1.6e756c6c",
        "g1.6e756c6cfa3ba94",
        "g1.6e756c6c25cbfc4f",
        "x" * 1000,
        5,
        "g1.\ud800",
        "ключ",
    ],
)
@virtual
async def test_what_is_no_token_is_refused_before_anything_is_sent(token: Any) -> None:
    """ResumeMismatchError, which is a ValueError too."""
    transport = ScriptedTransport(lambda _: reply({"objects": []}))
    with pytest.raises(ResumeMismatchError):
        await anext(client_on(transport).devices.search().pages(token))
    assert transport.sent == []


@virtual
async def test_a_token_of_another_query_is_refused() -> None:
    """It holds a hash of the arguments as given."""
    server = ListServer(names(9), cap=3)
    client = client_on(ScriptedTransport(server))
    page = await anext(client.devices.search(city="a").pages())
    assert (await anext(client.devices.search(city="a").pages(page.resume))).items[0].did == "d3"
    for other in (
        client.devices.search(city="b"),
        client.devices.search(),
        client.for_product("pk2", "s").devices.search(city="a"),
    ):
        with pytest.raises(ResumeMismatchError, match="another query"):
            await anext(other.pages(page.resume))
    with pytest.raises(ResumeMismatchError):
        await anext(client.devices.data_log("d").pages(page.resume))


@virtual
async def test_a_damaged_token_never_goes_on_elsewhere() -> None:
    """Cut, doubled or with one character changed: refused, or exactly the same position."""
    server = ListServer(names(99), cap=33)
    page = await anext(stream_on(server).pages())
    token = page.resume
    assert token is not None
    damaged = {token[:i] for i in range(len(token))} | {token + token, token + "x", token.upper()}
    damaged |= {
        token[:i] + c + token[i + 1 :]
        for i in range(len(token))
        for c in f"{ascii_letters}{digits}-_."
        if token[i] != c
    }
    for one in damaged:
        try:
            found = await anext(stream_on(server).pages(one))
        except ResumeMismatchError:
            continue
        assert found.items[0].did == "d33", one


@virtual
async def test_the_error_of_a_walk_has_a_token() -> None:
    """Whatever page fails: `.resume` is where it failed, the note says how to go on."""
    server = ListServer(names(9), cap=3, fail_at=frozenset({2}))
    got: list[str] = []

    async def walk() -> None:
        async for device in stream_on(server, max_retries=0):
            got.append(device.did)  # noqa: PERF401 - those before the error are the point

    with pytest.raises(GizwitsError) as caught:
        await walk()
    assert got == names(3)
    assert json.dumps(caught.value.resume)
    rest = [d.did async for p in stream_on(server).pages(caught.value.resume) for d in p.items]
    assert rest == names(9)[3:]


@virtual
async def test_the_first_costs_one_call_however_small_the_pages() -> None:
    """`first()` asks for no second page, also of a server that gives one row a page."""
    server = ListServer(names(3), cap=1)
    found = await stream_on(server).first()
    assert found is not None
    assert (found.did, server.calls) == (names(3)[0], 1)


@pytest.mark.parametrize("position", [-1, 1.0, True, "0", None, [0]])
@virtual
async def test_a_token_with_no_position_in_it_is_damaged(position: Any) -> None:
    """Whatever a token holds, the walk goes on from a row that there can be, or not at all."""
    stream = stream_on(ListServer(names(3)))
    with pytest.raises(ResumeMismatchError, match="damaged"):
        await stream.pages(resume=stream._query.token(position)).__anext__()


@virtual
async def test_pages_alike_are_an_error_only_in_the_fourth_of_a_row() -> None:
    """Without a total three equal pages can be rows put in front; another page between starts anew."""
    pages = ["a", "a", "b", "b", "b", "c", "c", "c", "d", "d", "d", "d", "never"]
    transport = ScriptedTransport(
        lambda _: reply({"meta": {}, "objects": [{"did": pages[len(transport.calls) - 1]}]})
    )
    with pytest.raises(InvalidResponseError, match="from 11 on is the one before it again"):
        await client_on(transport).devices.search().collect()
    assert len(transport.calls) == 12


@pytest.mark.parametrize(
    ("code", "size", "asked"),
    [(5002, 21, ["21", "20"]), (5002, 20, ["20"]), (5002, 19, ["19"]), (5001, 100, ["100"])],
)
@virtual
async def test_a_smaller_page_is_tried_only_where_that_may_help(
    code: int, size: int, asked: list[str]
) -> None:
    """5002 to a page larger than 20; any other refusal is raised at once."""
    transport = ScriptedTransport(lambda _: refused(code, 400))
    with pytest.raises(InvalidRequestError):
        await client_on(transport, page_size=size).devices.search().collect()
    assert [sent.query["limit"] for sent in transport.calls] == asked
