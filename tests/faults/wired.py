"""The public client on a raw loopback server whose first answers go wrong, and its books at the end."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from attrs import define, field

from gizwits_async import GizwitsClient, Options
from gizwits_async.wire.transport import HttpTransport
from tests.doubles import FreeQuota
from tests.doubles.scripted import reassemble
from tests.faults.c0 import CANARIES, LOGIN
from tests.wire.raw import Answer, Exchange, RawServer, raw_server

GOOD = b'{"did": "d", "success": ["d"], "failed": []}'
CALLS: dict[str, Callable[[GizwitsClient], Any]] = {
    "GET": lambda client: client.devices.detail("m"),
    "POST": lambda client: client.devices.control("d", attrs={"switch": True}),
    "PUT": lambda client: client.device_groups.assign("g", ["d"]),
    "DELETE": lambda client: client.bindings.unbind("u", "app", ["d"]),
}
"""A call of each verb; only the first may be repeated."""
WRITES = ("POST", "PUT", "DELETE")


@define
class Wired:
    """A client, and what it and the server noticed."""

    client: GizwitsClient
    server: RawServer
    quota: FreeQuota = field(factory=FreeQuota)
    pauses: list[float] = field(factory=list)
    """Seconds that the client waited before trying again; not really waited."""
    idle: int = 0
    """Places of calls that never left, since there was no connection."""

    @property
    def logins(self) -> int:
        return len(self.server.seen) - len(self.calls)

    @property
    def calls(self) -> list[Exchange]:
        return [one for one in self.server.seen if "access_token" not in one.head]

    @property
    def detail(self) -> Any:
        """A read, not begun."""
        return CALLS["GET"](self.client)

    def connections_out(self) -> int:
        """Return how many connections are neither given back nor closed."""
        service, out = self.client._gateway.service, 0
        for transport in {service.transport, service.command_transport}:
            assert isinstance(transport, HttpTransport)
            session = transport._sessions.borrowed or transport._sessions.own
            connector: Any = session.connector if session is not None else None
            out += 0 if connector is None else len(connector._acquired)
        return out

    async def check(self, bad_logins: int) -> None:
        """The books agree, no connection is out, the token still serves, and so does the client."""
        assert (await self.detail).did == "d"
        assert self.quota.taken == self.quota.observed == len(self.server.seen) + self.idle
        assert self.logins == 1 + bad_logins
        assert self.connections_out() == 0


@asynccontextmanager
async def wired(
    *faults: Answer,
    at_login: bool = False,
    borrowed: bool = False,
    elsewhere: str | None = None,
    **options: Any,
) -> AsyncIterator[Wired]:
    """Give a client whose first calls (or logins) are answered by these faults; all others well.

    Without `max_retries` nothing is repeated. At the end every fault was met, and C0's books hold.
    With `elsewhere` that is where the client goes, and the server hears nothing.
    """
    left = list(faults)

    async def answer(one: Exchange) -> None:
        login = "access_token" in one.head
        if left and login is at_login:
            await left.pop(0)(one)
        else:
            one.say(LOGIN if login else GOOD, "Content-Type: application/json")

    async with raw_server(answer) as server:
        session = aiohttp.ClientSession() if borrowed else None
        quota = FreeQuota()
        options = {"max_retries": 0, "timeout": 5.0, **options}
        client = GizwitsClient(
            CANARIES,
            base_url=elsewhere or server.url,
            session=session,
            quota=quota,
            options=Options(**options),
        )
        at = Wired(client, server, quota)

        async def noted(seconds: float) -> None:
            at.pauses.append(seconds)

        reassemble(client, sleep=noted)
        try:
            yield at
            assert left == [], "a fault that nobody met"
            assert at.connections_out() == 0
            if elsewhere is None:
                await at.check(len(faults) if at_login else 0)
        finally:
            await client.aclose()
            if session is not None:
                await session.close()
