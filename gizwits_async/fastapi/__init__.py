"""FastAPI integration: a client for the app's lifetime, error handlers, and streamed responses.

```python
app = FastAPI(lifespan=gizwits_lifespan())
install_error_handlers(app)


@app.get("/devices/{mac}")
async def device(mac: str, gizwits: Gizwits) -> bool | None:
    return (await gizwits.devices.detail(mac)).is_online
```
"""

from gizwits_async.fastapi.lifespan import WEB_OPTIONS, Gizwits, get_gizwits, gizwits_lifespan
from gizwits_async.fastapi.lines import json_lines
from gizwits_async.fastapi.problems import Problem, install_error_handlers, problem_of

__all__ = [
    "WEB_OPTIONS",
    "Gizwits",
    "Problem",
    "get_gizwits",
    "gizwits_lifespan",
    "install_error_handlers",
    "json_lines",
    "problem_of",
]
