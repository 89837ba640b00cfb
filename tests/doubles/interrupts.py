"""Time-outs around `anext`, at moments that a test chooses."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

__all__ = ["interrupted"]

T = TypeVar("T")


async def interrupted(
    values: AsyncIterator[T], limits: Iterable[float], *, stop_after: int | None = None
) -> list[T]:
    """Return the values of an iterator that is interrupted on the way.

    Args:
        values: The iterator; it is closed at the end.
        limits: Seconds that one `anext` after the other may take; the rest is not limited.
        stop_after: How many values to read; None reads to the end.
    """
    got: list[T] = []
    left = iter(limits)
    asked = 0
    while stop_after is None or len(got) < stop_after:
        asked, limit = asked + 1, next(left, None)
        try:
            if asked % 2:
                got.append(await asyncio.wait_for(anext(values), limit))
            else:
                async with asyncio.timeout(limit):
                    got.append(await anext(values))
        except TimeoutError:
            continue
        except StopAsyncIteration:
            break
    await values.aclose()  # type: ignore[attr-defined]
    return got
