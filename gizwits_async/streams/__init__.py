"""Listings and logs of any length as async iterators: pages, windows, contexts, resume tokens."""

from gizwits_async.streams.base import LogStream, Page, PageStream, Stream

__all__ = ["LogStream", "Page", "PageStream", "Stream"]
