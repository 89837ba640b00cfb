"""Answers of chapter "device groups": the tree of groups, and the devices of a group. Pure."""

from collections.abc import Iterator, Mapping
from typing import Self

from attrs import frozen, resolve_types

from gizwits_async.models.rows import RowsReply
from gizwits_async.models.values import Identity
from gizwits_async.schema import Model

__all__ = ["GroupCreated", "GroupMacs", "GroupNode", "GroupTree"]

_EMPTY: tuple[object, ...] = ("", None, {}, [])


@frozen(kw_only=True)
class GroupNode(Model):
    """A device group and its subgroups."""

    gid: str
    """Group id."""
    children: tuple["GroupNode", ...] = ()
    """The groups directly below it."""

    def walk(self) -> Iterator["GroupNode"]:
        """Yield this group and all groups below it, parents before their children."""
        yield self
        for child in self.children:
            yield from child.walk()


resolve_types(GroupNode)  # Otherwise the converter finds a forward reference in `children`.


@frozen(kw_only=True)
class GroupTree:
    """The reply of `GET .../device_groups`, whose nesting is not documented: any plausible one is read."""

    groups: tuple[GroupNode, ...] = ()
    """The groups without a parent; according to the document a product has one at most."""

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """Read `{gid: below}`, where `below` is `""`, null, `{}`, such an object, or a list of them.

        The document's table of response parameters has a single `gid` instead, which is read as well.

        Raises:
            ValueError: It is anything else.
        """
        return cls(groups=_nodes(value))

    def to_wire(self) -> dict[str, object]:
        """Return the tree as nested objects, with `""` for a group without children."""
        return _names(self.groups)


def _nodes(value: object) -> tuple[GroupNode, ...]:
    if value in _EMPTY:
        return ()
    if isinstance(value, list):
        return tuple(node for item in value for node in _listed(item))
    if isinstance(value, Mapping) and isinstance(gid := value.get("gid"), str) and gid:
        return _listed(value)
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
class GroupMacs(RowsReply):
    """The reply of `GET .../device_groups/{gid}`."""

    macs: tuple[Identity, ...]
    """MAC addresses of the devices in the group."""
