"""What others, headers and crowds do to the quota, through the client, in virtual time."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gizwits_async import GizwitsClient, HourlyQuota, Options, QuotaWaitError, errors
from gizwits_async.options import Lane
from gizwits_async.simulator import FaultRule, Fleet, Quirks, SimulatedCloud, SimulatorTransport
from tests.doubles import VirtualLoop, client_of, now, virtually
from tests.doubles import virtually as virtually_on

MAC = f"{0xACCF23000000:012X}"


class Door(SimulatorTransport):
    """Notes when each request left, and may change the headers of its reply."""

    def __init__(self, cloud: SimulatedCloud, headers: Any = None, **settings: Any) -> None:
        super().__init__(cloud, **settings)
        self.headers = headers or []
        self.left: list[float] = []

    async def send(self, *arguments: Any, **more: Any) -> Any:
        self.left.append(now())
        reply = await super().send(*arguments, **more)
        if not self.headers:
            return reply
        kept = {k: v for k, v in reply.headers.items() if not k.startswith("x-ratelimit")}
        return evolve(reply, headers=kept | self.headers[len(self.left) % len(self.headers)])


def client_on(
    door: SimulatorTransport,
    cloud: SimulatedCloud,
    quota: HourlyQuota | None = None,
    **options: Any,
) -> GizwitsClient:
    """Return a client with a real quota."""
    return GizwitsClient(
        cloud.credentials, transport=door, quota=quota or HourlyQuota(), options=Options(**options)
    )


async def use_up(cloud: SimulatedCloud) -> None:
    """Let another client of the enterprise call until it is refused."""
    async with client_of(cloud, max_quota_wait=0, max_retries=0) as other:
        while not cloud.tally["error 5013"]:
            with suppress(errors.QuotaExceededError):
                await other.devices.detail(MAC)


@pytest.mark.fault("Q1")
@pytest.mark.parametrize("limit", [0, 0.001, 3.0])
@pytest.mark.parametrize("call", ["detail", "create_token"])
def test_who_waits_little_is_told_of_the_quota_and_not_left_to_a_login(
    call: str, limit: float
) -> None:
    """The login that all wait for may wait for the reset; who must not is turned away."""
    cloud = SimulatedCloud(Fleet.of(["d" * 22]), quota=0)
    door = Door(cloud)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with client_on(door, cloud, max_quota_wait=limit) as client:
            calls = {
                "detail": partial(client.devices.detail, MAC),
                "create_token": client.authorization.create_token,
            }
            for longest in (max(limit, 1.0), max(limit, 1.0)):
                began = loop.time()
                with pytest.raises(errors.QuotaWaitError):
                    await calls[call]()
                assert loop.time() - began <= longest + 0.1

    virtually(main())
    assert cloud.tally["error 5013"] == 1


@pytest.mark.fault("Q1")
@pytest.mark.parametrize("shown", ["always", "refused", "never"])
def test_a_quota_that_a_stranger_used_up_is_left_alone_until_its_reset(shown: Any) -> None:
    """One 5013, then nothing on the wire before the reset; the call that waits gets its value."""
    cloud = SimulatedCloud(
        Fleet.of(["d" * 22]), quota=40, quirks=Quirks(rate_headers=shown, quota_anchor=None)
    )
    door = Door(cloud)

    async def main() -> None:
        quota = HourlyQuota(40, 3600.0, burst=8, reserve=4)
        async with client_on(door, cloud, quota) as client:
            await client.authorization.create_token()
            await use_up(cloud)
            refused = cloud.tally["error 5013"]
            calls = [asyncio.create_task(client.devices.detail(MAC)) for _ in range(5)]
            assert all(found.mac == MAC for found in await asyncio.gather(*calls))
            assert now() >= 3600 - 1
            pauses = [b - a for a, b in pairwise(door.left[1:])]
            if shown == "never":
                # No reset is known: few looks, each after a pause twice as long.
                looks = [pause for pause in pauses[1:] if pause]
                assert looks[0] >= 120  # the bucket has to pay back first what was borrowed
                assert looks[1:3] == pytest.approx([240, 480])
                assert cloud.tally["error 5013"] - refused <= 12
            else:
                # What was under way together with the first to be refused, and nothing after it.
                early = [at for at in door.left[2:] if at < 3600]
                assert set(early) <= {door.left[1]}
            assert max(pauses) <= 3900

    virtually(main())


@pytest.mark.fault("A1", "Q3")
@pytest.mark.parametrize("dies", [False, True], ids=["no token yet", "the token dies"])
def test_a_crowd_that_waits_for_one_login_leaves_in_step(dies: bool) -> None:
    """The login goes before all who wait for it, and no permit grows old meanwhile."""
    cloud = SimulatedCloud(Fleet.of(["d" * 22]), quirks=Quirks(rate_headers="never"))
    door = Door(cloud, latency=0.2)

    async def main() -> None:
        async with client_on(door, cloud, HourlyQuota(initial=2)) as client:
            if dies:
                await client.devices.detail(MAC)
            calls = [asyncio.create_task(client.devices.detail(MAC)) for _ in range(300)]
            if dies:
                asyncio.get_running_loop().call_later(100, cloud.tokens.revoke)
            assert all(found.mac == MAC for found in await asyncio.gather(*calls))
            # One a second, whatever happened: the burst of 24 and nothing beyond it.
            assert all(b - a >= 25 for a, b in zip(door.left, door.left[50:], strict=False))
            assert now() < 330
            assert cloud.tally["error 5013"] == 0

    virtually(main())
    assert cloud.tally["token"] == 1 + dies


@pytest.mark.fault("Q1")
def test_who_does_not_wait_is_told_when() -> None:
    """With a short `max_quota_wait` the first call gets the server's 5013, the next no wire at all; both know when."""
    cloud = SimulatedCloud(Fleet.of(["d" * 22]), quota=40, quirks=Quirks(quota_anchor=None))
    door = Door(cloud)

    async def main() -> None:
        async with client_on(door, cloud, max_quota_wait=5.0) as client:
            await client.authorization.create_token()
            await use_up(cloud)
            with pytest.raises(errors.QuotaExceededError) as refused:
                await client.devices.detail(MAC)
            with pytest.raises(QuotaWaitError) as waited:
                await client.devices.detail(MAC)
            for error in (refused.value, waited.value):
                assert error.retry_after == pytest.approx(3600 - now(), abs=2)
            assert len(door.left) == 2
            await asyncio.sleep(refused.value.retry_after + 1)
            assert (await client.devices.detail(MAC)).mac == MAC

    virtually(main())


