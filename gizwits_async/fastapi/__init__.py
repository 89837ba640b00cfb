"""FastAPI integration: a client for the app's lifetime, error handlers, and streamed responses.

```python
app = FastAPI(lifespan=gizwits_lifespan(), responses=gizwits_responses)
install_error_handlers(app)


@app.get("/devices/{mac}")
async def device(mac: str, gizwits: Gizwits) -> bool | None:
    return (await gizwits.devices.detail(mac)).is_online
```
"""

from gizwits_async.fastapi.encoding import register
from gizwits_async.fastapi.handlers import gizwits_responses, install_error_handlers
from gizwits_async.fastapi.lifespan import WEB_OPTIONS, Gizwits, get_gizwits, gizwits_lifespan
from gizwits_async.fastapi.problems import Problem, problem_of
from gizwits_async.fastapi.streaming import json_lines, server_sent_events

__all__ = [
    "WEB_OPTIONS",
    "Gizwits",
    "Problem",
    "get_gizwits",
    "gizwits_lifespan",
    "gizwits_responses",
    "install_error_handlers",
    "json_lines",
    "problem_of",
    "server_sent_events",
]

register()
