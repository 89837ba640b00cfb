"""The client that a skilled programmer would write for the same calls, in 60 lines: the floor.

It has a rate limiter, a token, one retry, a time limit and typed records, and none of what takes more: it does not
read the server's count of the quota, tell what was sent from what was not, check the order of a log or resume.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import TypeVar

import aiohttp
import msgspec
from aiolimiter import AsyncLimiter

from benchmarks.records import Detail, DevicePage, LogPage, StructDevice, StructRecord

__all__ = ["Handwritten"]

T = TypeVar("T")


class _Token(msgspec.Struct):
    token: str
    expire_at: int


class Handwritten:
    """Calls the API under a rate limit, and again after a failure."""

    def __init__(self, session: aiohttp.ClientSession, base: str, calls: int) -> None:
        self._session = session
        self._base = base
        self._limiter = AsyncLimiter(calls, 3600)
        self._headers: dict[str, str] = {}
        self._detail = msgspec.json.Decoder(Detail, strict=False)
        self._devices = msgspec.json.Decoder(DevicePage, strict=False)
        self._log = msgspec.json.Decoder(LogPage, strict=False)

    async def detail(self, mac: str) -> Detail:
        """Return one device."""
        return await self._get("/device_detail", {"mac": mac}, self._detail)

    async def devices(self) -> AsyncGenerator[StructDevice, None]:
        """Iterate over all devices."""
        skip, total = 0, 1
        while skip < total:
            page = await self._get("/devices/search", {"skip": skip, "limit": 100}, self._devices)
            for device in page.objects:
                yield device
            skip, total = skip + len(page.objects), page.meta.total

    async def log(self, did: str) -> AsyncGenerator[StructRecord, None]:
        """Iterate over the data log of a device."""
        context: str | None = ""
        while context is not None:
            asked: dict[str, str | int] = {"limit": 100}
            if context:
                asked["context"] = context
            page = await self._get(f"/devices/{did}/data", asked, self._log)
            for record in page.objects:
                yield record
            context = page.meta.context

    async def _get(
        self, path: str, query: Mapping[str, str | int], decoder: "msgspec.json.Decoder[T]"
    ) -> T:
        for attempt in range(3):
            if not self._headers:
                await self._log_in()
            async with self._limiter:
                try:
                    async with (
                        asyncio.timeout(10),
                        self._session.get(
                            self._base + path, params=query, headers=self._headers
                        ) as response,
                    ):
                        body = await response.read()
                except (aiohttp.ClientError, TimeoutError):
                    if attempt == 2:  # noqa: PLR2004
                        raise
                    await asyncio.sleep(2**attempt)
                    continue
            if response.status == 401:  # noqa: PLR2004
                self._headers = {}
                continue
            response.raise_for_status()
            return decoder.decode(body)
        raise RuntimeError("the token was refused again and again")

    async def _log_in(self) -> None:
        async with self._session.post(self._base + "/access_token", json={}) as response:
            token = msgspec.json.decode(await response.read(), type=_Token)
        self._headers = {"Authorization": f"token {token.token}"}