JUNK = [None, "", "abc", "-5", "-1", "0", "1", "37", "1e9", "nan", "inf", "9" * 400, "٣", "3, 3;w=1",
        "3600", "1790000000", "1790000900", "1790000900000", "2105360000", "0x10", " 12 "]  # fmt: skip
junk = st.sampled_from(JUNK) | st.integers(-10, 10**10).map(str) | st.text(max_size=6)
headers = st.fixed_dictionaries(
    {f"x-ratelimit-{name}": junk for name in ("limit", "remaining", "reset")}
    | {"date": st.sampled_from([None, None, "junk", "Mon, 21 Sep 2026 14:13:20 GMT"])}
)
TINY = {"limit": "1", "remaining": "1", "reset": "0"}


@pytest.mark.fault("Q2")
@settings(max_examples=60, deadline=None)
@given(script=st.lists(headers, min_size=1, max_size=4), refused=st.sets(st.integers(1, 7)))
@example(  # A limit smaller than what was granted before it was known.
    script=[{f"x-ratelimit-{name}": text for name, text in TINY.items()}], refused={1}
)
def test_no_header_holds_a_call_for_longer_than_3900_seconds(
    script: list[Mapping[str, str | None]], refused: set[int]
) -> None:
    """Absent, junk, negative, past, ms or years ahead, with refusals or not: a value, in time."""
    rule = FaultRule(action="status", code=5013, path="*/device_detail", nth=sorted(refused))
    cloud = SimulatedCloud(Fleet.of(["d" * 22]), faults=[rule], quota=10**6)
    said = [{k: v for k, v in one.items() if v is not None} for one in script]
    door = Door(cloud, said)

    async def main() -> None:
        async with client_on(door, cloud, max_retries=20) as client:
            for _ in range(5):
                assert (await client.devices.detail(MAC)).mac == MAC
                assert 0 <= (client.quota.retry_after() or 0) <= 3900
                assert client.quota.snapshot().remaining >= 0
        gaps = [b - a for a, b in pairwise(door.left)]
        assert max(gaps) <= 3900

    virtually(main())


