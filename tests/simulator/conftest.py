"""A plain HTTP caller for the simulated service, independent of the client package."""

import json
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import pytest

from gizwits_async.simulator import Fleet, Quirks, SimulatedCloud, SimulatedReply, SimulatedRequest


class Caller:
    """Calls a simulated service at the time in `now`, which the test sets."""

    def __init__(self, cloud: SimulatedCloud) -> None:
        self.cloud = cloud
        self.now = cloud.fleet.now
        self.token = ""
        self.root = f"/v1/products/{cloud.credentials.product_key}"

    def raw(
        self,
        method: str,
        target: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        peer: str = "127.0.0.1",
    ) -> SimulatedReply:
        """Send one request; a body that is not bytes is sent as JSON."""
        data = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        request = SimulatedRequest(
            method=method, target=target, headers=headers or {}, body=data, peer=peer
        )
        return self.cloud.handle(request, self.now)

    def login(self, **changes: object) -> dict:
        """Fetch and keep a token with the right credentials, some of them replaced by `changes`."""
        mine = self.cloud.credentials
        body = {
            "enterprise_id": mine.enterprise_id,
            "enterprise_secret": mine.enterprise_secret,
            "product_secret": mine.product_secret,
            **changes,
        }
        reply = self.raw("POST", f"{self.root}/access_token", body)
        answer = json.loads(reply.body)
        if reply.status == 201:
            self.token = answer["token"]
        return answer | {"status": reply.status}

    def call(self, method: str, path: str, body: object = None, **query: object) -> SimulatedReply:
        """Send a call below the product with the token."""
        if not self.token:
            self.login()
        text = urlencode({name: value for name, value in query.items() if value is not None})
        headers = {"Authorization": f"token {self.token}"}
        return self.raw(method, f"{self.root}{path}{'?' if text else ''}{text}", body, headers)

    def get(self, path: str, **query: object) -> dict:
        """Return the JSON of a GET, whatever its status."""
        return json.loads(self.call("GET", path, **query).body)

    def answer(self, method: str, path: str, body: object = None, **query: object) -> tuple:
        """Return status and JSON of a call below the product; None for an empty body."""
        reply = self.call(method, path, body, **query)
        return reply.status, json.loads(reply.body) if reply.body else None

    def error(self, method: str, path: str, body: object = None, **query: object) -> object:
        """Return the error code of a call below the product; None if it succeeded."""
        return self.answer(method, path, body, **query)[1].get("error_code")

    def enterprise(self, target: str, **headers: str) -> dict:
        """Return the JSON of a GET with the enterprise's headers, some of them replaced."""
        mine = self.cloud.credentials
        sent = {
            "X-Gizwits-Enterprise-ID": mine.enterprise_id,
            "X-Gizwits-Enterprise-Secret": mine.enterprise_secret,
        }
        return json.loads(self.raw("GET", target, headers={**sent, **headers}).body)

    def log(self, log: str, did: str, **query: object) -> dict:
        """Return one page of a log."""
        return self.get(f"/devices/{quote(did, safe='')}/{log}", **query)

    def walk(self, log: str, did: str, **query: object) -> list[list[dict]]:
        """Return all pages of a window, following the contexts in `meta`."""
        pages, context = [], None
        for _ in range(1000):
            page = self.log(log, did, context=context, **query)
            pages.append(page["objects"])
            context = page["meta"].get("context")
            if not context:
                return pages
        raise AssertionError("the chain has no end")


@pytest.fixture
def serve():
    """Return a function that makes a service with these quirks, and a caller for it."""

    def make(fleet: Fleet | None = None, **settings: object) -> Caller:
        names = {"credentials", "quota", "period", "token_life", "whitelist", "ledger_size"}
        mine = {name: settings.pop(name) for name in names & settings.keys()}
        return Caller(SimulatedCloud(fleet or Fleet.generate(), quirks=Quirks(**settings), **mine))

    return make
