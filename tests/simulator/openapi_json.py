"""Generates `openapi.json` and `openapi.zh.json`: `python -m tests.simulator.openapi_json`.

The source is `openapi.yaml`; the Chinese texts come from `openapi.zh.yaml`. The command prints the
English texts that have no Chinese one there.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

__all__ = ["CHINESE", "SOURCE", "TARGET", "catalogue", "generated", "texts", "translated"]

_FOLDER = Path(__file__).parents[2] / "gizwits_async" / "simulator"
SOURCE = _FOLDER / "openapi.yaml"
TARGET = _FOLDER / "openapi.json"
CHINESE = _FOLDER / "openapi.zh.json"
_TEXTS = ("title", "summary", "description")


def catalogue() -> dict[str, str]:
    """Return English text -> Chinese text."""
    found: dict[str, str] = yaml.safe_load((_FOLDER / "openapi.zh.yaml").read_text("utf-8"))
    return found


def texts() -> list[str]:
    """Return the texts of the description that people read, each once."""
    found: dict[str, None] = {}
    _mapped(_description(), lambda text: found.setdefault(text) or text)
    return list(found)


def translated() -> str:
    """Return the text of `openapi.zh.json`; a text without a translation stays English."""
    known = catalogue()
    return _written(_mapped(_description(), lambda text: known.get(text, text)))


def generated() -> str:
    """Return the text of `openapi.json`."""
    return _written(_description())


def _description() -> Any:
    return yaml.safe_load(SOURCE.read_text("utf-8"))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: change(item) if key in _TEXTS and isinstance(item, str) else _mapped(item, change)
        for key, item in value.items()
    }


def _written(description: Any) -> str:
    return json.dumps(description, ensure_ascii=False, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    TARGET.write_text(generated(), "utf-8")
    CHINESE.write_text(translated(), "utf-8")
    for text in texts():
        if text not in catalogue():
            print("not translated:", text)  # noqa: T201 - a command
