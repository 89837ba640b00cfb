#!/bin/sh
# Expected: `ClientResponseError.status` is the status that the server sent, and the error is raised for it only
# when `raise_for_status` asks for that. 400 means: our request was wrong, a retry is of no use.
# What happens: when aiohttp 3.14.5 cannot read the head of a reply, it raises the same class with `status=400`,
# whatever the server sent. A header of 9,000 bytes is valid HTTP, and common behind a proxy that adds cookies or
# a policy; with it a reply of 200 or 503 is "400" for the caller, who can only tell by the text of the message.
# So a policy that looks at the status retries no 503 and reports the caller's mistake.
# gizwits_async reads the status of replies only, and calls such an error a reply that cannot be read.
# Seen with aiohttp 3.14.5 on Python 3.11 on 2026-11-28.
# Source: aiohttp/http_exceptions.py (`BadHttpMessage`), aiohttp/client_reqrep.py (`ClientResponse.start`),
# https://docs.aiohttp.org/en/stable/client_reference.html (`max_field_size`, `ClientResponseError`).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "aiohttp==3.14.5"
cat > "$folder/seen.py" <<'PYTHON'
import asyncio
import sys

import aiohttp


async def status(sent, size):
    """Return the class and status that the caller gets for a reply with a header of this size."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d Sent\r\nContent-Length: 2\r\n" % sent)
        writer.write(b"Content-Security-Policy: " + b"x" * size + b"\r\n\r\n{}")
        writer.close()  # After what is written.

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with aiohttp.ClientSession(raise_for_status=False) as session:
            try:
                async with session.get(url) as response:
                    await response.read()
                    return "response", response.status
            except aiohttp.ClientResponseError as error:
                return type(error).__name__, error.status


async def main():
    print("aiohttp", aiohttp.__version__)
    seen = []
    for sent, size in ((200, 100), (200, 9_000), (503, 9_000)):
        seen.append(await status(sent, size))
        print(f"the server sent {sent} with a header of {size:,} bytes: {seen[-1]}")
    made_up = ("ClientResponseError", 400)
    sys.exit(seen != [("response", 200), made_up, made_up])


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
