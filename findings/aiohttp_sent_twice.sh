#!/bin/sh
# Expected: one call is one request. HTTP lets a client repeat an idempotent request when the server closed an
# idle connection that was kept; on a new connection a lost reply is an error, for the caller to judge.
# What happens: aiohttp 3.14.5 sends GET, HEAD, PUT and DELETE a second time on every connection that ends without
# a reply, also on a new one and with `force_close=True`. A server that died in the middle of a DELETE gets it again;
# with a quota on the server each lost reply costs two calls. A trace sees one `on_request_start` for the two, and
# no parameter prevents it. POST and PATCH are sent once.
# A client middleware is called for each of the two, and may refuse the second: gizwits_async has one for that.
# Seen with aiohttp 3.14.5 on Python 3.11 on 2026-11-28.
# Source: aiohttp/client.py (`_request`, `retry_persistent_connection`); RFC 9112, section 9.3.1;
# https://github.com/aio-libs/aiohttp/pull/7363, https://github.com/aio-libs/aiohttp/issues/10790.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "aiohttp==3.14.5"
cat > "$folder/seen.py" <<'PYTHON'
import asyncio
import sys

import aiohttp

VERBS = ("GET", "PUT", "DELETE", "POST", "PATCH")


async def main():
    arrived, started = [], []

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        arrived.append(head.split()[0].decode())
        writer.close()

    async def start(session, context, params):
        started.append(params.method)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(start)
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/devices"
        for verb in VERBS:
            connector = aiohttp.TCPConnector(force_close=True)
            async with aiohttp.ClientSession(connector=connector, trace_configs=[trace]) as session:
                try:
                    await session.request(verb, url)
                except aiohttp.ServerDisconnectedError:
                    pass
    print("aiohttp", aiohttp.__version__)
    for verb in VERBS:
        print(f"{verb}: {started.count(verb)} started, {arrived.count(verb)} arrived at the server")
    seen = [(started.count(verb), arrived.count(verb)) for verb in VERBS]
    sys.exit(seen != [(1, 2), (1, 2), (1, 2), (1, 1), (1, 1)])


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
