"""Contexts of log queries: what the server remembers between two pages of one query."""

import base64
import binascii
import random
from collections import deque

from attrs import define, field, frozen

from gizwits_async.simulator.quirks import Quirks

__all__ = ["Chain", "Contexts", "Dead", "Slice"]

_ENDED_KEPT = 64


class Dead(Exception):  # noqa: N818 - a state of a context, not a failure of ours
    """The context is over, unknown, or was used up."""


@frozen
class Slice:
    """Which rows the next page of a chain has."""

    offset: int
    """Rows given before it."""
    page: int = 0
    """Which page it is, counted from 0; inserted empty pages do not count."""
    empties: int = 0
    """Empty pages given right before it."""


@define(eq=False)
class Chain:
    """One opened query: its key, the rows as they were then, and where each page begins."""

    key: object
    rows: tuple[object, ...]
    born: float
    serial: int = 0
    used: float = 0.0
    steps: list[Slice] = field(factory=lambda: [Slice(0)])
    """Where each context of this chain leads to; the last one is the newest."""
    spent: set[int] = field(factory=set)
    begun: dict[int, Slice] = field(factory=dict)
    """Where each page began, for circles."""


class Contexts:
    """All chains that can still be gone on with; times in epoch seconds of the server."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._chains: dict[int, Chain] = {}
        self._ended: deque[int] = deque()
        self._count = 0
        self._rng = random.Random(f"contexts/{quirks.seed}")

    def open(self, key: object, rows: tuple[object, ...], now: float) -> Chain:
        """Return a new chain over these rows, not yet remembered."""
        self._sweep(now)
        self._count += 1
        return Chain(key=key, rows=rows, born=now, used=now, serial=self._count)

    def find(self, context: str, key: object, now: float) -> tuple[Chain, Slice]:
        """Return the chain of a context and the place it stands for, and note the use.

        Raises:
            Dead: The context cannot be gone on with.
        """
        serial, step = _read(context)
        chain = self._chains.get(serial)
        if chain is None or chain.key != key:
            raise Dead
        since = chain.born if self._quirks.context_life_from == "opening" else chain.used
        chance = self._quirks.context_death
        if now - since > self._quirks.context_life or (chance and self._rng.random() < chance):
            del self._chains[serial]
            raise Dead
        chain.used = now
        if self._quirks.context_kind == "scroll":
            return chain, chain.steps[-1]
        if not 0 < step < len(chain.steps):
            raise Dead
        if self._quirks.context_kind == "single_use":
            if step in chain.spent:
                raise Dead
            chain.spent.add(step)
        return chain, chain.steps[step]

    def turn(self, chain: Chain, place: Slice, limit: int) -> tuple[tuple[object, ...], str | None]:
        """Return the rows of the page at `place`, and the context that goes on from there.

        Args:
            chain: The opened query.
            place: Where this page begins.
            limit: How many rows it has at most.
        """
        quirks = self._quirks
        if place.page == quirks.empty_pages_before and place.empties < quirks.empty_pages:
            return (), self._remember(chain, Slice(place.offset, place.page, place.empties + 1))
        chain.begun.setdefault(place.page, Slice(place.offset, place.page, quirks.empty_pages))
        rows = chain.rows[place.offset : place.offset + limit]
        after = Slice(place.offset + len(rows), place.page + 1)
        circle = quirks.loop_at
        if circle is not None and place.page + 1 >= circle + quirks.loop_length:
            return rows, self._remember(chain, chain.begun[circle])
        go_on = {
            "exact": after.offset < len(chain.rows),
            "full": after.offset < len(chain.rows) or len(rows) >= limit,
            "empty": bool(rows),
            "endless": True,
        }[quirks.last_page]
        if go_on:
            return rows, self._remember(chain, after)
        self._end(chain)
        return rows, None

    def _end(self, chain: Chain) -> None:
        if self._quirks.context_kind != "position":
            self._chains.pop(chain.serial, None)
        elif chain.serial in self._chains:
            # A position can be used again, but not so many rows are kept for an hour.
            self._ended.append(chain.serial)
            if len(self._ended) > _ENDED_KEPT:
                self._chains.pop(self._ended.popleft(), None)

    def _remember(self, chain: Chain, place: Slice) -> str:
        self._chains[chain.serial] = chain
        if place in chain.steps[1:]:
            # The same place has the same context, or a circle would not be one.
            step = chain.steps.index(place, 1)
        else:
            chain.steps.append(place)
            step = len(chain.steps) - 1
        if self._quirks.context_kind == "scroll":
            chain.steps = [chain.steps[0], place]
            step = 0
        elif self._quirks.context_kind == "single_use":
            chain.spent.discard(step)
        return _write(chain.serial, step)

    def _sweep(self, now: float) -> None:
        # Chains are kept in the order of their opening; the dead are in front.
        life = self._quirks.context_life
        for serial, chain in list(self._chains.items())[:2]:
            if now - chain.used > life:
                del self._chains[serial]


def _write(serial: int, step: int) -> str:
    # Like a search engine's scroll id: long, and with characters that must be quoted in a URL.
    return base64.b64encode(b"\xfb\xef\xbe\xff" + f"{serial}:{step}".encode()).decode()


def _read(context: str) -> tuple[int, int]:
    try:
        serial, _, step = base64.b64decode(context, validate=True)[4:].decode().partition(":")
        return int(serial), int(step)
    except (binascii.Error, ValueError):
        raise Dead from None
