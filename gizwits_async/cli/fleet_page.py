"""The page of `gizwits-async fleet --serve`: on this machine only, and without anything to change."""

import socket
from typing import TYPE_CHECKING

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.output import say
from gizwits_async.cli.system_texts import cannot_listen

if TYPE_CHECKING:
    from gizwits_async.workers import Fleet

__all__ = ["serve_page"]

_HERE = "127.0.0.1"


async def serve_page(fleet: "Fleet", port: int) -> int:
    """Serve the page until Ctrl-C.

    Args:
        fleet: The scans that are shown; not open.
        port: Port on 127.0.0.1; 0 for any that is free.

    Raises:
        ImportError: The extra `overview` is not installed.
        ScanStoreError: The database cannot be reached or used.
    """
    try:
        import uvicorn
        from fastapi import FastAPI
        from starlette.middleware.trustedhost import TrustedHostMiddleware

        from gizwits_async.fastapi.fleet import fleet_router
    except ModuleNotFoundError as error:
        raise ImportError(
            f"--serve needs {error.name}: install 'gizwits-async[overview]'"
        ) from error
    app = FastAPI(openapi_url=None)
    # A page of another site that has its name point to this machine is not answered.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[_HERE, "localhost"])
    app.include_router(fleet_router(fleet, changes=False), prefix="/fleet")
    # Port and database are opened here, and not by the server: it would only log why it cannot begin.
    config = uvicorn.Config(app, lifespan="off", log_config=None, log_level="warning")
    try:
        listening = socket.create_server((_HERE, port))
    except OSError as error:
        say(cannot_listen(_HERE, port, error))
        return Exit.FAILED
    with listening:
        async with fleet:
            number = listening.getsockname()[1]
            say(_("http://{host}:{port}/fleet - Ctrl-C ends it", host=_HERE, port=number))
            await uvicorn.Server(config).serve([listening])
    return Exit.OK
