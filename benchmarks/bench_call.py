"""One `detail()` over a scripted transport and over loopback: `python -m benchmarks.bench_call`."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from statistics import median
from time import perf_counter

import aiohttp
from aiohttp import web

from gizwits_async import Credentials, GizwitsClient, Lane, QuotaSnapshot
from gizwits_async.wire.transport import HttpReply

BODY = json.dumps(
    {"did": "d" * 22, "mac": "ACCF23000001", "product_key": "k" * 32, "is_online": True,
     "is_disabled": False, "type": "normal"}
).encode()  # fmt: skip
TOKEN = json.dumps({"token": "t" * 32, "expire_at": 4_000_000_000}).encode()
CREDENTIALS = Credentials(
    enterprise_id="bench", enterprise_secret="bench", product_key="bench", product_secret="bench"
)
CALLS = 300
ROUNDS = 15


class Free:
    """A quota that always has a place: what it costs is measured by bench_quota."""

    async def acquire(self, lane: Lane = Lane.INTERACTIVE, max_wait: float | None = None) -> None:
        """Return at once."""

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        """Ignore it."""

    def snapshot(self) -> QuotaSnapshot:
        """Return something."""
        return QuotaSnapshot(limit=1, remaining=1)

    def retry_after(self) -> float | None:
        """Return nothing."""
        return None

    async def aclose(self) -> None:
        """Do nothing."""


class Scripted:
    """A transport that has every answer ready."""

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        timeout: float,  # noqa: ASYNC109
        max_bytes: int,
    ) -> HttpReply:
        """Return the token, or the detail."""
        del headers, body, timeout, max_bytes, target
        return HttpReply(200, {}, TOKEN if method == "POST" else BODY)

    async def aclose(self) -> None:
        """Do nothing."""


async def _respond(request: web.Request) -> web.Response:
    body = TOKEN if request.method == "POST" else BODY
    return web.Response(body=body, content_type="application/json")


async def _timed(call: Callable[[], Awaitable[object]]) -> float:
    began = perf_counter()
    for _ in range(CALLS):
        await call()
    return (perf_counter() - began) / CALLS


async def main() -> None:
    """Measure and print."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _respond)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    url = f"{base}/v1/products/bench/device_detail?mac=ACCF23000001"
    async with (
        aiohttp.ClientSession() as session,
        GizwitsClient(CREDENTIALS, base_url=base, quota=Free()) as wired,
        GizwitsClient(CREDENTIALS, transport=Scripted(), quota=Free()) as scripted,
    ):

        async def raw() -> None:
            async with session.get(url, headers={"Authorization": "token t"}) as response:
                await response.read()

        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "raw aiohttp get + read, loopback": raw,
            "detail(), loopback": lambda: wired.devices.detail("ACCF23000001"),
            "detail(), scripted transport": lambda: scripted.devices.detail("ACCF23000001"),
        }
        found: dict[str, list[float]] = {name: [] for name in calls}
        for call in calls.values():
            await _timed(call)
        for _ in range(ROUNDS):
            for name, call in calls.items():
                found[name].append(await _timed(call))
    await runner.cleanup()
    floor = found["raw aiohttp get + read, loopback"]
    print("| one call | us | over raw aiohttp |\n| --- | --: | --: |")
    for name, seconds in found.items():
        ratio = median(a / b for a, b in zip(seconds, floor, strict=True))
        print(f"| {name} | {median(seconds) * 1e6:,.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    asyncio.run(main())
