"""Chapter "device groups": one tree of groups a product, each device in one of them at most."""

from collections.abc import Iterable
from types import NoneType

from gizwits_async.models.device_groups import GroupCreated, GroupMacs, GroupNode, GroupTree
from gizwits_async.models.outcome import Outcome, OutcomeReply
from gizwits_async.sections.base import BatchSection, distinct
from gizwits_async.wire.request import JsonValue, Path, delete, get, post, put

__all__ = ["DeviceGroups"]

_GROUP = "device_groups/{gid}"
_MAX_MACS = 1000
"""MAC addresses that one call accepts (api document, section "update device group")."""


class DeviceGroups(BatchSection):
    """The groups of the product's devices."""

    async def tree(self) -> tuple[GroupNode, ...]:
        """Return the groups that are below no other, each with its children; one at most, so far.

        GET /v1/products/{product_key}/device_groups (api document: "get device group tree")
        """
        return (await self._get("device_groups", GroupTree)).groups

    async def create(self, parent_gid: str | None = None) -> str:
        """Create a group and return its gid.

        Args:
            parent_gid: The group it is to be below; None makes the root, of which there is one.

        Raises:
            ArgumentError: A `parent_gid` that is empty, or holds a slash or the like.
            NotFoundError: There is no such parent (5202).
            ConflictError: There is a root already (5203).
            OutcomeUnknownError: The reply was lost; `tree()` shows whether there is a new group.

        POST /v1/products/{product_key}/device_groups (api document: "create device group")
        """
        if parent_gid is not None:
            # Validated like any gid, although it is sent in the body, where nothing is quoted.
            Path.of("{gid}", gid=parent_gid)
        body = {} if parent_gid is None else {"parent_gid": parent_gid}
        return (await self._send(post(self._at("device_groups"), GroupCreated, json=body))).gid

    async def delete(self, gid: str) -> None:
        """Delete a group that holds neither groups nor devices.

        Raises:
            ArgumentError: A `gid` that cannot stand in a path.
            NotFoundError: There is no such group (5206).
            ConflictError: It still holds groups (5204) or devices (5205).
            OutcomeUnknownError: The reply was lost; `tree()` shows whether the group is gone.

        DELETE /v1/products/{product_key}/device_groups/{gid} (api document: "delete device group")
        """
        await self._send(delete(self._at(_GROUP, gid=gid), NoneType))

    async def macs(self, gid: str) -> tuple[str, ...]:
        """Return the MAC addresses of the devices in a group.

        Raises:
            ArgumentError: A `gid` that cannot stand in a path.
            NotFoundError: There is no such group (5206).

        GET /v1/products/{product_key}/device_groups/{gid} (api document: "get macs of a group")
        """
        return (await self._send(get(self._at(_GROUP, gid=gid), GroupMacs))).macs

    async def assign(
        self,
        gid: str,
        macs: Iterable[str],
        reassign: bool = False,  # noqa: FBT001, FBT002 - promised
    ) -> Outcome:
        """Put devices into a group, any number of them, at most 1,000 a call.

        A call whose reply is lost counts its MACs as `unknown`, and the others go on; only if
        nothing is known of any, that is an `OutcomeUnknownError`. Any other error ends it, and
        carries what earlier calls did as `error.outcome` (if there were any): MACs that are not in
        there were refused with this error, or never sent.

        Args:
            gid: Group id.
            macs: MAC addresses; repetitions are sent once.
            reassign: Whether a device is moved that is in another group; if not, it fails.

        Returns:
            Each MAC under `success`, `failed`, or `unknown`: the service did not mention it.

        Raises:
            ArgumentError: No MACs, one that is not a text, a `gid` that cannot stand in a path.
            NotFoundError: There is no such group (5206).
            OutcomeUnknownError: The reply was lost, or all of them were.

        PUT /v1/products/{product_key}/device_groups/{gid} (api document: "update device group")
        """
        return await self._update(gid, macs, action="assign", reassign=reassign)

    async def unassign(self, gid: str, macs: Iterable[str]) -> Outcome:
        """Take devices out of a group; arguments, result and errors as `assign`.

        PUT /v1/products/{product_key}/device_groups/{gid} (api document: "update device group")
        """
        # The document's table marks `reassign` as required, also here, where it has no meaning.
        return await self._update(gid, macs, action="unassign", reassign=False)

    async def _update(self, gid: str, macs: Iterable[str], **body: JsonValue) -> Outcome:
        ids, path = distinct("macs", macs), self._at(_GROUP, gid=gid)
        return await self._each(
            ids, lambda some: put(path, OutcomeReply, json={**body, "macs": some}), most=_MAX_MACS
        )
