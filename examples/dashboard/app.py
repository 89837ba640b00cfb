"""A dashboard of one product: its fleet, where it is online, a live log, and control with confirmation.

    pip install 'gizwits-async[fastapi]' uvicorn
    uvicorn --app-dir examples/dashboard app:app

It reads the `GIZWITS_*` variables. It asks nobody who they are: put your own login before it.
"""

from pathlib import Path
from typing import Annotated, Any

from attrs import evolve
from fastapi import FastAPI, Header
from fastapi.responses import HTMLResponse, StreamingResponse

from gizwits_async import DataRecord, Device
from gizwits_async.fastapi import (
    WEB_OPTIONS,
    Gizwits,
    gizwits_lifespan,
    gizwits_responses,
    install_error_handlers,
    server_sent_events,
)

PAGE = (Path(__file__).parent / "index.html").read_text(encoding="utf-8")
LOG_EVERY = 10.0
"""Seconds between two looks at the log of the device that a visitor watches: 360 calls an hour."""
OPTIONS = evolve(WEB_OPTIONS, deadline=20.0)  # a confirmation takes up to seven seconds

app = FastAPI(lifespan=gizwits_lifespan(options=OPTIONS), responses=gizwits_responses)
install_error_handlers(app)


@app.get("/", include_in_schema=False)
async def page() -> HTMLResponse:
    """Return the page, which loads nothing from elsewhere."""
    return HTMLResponse(PAGE)


@app.get("/devices")
async def devices(gizwits: Gizwits) -> list[Device]:
    """Return the first 500 devices."""
    return await gizwits.devices.search().collect(limit=500)


@app.get("/provinces")
async def provinces(gizwits: Gizwits) -> dict[str, dict[str, int]]:
    """Return how many devices of each province are online, and how many there are."""
    found: dict[str, dict[str, int]] = {}
    for name, online in (("total", None), ("online", True)):
        report = await gizwits.device_reports.locations(is_online=online)
        for country in report.location.children:
            for province in country.children:
                counts = found.setdefault(province.name, {"total": 0, "online": 0})
                counts[name] += province.count or 0
    return found


@app.get("/datapoints")
async def datapoints(gizwits: Gizwits) -> dict[str, Any]:
    """Return the data points that can be set, with their kind and their values."""
    product = await gizwits.product.datapoints()
    return {
        point.name: {"kind": point.data_type, "values": point.enum}
        for point in product.datapoints
        if point.is_writable
    }


@app.get("/devices/{did}/log")
async def log(did: str, gizwits: Gizwits) -> list[DataRecord]:
    """Return the last 20 records, the newest first."""
    return await gizwits.devices.data_log(did).collect(limit=20)


@app.get("/devices/{did}/live")
async def live(
    did: str, gizwits: Gizwits, last_event_id: Annotated[str | None, Header()] = None
) -> StreamingResponse:
    """Send what the device reports from now on; a browser that reconnects misses nothing."""
    return await server_sent_events(gizwits.devices.watch(did, every=LOG_EVERY), last_event_id)


@app.post("/devices/{did}/control")
async def control(did: str, attrs: dict[str, Any], gizwits: Gizwits) -> dict[str, Any]:
    """Send a command once, and look for the report by which the device confirms it."""
    result = await gizwits.devices.control_and_confirm(did, attrs)
    return {"state": result.state, "reported": dict(result.reported)}
