"""The candidates of `call`, `stream` and `peers`: three jobs of one server, each by many clients.

The jobs are one device, a listing of 2,000 and a log of 2,000, read record by record. A library of HTTP
is joined with one of models in a dozen lines; a whole client is used as its documentation shows it.
"""

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from operator import attrgetter, itemgetter
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import aiohttp
import orjson
from attrs import frozen
from msgspec.json import Decoder
from pydantic import TypeAdapter

from benchmarks.client import client
from benchmarks.handwritten import Handwritten
from benchmarks.records import DATACLASSES, PYDANTIC, STRUCTS
from benchmarks.served import FIRST, PAGES, QUOTA
from gizwits_async import GizwitsClient, LogStream
from gizwits_async.models.devices import DataRecord

__all__ = [
    "FLOOR",
    "FLOORS",
    "HANDWRITTEN",
    "LISTINGS",
    "OURS",
    "PYDANTIC_PEER",
    "RAW",
    "Jobs",
    "jobs_of",
    "walks",
]

OURS = "gizwits_async"
RAW = "raw aiohttp get + read"
FLOOR = "aiohttp + orjson dicts + one generator"
STRUCT = "aiohttp + msgspec.Struct"
HANDWRITTEN = "60 hand-written lines"
FLOORS = {RAW, FLOOR, STRUCT, HANDWRITTEN}
"""What `call` and `stream` are measured over: no library of clients or models does less."""
PYDANTIC_PEER = "aiohttp + pydantic"

Get: TypeAlias = Callable[[str, Mapping[str, str]], Awaitable[bytes]]
"""Fetches a URL with a query."""
Decode: TypeAlias = Callable[[bytes], Any]

_RECORDS = 100 * PAGES
_HEADERS = {"Authorization": "token t"}
_PATHS = {"call": "device_detail", "devices": "devices/search", "log": "devices/d/data"}
_STEPS = {"devices": ("skip", 100), "log": ("context", 1)}
"""By which query parameter each listing goes on, and how far a page moves it."""


LISTINGS = tuple(_STEPS)


@frozen
class Jobs:
    """The three jobs by one client."""

    call: Callable[[], Awaitable[object]] | None = None
    devices: Callable[[], AsyncIterator[object]] | None = None
    log: Callable[[], AsyncIterator[object]] | None = None


def walks(jobs: Mapping[str, Jobs], name: str) -> dict[str, Callable[[], Awaitable[None]]]:
    """Return for each candidate that can do it one whole walk over a listing of `LISTINGS`."""
    found: dict[str, Callable[[], AsyncIterator[object]] | None] = {
        candidate: getattr(one, name) for candidate, one in jobs.items()
    }
    return {one: partial(_counted, walk) for one, walk in found.items() if walk}


async def _counted(walk: Callable[[], AsyncIterator[object]]) -> None:
    number = 0
    async for _ in walk():
        number += 1
    assert number == _RECORDS, number  # all came


def _log(gizwits: GizwitsClient) -> LogStream[DataRecord]:
    """Return the log that the server holds, and nothing more."""
    return gizwits.devices.data_log("d", start=FIRST - _RECORDS + 1, end=FIRST + 1)


def _joined(base: str, get: Get, decoders: Mapping[str, Decode], rows: Decode) -> Jobs:
    """Return the jobs by a library of HTTP and one of models."""

    async def call() -> object:
        return decoders["call"](await get(f"{base}/{_PATHS['call']}", {"mac": "ACCF23000001"}))

    async def walk(job: str) -> AsyncGenerator[Any, None]:
        (step, by), decode = _STEPS[job], decoders[job]
        for at in range(PAGES):
            asked = {step: str(at * by)} if at else {}
            for one in rows(decode(await get(f"{base}/{_PATHS[job]}", asked))):
                yield one

    return Jobs(call, partial(walk, "devices"), partial(walk, "log"))


_objects = attrgetter("objects")


def _pydantic() -> dict[str, Decode]:
    return {job: TypeAdapter(kind).validate_json for job, kind in PYDANTIC.items()}


def _mashumaro() -> dict[str, Decode]:
    from mashumaro.codecs.orjson import ORJSONDecoder  # noqa: PLC0415 - perhaps not installed

    return {job: ORJSONDecoder[Any](kind).decode for job, kind in DATACLASSES.items()}


def _aiohttp_get(session: aiohttp.ClientSession) -> Get:
    async def get(url: str, query: Mapping[str, str]) -> bytes:
        async with session.get(url, params=query, headers=_HEADERS) as response:
            return await response.read()

    return get


async def _httpx_get(stack: AsyncExitStack, module: Any) -> Get:
    session = await stack.enter_async_context(module.AsyncClient(headers=_HEADERS))

    async def get(url: str, query: Mapping[str, str]) -> bytes:
        content: bytes = (await session.get(url, params=query)).content
        return content

    return get


async def _niquests_get(stack: AsyncExitStack, module: Any) -> Get:
    session = await stack.enter_async_context(module.AsyncSession())
    session.trust_env = False

    async def get(url: str, query: Mapping[str, str]) -> bytes:
        content: bytes = (await session.get(url, params=query, headers=_HEADERS)).content
        return content

    return get