@pytest.mark.fault("Q3")
@settings(max_examples=8, deadline=None)
@given(
    crowds=st.lists(
        st.tuples(
            st.sampled_from([0.0, 3.0, 25.0]), st.sampled_from(Lane), st.sampled_from([1, 9, 50])
        ),
        min_size=2,
        max_size=6,
    ),
    loss=st.sampled_from([0.0, 0.2]),
)
def test_never_more_than_the_quota_in_any_hour_and_people_do_not_queue_behind_jobs(
    crowds: list[tuple[float, Lane, int]], loss: float
) -> None:
    """Any crowds in both lanes, with lost replies: a sliding log of the server never says no."""
    calls, period, pad = 60, 60.0, 6.5
    rule = FaultRule(action="effect_without_reply", probability=loss)
    cloud = SimulatedCloud(
        Fleet.of(["d" * 22]), quota=calls, period=period, faults=[rule],
        quirks=Quirks(quota_kind="sliding"),
    )  # fmt: skip
    door = Door(cloud, latency=0.2, reply_latency=0.2)

    async def main() -> None:
        quota = HourlyQuota(calls, period, burst=8, reserve=6, pad=pad)
        async with client_on(door, cloud, quota, timeout=4.0, max_retries=9) as client:
            views = {lane: client.with_options(lane=lane) for lane in Lane}
            people: list[asyncio.Task[float]] = []

            async def ask(lane: Lane) -> float:
                began = now()
                await views[lane].devices.detail(MAC)
                return now() - began

            jobs = [asyncio.create_task(ask(Lane.BULK)) for _ in range(60)]
            for pause, lane, count in crowds:
                await asyncio.sleep(pause)
                new = [asyncio.create_task(ask(lane)) for _ in range(count)]
                (people if lane is Lane.INTERACTIVE else jobs).extend(new)
            await asyncio.gather(*jobs, *people)
            lone = await ask(Lane.INTERACTIVE)
            assert lone < 30
        granted = quota._bucket.counter.granted
        assert granted == len(door.left) == len(cloud.ledger)

    virtually_on(main(), VirtualLoop)
    assert cloud.tally["error 5013"] == 0
    moments = [entry.at for entry in cloud.ledger]
    for first, last in zip(moments, moments[calls:], strict=False):
        assert last - first > period, "more than the quota in one sliding hour"


@pytest.mark.fault("Q3")
def test_a_person_does_not_wait_for_a_job_of_a_thousand_calls() -> None:
    """With the bulk lane full for a quarter of an hour, a person waits for seconds at most."""
    cloud = SimulatedCloud(Fleet.of(["d" * 22]), quirks=Quirks(rate_headers="never"))

    async def main() -> list[float]:
        async with client_on(Door(cloud, latency=0.1), cloud) as client:
            jobs = client.with_options(lane=Lane.BULK)
            scan = [asyncio.create_task(jobs.devices.detail(MAC)) for _ in range(1000)]
            waits = []
            for _ in range(30):
                await asyncio.sleep(20)
                began = now()
                await client.devices.detail(MAC)
                waits.append(now() - began)
            for task in scan:
                task.cancel()
            await asyncio.gather(*scan, return_exceptions=True)
            return waits

    assert max(virtually_on(main(), VirtualLoop)) < 3
    assert cloud.tally["error 5013"] == 0


