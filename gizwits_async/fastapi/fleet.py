"""A page of the scans of all enterprises, for one's own app: states, coverage, quota, errors.

```python
app.include_router(
    fleet_router(Fleet(url)), prefix="/fleet", dependencies=[Depends(staff_only)]
)
```
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException
from starlette.responses import HTMLResponse, StreamingResponse

from gizwits_async.fastapi.shutdown import shutdown_event
from gizwits_async.models import to_dict
from gizwits_async.scan import ScanStoreError
from gizwits_async.workers import Fleet, ScanArguments

__all__ = ["fleet_router"]

_TEXT = (files(__package__) / "fleet.html").read_text(encoding="utf-8")
_HEARTBEAT = 15.0
"""Seconds without a change after which a comment is sent, so that proxies keep the connection."""
_OURS = "fleet"
"""Value of a header that no other site can make a browser send without being allowed to."""


def fleet_router(fleet: Fleet, *, changes: bool = True, every: float = 2.0) -> APIRouter:
    """Return a router with the page at its root, and what the page needs below it.

    The router opens the fleet when the app starts. It asks nobody who they are: give it to
    `include_router` with the `dependencies` by which the app knows its staff.

    Args:
        fleet: The scans that are shown; not open.
        changes: Whether the page can begin and cancel scans.
        every: Seconds between two looks at the database, for each open page.
    """

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        async with fleet:
            yield

    router = APIRouter(lifespan=lifespan)

    @router.get("", include_in_schema=False)
    @router.get("/", include_in_schema=False)
    async def show() -> HTMLResponse:
        """Return the page."""
        return _page(changes=changes)

    @router.get("/status")
    async def status() -> list[dict[str, Any]]:
        """Return how each enterprise stands."""
        return await _rows(fleet)

    @router.get("/events", include_in_schema=False)
    async def events() -> StreamingResponse:
        """Send the rows whenever they have changed."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        body = _changes(fleet, every)
        return StreamingResponse(body, media_type="text/event-stream", headers=headers)

    if not changes:
        return router

    @router.post("/scans/{profile:path}", status_code=202)
    async def begin(profile: str, x_requested_with: Annotated[str, Header()] = "") -> bool:
        """Ask for a scan of what is new; false if one is under way already."""
        _check_origin(x_requested_with)
        if profile not in {one.profile for one in await fleet.fleet_status()}:
            raise HTTPException(404, "no such profile was ever scheduled or scanned")
        kept = {one.profile: one.scan for one in await fleet.schedules()}
        return await fleet.defer_scan(profile, kept.get(profile, ScanArguments()))

    @router.delete("/scans/{profile:path}", status_code=202)
    async def cancel(profile: str, x_requested_with: Annotated[str, Header()] = "") -> bool:
        """End a scan; false if none is under way."""
        _check_origin(x_requested_with)
        return await fleet.cancel_scan(profile)

    return router


def _page(*, changes: bool) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    text = _TEXT.replace("{nonce}", nonce).replace("{changes}", "yes" if changes else "no")
    policy = f"connect-src 'self'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'"
    headers = {
        "Content-Security-Policy": f"default-src 'none'; {policy}; base-uri 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(text, headers=headers)


def _check_origin(header: str) -> None:
    # A page of another site may send a form with the cookies of our user, but not this header.
    if header != _OURS:
        raise HTTPException(403, f"the header X-Requested-With: {_OURS} is missing")


async def _rows(fleet: Fleet) -> list[dict[str, Any]]:
    return [to_dict(one) for one in await fleet.fleet_status()]


async def _changes(fleet: Fleet, every: float) -> AsyncIterator[str]:
    clock, before, sent_at = asyncio.get_running_loop().time, "", 0.0
    with shutdown_event() as stop:
        while not stop.is_set():
            # While the database is away the page keeps what it shows.
            with suppress(ScanStoreError):
                rows = json.dumps(await _rows(fleet))
                if rows != before:
                    before, sent_at = rows, clock()
                    yield f"data: {rows}\n\n"
            if clock() - sent_at > _HEARTBEAT:
                sent_at = clock()
                yield ":\n\n"
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every)
