"""Finishes what a cancelled caller has begun: half a transaction, or half a file, is of no use."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

__all__ = ["whole"]

T = TypeVar("T")


async def whole(work: Awaitable[T]) -> T:
    """Return the result of some work; a caller that is cancelled leaves when the work has ended."""
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        if not running.cancelled():
            running.exception()  # Retrieved, or asyncio would log it: the caller has left.
        raise
