"""Streamed responses: complete or with a resume token, with back-pressure, ended by a disconnect."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

import aiohttp
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse

from gizwits_async import Options, Page, Stream
from gizwits_async.fastapi import (
    Gizwits,
    gizwits_lifespan,
    install_error_handlers,
    json_lines,
    server_sent_events,
)
from gizwits_async.models.devices import DataRecord
from gizwits_async.simulator import Fate, Fleet, SimulatedCloud, SimulatorTransport
from gizwits_async.streams.walk import Walk
from tests.doubles import FreeQuota, client_of, interrupted, virtually
from tests.web.serving import served


def _app(cloud: SimulatedCloud, **how: Any) -> FastAPI:
    arguments = {name: how.pop(name) for name in ("quota",) if name in how}
    app = FastAPI(
        lifespan=gizwits_lifespan(
            credentials=cloud.credentials,
            transport=SimulatorTransport(cloud, **how),
            options=Options(max_retries=0, page_size=10),
            **({"quota": FreeQuota()} | arguments),
        )
    )
    install_error_handlers(app)

    @app.get("/{did}")
    async def log(did: str, gizwits: Gizwits, resume: str | None = None) -> StreamingResponse:
        stream = gizwits.devices.data_log(did, end=cloud.fleet.now, sort="asc")
        return await json_lines(stream, resume)

    return app


async def _lines(url: str, **query: str) -> tuple[int, str, list[dict[str, Any]]]:
    async with aiohttp.ClientSession() as session, session.get(url, params=query) as response:
        text = await response.text()
        return response.status, response.content_type, [json.loads(x) for x in text.splitlines()]


def _records(cloud: SimulatedCloud, did: str) -> list[dict[str, Any]]:
    now = cloud.fleet.now
    return [dict(one) for one in cloud.truth("data", did, now - 172_799, now)]


def _busiest(cloud: SimulatedCloud) -> str:
    return max(
        (device.did for device in cloud.fleet.devices), key=lambda did: len(_records(cloud, did))
    )


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5.0):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_log_comes_whole_line_by_line() -> None:
    """Every record is one line with the names of the API; a token follows each page but the last."""
    cloud = SimulatedCloud(Fleet.generate(6, 3))
    async with served(_app(cloud)) as url:
        status, kind, lines = await _lines(f"{url}/{_busiest(cloud)}")
    assert (status, kind) == (200, "application/jsonl")
    expected = _records(cloud, _busiest(cloud))
    assert len(expected) > 20
    assert [one for one in lines if "ts" in one] == expected
    tokens = [one for one in lines if "ts" not in one]
    assert len(tokens) > 1
    assert all(one.keys() == {"resume"} and one["resume"] for one in tokens)
    assert "ts" in lines[-1], "the last page has no token"


@pytest.mark.parametrize("fail_at", [3, 4, 5])
async def test_what_fails_midway_ends_in_a_token(fail_at: int) -> None:
    """After a failure the last line has problem and token; a request with it returns the rest."""
    cloud = SimulatedCloud(Fleet.generate(6, 3))
    failing = True

    def fates(request: object, number: int) -> Fate:
        # Two in a row: after one lost reply the log is reopened and continues.
        return Fate.NOT_SENT if failing and number in {fail_at, fail_at + 1} else Fate.DELIVER

    async with served(_app(cloud, fates=fates)) as url:
        address = f"{url}/{_busiest(cloud)}"
        status, _, lines = await _lines(address)
        *records, last = lines
        assert status == 200
        assert last["error"]["status"] == 502
        failing = False
        status, _, rest = await _lines(address, resume=last["resume"])
    assert status == 200
    assert [one for one in records + rest if "ts" in one] == _records(cloud, _busiest(cloud))


async def test_what_fails_at_once_has_a_status() -> None:
    """An error before the first page is a problem detail with its own status."""
    cloud = SimulatedCloud(Fleet.generate(6, 3))
    async with served(_app(cloud)) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/there-is-no-such-device") as response:
            assert (response.status, (await response.json())["code"]) == (404, 5301)
        async with session.get(f"{url}/x", params={"resume": "junk"}) as response:
            assert response.status == 422


class _Endless(Stream[DataRecord]):
    """An endless log with pages of a megabyte."""

    def __init__(self) -> None:
        self.given = 0
        self.over = 0

    async def pages(self, resume: str | None = None) -> AsyncGenerator[Page[DataRecord], None]:
        try:
            while True:
                self.given += 1
                await asyncio.sleep(0)
                yield Page((DataRecord(ts=self.given, attrs={"x": "x" * 2**20}),), None)
        finally:
            self.over += 1


async def _settled(count: Any, quiet: float = 0.2) -> int:
    """Return a number once it has stopped growing."""
    before, now = -1, count()
    while before != now:
        await asyncio.sleep(quiet)
        before, now = now, count()
    return int(now)


async def test_a_slow_reader_is_waited_for_and_a_gone_one_ends_the_walk() -> None:
    """Pages are fetched as the client reads them; a disconnect ends the walk."""
    stream = _Endless()
    app = FastAPI()

    @app.get("/")
    async def log() -> StreamingResponse:
        return await json_lines(stream)

    async with served(app) as url:
        port = int(url.rsplit(":", 1)[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        # The buffers of two sockets and of uvicorn hold a few megabytes.
        first = await _settled(lambda: stream.given)
        assert 1 <= first < 20
        for _ in range(64):
            await reader.readexactly(2**18)
        second = await _settled(lambda: stream.given)
        assert first < second < first + 30
        assert stream.over == 0
        writer.transport.abort()
        await _until(lambda: stream.over)
        assert await _settled(lambda: stream.given, 0.05) <= second + 1
    assert stream.over == 1


async def test_a_disconnect_cancels_a_wait_for_quota() -> None:
    """A walk that waits for quota is cancelled when its client disconnects."""
    cloud = SimulatedCloud(Fleet.generate(6, 3))
    quota = FreeQuota(permits=3)
    async with served(_app(cloud, quota=quota)) as url:
        async with aiohttp.ClientSession() as session:
            response = await session.get(f"{url}/{_busiest(cloud)}")
            await response.content.readline()
            await _until(lambda: quota.waiting)
            response.close()
        await _until(lambda: not quota.waiting)
        assert len(cloud.ledger) == 3
    assert quota.taken == 4


async def test_a_response_that_is_never_sent_leaves_no_walk_open() -> None:
    """A response that cannot be sent closes its walk."""
    stream = _Endless()
    response = await json_lines(stream)

    async def refuse(*message: Any) -> None:
        raise OSError("gone")

    scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
    with pytest.raises((ClientDisconnect, ExceptionGroup)):  # by the version of Starlette
        await response(scope, refuse, refuse)  # type: ignore[arg-type]
    assert stream.over == 1


@given(limits=st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.9, 1.3]), max_size=30))
def test_the_lines_go_on_after_each_time_out(limits: list[float]) -> None:
    """Each record is one line, in order, whatever `anext` on the body is interrupted."""
    cloud = SimulatedCloud(Fleet.generate(1, 3), quota=10**9)
    did = cloud.fleet.devices[0].did

    async def main() -> list[dict[str, Any]]:
        transport = SimulatorTransport(cloud, latency=0.5, reply_latency=0.5)
        async with client_of(cloud, transport=transport, page_size=10) as client:
            stream = client.devices.data_log(did, end=cloud.fleet.now, sort="asc")
            body: Any = (await json_lines(stream)).body_iterator
            lines = b"".join(await interrupted(body, limits)).splitlines()
            return [json.loads(line) for line in lines]

    assert virtually(main()) == _records(cloud, did)


# --- server-sent events


def _parsed(text: str) -> list[dict[str, str]]:
    """Return the events of a response as a browser reads them."""
    events = []
    for block in text.split("\n\n"):
        fields = [line.partition(": ")[::2] for line in block.splitlines() if line[0] != ":"]
        if fields:
            events.append(dict(fields))
    return events


def _events_app(cloud: SimulatedCloud, **how: Any) -> FastAPI:
    app = _app(cloud, **how)

    @app.get("/events/{did}")
    async def log(request: Request, did: str, gizwits: Gizwits) -> StreamingResponse:
        stream = gizwits.devices.data_log(did, end=cloud.fleet.now, sort="asc")
        return await server_sent_events(stream, request.headers.get("last-event-id"))

    return app


async def _events(url: str, last: str | None = None) -> tuple[str, list[dict[str, str]]]:
    headers = {} if last is None else {"Last-Event-ID": last}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.content_type, _parsed(await response.text())


async def test_events_resume_by_their_id() -> None:
    """Each page is one event whose id is the token; after any id the rest follows, once each."""
    cloud = SimulatedCloud(Fleet.generate(6, 3))
    did, expected = _busiest(cloud), _records(cloud, _busiest(cloud))
    async with served(_events_app(cloud)) as url:
        kind, events = await _events(f"{url}/events/{did}")
        pages = [json.loads(event["data"]) for event in events if "event" not in event]
        rests = [await _events(f"{url}/events/{did}", one["id"]) for one in events[:3]]
    assert kind == "text/event-stream"
    assert [record for page in pages for record in page] == expected
    assert events[-1] == {"event": "end", "data": "null"}
    for number, (_, rest) in enumerate(rests, start=1):
        found = [record for one in rest[:-1] for record in json.loads(one["data"])]
        assert found == [record for page in pages[number:] for record in page]


async def test_a_failure_is_an_event_with_the_token() -> None:
    """A failure after the first page is an event `problem` with the id to resume from."""
    cloud = SimulatedCloud(Fleet.generate(6, 3))

    def fates(request: object, number: int) -> Fate:
        return Fate.NOT_SENT if number in {4, 5, 6, 7} else Fate.DELIVER

    async with served(_events_app(cloud, fates=fates)) as url:
        _, events = await _events(f"{url}/events/{_busiest(cloud)}")
    assert events[-1]["event"] == "problem"
    assert json.loads(events[-1]["data"])["status"] == 502
    assert events[-1]["id"] == events[-2]["id"]


class _Walked(Walk[Page[DataRecord]]):
    """Pages at fixed times."""

    def __init__(self, pages: list[tuple[float, Page[DataRecord]]]) -> None:
        super().__init__()
        self._coming = pages

    async def _step(self) -> Page[DataRecord]:
        if not self._coming:
            raise StopAsyncIteration
        await asyncio.sleep(self._coming[0][0])
        return self._coming.pop(0)[1]


class _Timed(Stream[DataRecord]):
    """A stream whose pages take the given seconds."""

    def __init__(self, *pages: tuple[float, Page[DataRecord]]) -> None:
        self._given = pages

    def pages(self, resume: str | None = None) -> Walk[Page[DataRecord]]:
        return _Walked(list(self._given))


async def _sent(response: StreamingResponse) -> str:
    parts = [bytes(part) async for part in response.body_iterator]  # type: ignore[arg-type]
    return b"".join(parts).decode()


def test_heartbeats_between_rare_pages() -> None:
    """Without a page for some seconds a comment is sent; an empty page moves the id only."""
    record = DataRecord(ts=1, attrs={"模式": "制冷"})

    async def main() -> str:
        stream = _Timed((1.0, Page((), "a")), (50.0, Page((record,), "b")), (1.0, Page((), None)))
        response = await server_sent_events(stream, heartbeat=15.0)
        return await _sent(response)

    text = virtually(main())
    assert text == (
        "id: a\n\n" + ":\n\n" * 3 + 'data: [{"ts":1,"attrs":{"模式":"制冷"}}]\nid: b\n\n'
        "\nevent: end\ndata: null\n\n"
    )


def test_resume_lines_at_intervals() -> None:
    """With `resume_every` a token is sent at most that often; names stay UTF-8, broken ones escaped."""
    records = [DataRecord(ts=n, attrs={"名": "\ud800" if n == 1 else "值"}) for n in range(4)]

    async def main() -> str:
        pages = [(10.0, Page((one,), f"t{one.ts}")) for one in records]
        response = await json_lines(_Timed(*pages), resume_every=15.0)
        return await _sent(response)

    assert virtually(main()).splitlines() == [
        '{"ts":0,"attrs":{"名":"值"}}',
        '{"ts":1,"attrs":{"\\u540d":"\\ud800"}}',
        '{"resume":"t1"}',
        '{"ts":2,"attrs":{"名":"值"}}',
        '{"ts":3,"attrs":{"名":"值"}}',
        '{"resume":"t3"}',
    ]
