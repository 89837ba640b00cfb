"""Loads the OpenAPI 3.1 description of the service.

`openapi.yaml` is its source, and `openapi.json` is generated from it, because reading JSON needs no
library: `python -m tests.simulator.openapi_json` writes it anew.
"""

import json
from functools import cache
from importlib.resources import files

__all__ = ["load_openapi"]


@cache
def load_openapi() -> dict[str, object]:
    """Return the OpenAPI description as JSON values. The result is cached: do not modify it."""
    text = files("gizwits_async.simulator").joinpath("openapi.json").read_text("utf-8")
    found: dict[str, object] = json.loads(text)
    return found
