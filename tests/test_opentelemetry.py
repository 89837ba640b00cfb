"""Metrics: names and attributes of the semantic conventions, our own beside them, and no secret."""

import json
import re
from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from gizwits_async import GizwitsClient, HourlyQuota
from gizwits_async.opentelemetry import observe
from gizwits_async.scan import FleetScan, MemoryStore
from gizwits_async.simulator import SimulatorTransport
from tests.doubles import virtually
from tests.scan.common import DAY, cloud_of

NOW = 1_790_000_000
DASHBOARD = Path(__file__).parents[1] / "examples" / "grafana-fleet.json"


def scanned() -> dict[str, list[Any]]:
    """Scan a little, call what is refused, and return the points of each metric."""
    reader = InMemoryMetricReader()
    provider, cloud = MeterProvider([reader], shutdown_on_exit=False), cloud_of(2, 2)

    async def main() -> Any:
        metrics = observe(
            provider, base_url="https://api.example:8443", **{"gizwits.profile": "acme"}
        )
        quota = HourlyQuota(3600)
        metrics.watch(quota)
        async with GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=quota, on_call=metrics
        ) as client:
            scan = FleetScan(client, MemoryStore(), start=NOW - 2 * DAY, end=NOW)
            await scan.run(on_progress=metrics.on_progress, seconds=30.0)
            await scan.run(on_progress=metrics.on_progress)
            await client.for_product("wrong", "hidden").devices.search().collect()
            return reader.get_metrics_data()

    try:
        data = virtually(main())
    except Exception:  # noqa: BLE001 - the last call is refused
        data = reader.get_metrics_data()
    provider.shutdown()
    metrics = [
        one
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for one in scope.metrics
    ]
    return {one.name: list(one.data.data_points) for one in metrics}


def test_calls_quota_and_scans_are_measured() -> None:
    """Each point of a call has the attributes of an HTTP client; a status is an integer."""
    found = scanned()
    calls = found["http.client.request.duration"]
    good = [one for one in calls if "error.type" not in one.attributes]
    bad = [one for one in calls if "error.type" in one.attributes]
    for point in calls:
        assert point.attributes["server.address"] == "api.example"
        assert point.attributes["server.port"] == 8443
        assert point.attributes["http.request.method"] in {"GET", "POST"}
        assert type(point.attributes["http.response.status_code"]) is int
        assert point.attributes["url.template"].startswith("/v1/products/{product_key}/")
    assert {one.attributes["http.response.status_code"] for one in good} == {200, 201}
    assert bad[0].attributes["gizwits.error_code"] == 5015
    (records,), (windows,) = found["gizwits.scan.records"], found["gizwits.scan.windows"]
    assert records.value > 200
    assert windows.value == 2 * 3 * (2 + 1), "the second run reads the last minutes again"
    assert found["gizwits.scan.windows_left"][0].value == 0
    assert found["gizwits.scan.calls"][0].value <= sum(one.count for one in calls)
    assert found["gizwits.quota.limit"][0].value == 10**9, "as the server's headers say"
    assert 0 < found["gizwits.quota.remaining"][0].value < 10**9
    assert {one.attributes["gizwits.lane"] for one in found["gizwits.quota.waiting"]} == {
        "interactive", "bulk",
    }  # fmt: skip
    assert found["gizwits.quota.wait"][0].count > 10
    assert "hidden" not in repr(found)


def test_the_dashboard_shows_metrics_that_there_are() -> None:
    """Prometheus writes dots as underscores, and units and `_total` behind the name."""
    names = {name.replace(".", "_") for name in scanned()}
    text = DASHBOARD.read_text(encoding="utf-8")
    shown = {
        word
        for panel in json.loads(text)["panels"]
        for target in panel["targets"]
        for word in re.findall(r"(\w+)\{", target["expr"])
    }
    assert len(shown) >= 6
    for word in shown:
        assert any(word.startswith(name) for name in names), word
