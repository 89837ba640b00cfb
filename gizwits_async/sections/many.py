"""Writes to many ids: checked, cut to what one call takes, and their outcomes put together."""

from collections.abc import Callable, Iterable

from gizwits_async.errors import GizwitsError, OutcomeUnknownError
from gizwits_async.models.outcome import Outcome, OutcomeReply
from gizwits_async.sections.base import Section, given
from gizwits_async.wire.request import Request

__all__ = ["ManySection", "distinct"]


def distinct(name: str, ids: Iterable[str]) -> tuple[str, ...]:
    """Return the ids without repetitions, in their order.

    Raises:
        ValueError: There are none, one is no text, or the whole is one text.
    """
    if isinstance(ids, str) or not isinstance(ids, Iterable):
        raise ValueError(f"{name} must be a list of texts, not one {type(ids).__name__}")
    found = tuple(dict.fromkeys(given(f"each of {name}", one) for one in ids))
    if not found:
        raise ValueError(f"{name} must not be empty")
    return found


class ManySection(Section):
    """A chapter with writes to many ids at once."""

    async def _each(
        self,
        ids: tuple[str, ...],
        request: Callable[[tuple[str, ...]], Request[OutcomeReply]],
        *,
        most: int,
    ) -> Outcome:
        """Send a request for every `most` ids and return what came of them all."""
        done = Outcome()
        lost: OutcomeUnknownError | None = None
        for at in range(0, len(ids), most):
            some = ids[at : at + most]
            try:
                # The document once said that nothing is answered (C19): then nothing is known.
                reply = await self._send(request(some).evolve(may_be_empty=True))
                done += reply.to_outcome(some)
            except OutcomeUnknownError as error:
                lost = error
                done += Outcome(unknown=some)
            except GizwitsError as error:
                if at:
                    # What is known must not be lost; errors declare no attribute for it.
                    error.__dict__["outcome"] = done
                    error.add_note(f"{at} of {len(ids)} ids were sent before: see error.outcome")
                raise
        if lost is not None and not (done.success or done.failed):
            raise lost
        return done
