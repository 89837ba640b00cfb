"""Generates `openapi.json` from `openapi.yaml`: `python -m tests.simulator.openapi_json`."""

import json
from pathlib import Path

import yaml

__all__ = ["TARGET", "generated"]

_FOLDER = Path(__file__).parents[2] / "gizwits_async" / "simulator"
TARGET = _FOLDER / "openapi.json"


def generated() -> str:
    """Return the text of `openapi.json`."""
    description = yaml.safe_load((_FOLDER / "openapi.yaml").read_text("utf-8"))
    return json.dumps(description, ensure_ascii=False, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    TARGET.write_text(generated(), "utf-8")
