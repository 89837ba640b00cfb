"""`json_lines`: complete or with a resume token, with back-pressure, and ended by a disconnect."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

import aiohttp
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from gizwits_async import Options, Page, Stream
from gizwits_async.fastapi import Gizwits, gizwits_lifespan, install_error_handlers, json_lines
from gizwits_async.models.devices import DataRecord
from gizwits_async.simulator import Fate, Fleet, SimulatedCloud, SimulatorTransport
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
    """Every record is one line with the names of the API."""
    cloud = SimulatedCloud(Fleet.generate(6, 3))
    async with served(_app(cloud)) as url:
        status, kind, lines = await _lines(f"{url}/{_busiest(cloud)}")
    assert (status, kind) == (200, "application/jsonl")
    expected = _records(cloud, _busiest(cloud))
    assert len(expected) > 20
    assert [(one["ts"], one["attrs"]) for one in lines] == [
        (one["ts"], one["attrs"]) for one in expected
    ]


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
    assert [one["ts"] for one in records + rest] == [
        one["ts"] for one in _records(cloud, _busiest(cloud))
    ]


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
