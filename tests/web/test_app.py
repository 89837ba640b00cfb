"""The lifespan, the dependency and the error handlers, under a real uvicorn."""

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from fastapi import FastAPI, WebSocket

from gizwits_async import (
    CallReport,
    ClientClosedError,
    GizwitsClient,
    HourlyQuota,
    Options,
    deadline,
    get,
)
from gizwits_async.fastapi import (
    WEB_OPTIONS,
    Gizwits,
    get_gizwits,
    gizwits_lifespan,
    install_error_handlers,
)
from gizwits_async.simulator import Fate, Fleet, Quirks, SimulatedCloud, SimulatorTransport
from tests.doubles import client_of
from tests.web.serving import served, simulated

pytestmark = pytest.mark.jumping


def _app(**lifespan: Any) -> FastAPI:
    app = FastAPI(lifespan=gizwits_lifespan(**lifespan))
    install_error_handlers(app)

    @app.get("/devices/{mac}")
    async def detail(mac: str, gizwits: Gizwits) -> str | None:
        return (await gizwits.devices.detail(mac)).mac

    @app.get("/logs/{did}")
    async def latest(did: str, gizwits: Gizwits, start: float | None = None) -> int | None:
        found = await gizwits.devices.data_log(did, start=start).first()
        return found and found.ts

    @app.get("/hasty/{mac}")
    async def hasty(mac: str, gizwits: Gizwits) -> str | None:
        with deadline(0.05):
            return (await gizwits.devices.detail(mac)).mac

    @app.get("/control/{did}")
    async def control(did: str, value: float, gizwits: Gizwits) -> None:
        await gizwits.devices.control(did, attrs={"x": value})

    @app.get("/own-mistake")
    async def own_mistake() -> int:
        return int("no number")

    return app


async def _answer(url: str) -> tuple[int, Any, Any]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        is_json = "json" in response.content_type
        body = await (response.json(content_type=None) if is_json else response.text())
        return response.status, body, response.headers


async def test_an_app_has_one_client_for_its_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """All requests share one client made from the environment; shutdown closes it."""
    cloud = SimulatedCloud()
    app = _app()
    async with simulated(cloud, monkeypatch), served(app) as url:
        client = app.state.gizwits
        assert client.options == WEB_OPTIONS == Options(max_quota_wait=2.0, deadline=10.0)
        macs = [device.mac for device in cloud.fleet.devices[:2]]
        for mac in macs:
            assert (await _answer(f"{url}/devices/{mac}"))[:2] == (200, mac)
        assert cloud.tally["token"] == 1
        assert len(asyncio.all_tasks()) < 20
    with pytest.raises(ClientClosedError):
        await client.devices.detail(macs[0])
    with pytest.raises(ClientClosedError):
        await client.quota.acquire()


async def test_a_missing_environment_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without credentials the app does not start, and the error names the missing variables."""
    for name in ("ENTERPRISE_ID", "ENTERPRISE_SECRET", "PRODUCT_KEY", "PRODUCT_SECRET"):
        monkeypatch.delenv(f"GIZWITS_{name}", raising=False)
    monkeypatch.setenv("GIZWITS_PRODUCT_KEY", "there")
    with pytest.raises(ValueError, match="GIZWITS_ENTERPRISE_ID") as caught:
        async with gizwits_lifespan()(FastAPI()):
            pass
    assert "GIZWITS_PRODUCT_SECRET" in str(caught.value)
    assert "GIZWITS_PRODUCT_KEY" not in str(caught.value)


@pytest.mark.parametrize("text", ["many", "0", "-5", "3.5", "٣"])
async def test_a_nonsense_quota_stops_the_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A quota that is no positive number is an error with the name of the variable."""
    monkeypatch.setenv("GIZWITS_CALLS_PER_HOUR", text)
    credentials = SimulatedCloud().credentials
    with pytest.raises(ValueError, match="GIZWITS_CALLS_PER_HOUR"):
        async with gizwits_lifespan(credentials=credentials)(FastAPI()):
            pass


