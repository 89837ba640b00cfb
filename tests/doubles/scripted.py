"""A transport that answers by a script, and gateways and clients upon it. No socket, no sleep."""

import json
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakValueDictionary

from attrs import evolve, field, frozen

from gizwits_async.client import GizwitsClient
from gizwits_async.options import Credentials, Options
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.service import Service
from gizwits_async.wire.token import MemoryTokenStore
from gizwits_async.wire.transport import HttpReply
from tests.doubles import FreeQuota

NOW = 1_790_000_000
CREDENTIALS = Credentials(
    enterprise_id="eid", enterprise_secret="esecret", product_key="pk", product_secret="psecret"
)
TOKEN_PATH = "/v1/products/pk/access_token"


@frozen
class Sent:
    """One request as it reached the transport."""

    method: str
    target: str
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes | None = None

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def is_login(self) -> bool:
        return self.path.endswith("/access_token")


def reply(value: object, status: int = 200, **headers: str) -> HttpReply:
    """Return a reply with this JSON, or these bytes."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return HttpReply(status, headers, body)


def refused(code: int | str, status: int = 400, message: str = "no") -> HttpReply:
    """Return a refusal as the service writes it."""
    return reply({"error_code": code, "error_message": message, "detail_message": None}, status)


Answer = HttpReply | BaseException
Script = Callable[[Sent], Answer | Awaitable[Answer]]


class ScriptedTransport:
    """Answers each request by `script`; logins by `login`, which counts them."""

    def __init__(self, script: Script, login: Script | None = None) -> None:
        self.script = script
        self.login = login or self._login
        self.sent: list[Sent] = []
        self.closed = False

    @property
    def logins(self) -> int:
        return sum(sent.is_login for sent in self.sent)

    @property
    def calls(self) -> list[Sent]:
        return [sent for sent in self.sent if not sent.is_login]

    def _login(self, sent: Sent) -> Answer:
        return reply({"token": f"token{self.logins}", "expire_at": NOW + 7 * 86_400}, 201)

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        timeout: float,  # noqa: ASYNC109 - the face of a transport
        max_bytes: int,
    ) -> HttpReply:
        sent = Sent(method, target, dict(headers), body)
        self.sent.append(sent)
        answer = (self.login if sent.is_login else self.script)(sent)
        if isawaitable(answer):
            answer = await answer
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def aclose(self) -> None:
        self.closed = True


def answers(*script: Answer) -> Script:
    """Return a script that gives these answers one after the other, and repeats the last."""
    left = list(script)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def gateway_of(
    transport: Any,
    *,
    quota: Any = None,
    store: Any = None,
    wall: Callable[[], float] = lambda: NOW,
    **options: Any,
) -> Gateway:
    """Return a gateway over this transport, by a clock that stands at NOW."""
    service = Service(
        base_url="https://x.invalid",
        transport=transport,
        command_transport=transport,
        quota=quota or FreeQuota(),
        token_store=store or MemoryTokenStore(),
        clock=ServerClock(wall=wall),
        user_agent="test",
    )
    return Gateway(service, CREDENTIALS, Options(**options))


def reassemble(client: GizwitsClient, **parts: Any) -> None:
    """Give a client that has made no call yet other parts of its `Service`."""
    gateway = client._gateway
    service = evolve(gateway.service, token_sources=WeakValueDictionary(), **parts)
    client._gateway = evolve(gateway, service=service)


def client_on(
    transport: Any, *, credentials: Credentials = CREDENTIALS, **options: Any
) -> GizwitsClient:
    """Return a client over this transport, by a clock that stands at NOW."""
    return GizwitsClient(
        credentials,
        transport=transport,
        quota=FreeQuota(),
        options=Options(**options),
        clock=lambda: NOW,
    )
