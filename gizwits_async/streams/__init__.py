"""Listings and logs of any length as async iterators: pages, windows, contexts, resume tokens."""

from gizwits_async.streams.base import Page, Stream
from gizwits_async.streams.logs import LogStream
from gizwits_async.streams.pages import PageStream
from gizwits_async.streams.walk import Walk

__all__ = ["LogStream", "Page", "PageStream", "Stream", "Walk"]
