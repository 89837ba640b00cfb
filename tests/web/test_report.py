"""Call reports: complete, without secrets, and a failing hook breaks no call."""

import asyncio
import json
import logging
import re
from typing import Any

import pytest

from gizwits_async import (
    CallReport,
    GizwitsClient,
    GizwitsError,
    HourlyQuota,
    NotFoundError,
    Options,
    OutcomeUnknownError,
    QuotaWaitError,
    post,
)
from gizwits_async.simulator import Fate, Quirks, SimulatedCloud, SimulatorTransport
from gizwits_async.wire.transport import HttpReply
from tests.doubles import FreeQuota, virtually

DETAIL = "/v1/products/{product_key}/device_detail"
TOKEN = "/v1/products/{product_key}/access_token"


class Watched:
    """A client of a simulated service, and the reports of its calls."""

    def __init__(self, cloud: SimulatedCloud | None = None, **how: Any) -> None:
        self.cloud = cloud or SimulatedCloud()
        self.reports: list[CallReport] = []
        self.mac = self.cloud.fleet.devices[0].mac
        self.client = GizwitsClient(
            self.cloud.credentials,
            quota=how.pop("quota", None) or FreeQuota(),
            options=Options(**how.pop("options", {})),
            on_call=how.pop("on_call", self.reports.append),
            transport=how.pop("transport", None) or SimulatorTransport(self.cloud, **how),
        )


def test_a_call_is_reported_with_its_route_and_times() -> None:
    """Each call has one report with its route template; the login is reported as its own call."""

    async def main() -> None:
        watched = Watched(latency=0.25, reply_latency=0.5)
        await watched.client.devices.detail(watched.mac)
        token, detail = watched.reports
        assert (token.verb, token.route, token.attempts) == ("POST", TOKEN, 1)
        assert token.wire_time == pytest.approx(0.75)
        assert (detail.verb, detail.route, detail.status) == ("GET", DETAIL, 200)
        assert (detail.error, detail.error_code, detail.attempts) == (None, None, 1)
        assert detail.wire_time == pytest.approx(0.75)
        assert detail.seconds == pytest.approx(1.5)
        assert detail.quota_wait == 0
        assert detail.bytes_received > 50

    virtually(main())


def test_a_refusal_is_reported_with_its_code() -> None:
    """The report of a refused call has status, error code and error class."""

    async def main() -> None:
        watched = Watched()
        with pytest.raises(NotFoundError):
            await watched.client.devices.detail("FFFFFFFFFFFF")
        last = watched.reports[-1]
        assert (last.status, last.error_code, last.error) == (404, 5301, "NotFoundError")

    virtually(main())


def test_attempts_and_waits_add_up() -> None:
    """Attempts are counted, and the times of all attempts are summed."""

    def fates(request: object, number: int) -> Fate:
        return Fate.REPLY_LOST if number in {2, 3} else Fate.DELIVER

    async def main() -> None:
        watched = Watched(quota=FreeQuota(delay=2.0), latency=0.5, fates=fates)
        await watched.client.devices.detail(watched.mac)
        last = watched.reports[-1]
        assert (last.attempts, last.status, last.error) == (3, 200, None)
        assert last.quota_wait == pytest.approx(6.0)
        assert last.wire_time == pytest.approx(1.5)
        # The login, and two pauses between the attempts.
        assert last.seconds > 6.0 + 1.5 + 2.5

    virtually(main())


def test_a_call_that_never_left_has_no_attempt() -> None:
    """A call refused by the client's own quota has a report with zero attempts."""

    async def main() -> None:
        quota = HourlyQuota(initial=0)
        watched = Watched(quota=quota, options={"max_quota_wait": 0.0})
        with pytest.raises(QuotaWaitError):
            await watched.client.devices.detail(watched.mac)
        (report,) = watched.reports
        assert (report.attempts, report.status, report.error) == (0, None, "QuotaWaitError")
        await quota.aclose()

    virtually(main())


