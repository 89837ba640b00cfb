"""Device groups of one product: the tree of group ids, and the group of each MAC."""

from attrs import define

from gizwits_async.simulator.codes import (
    GROUP_HAS_DEVICE,
    GROUP_HAS_SUBGROUP,
    NO_GROUP,
    NO_PARENT_GROUP,
    ROOT_GROUP_EXISTS,
)
from gizwits_async.simulator.messages import ApiRefusal
from gizwits_async.simulator.state.ids import digest

__all__ = ["Groups"]


@define(eq=False)
class Groups:
    """The group tree of a product; there is at most one root."""

    product_key: str
    parents: dict[str, str | None]
    """gid -> gid of its parent; None for the root."""
    members: dict[str, str]
    """MAC -> gid."""
    count: int = 0

    @classmethod
    def empty(cls, product_key: str) -> "Groups":
        """Return an empty tree."""
        return cls(product_key, {}, {})

    def create(self, parent: str | None) -> str:
        """Add a group below another one, or as the root, and return its id.

        Raises:
            ApiRefusal: 5202, no such parent; 5203, there is already a root.
        """
        if parent is None and self.parents:
            raise ApiRefusal(ROOT_GROUP_EXISTS)
        if parent is not None and parent not in self.parents:
            raise ApiRefusal(NO_PARENT_GROUP)
        self.count += 1
        gid = digest("group", self.product_key, self.count)
        self.parents[gid] = parent
        return gid

    def delete(self, gid: str) -> None:
        """Remove an empty group.

        Raises:
            ApiRefusal: 5206, no such group; 5204 or 5205, it is not empty.
        """
        self.check(gid)
        if gid in self.parents.values():
            raise ApiRefusal(GROUP_HAS_SUBGROUP)
        if gid in self.members.values():
            raise ApiRefusal(GROUP_HAS_DEVICE)
        del self.parents[gid]

    def check(self, gid: str) -> None:
        """Raise 5206 if there is no such group."""
        if gid not in self.parents:
            raise ApiRefusal(NO_GROUP)

    def macs(self, gid: str) -> list[str]:
        """Return the MACs in a group, without its subgroups.

        Raises:
            ApiRefusal: 5206, no such group.
        """
        self.check(gid)
        return [mac for mac, group in self.members.items() if group == gid]

    def macs_below(self, gid: str) -> frozenset[str]:
        """Return the MACs in a group and in all its descendants.

        Raises:
            ApiRefusal: 5206, no such group.
        """
        self.check(gid)
        inside, frontier = {gid}, {gid}
        while frontier:
            frontier = {child for child, parent in self.parents.items() if parent in frontier}
            inside |= frontier
        return frozenset(mac for mac, group in self.members.items() if group in inside)

    def assign(self, gid: str, mac: str, *, reassign: bool) -> bool:
        """Assign a MAC to a group; False if it is in another group and `reassign` is False."""
        if not reassign and self.members.get(mac, gid) != gid:
            return False
        self.members[mac] = gid
        return True

    def unassign(self, gid: str, mac: str) -> bool:
        """Remove a MAC from a group; False if it was not in that group."""
        if self.members.get(mac) != gid:
            return False
        del self.members[mac]
        return True
