#!/bin/sh
# Expected: a task that is cancelled ends as cancelled, also when its own time limit expires at the same moment:
# `asyncio.timeout` counts the cancellations of a task for that, and aiohttp's timer for `total` does so, too.
# What happens: while aiohttp 3.14.5 waits for the head of a reply, that timer is entered twice, one inside the
# other. Each exit takes one cancellation back; the second takes back the caller's. The call ends in a bare
# TimeoutError although `task.cancel()` returned True, and a loop that retries after a timeout goes on: a program
# that cancels its tasks and awaits them at its end does not end. In the body of a reply the timer is entered once,
# and the task ends as cancelled. Both timers are due together whenever the event loop was busy for a moment.
# This is why gizwits_async sets no `total`, and limits a call by a timer of its own.
# Seen with aiohttp 3.14.5 on Python 3.11 on 2026-11-28.
# Source: aiohttp/helpers.py (`TimerContext.__exit__`), entered in aiohttp/client.py (`_request`) and in
# aiohttp/client_reqrep.py (`ClientResponse.start`); https://github.com/aio-libs/aiohttp/issues/5979 (open).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "aiohttp==3.14.5"
cat > "$folder/seen.py" <<'PYTHON'
import asyncio
import sys
import time

import aiohttp


async def call(port, total, limit):
    timeout = aiohttp.ClientTimeout(total=total)
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.timeout(limit):
        async with session.get(f"http://127.0.0.1:{port}/") as response:
            await response.read()


async def ending(answer, **limits):
    """Return how a call ends that is cancelled just after its limit of one second has expired."""
    arrived, left = asyncio.Event(), asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        arrived.set()
        await reader.read()
        writer.close()
        left.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        task = asyncio.ensure_future(call(port, **limits))
        await arrived.wait()
        await asyncio.sleep(0.1)
        accepted = []
        asyncio.get_running_loop().call_later(1.2, lambda: accepted.append(task.cancel()))
        time.sleep(1.5)  # The loop is busy: then both timers are due, the limit's first.
        (result,) = await asyncio.gather(task, return_exceptions=True)
        await left.wait()
        assert accepted == [True], "the call had ended before it was cancelled"
        return type(result).__name__


async def main():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    seen = {
        "total, waiting for the head": await ending(b"", total=1, limit=None),
        "total, waiting for the body": await ending(head, total=1, limit=None),
        "asyncio.timeout, waiting for the head": await ending(b"", total=None, limit=1),
    }
    print("aiohttp", aiohttp.__version__)
    for case, name in seen.items():
        print(f"cancelled as the limit expires ({case}): {name}")
    sys.exit(list(seen.values()) != ["TimeoutError", "CancelledError", "CancelledError"])


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