async def test_the_quota_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quota follows `GIZWITS_CALLS_PER_HOUR`, unless a quota is passed."""
    monkeypatch.setenv("GIZWITS_CALLS_PER_HOUR", "7200")
    credentials = SimulatedCloud().credentials
    own = HourlyQuota(50)
    for arguments, limit in (({}, 7200), ({"quota": own}, 50)):
        lifespan = gizwits_lifespan(credentials=credentials, **arguments)
        async with lifespan(FastAPI()) as state:
            assert state["gizwits"].quota.snapshot().limit == limit
    await own.acquire()  # a quota that was passed is not closed
    await own.aclose()


async def test_handlers_can_be_given_another_client() -> None:
    """`dependency_overrides[get_gizwits]` replaces the client in tests."""
    cloud = SimulatedCloud()
    app = FastAPI()

    @app.get("/{mac}")
    async def detail(mac: str, gizwits: Gizwits) -> str | None:
        return (await gizwits.devices.detail(mac)).mac

    async with client_of(cloud) as client:
        app.dependency_overrides[get_gizwits] = lambda: client
        mac = cloud.fleet.devices[0].mac
        async with served(app) as url:
            assert (await _answer(f"{url}/{mac}"))[:2] == (200, mac)


async def test_without_lifespan_the_message_says_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A missing lifespan is a RuntimeError that says how to add it."""
    app = FastAPI()

    @app.get("/")
    async def handler(gizwits: Gizwits) -> str:
        return repr(gizwits)

    async with served(app) as url:
        assert (await _answer(url))[0] == 500
    assert "lifespan=gizwits_lifespan()" in caplog.text


async def test_mounted_apps_and_own_lifespans_have_the_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mounted app has the client, also if our lifespan is wrapped by another one."""

    @asynccontextmanager
    async def mine(app: FastAPI) -> Any:
        async with gizwits_lifespan()(app) as state:
            yield {**state, "more": 1}

    inner, app = FastAPI(), FastAPI(lifespan=mine)

    @inner.get("/{mac}")
    async def detail(mac: str, gizwits: Gizwits) -> str | None:
        return (await gizwits.devices.detail(mac)).mac

    app.mount("/inner", inner)
    cloud = SimulatedCloud()
    mac = cloud.fleet.devices[0].mac
    async with simulated(cloud, monkeypatch), served(app) as url:
        assert (await _answer(f"{url}/inner/{mac}"))[:2] == (200, mac)


async def test_refusals_are_problem_details(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown devices are 404; invalid arguments and ranges that are too old are 422."""
    cloud = SimulatedCloud(Fleet.generate(now=__import__("time").time()))
    did = cloud.fleet.devices[0].did
    async with simulated(cloud, monkeypatch), served(_app()) as url:
        status, body, headers = await _answer(f"{url}/devices/FFFFFFFFFFFF")
        assert (status, body["code"], body["title"]) == (404, 5301, "Not Found")
        assert headers["Content-Type"] == "application/problem+json"
        status, body, _ = await _answer(f"{url}/logs/{did}?start=1000000")
        assert status == 422
        assert body["oldest"] > 1_000_000
        sent = len(cloud.ledger)
        status, body, _ = await _answer(f"{url}/logs/%3F%3Fsecret")
        assert (status, "secret" in str(body)) == (422, False)
        # The JSON encoder raises this ValueError.
        assert (await _answer(f"{url}/control/{did}?value=nan"))[0] == 422
        assert len(cloud.ledger) == sent
        # A ValueError of the app itself stays a 500.
        assert (await _answer(f"{url}/own-mistake"))[0] == 500


async def test_an_own_handler_for_value_errors_is_kept() -> None:
    """An existing handler for ValueError is kept."""

    async def mine(request: Any, error: Exception) -> Any:
        raise NotImplementedError

    app = FastAPI(exception_handlers={ValueError: mine})
    install_error_handlers(app)
    assert app.exception_handlers[ValueError] is mine


