"""Contexts of log queries: the server's state between two pages of one query."""

import base64
import binascii
import random
from collections import deque

from attrs import define, field, frozen

from gizwits_async.simulator.quirks import Quirks

__all__ = ["Chain", "ContextExpired", "Contexts", "Position"]

_ENDED_KEPT = 64


class ContextExpired(Exception):  # noqa: N818 - a state of the context, no failure of the simulator
    """The context has expired, is unknown, or was used before."""

    def __init__(self, total: int = 0) -> None:
        super().__init__(total)
        self.total = total
        """Number of rows of its query; 0 if that is not known any more."""


@frozen
class Position:
    """Where the next page of a chain starts."""

    offset: int
    """Number of rows before it."""
    page: int = 0
    """Number of the page, counted from 0 without the inserted empty pages."""
    empties: int = 0
    """Number of inserted empty pages sent directly before it."""


@define(eq=False)
class Chain:
    """One opened query: its key, its rows at the time of opening, and the start of each page."""

    key: object
    rows: tuple[object, ...]
    born: float
    serial: int = 0
    used: float = 0.0
    steps: list[Position] = field(factory=lambda: [Position(0)])
    """Position behind each context of this chain, oldest first."""
    spent: set[int] = field(factory=set)
    begun: dict[int, Position] = field(factory=dict)
    """Position of each page, for `loop_at`."""


class Contexts:
    """All chains that can be continued; times in epoch seconds of the server."""

    def __init__(self, quirks: Quirks) -> None:
        self.quirks = quirks
        self._chains: dict[int, Chain] = {}
        self._ended: deque[int] = deque()
        self._count = 0
        self._rng = random.Random(f"contexts/{quirks.seed}")

    def forget(self) -> None:
        """Expire all open contexts, as a restarted server does."""
        self._chains.clear()

    def open(self, key: object, rows: tuple[object, ...], now: float) -> Chain:
        """Return a new chain over these rows; it is stored once a context leads to it."""
        self._sweep(now)
        self._count += 1
        return Chain(key=key, rows=rows, born=now, used=now, serial=self._count)

    def find(self, context: str, key: object, now: float) -> tuple[Chain, Position]:
        """Return the chain and the position behind a context, and record its use.

        Raises:
            ContextExpired: The context cannot be continued.
        """
        serial, step = _read(context)
        chain = self._chains.get(serial)
        if chain is None or chain.key != key:
            raise ContextExpired
        since = chain.born if self.quirks.context_life_from == "opening" else chain.used
        chance = self.quirks.context_death
        if now - since > self.quirks.context_life or (chance and self._rng.random() < chance):
            del self._chains[serial]
            raise ContextExpired(len(chain.rows))
        chain.used = now
        if self.quirks.context_kind == "scroll":
            step = len(chain.steps) - 1
        if not 0 < step < len(chain.steps) or chain.steps[step].page == self.quirks.dead_page:
            raise ContextExpired(len(chain.rows))
        if self.quirks.context_kind == "single_use":
            if step in chain.spent:
                raise ContextExpired(len(chain.rows))
            chain.spent.add(step)
        return chain, chain.steps[step]

    def page_at(
        self, chain: Chain, position: Position, limit: int
    ) -> tuple[tuple[object, ...], str | None]:
        """Return the rows of the page at `position`, and the context of the next page.

        Args:
            chain: The opened query.
            position: Where this page starts.
            limit: Maximum number of rows.
        """
        quirks = self.quirks
        if position.page == quirks.empty_pages_before and position.empties < quirks.empty_pages:
            return (), self._remember(
                chain, Position(position.offset, position.page, position.empties + 1)
            )
        chain.begun.setdefault(
            position.page, Position(position.offset, position.page, quirks.empty_pages)
        )
        rows = chain.rows[position.offset : position.offset + limit]
        after = Position(position.offset + len(rows), position.page + 1)
        circle = quirks.loop_at
        if circle is not None and position.page + 1 >= circle + quirks.loop_length:
            return rows, self._remember(chain, chain.begun[circle])
        more = {
            "exact": after.offset < len(chain.rows),
            "full": after.offset < len(chain.rows) or len(rows) >= limit,
            "empty": bool(rows),
            "endless": True,
        }[quirks.last_page]
        if more:
            return rows, self._remember(chain, after)
        self._end(chain)
        return rows, None

    def _end(self, chain: Chain) -> None:
        if self.quirks.context_kind != "position":
            self._chains.pop(chain.serial, None)
        elif chain.serial in self._chains:
            # Positions stay usable after the end, but only the latest chains are kept, to bound memory.
            self._ended.append(chain.serial)
            if len(self._ended) > _ENDED_KEPT:
                self._chains.pop(self._ended.popleft(), None)

    def _remember(self, chain: Chain, position: Position) -> str:
        self._chains[chain.serial] = chain
        if position in chain.steps[1:]:
            # The same position has the same context: `loop_at` depends on that.
            step = chain.steps.index(position, 1)
        else:
            chain.steps.append(position)
            step = len(chain.steps) - 1
        if self.quirks.context_kind == "scroll":
            chain.steps = [chain.steps[0], position]
            step = 0
        elif self.quirks.context_kind == "single_use":
            chain.spent.discard(step)
        return _write(chain.serial, step)

    def _sweep(self, now: float) -> None:
        # Chains are ordered by their opening: expired ones come first.
        life = self.quirks.context_life
        for serial, chain in list(self._chains.items())[:2]:
            if now - chain.used > life:
                del self._chains[serial]


def _write(serial: int, step: int) -> str:
    # Like an Elasticsearch scroll id: with characters that must be quoted in a URL.
    return base64.b64encode(b"\xfb\xef\xbe\xff" + f"{serial}:{step}".encode()).decode()


def _read(context: str) -> tuple[int, int]:
    try:
        serial, _, step = base64.b64decode(context, validate=True)[4:].decode().partition(":")
        return int(serial), int(step)
    except (binascii.Error, ValueError):
        raise ContextExpired from None
