"""Sessions: whose they are, when they end, and what loops and processes may share."""

import asyncio
import gc
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gizwits_async import GizwitsClient
from gizwits_async.errors import ClientClosedError
from gizwits_async.wire.transport import HttpTransport
from tests.doubles import FreeQuota
from tests.doubles.scripted import CREDENTIALS
from tests.wire.raw import Exchange, RawServer, raw_server

leaves_sockets = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


async def answer(one: Exchange) -> None:
    body = b'{"token": "t"}' if "access_token" in one.head else b'{"did": "d"}'
    one.say(body, status="201 Created" if "access_token" in one.head else "200 OK")


def client_at(url: str, session: aiohttp.ClientSession | None = None) -> GizwitsClient:
    return GizwitsClient(CREDENTIALS, base_url=url, session=session, quota=FreeQuota())


@pytest.mark.fault("P7")
async def test_an_own_session_is_closed_with_the_client() -> None:
    """Opened by the first call, closed once however often aclose is called."""
    async with raw_server(answer) as server:
        client = client_at(server.url)
        transport: Any = client._gateway.service.transport
        assert transport._sessions.own is None
        await client.devices.detail("m")
        session = transport._sessions.own
        assert isinstance(session, aiohttp.ClientSession)
        await asyncio.gather(client.aclose(), client.aclose())
        await client.aclose()
        assert session.closed
        with pytest.raises(ClientClosedError):
            await client.devices.detail("m")
        assert len(server.seen) == 2


async def test_a_borrowed_session_is_left_open() -> None:
    """The caller closes it; after that the client says that it is closed."""
    async with raw_server(answer) as server, aiohttp.ClientSession() as session:
        async with client_at(server.url, session) as client:
            await client.devices.detail("m")
        assert not session.closed
        with pytest.raises(ClientClosedError):
            await client.devices.detail("m")
        other = client_at(server.url, session)
        await session.close()
        with pytest.raises(ClientClosedError, match="borrowed"):
            await other.devices.detail("m")


@pytest.mark.fault("P7")
async def test_a_client_that_is_not_closed_warns() -> None:
    """A ResourceWarning, as from any session left open."""
    async with raw_server(answer) as server:
        client = client_at(server.url)
        await client.devices.detail("m")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda *_: None)
            del client
            gc.collect()
            await asyncio.sleep(0)
            categories = {warning.category for warning in caught}
            caught.clear()  # Each holds the object that it warns of, which warns again when it goes.
            loop.set_exception_handler(None)
        assert ResourceWarning in categories


async def test_a_client_that_was_never_used_needs_no_closing(
    recwarn: pytest.WarningsRecorder,
) -> None:
    """Nothing is opened before the first call."""
    gc.collect()  # What tests before left is not meant.
    recwarn.clear()
    client_at("http://127.0.0.1:1")
    gc.collect()
    assert recwarn.list == []


def serving(test: Callable[[RawServer], None]) -> None:
    """Run a test beside a server that lives in a thread of its own."""
    ready: list[tuple[RawServer, asyncio.AbstractEventLoop, asyncio.Event]] = []
    up = threading.Event()

    async def serve() -> None:
        done = asyncio.Event()
        async with raw_server(answer) as server:
            ready.append((server, asyncio.get_running_loop(), done))
            up.set()
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    up.wait(5)
    server, loop, done = ready[0]
    try:
        test(server)
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(5)
        gc.collect()  # Sockets that a dead loop left open are closed here, with a warning.


@leaves_sockets
@pytest.mark.fault("P4")
def test_a_client_goes_from_one_asyncio_run_to_the_next() -> None:
    """A new loop gets a new session, and the token is kept."""

    def test(server: RawServer) -> None:
        client = client_at(server.url)

        async def call() -> str:
            return (await client.devices.detail("m")).did

        async def last() -> None:
            await call()
            await client.aclose()

        for _ in range(2):
            assert asyncio.run(call()) == "d"
        asyncio.run(last())
        asyncio.run(client.aclose())
        assert len(server.seen) == 4
        assert sum("access_token" in one.head for one in server.seen) == 1

    serving(test)


@leaves_sockets
@pytest.mark.fault("P4")
def test_a_client_can_be_closed_after_its_loop_ended() -> None:
    """Aclose in another loop than that of the calls."""

    def test(server: RawServer) -> None:
        client = client_at(server.url)
        asyncio.run(client.devices.detail("m"))  # type: ignore[arg-type]
        asyncio.run(client.aclose())
        with pytest.raises(ClientClosedError):
            asyncio.run(client.devices.detail("m"))  # type: ignore[arg-type]

    serving(test)


@pytest.mark.parametrize("borrowed", [False, True])
@pytest.mark.fault("P6")
async def test_two_live_loops_get_a_clear_error(borrowed: bool) -> None:
    """Used from a second loop while the first is open: ClientClosedError, and nothing sent."""
    async with raw_server(answer) as server, aiohttp.ClientSession() as session:
        client = client_at(server.url, session if borrowed else None)
        await client.devices.detail("m")
        seen = len(server.seen)

        def elsewhere() -> BaseException | None:
            try:
                asyncio.run(client.devices.detail("m"))  # type: ignore[arg-type]
            except BaseException as error:  # noqa: BLE001 - which one is the question
                return error
            return None

        error = await asyncio.to_thread(elsewhere)
        assert isinstance(error, ClientClosedError), repr(error)
        assert "loop" in str(error)
        assert len(server.seen) == seen
        await client.devices.detail("m")
        await client.aclose()


