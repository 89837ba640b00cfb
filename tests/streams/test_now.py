"""What already happened in this very second is not lost, whatever a server says of the future."""

import asyncio

import pytest

from gizwits_async.errors import AuthenticationError, InvalidRequestError
from gizwits_async.simulator import FaultRule, Fleet, Quirks, SimulatedCloud, SimulatorTransport
from tests.doubles import client_of, virtually

NOW = 1_790_000_000.7
DID = "d" * 22


@pytest.mark.parametrize("refuse", [False, True])
@pytest.mark.parametrize("skew", [0.0, -7200.0, 7200.0])
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_range_up_to_now_has_all_until_now(refuse: bool, skew: float, sort: str) -> None:
    """`end=` now: exact, even if the service takes no end that is not over yet, or our clock is off."""
    times = [NOW - 2, NOW - 0.6, NOW - 0.2, NOW - 0.1]
    cloud = SimulatedCloud(
        Fleet.of([DID], {("cmd", DID): times}, now=NOW), quirks=Quirks(refuse_future_end=refuse)
    )

    async def main() -> tuple[list[float], list[float]]:
        transport = SimulatorTransport(cloud)
        client = client_of(cloud, transport=transport)
        client._gateway.clock._wall = lambda: transport.now() + skew
        await client.authorization.create_token()
        log = client.devices.cmd_log(DID, start=NOW - 60, end=NOW, sort=sort)
        first = [r.timestamp for r in await log.collect()]
        calls = len(cloud.ledger)
        second = [r.timestamp for r in await log.collect()]
        assert len(cloud.ledger) == calls + 1  # What was learned of the server is remembered.
        return first, second

    for got in virtually(main()):
        assert sorted(got) == times
    refused = [entry for entry in cloud.ledger if entry.error_code is not None]
    assert len(refused) == int(refuse)


def test_an_open_end_shows_what_just_happened() -> None:
    """A report of a moment ago is in `data_log(did)`: without waiting for the end of the second."""
    fleet = Fleet.of([DID], {("data", DID): [NOW - 0.3]}, now=NOW)
    cloud = SimulatedCloud(fleet)

    async def main() -> tuple[int, float]:
        transport = SimulatorTransport(cloud)
        client = client_of(cloud, transport=transport)
        return len(await client.devices.data_log(DID).collect()), transport.now()

    assert virtually(main()) == (1, NOW)


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_login_that_fails_first_says_where_to_go_on_too(sort: str) -> None:
    """Every error out of a walk has its `.resume`, also one before the first page."""
    cloud = SimulatedCloud(
        Fleet.of([DID], {("cmd", DID): [NOW - 5]}, now=NOW), whitelist=["10.0.0.1"]
    )

    async def main() -> list[float]:
        client = client_of(cloud)
        log = client.devices.cmd_log(DID, start=NOW - 60, end=NOW - 1, sort=sort)
        with pytest.raises(AuthenticationError) as refused:
            await log.collect()
        again = refused.value.resume
        assert again is not None
        cloud.whitelist = None
        return [r.timestamp async for page in log.pages(again) for r in page.items]

    assert virtually(main()) == [NOW - 5]


def test_a_refusal_with_another_reason_teaches_nothing() -> None:
    """Only where the same query with an older end is taken was the end the reason."""
    cloud = SimulatedCloud(
        Fleet.of([DID], {("cmd", DID): [NOW - 5]}, now=NOW),
        faults=[FaultRule(action="status", path="*/cmd", code=5002, nth=(1, 2))],
    )

    async def main() -> list[float]:
        client = client_of(cloud)
        log = client.devices.cmd_log(DID, start=NOW - 60, end=NOW)
        with pytest.raises(InvalidRequestError):
            await log.collect()
        assert client._gateway.traits.refuses_unfinished_seconds is False
        return [r.timestamp for r in await log.collect()]

    assert virtually(main()) == [NOW - 5]


def test_walks_at_the_same_time_all_learn_from_their_own_refusal() -> None:
    """A refusal that is on its way while another walk learns the limit is not an error."""
    dids = [f"{number:022d}" for number in range(8)]
    fleet = Fleet.of(dids, {("cmd", did): [NOW - 2, NOW - 0.1] for did in dids}, now=NOW)
    cloud = SimulatedCloud(fleet, quirks=Quirks(refuse_future_end=True))

    async def main() -> list[list[float]]:
        client = client_of(cloud)
        await client.authorization.create_token()
        logs = [client.devices.cmd_log(did, start=NOW - 60, end=NOW, sort="asc") for did in dids]
        pages = await asyncio.gather(*(log.collect() for log in logs))
        return [[record.timestamp for record in page] for page in pages]

    assert virtually(main()) == [[NOW - 2, NOW - 0.1]] * len(dids)


@pytest.mark.fault("A5")
@pytest.mark.parametrize(("skew", "start"), [(-7200.0, -3600.0), (7200.0, 3600.0 - 30 * 86_400)])
def test_a_clock_that_is_off_refuses_nothing_before_the_server_time_is_known(
    skew: float, start: float
) -> None:
    """A fresh client asks the server before it calls a range too old, or not begun yet."""
    cloud = SimulatedCloud(Fleet.of([DID], {("cmd", DID): [NOW + start + 5]}, now=NOW))

    async def main() -> int:
        transport = SimulatorTransport(cloud)
        client = client_of(cloud, transport=transport)
        client._gateway.clock._wall = lambda: transport.now() + skew
        log = client.devices.cmd_log(DID, start=NOW + start, end=NOW + start + 60)
        return len(await log.collect())

    assert virtually(main()) == 1


def test_a_range_of_thirty_days_is_not_too_old_for_a_slow_login() -> None:
    """Its age is judged by when the walk began; what fell off meanwhile is a gap."""
    cloud = SimulatedCloud(Fleet.of([DID], now=NOW))

    async def main() -> tuple[tuple[int, int], ...]:
        transport = SimulatorTransport(cloud, latency=3.0)
        client = client_of(cloud, transport=transport)
        client._gateway.clock._wall = transport.now
        log = client.devices.cmd_log(DID, start=NOW - 30 * 86_400, end=NOW, sort="asc")
        return tuple([gap async for page in log.pages() for gap in page.gaps])

    ((first, last),) = virtually(main())
    assert first == int(NOW - 30 * 86_400)
    assert 3 <= last - first + 1 <= 10
