"""Canaries in every secret, searched for in all that the client shows; a failure says where."""

import asyncio
import gc
import json
import logging
import types
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gizwits_async import (
    CallReport,
    Credentials,
    GizwitsClient,
    HourlyQuota,
    Options,
    errors,
    get,
    post,
)
from gizwits_async.quota import SharedQuota
from gizwits_async.wire.request import Auth
from tests.canaries import (
    CANARIES,
    CREDENTIALS,
    PASSCODE,
    TOKEN,
    Heard,
    leaks,
    listening,
    quoted,
    rendered,
)
from tests.doubles import FreeQuota
from tests.wire.raw import Exchange, RawServer, raw_server

pytestmark = pytest.mark.jumping

DAY = 86_400
SENT = ("enterprise secret", "product secret", "token")
ECHO = " ".join(CANARIES[name] for name in SENT)
LOGIN = json.dumps({"token": TOKEN, "expire_at": 1_999_999_999}).encode()
HEADERS = (f"Set-Cookie: x={TOKEN}", f"X-Echo: {ECHO}", f"Location: /{TOKEN}")


@pytest.fixture(autouse=True)
def proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put proxies with a password in the environment; nothing of ours may use or show them."""
    url = f"http://user:{quoted('proxy password')}@127.0.0.1:9"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, url)


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Record all logs and warnings."""
    with listening() as all_of_it:
        yield all_of_it


def refusing(code: int | str, status: str = "400 Bad Request") -> Any:
    """Return an answer that refuses, and echoes all it knows in every field."""

    async def answer(one: Exchange) -> None:
        body = {"error_code": code, "error_message": ECHO, "detail_message": {"x": [ECHO]}}
        one.say(json.dumps(body).encode(), *HEADERS, status=status)

    return answer


def saying(body: str, status: str = "200 OK") -> Any:
    """Return an answer with this body."""

    async def answer(one: Exchange) -> None:
        one.say(body.encode(), *HEADERS, status=status)

    return answer


async def reset(one: Exchange) -> None:
    """Drop the connection after half an echo."""
    one.write(f"HTTP/1.1 200 OK\r\nX-Echo: {ECHO}\r\nContent-Length: 999\r\n\r\n{ECHO}")
    await one.writer.drain()
    one.reset()


async def stall(one: Exchange) -> None:
    """Say half an echo, and nothing more."""
    one.write(f"HTTP/1.1 200 OK\r\nX-Echo: {ECHO}\r\nContent-Length: 999\r\n\r\n{ECHO}")
    await one.writer.drain()
    await asyncio.sleep(5)


Call = Callable[[GizwitsClient], Awaitable[Any]]


async def detail(client: GizwitsClient) -> Any:
    return await client.devices.detail("ACCF23000000")


async def write(client: GizwitsClient) -> Any:
    return await client.devices.control("d" * 22, raw=[1])


async def of_the_enterprise(client: GizwitsClient) -> Any:
    return await client.send(get("/v1/users/search", dict, q="x").evolve(auth=Auth.ENTERPRISE))


async def in_no_time(client: GizwitsClient) -> Any:
    return await client.with_options(max_quota_wait=0.0).devices.detail("ACCF23000000")


async def after_closing(client: GizwitsClient) -> Any:
    await client.aclose()
    return await detail(client)


async def too_old(client: GizwitsClient) -> Any:
    return await client.devices.data_log("d" * 22, start=client.server_time() - 40 * DAY).collect()


async def from_elsewhere(client: GizwitsClient) -> Any:
    return await anext(client.devices.search().pages("g1.of-another-query"))


async def not_json(client: GizwitsClient) -> Any:
    return await client.send(post("/v1/x", dict, json={"x": {1}}))


async def over_the_limit(client: GizwitsClient) -> Any:
    return await client.with_options(max_response_bytes=20).devices.detail("ACCF23000000")


async def no_credentials(client: GizwitsClient) -> Any:
    del client
    return Credentials.from_env({"GIZWITS_ENTERPRISE_SECRET": ECHO})


async def a_wrong_password(client: GizwitsClient) -> Any:
    """Ask a Redis that repeats the password in its refusal."""
    del client

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(f"-WRONGPASS invalid {ECHO}\r\n".encode())
        writer.close()  # From 3.12 on a server waits for its connections.

    listener = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        password = quote(str.__str__(CREDENTIALS.enterprise_secret), safe="")
        url = f"redis://user:{password}@127.0.0.1:{port}"
        quota = SharedQuota.from_url(url, CREDENTIALS.enterprise_id)
        try:
            await quota.check()
        finally:
            await quota.aclose()