def _githubkit(github: Any, base: str) -> Jobs:
    async def call() -> object:
        url = f"{base}/{_PATHS['call']}?mac=ACCF23000001"
        return (await github.arequest("GET", url, response_model=PYDANTIC["call"])).parsed_data

    def walk(job: str) -> AsyncIterator[object]:
        async def listed() -> Any:
            url = f"{base}/{_PATHS[job]}"
            return await github.arequest("GET", url, response_model=PYDANTIC[job])

        return aiter(github.rest.paginate(listed, map_func=lambda reply: reply.parsed_data.objects))

    return Jobs(call, partial(walk, "devices"), partial(walk, "log"))


def _gidgethub(api: Any, base: str) -> Jobs:
    def walk(job: str) -> AsyncIterator[object]:
        walked: AsyncIterator[object] = api.getiter(f"{base}/{_PATHS[job]}", iterable_key="objects")
        return walked

    return Jobs(
        lambda: api.getitem(f"{base}/{_PATHS['call']}?mac=ACCF23000001"),
        partial(walk, "devices"),
        partial(walk, "log"),
    )


def _generated(folder: str, base: str) -> Jobs:
    """Return the jobs by what openapi-python-client makes of our OpenAPI description."""
    spec = Path(__file__).parents[1] / "gizwits_async" / "simulator" / "openapi.json"
    run(  # noqa: S603 - a generator that the programmer has installed
        [
            *(sys.executable, "-m", _GENERATOR, "generate"),
            *("--path", spec, "--meta", "none", "--output-path", f"{folder}/generated_api"),
        ],
        check=True,
        capture_output=True,
    )
    sys.path.insert(0, folder)
    made = import_module("generated_api.client").Client(base_url=base, headers=_HEADERS)
    api = "generated_api.api.devices"
    detail = import_module(f"{api}.get_device_detail").asyncio
    pages: dict[str, Any] = {
        "devices": import_module(f"{api}.search_devices").asyncio,
        "log": partial(
            import_module(f"{api}.get_data_log").asyncio,
            did="d",
            start_ts=FIRST - _RECORDS + 1,
            end_ts=FIRST + 1,
        ),
    }

    async def walk(job: str) -> AsyncGenerator[Any, None]:
        (step, by), page = _STEPS[job], pages[job]
        for at in range(PAGES):
            asked: dict[str, Any] = {step: at * by if step == "skip" else str(at)} if at else {}
            for one in (await page(client=made, product_key="bench", **asked)).objects:
                yield one

    return Jobs(
        lambda: detail(client=made, product_key="bench", mac="ACCF23000001"),
        partial(walk, "devices"),
        partial(walk, "log"),
    )


_GENERATOR = "openapi_python_client"


def _installed(package: str) -> bool:
    found = find_spec(package) is not None
    if not found:
        print(f"left out: {package} is not installed, see the group `peers`", file=sys.stderr)
    return found


async def jobs_of(stack: AsyncExitStack, base: str, *, peers: bool) -> dict[str, Jobs]:
    """Return the candidates: ours and the floors, with `peers` also what else is installed.

    Args:
        stack: Closes their sessions.
        base: Where the server is.
        peers: Whether to add the other libraries.
    """
    session = await stack.enter_async_context(aiohttp.ClientSession())
    ours = await stack.enter_async_context(client(base))
    by_hand = Handwritten(session, base, QUOTA)
    get = _aiohttp_get(session)
    join = partial(_joined, base)
    structs = {job: Decoder(kind, strict=False).decode for job, kind in STRUCTS.items()}
    dicts: dict[str, Decode] = dict.fromkeys(_PATHS, orjson.loads)
    found = {
        RAW: Jobs(join(get, dict.fromkeys(_PATHS, bytes), _objects).call),
        FLOOR: join(get, dicts, itemgetter("objects")),
        STRUCT: join(get, structs, _objects),
        HANDWRITTEN: Jobs(
            lambda: by_hand.detail("ACCF23000001"), by_hand.devices, lambda: by_hand.log("d")
        ),
        OURS: Jobs(
            lambda: ours.devices.detail("ACCF23000001"),
            lambda: aiter(ours.devices.search()),
            lambda: aiter(_log(ours)),
        ),
        PYDANTIC_PEER: join(get, _pydantic(), _objects),
    }
    if peers:
        found |= await _peers(stack, session, base)
    return found


async def _peers(
    stack: AsyncExitStack, session: aiohttp.ClientSession, base: str
) -> dict[str, Jobs]:
    found: dict[str, Jobs] = {}
    join = partial(_joined, base)
    for name, make in (("httpx", _httpx_get), ("httpx2", _httpx_get), ("niquests", _niquests_get)):
        if _installed(name):
            over = await make(stack, import_module(name))
            found[f"{name} + pydantic"] = join(over, _pydantic(), _objects)
    if _installed("mashumaro"):
        found["aiohttp + mashumaro"] = join(_aiohttp_get(session), _mashumaro(), _objects)
    if _installed("githubkit"):
        kit = import_module("githubkit").GitHub(
            "t", base_url=base, http_cache=False, auto_retry=False
        )
        found["githubkit"] = _githubkit(await stack.enter_async_context(kit), base)
    if _installed("gidgethub"):
        api = import_module("gidgethub.aiohttp").GitHubAPI(
            session, "bench", oauth_token="t", base_url=base
        )
        found["gidgethub (no models)"] = _gidgethub(api, base)
    if _installed(_GENERATOR):
        folder = stack.enter_context(TemporaryDirectory())
        found["openapi-python-client (httpx, attrs)"] = _generated(folder, base)
    return found
