"""Other clients' ways through the same pages from the same server: `python -m benchmarks.bench_peers`.

githubkit (pydantic, its own paginator), gidgethub (no models, by the Link header) and mashumaro
(dataclasses, here after aiohttp's read and in one generator), each as its documentation shows it.
"""

import asyncio
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import aiohttp
from gidgethub.aiohttp import GitHubAPI
from githubkit import GitHub, Response
from mashumaro.codecs.orjson import ORJSONDecoder
from pydantic import BaseModel

from benchmarks.bench_stream import count, log
from benchmarks.client import client
from benchmarks.measure import Figure, markdown, over, table, turns
from benchmarks.served import PAGES, served

__all__ = ["figures"]

T = TypeVar("T")


class _PydanticDevice(BaseModel):
    did: str
    mac: str | None = None
    is_online: bool | None = None
    is_faulty: bool | None = None
    is_alert: bool | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    online_latest: float | None = None
    created_at: float | None = None
    mcu_hard_version: str | None = None
    mcu_soft_version: str | None = None
    wifi_hard_version: str | None = None
    wifi_soft_version: str | None = None


class _PydanticRecord(BaseModel):
    ts: float
    attrs: dict[str, Any]


class _PydanticDevices(BaseModel):
    objects: list[_PydanticDevice]


class _PydanticRecords(BaseModel):
    objects: list[_PydanticRecord]


@dataclass
class _PlainDevice:
    did: str
    mac: str | None = None
    is_online: bool | None = None
    is_faulty: bool | None = None
    is_alert: bool | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    online_latest: float | None = None
    created_at: float | None = None
    mcu_hard_version: str | None = None
    mcu_soft_version: str | None = None
    wifi_hard_version: str | None = None
    wifi_soft_version: str | None = None


@dataclass
class _PlainRecord:
    ts: float
    attrs: dict[str, Any]


@dataclass
class _PlainDevices:
    objects: list[_PlainDevice]


@dataclass
class _PlainRecords:
    objects: list[_PlainRecord]


async def _githubkit(github: GitHub[Any], url: str, model: type[Any]) -> None:
    async def listed() -> Response[Any]:
        return await github.arequest("GET", url, response_model=model)

    paginate: Any = github.rest.paginate
    await count(aiter(paginate(listed, map_func=lambda reply: reply.parsed_data.objects)))


async def _gidgethub(api: GitHubAPI, url: str) -> None:
    await count(api.getiter(url, iterable_key="objects"))


async def _mashumaro(
    session: aiohttp.ClientSession, url: str, step: str, decoder: ORJSONDecoder[Any]
) -> AsyncGenerator[Any, None]:
    headers = {"Authorization": "token t"}
    for at in range(PAGES):
        asked = {step: str(at * (100 if step == "skip" else 1))} if at else {}
        async with session.get(url, params=asked, headers=headers) as response:
            for one in decoder.decode(await response.read()).objects:
                yield one


async def _measured(repeat: int) -> dict[str, dict[str, list[float]]]:
    found = {}
    with served() as base:
        async with (
            aiohttp.ClientSession() as session,
            client(base) as ours,
            GitHub("t", base_url=base, http_cache=False, auto_retry=False) as github,
        ):
            api = GitHubAPI(session, "bench", oauth_token="t", base_url=base)
            for name, url, step, models, stream in (
                ("devices", f"{base}/search", "skip", (_PydanticDevices, _PlainDevices),
                 ours.devices.search),
                ("log", f"{base}/data", "context", (_PydanticRecords, _PlainRecords),
                 partial(log, ours)),
            ):  # fmt: skip
                candidates: dict[str, Callable[[], Awaitable[object]]] = {
                    "gizwits_async": partial(_walk, stream),
                    "githubkit": partial(_githubkit, github, url, models[0]),
                    "gidgethub (no models)": partial(_gidgethub, api, url),
                    "mashumaro": partial(
                        _generated, session, url, step, ORJSONDecoder[Any](models[1])
                    ),
                }
                found[name] = await turns(candidates, repeat=repeat)
    return found


async def _walk(stream: Callable[[], Any]) -> None:
    await count(aiter(stream()))


async def _generated(
    session: aiohttp.ClientSession, url: str, step: str, decoder: ORJSONDecoder[Any]
) -> None:
    await count(_mashumaro(session, url, step, decoder))


def figures(repeat: int = 75, *, show: bool = False) -> list[Figure]:
    """Measure CPU of this process; each peer over ours, so that more than 1 means slower."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        measured = asyncio.run(_measured(repeat))
    figures = []
    for name, found in measured.items():
        if show:
            print(table(f"CPU a page, {name}", found, "gizwits_async", unit=PAGES), "\n")
        figures += [
            Figure(
                f"{peer}, {name} page, over ours", over(found, peer, "gizwits_async"), 1, least=True
            )
            for peer in found
            if peer != "gizwits_async"
        ]
    return figures


if __name__ == "__main__":
    print(markdown(figures(show=True)))