FINE = saying('{"did": "d"}')
WAYS: dict[str, tuple[str, Any, Call]] = {
    "NotSentError": ("NotSentError", None, detail),
    "NoReplyError": ("NoReplyError", reset, detail),
    "TimedOutError": ("TimedOutError", stall, detail),
    "UnexpectedRedirectError": ("UnexpectedRedirectError", saying(ECHO, "302 Found"), detail),
    "ResponseTooLargeError": ("ResponseTooLargeError", saying(ECHO * 9), over_the_limit),
    "OutcomeUnknownError": ("OutcomeUnknownError", reset, write),
    "InvalidResponseError": ("InvalidResponseError", saying(f'{{"did": ["{ECHO}"]}}'), detail),
    "cut": ("InvalidResponseError", saying(f'{{"did": "{ECHO}'), detail),
    "ApiError": ("ApiError", refusing(4711, "200 OK"), detail),
    "InvalidRequestError": ("InvalidRequestError", refusing(5002), detail),
    "AuthenticationError": ("AuthenticationError", refusing(5010), detail),
    "TokenRejectedError": ("TokenRejectedError", refusing(5011), detail),
    "ForbiddenError": ("ForbiddenError", refusing(5018, "403 Forbidden"), of_the_enterprise),
    "NotFoundError": ("NotFoundError", refusing(5301, "404 Not Found"), detail),
    "ConflictError": ("ConflictError", refusing(5305), write),
    "QuotaExceededError": ("QuotaExceededError", refusing(5013, "403 Forbidden"), detail),
    "ServerError": ("ServerError", saying(f"<h1>{ECHO}", "502 Bad Gateway"), detail),
    "a code that is a secret": ("InvalidRequestError", refusing(TOKEN), detail),
    "QuotaWaitError": ("QuotaWaitError", FINE, in_no_time),
    "QuotaStoreError": ("QuotaStoreError", FINE, a_wrong_password),
    "ArgumentError": ("ArgumentError", FINE, not_json),
    "CredentialsError": ("CredentialsError", FINE, no_credentials),
    "LogRangeError": ("LogRangeError", FINE, too_old),
    "ResumeMismatchError": ("ResumeMismatchError", FINE, from_elsewhere),
    "ClientClosedError": ("ClientClosedError", FINE, after_closing),
}


@asynccontextmanager
async def service(answer: Any) -> Any:
    """Serve logins, and `answer` to all else."""

    async def both(one: Exchange) -> None:
        if "access_token" in one.head and answer is not None:
            one.say(LOGIN, *HEADERS, status="201 Created")
        else:
            await answer(one)

    async with raw_server(both) as server:
        yield server


def client_at(url: str, *, quota: Any = None, **more: Any) -> GizwitsClient:
    options = Options(max_retries=0, timeout=0.3)
    return GizwitsClient(
        CREDENTIALS, base_url=url, quota=quota or FreeQuota(), options=options, **more
    )


class Telemetry:
    """OpenTelemetry with everything on: a span around each call, and the metrics of the how-to page."""

    def __init__(self) -> None:
        self.spans, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        traces = TracerProvider()
        traces.add_span_processor(SimpleSpanProcessor(self.spans))
        self.tracer = traces.get_tracer("test")
        meter = MeterProvider([self.reader]).get_meter("test")
        self.seconds = meter.create_histogram("seconds")
        self.reports: list[CallReport] = []

    def record(self, report: CallReport) -> None:
        """Be the hook that the page shows."""
        self.reports.append(report)
        kind = {"method": report.verb, "template": report.route, "error": report.error or ""}
        self.seconds.record(report.seconds, kind | {"status": str(report.status)})

    @property
    def text(self) -> str:
        """All that would be exported."""
        spans = "".join(str(span.to_json()) for span in self.spans.get_finished_spans())
        data: Any = self.reader.get_metrics_data()
        return f"{spans} {data and data.to_json()} {self.reports}"


@pytest.mark.fault("P10")
def test_every_class_of_error_is_driven() -> None:
    """A class that is added to the tree must be added here."""
    bases = {"GizwitsError", "TransportError"}
    assert {name for name, _, _ in WAYS.values()} == set(errors.__all__) - bases


@pytest.mark.fault("P10")
@pytest.mark.parametrize("way", WAYS)
async def test_no_error_tells_a_secret(way: str, heard: Heard) -> None:
    """Text, repr, notes, pickle, locals of each frame, log, warnings, spans, metrics."""
    expected, answer, call = WAYS[way]
    telemetry = Telemetry()
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    failure: errors.GizwitsError | None = None
    one_a_minute = HourlyQuota(60, 3600, burst=1, reserve=0, initial=0, pad=0)
    quota = one_a_minute if call is in_no_time else None
    async with service(answer) as server:
        url = server.url if answer is not None else "http://127.0.0.1:1"
        async with client_at(url, quota=quota, on_call=telemetry.record) as client:
            try:
                with telemetry.tracer.start_as_current_span("call"):
                    await call(client)
            except errors.GizwitsError as error:
                logging.getLogger("app").exception("it failed")
                failure = error
    loop.set_debug(False)
    assert failure is not None
    assert type(failure).__name__ == expected
    # A token that this call never sent is any text to it, should a server know it all the same.
    unknown = ("token",) if call is of_the_enterprise else ()
    assert leaks(rendered(failure), *unknown) == []
    assert leaks(heard.text, *unknown) == []
    assert leaks(telemetry.text, *unknown) == []
    assert heard.text.count("it failed")
    assert "exception.message" in telemetry.text


