"""Location trees of the reports: country, region and city with their counts. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

__all__ = ["Located", "tree"]

_LEVELS = ("country", "region", "city")


class Located(Protocol):
    """A value with a location, or without one."""

    @property
    def country(self) -> str | None:
        """Country; None if the location is unknown."""
        ...

    @property
    def region(self) -> str | None:
        """Province."""
        ...

    @property
    def city(self) -> str | None:
        """City."""
        ...


T = TypeVar("T", bound=Located)


def tree(
    items: Iterable[T],
    show: Callable[[Sequence[T]], dict[str, object]],
    *,
    bare_city: bool = False,
    levels: Sequence[str] = _LEVELS,
) -> dict[str, object]:
    """Return the location tree.

    Args:
        items: Items to count; items without a location are left out.
        show: Returns the fields of a node for its items, `count` among them.
        bare_city: Whether a leaf is only its count.
        levels: Remaining levels, outermost first.
    """
    inside: dict[str, list[T]] = {}
    for item in items:
        name = getattr(item, levels[0])
        if name is not None:
            inside.setdefault(name, []).append(item)
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
