"""The product's definition for people: fetched once a day and kept, with names and values in words."""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from gizwits_async.cli.language import _
from gizwits_async.cli.output import printable
from gizwits_async.errors import GizwitsError, InvalidResponseError

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient
    from gizwits_async.models import DataPoint, ProductDataPoints

__all__ = ["Definition", "definition_of"]

_KEPT = 86_400.0
"""Seconds for which a definition is taken from the file."""


@frozen
class Definition:
    """The data points of a product by name; empty if they are unknown."""

    points: Mapping[str, "DataPoint"] = field(factory=dict)
    product: "ProductDataPoints | None" = None
    """The definition as the service gave it; None if it is unknown."""

    @classmethod
    def of(cls, datapoints: "ProductDataPoints") -> "Definition":
        """Return the definition that the service gave."""
        return cls({point.name: point for point in datapoints.datapoints}, datapoints)

    def check(self, attrs: Mapping[str, object]) -> None:
        """Check values that are to be sent, if the definition is known.

        Raises:
            ArgumentError: A name or value that the product does not allow.
        """
        if self.product is None:
            return
        from gizwits_async.payload import codec_of

        # No value can be checked against a definition that contradicts itself.
        with suppress(InvalidResponseError):
            codec_of(self.product).check(attrs)

    def label(self, name: str) -> str:
        """Return what people call a data point."""
        point = self.points.get(name)
        return (point and point.display_name) or name

    def worded(self, name: str, value: object) -> str:
        """Return a value in words: on and off for a switch."""
        point = self.points.get(name)
        if point is not None and point.data_type == "bool" and value in {0, 1}:
            return _("on") if value else _("off")
        return printable(value)

    def pairs(self, attrs: Mapping[str, Any]) -> str:
        """Return data points in one line, such as `开关=开 模式=制热`."""
        return " ".join(
            f"{self.label(name)}={self.worded(name, one)}" for name, one in attrs.items()
        )


async def definition_of(gizwits: "GizwitsClient", *, call: bool = True) -> Definition:
    """Return the definition, from a file of the last day or by one call; empty if the call fails.

    Args:
        gizwits: The client.
        call: Whether a call may be made.
    """
    path = _path(gizwits.product_key)
    if (kept := _read(path)) is not None:
        return Definition.of(kept)
    if not call:
        return Definition()
    try:
        found = await gizwits.product.datapoints()
    except GizwitsError:
        return Definition()  # The values can be shown under the names of the service.
    _write(path, found)
    return Definition.of(found)


def _path(product_key: str) -> Path:
    from platformdirs import user_cache_path

    # Hashed: file names appear in backups and bug reports.
    name = sha256(product_key.encode()).hexdigest()[:16]
    return user_cache_path("gizwits-async") / "definitions" / f"{name}.json"


def _read(path: Path) -> "ProductDataPoints | None":
    from gizwits_async.models.converter import structure
    from gizwits_async.models.product import ProductDataPoints

    try:
        if time.time() - path.stat().st_mtime > _KEPT:
            return None
        return structure(json.loads(path.read_text(encoding="utf-8")), ProductDataPoints)
    except (OSError, ValueError, GizwitsError):
        return None


def _write(path: Path, found: "ProductDataPoints") -> None:
    from gizwits_async.models import to_json

    text = to_json(found)
    partial = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)  # At once: another process may read it now.
    except OSError:
        pass  # A read-only file system costs one call a run.
