"""What a client learned of one product and need not ask again: its data points, a closed log."""

from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

from gizwits_async.models.product import ProductDataPoints
from gizwits_async.payload import DataPointCodec, codec_of
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.token import TokenSource
from gizwits_async.wire.turn import Turn

__all__ = ["Known", "known_of"]


class Known:
    """What is known of one product."""

    def __init__(self) -> None:
        self.cmd_open = True
        """Whether the cmd log may be asked, as far as known: published products refuse it."""
        self._codec: DataPointCodec | None = None
        self._turn = Turn()

    async def codec(self, fetch: Callable[[], Awaitable[ProductDataPoints]]) -> DataPointCodec:
        """Return the codec of the product; of many callers one fetches, and a failure is not kept.

        Raises:
            InvalidResponseError: The definition makes no sense; the message names the data point.
        """
        if self._codec is None:
            async with self._turn.here():
                if self._codec is None:
                    self._codec = codec_of(await fetch())
        return self._codec


_KNOWN: WeakKeyDictionary[TokenSource, Known] = WeakKeyDictionary()
# The one thing that all views of a client on one product share, and no others.


def known_of(gateway: Gateway) -> Known:
    """Return what the client of this gateway knows of its product; gone when the client is."""
    return _KNOWN.setdefault(gateway.tokens, Known())
