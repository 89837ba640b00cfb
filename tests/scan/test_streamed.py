"""Arrow tables and batches without a store hold what the service holds."""

from collections import Counter

import pyarrow as pa
import pytest

from gizwits_async.errors import ArgumentError
from gizwits_async.scan import FleetScan, to_arrow
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of

NOW = 1_790_000_000
START = NOW - 2 * DAY


async def test_a_log_becomes_a_table() -> None:
    """Typed by the definition, or by the values: the same rows, and no columns of keys."""
    cloud = cloud_of(3, 3)
    dids = sorted(device.did for device in cloud.fleet.devices)
    did = max(dids, key=lambda one: len(cloud.truth("data", one, START, NOW)))
    async with client_of(cloud) as client:
        points = await client.product.datapoints()
        log = client.devices.data_log(did, start=START, end=NOW)
        records = await log.collect()
        typed, plain = await to_arrow(log, datapoints=points), await to_arrow(log)
        commands = await to_arrow(
            client.devices.cmd_log(did, start=START, end=NOW), datapoints=points
        )
        online = await to_arrow(client.devices.online_log(did, start=START, end=NOW))
        devices = await to_arrow(client.devices.search())
    assert typed.num_rows == plain.num_rows == len(records)
    temps = [record.attrs["room_temp"] for record in records]
    assert typed.column("room_temp").to_pylist() == temps == plain.column("room_temp").to_pylist()
    assert typed.schema.field("switch").type == pa.bool_()
    assert typed.schema.names[0] == "timestamp"
    times = [value.timestamp() for value in typed.column("timestamp").to_pylist()]
    assert times == pytest.approx([record.ts for record in records], abs=1e-6)
    assert {"type", "payload", "problem", "room_temp"} <= set(commands.schema.names)
    assert online.schema.names == ["timestamp", "type", "payload"]
    assert sorted(devices.column("did").to_pylist()) == dids


async def test_a_scan_gives_batches() -> None:
    """All records of a fleet's log, with their keys; a scan of several logs has no one set of columns."""
    cloud = cloud_of(3, 3)
    async with client_of(cloud) as client:
        scan = FleetScan(client, logs=["data"], start=START, end=NOW)
        table = pa.Table.from_batches([batch async for batch in scan.to_arrow_batches()])
        with pytest.raises(ArgumentError, match="one log"):
            await anext(FleetScan(client, start=START, end=NOW).to_arrow_batches())
    wanted = Counter(
        {
            device.did: len(cloud.truth("data", device.did, START, NOW))
            for device in cloud.fleet.devices
        }
    )
    assert Counter(table.column("did").to_pylist()) == wanted
    assert set(table.column("product_key").to_pylist()) == {cloud.credentials.product_key}
