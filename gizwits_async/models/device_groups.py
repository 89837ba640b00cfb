"""What chapter "device groups" answers: the tree of groups, and who is in one. Pure."""

from collections.abc import Iterator, Mapping
from typing import Self

from attrs import frozen, resolve_types

__all__ = ["GroupCreated", "GroupMacs", "GroupNode", "GroupTree"]

_NOTHING: tuple[object, ...] = ("", None, {}, [])


@frozen(kw_only=True)
class GroupNode:
    """One device group, and those below it."""

    gid: str
    """Group id."""
    children: tuple["GroupNode", ...] = ()
    """The groups right below it."""

    def walk(self) -> Iterator["GroupNode"]:
        """Go through this group and all below it, parents before their children."""
        yield self
        for child in self.children:
            yield from child.walk()


resolve_types(GroupNode)  # Or the converter would find only the name of what `children` holds.


@frozen(kw_only=True)
class GroupTree:
    """The reply of `GET .../device_groups`. How it nests is documented nowhere: any way is read."""

    groups: tuple[GroupNode, ...] = ()
    """The groups that are below no other; a product is said to have one at most."""

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """Read `{gid: below}`, where `below` is `""`, null, `{}`, such an object, or a list of them.

        Raises:
            ValueError: It is anything else.
        """
        return cls(groups=_nodes(value))

    def to_wire(self) -> dict[str, object]:
        """Return the tree as objects in objects, `""` where it ends."""
        return _names(self.groups)


def _nodes(value: object) -> tuple[GroupNode, ...]:
    if value in _NOTHING:
        return ()
    if isinstance(value, list):
        return tuple(node for item in value for node in _listed(item))
    if isinstance(value, Mapping):
        return tuple(GroupNode(gid=str(gid), children=_nodes(it)) for gid, it in value.items())
    raise ValueError(f"expected groups by their ids, got {type(value).__name__}")


def _listed(item: object) -> tuple[GroupNode, ...]:
    if isinstance(item, str) and item:
        return (GroupNode(gid=item),)
    if isinstance(item, Mapping) and isinstance(gid := item.get("gid"), str) and gid:
        return (GroupNode(gid=gid, children=_nodes(item.get("children"))),)
    return _nodes(item)


def _names(nodes: tuple[GroupNode, ...]) -> dict[str, object]:
    return {node.gid: _names(node.children) or "" for node in nodes}


@frozen(kw_only=True)
class GroupCreated:
    """The reply of `POST .../device_groups`."""

    gid: str
    """Id of the new group."""


@frozen(kw_only=True)
class GroupMacs:
    """The reply of `GET .../device_groups/{gid}`."""

    macs: tuple[str, ...] = ()
    """MAC addresses of the devices in the group."""
