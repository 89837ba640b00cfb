"""What a listing asks for: pages of a size that its route takes, and the resume tokens of its walks."""

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, Generic, TypeVar

from attrs import frozen

from gizwits_async.errors import InvalidRequestError
from gizwits_async.models.page import PageReply
from gizwits_async.streams.resume import fingerprint, read_token, write_token
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Request

__all__ = ["LARGE_PAGE", "SMALL_PAGE", "PageQuery"]

T = TypeVar("T")

LARGE_PAGE = 100
"""The largest page size of logs; some lists take it as well."""
SMALL_PAGE = 20
"""The page size that the API document names as the default of every list."""
_FORM_INVALID = 5002


@frozen(kw_only=True, slots=False)
class PageQuery(Generic[T]):
    """What a listing asks for, and the resume tokens of its walks."""

    gateway: Gateway
    request: Request[PageReply[T]]
    key: Callable[[T], Hashable] | None
    """Returns what distinguishes an item from all others; None: nothing is known to."""

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self.request.path, dict(self.request.query))

    def token(self, skip: int) -> str:
        """Return the token of a position."""
        return write_token(self._fingerprint, skip)

    def position(self, resume: str | None) -> int:
        """Return the position of a token; None is the beginning.

        Raises:
            ResumeMismatchError: The token belongs to another query, or cannot be read.
        """
        return 0 if resume is None else read_token(self._fingerprint, resume, _position)

    async def ask(self, skip: int, size: int) -> PageReply[T]:
        """Return the page from `skip` on, of `size` rows or as many as the server allows."""
        gateway, request = self.gateway, self.request
        route, caps = request.path.route, gateway.traits.page_caps
        size = min(size, caps.get(route, LARGE_PAGE))
        try:
            return await gateway.send(request.asking(skip=skip, limit=size))
        except InvalidRequestError as error:
            if error.code != _FORM_INVALID or size <= SMALL_PAGE:
                raise
        # The document allows 100 for logs only; a list may insist on less.
        reply = await gateway.send(request.asking(skip=skip, limit=SMALL_PAGE))
        caps[route] = SMALL_PAGE
        return reply

    def total(self, reply: PageReply[T], size: int) -> int | None:
        """Return the total of a reply if it counts the list.

        Some servers count the page instead. A total no larger than a full page may be such a count; one
        that was seen to be larger shows that the totals of the route count the list.
        """
        route, exact, rows = self.request.path.route, self.gateway.traits.exact_totals, reply.rows
        if reply.total is not None and reply.total > rows:
            exact.add(route)
        elif rows >= min(size, SMALL_PAGE) and route not in exact:
            return None
        return reply.total


def _position(state: Any) -> int:
    if type(state) is not int or state < 0:
        raise ValueError("not a position")
    return state
