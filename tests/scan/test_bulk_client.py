"""A scan uses public names of the client only, so that other tools can be built in the same way."""

import pytest

from gizwits_async.client import GizwitsClient
from gizwits_async.quota import HourlyQuota
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorTransport
from tests.doubles import FreeQuota, client_of

NOW = 1_790_000_000


async def test_a_view_with_another_quota_takes_its_places_there_and_closes_none() -> None:
    """Calls of the copy take permits of the new quota, logins those of the old one."""
    cloud, own, other = SimulatedCloud(Fleet.generate(1, 1)), FreeQuota(), FreeQuota()
    client = GizwitsClient(cloud.credentials, transport=SimulatorTransport(cloud), quota=own)
    view = client.with_quota(other)
    assert (view.quota, view.with_options(page_size=20).quota) == (other, other)
    assert client.quota is own
    await view.product.datapoints()
    await view.with_options(page_size=20).devices.search().collect()
    assert (own.taken, other.taken) == (1, 2)
    await client.product.datapoints()
    assert (own.taken, other.taken) == (2, 2)


async def test_the_time_of_the_server_is_learned_once() -> None:
    """A login is enough; from then on the client knows how far back logs reach."""
    cloud = SimulatedCloud(Fleet.generate(1, 1))
    client = client_of(cloud)
    await client.learn_time()
    await client.learn_time()
    assert cloud.tally.total() == cloud.tally["token"] == 1
    assert client.server_time() == pytest.approx(NOW, abs=2)
    assert client.server_time() - client.oldest_log() == pytest.approx(30 * 86_400, abs=60)
    assert client.product_key == cloud.credentials.product_key
    assert client.for_product("other", "secret").product_key == "other"


@pytest.mark.parametrize(("calls", "period"), [(3600, 3600.0), (1000, 60.0), (50, 5.0)])
async def test_the_rate_of_a_plan_is_that_of_the_quota(calls: int, period: float) -> None:
    """The plan uses the period of the quota, which is not always an hour."""
    cloud = SimulatedCloud(Fleet.generate(1, 1))
    client = GizwitsClient(
        cloud.credentials,
        transport=SimulatorTransport(cloud),
        quota=HourlyQuota(calls, period, burst=1, reserve=0, initial=1, pad=0.5),
    )
    assert client.quota.snapshot().period == period
    assert BulkClient(client).calls_per_second == calls / period
    await client.learn_time()
    assert client.quota.snapshot().period == period
    await client.aclose()
