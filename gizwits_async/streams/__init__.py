"""Listings and logs of any length as async iterators: pages, windows, contexts, resume tokens."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gizwits_async.streams.base import Page, Stream
    from gizwits_async.streams.logs import LogStream
    from gizwits_async.streams.pages import PageStream
    from gizwits_async.streams.walk import Walk
    from gizwits_async.streams.watch import WatchStream

__all__ = ["LogStream", "Page", "PageStream", "Stream", "Walk", "WatchStream"]

_HOMES = {
    "LogStream": "logs",
    "Page": "base",
    "PageStream": "pages",
    "Stream": "base",
    "Walk": "walk",
    "WatchStream": "watch",
}


def __getattr__(name: str) -> object:
    # Imported on first use: a client that is only imported walks nothing yet.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value
