"""Chapter "bindings": which user may see and control which device."""

from collections.abc import Callable, Iterable

from gizwits_async.models.outcome import Outcome, OutcomeReply
from gizwits_async.sections.base import BatchSection, distinct, given
from gizwits_async.wire.request import Request, delete, post

__all__ = ["Bindings"]


class Bindings(BatchSection):
    """Devices bound to users."""

    async def bind(self, uid: str, appid: str, dids: Iterable[str]) -> Outcome:
        """Bind devices to a user.

        Args:
            uid: User id.
            appid: The app that the user belongs to.
            dids: Device ids, sent as a JSON array. The document's table calls it a text: one text,
                ids with commas between them, is sent as such.

        Returns:
            Each device id under `success`, `failed`, or `unknown`: the service did not mention it.

        Raises:
            ArgumentError: An id that is empty, or no device ids.
            NotFoundError: There is no such app (5016), user (5017) or device (5301).
            ForbiddenError: A device is of another product (5302).
            OutcomeUnknownError: The reply was lost.

        POST /v1/products/{product_key}/devices/bindings (api document: "bind devices")
        """
        return await self._write(post, uid, appid, dids)

    async def unbind(self, uid: str, appid: str, dids: Iterable[str]) -> Outcome:
        """End bindings of a user; arguments, result and errors as `bind`, and 5303 for "not bound".

        The ids travel in the body of a DELETE. Some proxies drop it: then all are `unknown`.

        DELETE /v1/products/{product_key}/devices/bindings (api document: "unbind devices")
        """
        return await self._write(delete, uid, appid, dids)

    async def _write(
        self,
        verb: Callable[..., Request[OutcomeReply]],
        uid: str,
        appid: str,
        dids: Iterable[str],
    ) -> Outcome:
        ids = distinct("dids", dids.split(",") if isinstance(dids, str) else dids)
        listed = ",".join(ids) if isinstance(dids, str) else ids
        body = {"uid": given("uid", uid), "appid": given("appid", appid), "dids": listed}
        request = verb(self._at("devices/bindings"), OutcomeReply, json=body)
        return await self._each(ids, lambda _: request, most=len(ids))
