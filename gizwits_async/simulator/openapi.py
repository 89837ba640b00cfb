"""Loads the OpenAPI 3.1 description of the service, with descriptions in English or Chinese.

`openapi.yaml` is its source, and `openapi.zh.yaml` has its texts in Chinese. `openapi.json` and
`openapi.zh.json` are generated from them, because reading JSON needs no library:
`python -m tests.simulator.openapi_json` writes them anew.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Literal

__all__ = ["load_openapi"]


@cache
def load_openapi(language: Literal["en", "zh"] = "en") -> dict[str, object]:
    """Return the OpenAPI description as JSON values. The result is cached: do not modify it.

    Args:
        language: Of titles, summaries and descriptions; all else is the same in both.
    """
    name = "openapi.json" if language == "en" else f"openapi.{language}.json"
    text = files("gizwits_async.simulator").joinpath(name).read_text("utf-8")
    found: dict[str, object] = json.loads(text)
    return found
