#!/bin/sh
# Expected: a request that has its own `Authorization` header is sent with that header; `.netrc` names
# accounts for hosts where the caller gives none (as curl and requests' explicit `auth=` do).
# What happens: aiohttp 3.14.5 with `trust_env=True` and a `default` entry in `.netrc` (or one for the host)
# refuses every such request with a bare ValueError, before anything is sent. Without the entry it is sent.
# So a client that trusts the environment because of a proxy fails on machines that have a `.netrc`,
# which is why gizwits_async looks the proxy up by itself, once.
# Seen with aiohttp 3.14.5 on Python 3.11 on 2026-11-28.
# Source: https://docs.aiohttp.org/en/stable/client_reference.html (`trust_env`), aiohttp/client.py, `_request`.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "aiohttp==3.14.5"
cat > "$folder/seen.py" <<'PYTHON'
import asyncio
import os
import sys

import aiohttp
from aiohttp import web


async def answer(request):
    return web.Response(text=request.headers.get("Authorization", "none"))


async def main():
    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    seen = []
    for entry in ("", "default login anonymous password me\n"):
        with open(os.environ["NETRC"], "w") as file:
            file.write(entry)
        async with aiohttp.ClientSession(trust_env=True) as session:
            try:
                headers = {"Authorization": "token abc"}
                async with session.get(f"http://127.0.0.1:{port}/", headers=headers) as response:
                    seen.append(await response.text())
            except ValueError as error:
                seen.append(f"ValueError: {error}")
        print(f"with {'a default entry' if entry else 'an empty .netrc'}: {seen[-1]}")
    await runner.cleanup()
    changed = seen[0] != "token abc" or "Cannot combine AUTHORIZATION header" not in seen[1]
    sys.exit("aiohttp behaves differently now" if changed else 0)


asyncio.run(main())
PYTHON
NETRC="$folder/netrc" "$folder/venv/bin/python" "$folder/seen.py"
