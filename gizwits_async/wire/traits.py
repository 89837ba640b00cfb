"""What a client learned of the service and of its products, so that it need not find out again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from attrs import define, field

from gizwits_async.models.rows import Problem
from gizwits_async.wire.request import Request

if TYPE_CHECKING:
    from gizwits_async.models.product import ProductDataPoints
    from gizwits_async.payload import DataPointCodec

__all__ = ["CursorTraits", "ProductTraits", "ServiceTraits"]

_log = logging.getLogger(__name__)


@define(eq=False)
class ProductTraits:
    """What was learned of one product. Mutable, shared by all views of a client."""

    cmd_log_open: bool = True
    """Whether the cmd log may be read, as far as known: published products may refuse it."""
    _codec: "DataPointCodec | None" = field(default=None, init=False)
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)

    async def codec(self, fetch: Callable[[], "Awaitable[ProductDataPoints]"]) -> "DataPointCodec":
        """Return the codec of the product; concurrent callers share one fetch, failures are not kept.

        Raises:
            InvalidResponseError: The definition is contradictory; the message names the data point.
        """
        if self._codec is None:
            async with self._lock_here():
                if self._codec is None:
                    # Most programs decode no payloads: it is a tenth of what a client loads.
                    from gizwits_async.payload import codec_of  # noqa: PLC0415

                    self._codec = codec_of(await fetch())
        return self._codec

    def _lock_here(self) -> asyncio.Lock:
        # `asyncio.Lock` binds to the loop of its first contended acquire.
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock


@define(eq=False)
class CursorTraits:
    """What was seen of the cursors of one log store; `streams/cursors.py` draws the conclusions."""

    largest_page: int = 0
    """Most records on one page: a smaller page was not cut off by the server's own limit."""
    confirmed: int = 0
    """Windows that ended where a cursor went on with an empty page, as a second query confirmed."""
    uneven: bool = False
    """Whether records were seen behind an empty page, or behind one with fewer than its limit."""
    failed_probes: int = 0
    """Such queries that did not confirm the end."""
    warned: bool = False
    """Whether the log of this package says that windows ended by empty pages."""


@define(eq=False)
class ServiceTraits:
    """What was learned of the service. Mutable, shared by all views of a client."""

    page_caps: dict[str, int] = field(factory=dict)
    """Route -> page size, of the lists that refused a larger one."""
    report_paths: dict[str, str] = field(factory=dict)
    """Report -> path below the product, of the reports that the document gives several paths for."""
    exact_totals: set[str] = field(factory=set)
    """Routes of the lists whose `total` was seen to count the whole list, not the page; for logs the
    route without its last segment, since they come from one store."""
    inexact_totals: set[str] = field(factory=set)
    """The same for logs whose `total` was seen not to count the records of a query."""
    cursors: dict[str, CursorTraits] = field(factory=dict)
    """What was seen of the cursors of logs, by the same key."""
    confirmed_totals: dict[str, int] = field(factory=dict)
    """Route -> the largest `total` of a list behind which an empty page came: it counts at least so far."""
    refuses_unfinished_seconds: bool = False
    """Whether log queries must end before the present second: a later end was seen to be refused."""
    start_inclusive: bool | None = None
    """Whether log queries include `start_ts`; None: not known."""
    log_span: int | None = None
    """Longest span of a log query in seconds, if a longer one was seen to be refused."""
    log_life: int | None = None
    """Seconds for which logs are kept, if that was seen to be less than 30 days."""
    _warned: set[tuple[str, str | None]] = field(factory=set, init=False)
    _products: dict[str, ProductTraits] = field(factory=dict, init=False)

    def warn_of(self, request: Request[Any], problems: Iterable[Problem]) -> None:
        """Log what could not be read of a list, once for each route and field."""
        for problem in problems:
            key = (request.path.route, problem.field)
            if key not in self._warned:
                self._warned.add(key)
                _log.warning(
                    "%s: %s; %s. Not logged again for this field of the list",
                    request.where,
                    problem,
                    "the row is left out" if problem.set_aside else "the field is left empty",
                )

    def product(self, product_key: str) -> ProductTraits:
        """Return what was learned of this product."""
        return self._products.setdefault(product_key, ProductTraits())