async def test_quota_used_up_is_503_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait for quota above `max_quota_wait` is 503 with Retry-After, at once."""
    quota = HourlyQuota(60, 60.0, burst=1, reserve=0, initial=0, pad=0)
    cloud = SimulatedCloud()
    app = _app(quota=quota, options=Options(max_quota_wait=0.2, deadline=10.0))
    async with simulated(cloud, monkeypatch), served(app) as url:
        began = asyncio.get_running_loop().time()
        status, body, headers = await _answer(f"{url}/devices/x")
        assert asyncio.get_running_loop().time() - began < 1.0
    assert (status, body["status"]) == (503, 503)
    assert int(headers["Retry-After"]) >= 1
    assert not cloud.ledger
    await quota.aclose()


async def test_time_outs_are_504_and_lost_replies_502(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines and time-outs are 504, a broken connection is 502."""
    cloud = SimulatedCloud()
    mac = cloud.fleet.devices[0].mac
    for fate, path, options, expected in (
        (Fate.STALL_AFTER, "devices", Options(deadline=0.05), 504),
        (Fate.STALL_AFTER, "devices", Options(timeout=0.05, max_retries=0), 504),
        (Fate.STALL_BEFORE, "hasty", Options(), 504),
        (Fate.REPLY_LOST, "devices", Options(max_retries=0), 502),
        (Fate.NOT_SENT, "devices", Options(max_retries=0), 502),
    ):

        def fates(request: Any, number: int, fate: Fate = fate) -> Fate:
            return Fate.DELIVER if request.path.endswith("token") else fate

        app = _app(
            credentials=cloud.credentials,
            transport=SimulatorTransport(cloud, fates=fates),
            options=options,
        )
        async with served(app) as url:
            status, body, _ = await _answer(f"{url}/{path}/{mac}")
        assert (status, body["status"]) == (expected, expected), fate


async def test_wrong_credentials_are_500_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Refused credentials are 500 and a log entry, without a secret in either."""
    cloud = SimulatedCloud(whitelist=())
    async with simulated(cloud, monkeypatch), served(_app()) as url:
        status, body, _ = await _answer(f"{url}/devices/x")
    assert status == 500
    assert "5012" not in str(body)
    entries = [one for one in caplog.records if one.name.startswith("gizwits_async.fastapi")]
    assert [one.levelno for one in entries] == [logging.ERROR]
    assert "5012" in entries[0].getMessage()
    assert str.__str__(cloud.credentials.enterprise_secret) not in caplog.text


async def test_a_malformed_reply_is_502(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of the service is 502, without its text."""
    cloud = SimulatedCloud(quirks=Quirks())
    app = FastAPI(lifespan=gizwits_lifespan())
    install_error_handlers(app)

    @app.get("/")
    async def handler(gizwits: Gizwits) -> Any:
        return await gizwits.send(
            get(
                f"/v1/products/{cloud.credentials.product_key}/device_detail",
                int,
                mac=cloud.fleet.devices[0].mac,
            )
        )

    async with simulated(cloud, monkeypatch), served(app) as url:
        status, body, _ = await _answer(url)
    assert (status, body["detail"]) == (502, "The device cloud failed.")


async def test_web_sockets_have_the_client_and_their_errors(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A WebSocket handler gets the client; its errors are not answered as HTTP."""
    app = FastAPI(lifespan=gizwits_lifespan())
    install_error_handlers(app)
    failed: list[Exception] = []

    @app.websocket("/{mac}")
    async def handler(socket: WebSocket, mac: str, gizwits: Gizwits) -> None:
        await socket.accept()
        try:
            await socket.send_text(str((await gizwits.devices.detail(mac)).mac))
        except Exception as error:
            failed.append(error)
            raise

    cloud = SimulatedCloud()
    mac = cloud.fleet.devices[0].mac
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    def scope(path: str) -> dict[str, Any]:
        return {"type": "websocket", "path": path, "headers": [], "query_string": b"", "app": app}

    async with simulated(cloud, monkeypatch), gizwits_lifespan()(app):
        await app(scope(f"/{mac}"), receive, send)
        assert sent[-1]["text"] == mac
        with pytest.raises(Exception, match="5301"):
            await app(scope("/FFFFFFFFFFFF"), receive, send)
    assert len(failed) == 1


async def test_the_hook_of_the_lifespan_sees_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """`gizwits_lifespan(on_call=...)` passes the hook to the client."""
    reports: list[CallReport] = []
    cloud = SimulatedCloud()
    async with simulated(cloud, monkeypatch), served(_app(on_call=reports.append)) as url:
        await _answer(f"{url}/devices/{cloud.fleet.devices[0].mac}")
    assert [(one.verb, one.status) for one in reports] == [("POST", 201), ("GET", 200)]
    assert all(one.bytes_received for one in reports)


async def test_a_client_is_what_the_dependency_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    """The `Gizwits` parameter needs no default and adds nothing to the OpenAPI document."""
    app = _app()
    parameters = app.openapi()["paths"]["/devices/{mac}"]["get"]["parameters"]
    assert [one["name"] for one in parameters] == ["mac"]
    assert GizwitsClient.__name__ not in str(app.openapi())
