"""An app with endless streams, for tests that run it under several servers."""

from typing import Annotated

from fastapi import FastAPI, Header
from starlette.responses import StreamingResponse

from gizwits_async import HourlyQuota
from gizwits_async.fastapi import (
    Gizwits,
    gizwits_lifespan,
    install_error_handlers,
    json_lines,
    server_sent_events,
)
from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorTransport

cloud = SimulatedCloud(Fleet.of_today(), quota=3_600_000)
app = FastAPI(
    lifespan=gizwits_lifespan(
        credentials=cloud.credentials,
        transport=SimulatorTransport(cloud),
        quota=HourlyQuota(3_600_000, burst=1000, initial=1000),
    )
)
install_error_handlers(app)
did = cloud.fleet.devices[0].did


@app.get("/lines")
async def lines(gizwits: Gizwits, resume: str | None = None) -> StreamingResponse:
    return await json_lines(gizwits.devices.watch(did, every=1.0, settle=0.0), resume)


@app.get("/events")
async def events(
    gizwits: Gizwits, last_event_id: Annotated[str | None, Header()] = None
) -> StreamingResponse:
    return await server_sent_events(
        gizwits.devices.watch(did, every=1.0, settle=0.0), last_event_id
    )


@app.get("/slow")
async def slow(gizwits: Gizwits) -> StreamingResponse:
    return await server_sent_events(gizwits.devices.watch(did, every=600.0))
