"""Decides whether a window was read to its end, by pages, totals, further looks and queries. No I/O."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Any

from attrs import frozen

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.page import PageReply
from gizwits_async.streams.chain import Chain
from gizwits_async.streams.cursors import goes_on, is_last, note_page, probe_limit
from gizwits_async.streams.end_check import End, EndCheck, Verdict, end_of, is_miscount
from gizwits_async.streams.planner import QueryPlanner
from gizwits_async.streams.windows import Bounds
from gizwits_async.wire.traits import CursorTraits, ServiceTraits

__all__ = ["Step", "WindowEnd"]


class Step(Enum):
    """What a walk does next with its chain."""

    GO_ON = auto()
    """Ask for the next page, or for the reply to `WindowEnd.question`."""
    FINISH = auto()
    """The window was read to its end."""
    LOOK_AGAIN = auto()
    """Leave the chain, and open the rest of its window once more after a pause."""
    OPEN_ANEW = auto()
    """Leave the chain, because it made no progress that can be trusted."""
    GIVE_UP = auto()
    """Each attempt returned other records."""


@frozen(kw_only=True)
class Question:
    """A query beside the chain, whose reply decides whether its window has ended."""

    chain: Chain[Any]
    bounds: Bounds
    opposite: bool = False
    """Whether it asks in the opposite order: for the last record of the window."""
    limit: int


class WindowEnd:
    """The judgement of one walk."""

    def __init__(
        self, *, where: str, plan: QueryPlanner, traits: ServiceTraits, store: str
    ) -> None:
        """Begin without any evidence.

        Args:
            where: Verb and path, for messages.
            plan: Plans the queries of the walk.
            traits: What was learned of the service; changed.
            store: The store of the log in `traits`.
        """
        self._where, self._plan = where, plan
        self._traits, self._store = traits, store
        self._cursor = traits.cursors.setdefault(store, CursorTraits())
        self._check = EndCheck()
        self.question: Question | None = None
        """The query to make next; None if there is none."""
        self.remarks: list[str] = []
        """What was odd, for the log."""

    @property
    def pause(self) -> float:
        """Seconds to wait before the window is opened again."""
        return self._check.pause

    def progressed(self) -> None:
        """Forget the looks at the position, because the walk has moved on."""
        if self._check.began:
            self._check = EndCheck()

    def note(self, chain: Chain[Any], rows: int) -> None:
        """Learn from the next page of a chain, before it is added to it."""
        note_page(self._cursor, chain, rows)

    def drop_question(self, *, failed: bool) -> Chain[Any] | None:
        """Go on without the reply to the question; return its chain, or None if it is needed.

        Args:
            failed: Whether the query failed, so that the next one may fail as well.
        """
        question = self.question
        if question is None or not question.opposite:
            return None
        self._cursor.failed_probes += failed
        self.question = None
        return question.chain

    def judge(self, chain: Chain[Any]) -> Step:
        """Return what to do after a page of a chain."""
        traits, store = self._traits, self._store
        end = end_of(
            chain,
            exact=store in traits.exact_totals,
            inexact=store in traits.inexact_totals,
            max_empty=self._check.max_empty,
            cursor=self._cursor,
        )
        if end is End.NONE:
            return Step.GO_ON
        if chain.seconds.on_hold and chain.received != chain.total:
            return Step.OPEN_ANEW  # The total that was believed is wrong: the page was a circle.
        if end is End.COMPLETE:
            if chain.total == chain.received > chain.first_page:
                traits.exact_totals.add(store)
            return Step.FINISH
        if end is End.LIKELY:
            chain.probed = True
            self.question = Question(
                chain=chain, bounds=chain.seconds.bounds, opposite=True, limit=probe_limit(chain)
            )
            return Step.GO_ON
        return self._look_again(chain, end)

    def answered(self, reply: PageReply[Any], times: Sequence[float]) -> Step:
        """Return what to do after the reply to the question.

        Raises:
            InvalidResponseError: The total is right, so records are missing.
        """
        question, self.question = self.question, None
        if question is None:
            raise AssertionError("unreachable")
        chain = question.chain
        if question.opposite:
            return self._confirm(chain, reply, times)
        self._check = EndCheck()
        if is_miscount(chain, reply):
            return self._distrust_total(chain)
        raise InvalidResponseError(
            f"{self._where}: the server counts {chain.total} records around second"
            f" {self._plan.position}, but returned only {chain.received} in each of several attempts"
        )

    def _confirm(self, chain: Chain[Any], reply: PageReply[Any], times: Sequence[float]) -> Step:
        traits, store, total = self._traits, self._store, reply.total
        last = is_last(self._cursor, chain, reply, times)
        # An empty reply shows nothing: the server may be busy, or begin with empty pages.
        if reply.rows and chain.total == chain.received:
            if last and total == chain.total > reply.rows + reply.extra_objects:
                traits.exact_totals.add(store)
            elif total == reply.rows < chain.received or (
                total == chain.total and goes_on(chain, times)
            ):
                traits.inexact_totals.add(store)
        if last:
            self._cursor.confirmed += 1
            return Step.FINISH
        self._cursor.failed_probes += 1
        return Step.GO_ON

    def _look_again(self, chain: Chain[Any], end: End) -> Step:
        """Look at the rest of the window once more, or draw the conclusion from the looks so far."""
        verdict = self._check.judge(chain, end)
        if verdict is Verdict.ACCEPT:
            self._cursor.confirmed += chain.received > 0
            if self._check.exact:
                self._traits.exact_totals.add(self._store)
            elif chain.context is not None and not self._cursor.warned:
                self._cursor.warned = True
                self.remarks.append(
                    "some windows ended by empty pages, although a context promised more"
                )
            return Step.FINISH
        if verdict is Verdict.MISCOUNTED:
            return self._distrust_total(chain)
        if verdict is Verdict.GIVE_UP:
            self._check = EndCheck()
            return Step.GIVE_UP
        if verdict is Verdict.ASK_TOTAL:
            bounds = self._plan.second_behind(chain.seconds.bounds)
            self.question = Question(chain=chain, bounds=bounds, limit=chain.limit)
        return Step.LOOK_AGAIN

    def _distrust_total(self, chain: Chain[Any]) -> Step:
        self._traits.inexact_totals.add(self._store)
        self.remarks.append(
            f"returned {chain.received} of {chain.total} records in each of several attempts; its"
            " totals are not used from now on"
        )
        return Step.FINISH
