"""Device groups of one product: a tree of ids, and which MAC is in which of them."""

from attrs import define

from gizwits_async.simulator.messages import Refusal
from gizwits_async.simulator.state.ids import digest

__all__ = ["Groups"]

_NO_PARENT, _ROOT_EXISTS, _HAS_SUBGROUP, _HAS_DEVICE, _NO_GROUP = 5202, 5203, 5204, 5205, 5206


@define(eq=False)
class Groups:
    """The one tree of groups that a product may have."""

    product_key: str
    parents: dict[str, str | None]
    """gid -> gid of its parent; None for the root."""
    members: dict[str, str]
    """MAC -> gid."""
    count: int = 0

    @classmethod
    def empty(cls, product_key: str) -> "Groups":
        """Return a product's groups before there are any."""
        return cls(product_key, {}, {})

    def create(self, parent: str | None) -> str:
        """Add a group below another, or the root, and return its id.

        Raises:
            Refusal: 5202, no such parent; 5203, there is a root already.
        """
        if parent is None and self.parents:
            raise Refusal(_ROOT_EXISTS)
        if parent is not None and parent not in self.parents:
            raise Refusal(_NO_PARENT)
        self.count += 1
        gid = digest("group", self.product_key, self.count)
        self.parents[gid] = parent
        return gid

    def delete(self, gid: str) -> None:
        """Remove an empty group.

        Raises:
            Refusal: 5206, no such group; 5204 or 5205, something is in it.
        """
        self.check(gid)
        if gid in self.parents.values():
            raise Refusal(_HAS_SUBGROUP)
        if gid in self.members.values():
            raise Refusal(_HAS_DEVICE)
        del self.parents[gid]

    def check(self, gid: str) -> None:
        """Raise 5206 if there is no such group."""
        if gid not in self.parents:
            raise Refusal(_NO_GROUP)

    def macs(self, gid: str) -> list[str]:
        """Return the MACs in a group itself.

        Raises:
            Refusal: 5206, no such group.
        """
        self.check(gid)
        return [mac for mac, group in self.members.items() if group == gid]

    def macs_below(self, gid: str) -> frozenset[str]:
        """Return the MACs in a group and in all groups below it.

        Raises:
            Refusal: 5206, no such group.
        """
        self.check(gid)
        inside, frontier = {gid}, {gid}
        while frontier:
            frontier = {child for child, parent in self.parents.items() if parent in frontier}
            inside |= frontier
        return frozenset(mac for mac, group in self.members.items() if group in inside)

    def assign(self, gid: str, mac: str, *, reassign: bool) -> bool:
        """Put a MAC into a group; False if it is in another one and may not be moved."""
        if not reassign and self.members.get(mac, gid) != gid:
            return False
        self.members[mac] = gid
        return True

    def unassign(self, gid: str, mac: str) -> bool:
        """Take a MAC out of a group; False if it was not in it."""
        if self.members.get(mac) != gid:
            return False
        del self.members[mac]
        return True
