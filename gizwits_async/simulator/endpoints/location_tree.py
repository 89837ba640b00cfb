"""Location trees of the reports: country, region, city, and what is counted in each. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

__all__ = ["Placed", "tree"]

_LEVELS = ("country", "region", "city")


class Placed(Protocol):
    """What has a place, or none."""

    @property
    def country(self) -> str | None:
        """Country; None if its place is not known."""
        ...

    @property
    def region(self) -> str | None:
        """Province."""
        ...

    @property
    def city(self) -> str | None:
        """City."""
        ...


T = TypeVar("T", bound=Placed)


def tree(
    things: Iterable[T],
    show: Callable[[Sequence[T]], dict[str, object]],
    *,
    bare_city: bool = False,
    levels: Sequence[str] = _LEVELS,
) -> dict[str, object]:
    """Return the tree of places.

    Args:
        things: What is counted; those without a place are left out.
        show: Gives the fields of a place from what is in it, `count` among them.
        bare_city: Whether the lowest places are their count alone.
        levels: Which levels there are from here on.
    """
    inside: dict[str, list[T]] = {}
    for thing in things:
        name = getattr(thing, levels[0])
        if name is not None:
            inside.setdefault(name, []).append(thing)
    below = levels[1:]
    if not below:
        return {
            name: show(group)["count"] if bare_city else show(group)
            for name, group in inside.items()
        }
    return {
        name: {**show(group), **tree(group, show, bare_city=bare_city, levels=below)}
        for name, group in inside.items()
    }
