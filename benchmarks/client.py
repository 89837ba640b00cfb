"""A client whose quota grants every permit, and a transport that has every answer ready."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from attrs import evolve

from benchmarks.pages import device_page
from benchmarks.served import QUOTA
from gizwits_async import Credentials, GizwitsClient, HourlyQuota, Lane, QuotaSnapshot
from gizwits_async.wire.transport import HttpReply

__all__ = ["CREDENTIALS", "Free", "QuietFleet", "Scripted", "client"]

CREDENTIALS = Credentials(
    enterprise_id="bench", enterprise_secret="bench", product_key="bench", product_secret="bench"
)
_PAGE = 100
_EMPTY = device_page(0)
_TOKEN = b'{"token": "tttttttttttttttttttttttttttttttt", "expire_at": 4000000000}'


class Free:
    """A quota that grants every permit; the cost of the real one is measured by bench_quota."""

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
    """A transport that has every answer ready: the token, or the page from `skip` on."""

    def __init__(self, pages: list[bytes]) -> None:
        self._pages = pages

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
        """Return the token, or a page."""
        del headers, body, timeout, max_bytes
        if method == "POST":
            return HttpReply(200, {}, _TOKEN)
        skip = parse_qs(target.partition("?")[2]).get("skip", ["0"])
        number = int(skip[0]) // 100
        body = self._pages[number] if number < len(self._pages) else b'{"objects": []}'
        return HttpReply(200, {}, body)

    async def aclose(self) -> None:
        """Do nothing."""


class QuietFleet(Scripted):
    """A service with so many devices, every second of them online, whose logs are empty."""

    def __init__(self, devices: int) -> None:
        super().__init__([])
        self._devices = devices

    async def send(self, method: str, target: str, *args: Any, **more: Any) -> HttpReply:
        """Give way, as a socket does, and answer."""
        await asyncio.sleep(0)
        path, _, query = target.partition("?")
        if method == "POST" or not path.endswith("/search"):
            reply = await super().send(method, target, *args, **more)
            return reply if method == "POST" else evolve(reply, body=_EMPTY)
        first = int(parse_qs(query).get("skip", ["0"])[0])
        page = device_page(max(0, min(_PAGE, self._devices - first)), first=first)
        body = page.replace(b'"total": 100', b'"total": %d' % self._devices, 1)
        return HttpReply(200, {}, body)


def client(base_url: str) -> GizwitsClient:
    """Return a client of a server on loopback, as users have it: with the quota of one process."""
    return GizwitsClient(CREDENTIALS, base_url=base_url, quota=HourlyQuota(QUOTA))