# --- what objects show


def shown(thing: object) -> Iterator[tuple[str, str]]:
    """Walk through all of ours that hangs on an object: where, and its repr."""
    seen: set[int] = set()
    todo: list[tuple[str, Any]] = [(type(thing).__name__, thing)]
    while todo:
        where, one = todo.pop()
        if id(one) in seen or len(where) > 300:
            continue
        seen.add(id(one))
        yield where, repr(one)
        if isinstance(one, Mapping):
            todo += [(f"{where}[{key!r}]", value) for key, value in one.items()]
            continue
        if type(one) in {list, tuple, set, frozenset}:
            todo += [(f"{where}[]", value) for value in one]
            continue
        if isinstance(one, types.MethodType):
            todo.append((f"{where}.__self__", one.__self__))
        if type(one).__module__.split(".")[0] != "gizwits_async":
            continue  # What is in others' objects is theirs to show; their repr counts.
        for name in {*getattr(one, "__dict__", {}), *_slots(type(one))}:
            if hasattr(one, name):
                todo.append((f"{where}.{name}", getattr(one, name)))


def _slots(kind: type) -> Iterator[str]:
    for base in kind.__mro__:
        slots = base.__dict__.get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots


OBJECTS: dict[str, Callable[[GizwitsClient], Any]] = {
    "client": lambda client: client,
    "view": lambda client: client.with_options(lane="bulk"),
    "other product": lambda client: client.for_product("pk2", CANARIES["product secret"]),
    "section": lambda client: client.devices,
    "list": lambda client: client.devices.search(),
    "log": lambda client: client.devices.data_log("d" * 22),
    "watch": lambda client: client.devices.watch("d" * 22),
    "request": lambda _: post("/v1/x", dict, json={"passcode": PASSCODE}, token=TOKEN),
}


@pytest.mark.fault("P10")
@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize("state", ["new", "used", "closed"])
async def test_no_public_object_shows_a_secret(kind: str, state: str, heard: Heard) -> None:
    """`repr` and `vars` of it, and of all of ours that hangs on it."""
    async with service(FINE) as server:
        client = client_at(server.url)
        if state != "new":
            await detail(client)
        if state == "closed":
            await client.aclose()
        thing = OBJECTS[kind](client)
        walked = list(shown(thing))
        await client.aclose()
    # A request holds what its caller put in: not in its repr, but in its fields.
    walked = walked[:1] if kind == "request" else walked
    assert len(walked) > 20 or kind == "request"
    assert [f"{where}: {leaks(text)}" for where, text in walked if leaks(text)] == []
    assert leaks(heard.text) == []


@pytest.mark.fault("P10")
async def test_what_a_good_call_returns_hides_its_secrets(heard: Heard) -> None:
    """Tokens and passcodes come as values that no repr, format of a container or log shows."""
    body = json.dumps({"did": "d", "passcode": PASSCODE})
    async with service(saying(body)) as server, client_at(server.url) as client:
        token = await client.authorization.create_token()
        identity = await client.devices.identity("ACCF23000000")
        assert (token.token, identity.passcode) == (TOKEN, PASSCODE)
        logging.getLogger("app").warning("%s %r %s", token, identity, [token, identity])
        values = [*shown(token), *shown(identity), ("", f"{token} {identity} {[token.token]}")]
        assert any(TOKEN in one.head for one in server.seen), "the canaries were really sent"
        assert CANARIES["enterprise secret"] in server.heads
    assert [f"{where}: {leaks(text)}" for where, text in values if leaks(text)] == []
    assert leaks(heard.text) == []


@pytest.mark.fault("P10")
async def test_a_client_that_is_forgotten_complains_without_secrets(heard: Heard) -> None:
    """The warnings of what was never closed, and of a task that was never awaited."""
    complaints: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(repr(context)))

    async def forget(server: RawServer) -> None:
        client = client_at(server.url)
        await detail(client)
        waiting = asyncio.ensure_future(detail(client))
        await asyncio.sleep(0)
        complaints.append(repr(waiting))
        waiting.cancel()

    async with service(FINE) as server:
        await forget(server)
        await asyncio.sleep(0.01)
        gc.collect()
        await asyncio.sleep(0.01)
    loop.set_exception_handler(None)
    assert any("Unclosed" in one for one in complaints) or "Unclosed" in heard.text
    assert leaks(heard.text + "".join(complaints)) == []