@pytest.mark.fault("Q4")
@pytest.mark.parametrize("in_flight", [False, True], ids=["waiting", "in flight"])
def test_ten_thousand_cancelled_calls_end_at_once_and_cost_nothing(in_flight: bool) -> None:
    """Waiting for the quota or on the wire: all end at once, no permit leaks, the client serves."""
    cloud = SimulatedCloud(Fleet.of(["d" * 22]), quota=10**6)
    door = Door(cloud)

    async def main() -> float:
        burst = 10_100 if in_flight else 24
        quota = HourlyQuota(40_000, 3600.0, burst=burst, initial=4, sprint=False)
        async with client_on(door, cloud, quota, timeout=60.0) as client:
            await client.authorization.create_token()
            await client.devices.detail(MAC)
            await asyncio.sleep(3600)
            door._latency = 30.0
            calls = [asyncio.create_task(client.devices.detail(MAC)) for _ in range(10_000)]
            await asyncio.sleep(0.001)
            granted, sent, at = quota._bucket.counter.granted, len(door.left), now()
            assert sent == (10_002 if in_flight else granted)
            began = time.process_time()
            for call in calls:
                call.cancel()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            took = time.process_time() - began
            assert {type(end) for end in ended} == {asyncio.CancelledError}
            assert now() - at < 0.1
            assert quota._bucket.counter.granted == granted == len(door.left)
            assert not any(quota._queues.values())
            door._latency = 0.0
            assert (await client.devices.detail(MAC)).mac == MAC
        assert len(asyncio.all_tasks()) == 1
        return took

    # Measured 0.5 s and 0.7 s; the row allows one, and a busy machine takes longer.
    assert virtually(main()) < 3.0


@pytest.mark.fault("Q6")
def test_retries_pay_and_cannot_use_up_more_than_their_share() -> None:
    """A service that always fails gets 1 + max_retries requests a call, each with its own permit."""
    broken = FaultRule(action="status", status=503, path="*/device_detail")
    cloud = SimulatedCloud(
        Fleet.of(["d" * 22]), quota=60, period=60.0, faults=[broken],
        quirks=Quirks(quota_kind="sliding"),
    )  # fmt: skip
    door = Door(cloud)

    async def main() -> None:
        quota = HourlyQuota(60, 60.0, burst=8, reserve=4, pad=12.0)
        async with client_on(door, cloud, quota, max_retries=3) as client:
            calls = (client.devices.detail(MAC) for _ in range(50))
            ends = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(end) for end in ends} == {errors.ServerError}
            assert len(door.left) == 1 + 50 * 4 == quota._bucket.counter.granted

    virtually(main())
    for first, last in zip(door.left, door.left[60:], strict=False):
        assert last - first > 60.0


@pytest.mark.fault("Q6")
def test_a_deadline_ends_a_storm_of_retries() -> None:
    """`deadline` bounds a call with all its retries and waits; what is left keeps its quota."""
    broken = FaultRule(action="status", status=503, path="*/device_detail")
    quirks = Quirks(rate_headers="never")
    cloud = SimulatedCloud(Fleet.of(["d" * 22]), faults=[broken], quirks=quirks)
    door = Door(cloud)

    async def main() -> None:
        async with client_on(door, cloud, max_retries=100, deadline=20.0) as client:
            await client.authorization.create_token()
            began = now()
            calls = (client.devices.detail(MAC) for _ in range(50))
            ends = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(end) for end in ends} == {errors.TimedOutError}
            assert now() - began == pytest.approx(20.0, abs=0.01)
            spent = len(door.left)
            assert spent <= 60 + 20
            await asyncio.sleep(100)
            assert len(door.left) == spent

    virtually(main())
