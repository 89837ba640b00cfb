"""The base of all sections: sending, listing, writing in batches, and checked paths."""

from collections.abc import Callable, Coroutine, Hashable, Iterable
from functools import lru_cache
from typing import Any, TypeVar, cast

from gizwits_async.errors import ArgumentError, GizwitsError, OutcomeUnknownError
from gizwits_async.models.outcome import Outcome, OutcomeReply
from gizwits_async.models.page import LogReply, PageReply
from gizwits_async.streams import PageStream
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Auth, Path, QueryValue, Request, get

__all__ = ["BatchSection", "Section", "distinct", "given", "logged", "paged"]

T = TypeVar("T")

_BELOW_PRODUCT = "/v1/products/{product_key}/"


@lru_cache(maxsize=256)
def _fixed(template: str, product_key: str) -> Path:
    return Path.of(_BELOW_PRODUCT + template, product_key=product_key)


class Section:
    """One chapter of the API document, for one product."""

    def __init__(self, gateway: Gateway, product_key: str) -> None:
        self._gateway = gateway
        self._product_key = product_key

    def _at(self, template: str, /, **segments: str) -> Path:
        """Return the path of `template` below the product."""
        if not segments:
            return _fixed(template, self._product_key)
        return Path.of(_BELOW_PRODUCT + template, product_key=self._product_key, **segments)

    def _send(self, request: Request[T]) -> Coroutine[Any, Any, T]:
        return self._gateway.send(request)

    def _get(
        self, template: str, returns: type[T], /, **query: QueryValue
    ) -> Coroutine[Any, Any, T]:
        """Return the reply of a GET below the product."""
        return self._gateway.send(get(self._at(template), returns, **query))

    def _listed(
        self,
        path: str,
        item: type[T],
        /,
        *,
        key: Callable[[T], Hashable] | None = None,
        auth: Auth = Auth.TOKEN,
        **query: QueryValue,
    ) -> PageStream[T]:
        request = paged(path, item, query).evolve(auth=auth)
        return PageStream(self._gateway, request, key=key)


class BatchSection(Section):
    """A chapter with writes to many ids at once."""

    async def _each(
        self,
        ids: tuple[str, ...],
        request: Callable[[tuple[str, ...]], Request[OutcomeReply]],
        *,
        most: int,
    ) -> Outcome:
        """Send one request for every `most` ids and return the outcome of all."""
        done = Outcome()
        lost: OutcomeUnknownError | None = None
        for at in range(0, len(ids), most):
            some = ids[at : at + most]
            try:
                # An older edition of the document has an empty reply: then all ids are unknown.
                reply = await self._send(request(some).evolve(may_be_empty=True))
                done += reply.to_outcome(some)
            except OutcomeUnknownError as error:
                lost = error
                done += Outcome(unknown=some)
            except GizwitsError as error:
                if at:
                    # Keep the outcome of the calls before. No attribute: errors in general have none.
                    error.__dict__["outcome"] = done
                    error.add_note(f"{at} of {len(ids)} ids were sent before: see error.outcome")
                raise
        if lost is not None and not (done.success or done.failed):
            raise lost
        return done


def paged(path: str, item: type[T], query: dict[str, QueryValue]) -> Request[PageReply[T]]:
    """Return the GET of a list of `item`s."""
    return get(path, _page_of(PageReply, item), **query)


def logged(path: str, record: type[T]) -> Request[PageReply[T]]:
    """Return the GET of a log of `record`s."""
    return get(path, _page_of(LogReply, record))


def _page_of(page: Any, item: type[T]) -> type[PageReply[T]]:
    # page[item] is made at run time, for the decoder; mypy has no name for it.
    return cast(type[PageReply[T]], page[item])


def given(name: str, value: object) -> str:
    """Return `value`; raise ArgumentError unless it is a text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise ArgumentError(f"{name} must be a text that is not empty")
    return value


def distinct(name: str, ids: Iterable[str]) -> tuple[str, ...]:
    """Return the ids without repetitions, in their order.

    Raises:
        ArgumentError: There are none, one is not a text, or `ids` itself is a text.
    """
    if isinstance(ids, str) or not isinstance(ids, Iterable):
        raise ArgumentError(f"{name} must be a list of texts, not one {type(ids).__name__}")
    found = tuple(dict.fromkeys(given(f"each of {name}", one) for one in ids))
    if not found:
        raise ArgumentError(f"{name} must not be empty")
    return found