@leaves_sockets
@pytest.mark.fault("P4")
def test_a_borrowed_session_of_a_dead_loop_is_told() -> None:
    """A borrowed session cannot be made anew by us."""

    def test(server: RawServer) -> None:
        kept: list[Any] = []

        async def open_() -> None:
            session = aiohttp.ClientSession()
            kept.append((session, client_at(server.url, session)))
            await kept[0][1].devices.detail("m")
            await session._connector.close()  # type: ignore[union-attr]

        asyncio.run(open_())
        with pytest.raises(ClientClosedError):
            asyncio.run(kept[0][1].devices.detail("m"))
        asyncio.run(kept[0][0].close())

    serving(test)


FORK = """
import asyncio, os, sys
from gizwits_async import GizwitsClient
from gizwits_async.errors import ClientClosedError
from tests.doubles import FreeQuota
from tests.doubles.scripted import CREDENTIALS
import aiohttp

url, borrowed = sys.argv[1], sys.argv[2] == "borrowed"

async def main():
    session = aiohttp.ClientSession() if borrowed else None
    client = GizwitsClient(CREDENTIALS, base_url=url, quota=FreeQuota(), session=session)
    await client.devices.detail("parent1")
    pid = os.fork()
    if not pid:
        # The child has the memory of the parent; its running loop cannot continue, a new one can.
        asyncio._set_running_loop(None)
        try:
            found = asyncio.run(client.devices.detail("child")).did
        except ClientClosedError as error:
            found = "closed"
        os.write(1, f"child {found}\\n".encode())
        os._exit(0)
    os.waitpid(pid, 0)
    for n in range(3):
        os.write(1, f"parent {(await client.devices.detail(f'parent{n + 2}')).mac}\\n".encode())
    await client.aclose()
    if session: await session.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["own", "borrowed"])
@pytest.mark.fault("P5")
async def test_a_fork_gets_connections_of_its_own(kind: str, tmp_path: Path) -> None:
    """The child opens a new session (or says that it cannot), the parent reads its own replies."""

    async def echo(one: Exchange) -> None:
        mac = one.head.split("mac=")[-1].split(" ")[0]
        body = b'{"token": "t"}' if "access_token" in one.head else b'{"did": "%b", "mac": "%b"}'
        one.say(body if b"token" in body else body % (mac.encode(), mac.encode()))

    script = tmp_path / "fork.py"
    script.write_text(textwrap.dedent(FORK))
    async with raw_server(echo) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(script), server.url, kind),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin"},
        )
        out, err = await process.communicate()
    lines = out.decode().splitlines()
    assert lines[0] == ("child child" if kind == "own" else "child closed"), err.decode()
    assert lines[1:] == [f"parent parent{n}" for n in (2, 3, 4)]


@pytest.mark.jumping
async def test_closing_while_calls_are_under_way_ends_them() -> None:
    """Calls under way end in one of our errors; nothing hangs."""

    async def slow(one: Exchange) -> None:
        await asyncio.sleep(0 if "access_token" in one.head else 30)
        await answer(one)

    async with raw_server(slow) as server:
        client = client_at(server.url)
        calls = [asyncio.ensure_future(client.devices.detail("m")) for _ in range(5)]
        await asyncio.sleep(0.2)
        await client.aclose()
        found = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
        assert {type(error).__module__ for error in found} == {"gizwits_async.errors"}


async def test_a_transport_alone_keeps_its_promises() -> None:
    """Use after close, and closing what was never opened."""
    transport = HttpTransport("http://127.0.0.1:1")
    await transport.aclose()
    await transport.aclose()
    with pytest.raises(ClientClosedError):
        await transport.send("GET", "/", {}, None, timeout=1, max_bytes=10)


async def test_a_borrowed_session_that_raises_for_status_is_overruled() -> None:
    """With `raise_for_status` on, as in many applications, refusals are still read."""

    async def refuse(one: Exchange) -> None:
        one.say(b'{"error_code": 5301}', status="404 Not Found")

    async with (
        raw_server(refuse) as server,
        aiohttp.ClientSession(raise_for_status=True) as session,
    ):
        transport = HttpTransport(server.url, session)
        found = await transport.send("GET", "/x", {}, None, timeout=2, max_bytes=99)
        assert (found.status, found.body) == (404, b'{"error_code": 5301}')


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_session_that_cannot_work_is_refused_at_once() -> None:
    """With basic auth of its own, or without decompression, every call would fail oddly."""
    settings: list[dict[str, Any]] = [
        {"auth": aiohttp.BasicAuth("a", "b")},
        {"auto_decompress": False},
    ]
    for setting in settings:
        async with aiohttp.ClientSession(**setting) as session:
            with pytest.raises(ValueError, match="session"):
                client_at("https://x.invalid", session)
