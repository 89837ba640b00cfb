"""The public client over a scripted transport that says given bodies, and its books at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gizwits_async import GizwitsClient
from gizwits_async.models.devices import Device
from tests.doubles.scripted import NOW, ScriptedTransport, Sent, client_on, reply
from tests.faults.c0 import CANARIES

END = NOW - 3600
START = END - 7200
T1 = START + 600
GOOD = {"did": "d"}


@asynccontextmanager
async def spoken(
    *bodies: Any, status: int = 200, **options: Any
) -> AsyncIterator[tuple[GizwitsClient, ScriptedTransport]]:
    """Give a client whose calls are answered by these bodies one after the other, the last one repeatedly.

    At the end each request had its permit, and the client and its token still work.
    """
    left = list(bodies)

    def script(sent: Sent) -> Any:
        return reply(left.pop(0) if len(left) > 1 else left[0], status)

    transport = ScriptedTransport(script)
    async with client_on(transport, credentials=CANARIES, **options) as client:
        yield client, transport
        transport.script = lambda _: reply(GOOD)
        assert (await client.devices.detail("m")).did == "d"
        quota: Any = client.quota
        assert quota.taken == quota.observed == len(transport.sent)
        assert transport.logins == 1


def page(*objects: Any, **meta: Any) -> dict[str, Any]:
    return {"meta": {"total": len(objects), **meta}, "objects": list(objects)}


def device(**fields: Any) -> dict[str, Any]:
    return page({"did": "d", **fields})


async def search(body: Any) -> list[Device]:
    """Return the devices that a search gives of this page."""
    async with spoken(body) as (client, _):
        return await client.devices.search().collect()