def test_a_cancelled_call_is_reported() -> None:
    """A cancelled call is reported, and stays a cancellation."""

    async def main() -> None:
        watched = Watched(latency=60.0, options={"timeout": 90.0})
        task = asyncio.create_task(watched.client.devices.detail(watched.mac))
        await asyncio.sleep(90.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        last = watched.reports[-1]
        assert (last.error, last.status, last.attempts) == ("CancelledError", None, 1)
        assert last.wire_time == pytest.approx(30.0)

    virtually(main())


def test_views_report_to_the_same_hook() -> None:
    """`with_options` and `for_product` share the hook."""

    async def main() -> None:
        watched = Watched()
        await watched.client.with_options(timeout=3.0).devices.detail(watched.mac)
        assert [one.route for one in watched.reports] == [TOKEN, DETAIL]
        with pytest.raises(GizwitsError):
            await watched.client.for_product("other", "secret").devices.detail(watched.mac)
        assert len(watched.reports) > 2

    virtually(main())


def test_a_broken_hook_breaks_no_call(caplog: pytest.LogCaptureFixture) -> None:
    """An error of the hook is logged once for a client and its views, and breaks no call."""

    def broken(report: CallReport) -> None:
        raise LookupError("no such metric")

    async def main() -> None:
        watched = Watched(on_call=broken)
        for client in (watched.client, watched.client.with_options(timeout=3.0)) * 2:
            assert (await client.devices.detail(watched.mac)).mac == watched.mac

    virtually(main())
    assert sum("on_call hook failed" in one.message for one in caplog.records) == 1


async def _async_hook(report: CallReport) -> None:
    pass


@pytest.mark.parametrize("hook", [_async_hook, "print"])
def test_a_hook_that_cannot_work_is_refused(hook: Any) -> None:
    """An async hook is refused when it is passed, since it would never be awaited."""
    with pytest.raises(ValueError, match="on_call"):
        GizwitsClient(SimulatedCloud().credentials, on_call=hook)


def test_each_attempt_is_one_line_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    """Each attempt is a log line with the numbers as fields of the record."""

    def fates(request: object, number: int) -> Fate:
        return Fate.REPLY_LOST if number == 2 else Fate.DELIVER

    async def main() -> None:
        watched = Watched(fates=fates, latency=0.5)
        await watched.client.devices.detail(watched.mac)

    with caplog.at_level(logging.DEBUG, logger="gizwits_async"):
        virtually(main())
    lines = [one for one in caplog.records if one.name == "gizwits_async.wire.report"]
    found = [
        (one.verb, one.route, one.attempt, one.status, one.error)  # type: ignore[attr-defined]
        for one in lines
    ]
    assert found == [
        ("POST", TOKEN, 1, 201, None),
        ("GET", DETAIL, 1, None, "NoReplyError"),
        ("GET", DETAIL, 2, 200, None),
    ]
    assert all(one.wire_time == pytest.approx(0.5) for one in lines)  # type: ignore[attr-defined]


def test_nothing_is_written_when_debug_is_off(caplog: pytest.LogCaptureFixture) -> None:
    """At INFO no line is written, and no text is formatted."""

    async def main() -> None:
        watched = Watched()
        await watched.client.devices.detail(watched.mac)

    with caplog.at_level(logging.INFO, logger="gizwits_async"):
        virtually(main())
    assert not caplog.records


class Echo:
    """A service that echoes everything it was sent in every field."""

    def __init__(self, cloud: SimulatedCloud) -> None:
        self.inner = SimulatorTransport(cloud)
        self.seen: list[str] = []

    async def send(self, method: str, target: str, headers: Any, body: Any, **limits: Any) -> Any:
        self.seen += re.findall(r"token (\w+)", str(headers.get("Authorization", "")))
        if target.endswith("access_token"):
            return await self.inner.send(method, target, headers, body, **limits)
        echo = " ".join([target, *map(str.__str__, headers.values()), str(body)])
        reply = {"error_code": echo, "error_message": echo, "detail_message": echo}
        return HttpReply(500, {}, json.dumps(reply).encode())

    async def aclose(self) -> None:
        pass


def test_no_secret_reaches_log_or_hook(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a server echoes, no token, secret, device id or query is in a report or log line."""
    cloud = SimulatedCloud(quirks=Quirks())
    echo = Echo(cloud)
    watched = Watched(cloud, transport=echo, options={"max_retries": 1})

    did = cloud.fleet.devices[0].did

    async def main() -> None:
        for call in (
            watched.client.devices.detail(watched.mac),
            watched.client.devices.data_log(did).first(),
            watched.client.send(post("/v1/any", dict, json={"passcode": "canary-in-the-body"})),
        ):
            with pytest.raises(GizwitsError):
                await call

    with caplog.at_level(logging.DEBUG, logger="gizwits_async"):
        virtually(main())
    lines = [one for one in caplog.records if one.name == "gizwits_async.wire.report"]
    written = repr(watched.reports) + "".join(repr(vars(one)) + one.getMessage() for one in lines)
    own = cloud.credentials
    assert echo.seen
    assert "OutcomeUnknownError" in written
    for secret in (
        own.enterprise_secret,
        own.product_secret,
        echo.seen[0],
        watched.mac,
        did,
        "canary",
    ):
        assert str.__str__(secret) not in written


def test_a_write_outcome_unknown_is_reported_as_such() -> None:
    """The error in a report is the error that the caller gets."""

    async def main() -> None:
        watched = Watched(fates=lambda request, number: [Fate.DELIVER, Fate.REPLY_LOST][number > 1])
        with pytest.raises(OutcomeUnknownError):
            await watched.client.send(post("/v1/any", dict))
        assert watched.reports[-1].error == "OutcomeUnknownError"

    virtually(main())
