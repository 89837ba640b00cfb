"""`deadline()` bounds every await on a client, and nothing else."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from itertools import repeat
from math import nan

import pytest

from gizwits_async import (
    GizwitsClient,
    NotSentError,
    Options,
    OutcomeUnknownError,
    TimedOutError,
    deadline,
    post,
)
from gizwits_async.simulator import (
    Fate,
    Fleet,
    SimulatedCloud,
    SimulatedRequest,
    SimulatorTransport,
)
from tests.doubles import FreeQuota, client_of, virtually

HOUR = 3600.0


def _now() -> float:
    return asyncio.get_running_loop().time()


def _is_login(request: SimulatedRequest) -> bool:
    return request.path.endswith("/access_token")


def _fate(fate: Fate, *, login: bool) -> Mapping[str, object]:
    def decide(request: SimulatedRequest, number: int) -> Fate:
        return fate if _is_login(request) is login else Fate.DELIVER

    return {"fates": decide}


WAITS = {
    "quota": ({}, {}, FreeQuota(permits=0)),
    "token": (_fate(Fate.STALL_BEFORE, login=True), {"timeout": HOUR}, FreeQuota()),
    "sending": (_fate(Fate.STALL_BEFORE, login=False), {"timeout": HOUR}, FreeQuota()),
    "reading": (_fate(Fate.STALL_AFTER, login=False), {"timeout": HOUR}, FreeQuota()),
    "retries": (_fate(Fate.NOT_SENT, login=False), {"max_retries": 100}, FreeQuota()),
}


@pytest.mark.parametrize("where", WAITS)
def test_a_deadline_bounds_every_kind_of_waiting(where: str) -> None:
    """Whatever a call waits for, TimedOutError ends it at the deadline."""
    how, options, quota = WAITS[where]

    async def main() -> float:
        cloud = SimulatedCloud()
        client = GizwitsClient(
            cloud.credentials,
            transport=SimulatorTransport(cloud, **how),
            quota=quota,
            options=Options(**options),
        )
        async with client:
            began = _now()
            with pytest.raises(TimedOutError), deadline(3.0):
                await client.devices.detail(cloud.fleet.devices[0].mac)
            return _now() - began

    assert virtually(main()) == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("options", [{"deadline": 2.0}, {}])
def test_opening_a_log_is_bounded_too(options: dict[str, float]) -> None:
    """The deadline also bounds the login that a first walk makes to learn the server's time."""

    async def main() -> float:
        cloud = SimulatedCloud()
        transport = SimulatorTransport(cloud, fates=lambda request, number: Fate.STALL_BEFORE)
        async with client_of(cloud, transport=transport, timeout=HOUR, **options) as client:
            began = _now()
            with pytest.raises(TimedOutError), deadline(HOUR / 2 if options else 2.0):
                await client.devices.data_log(cloud.fleet.devices[0].did).first()
            return _now() - began

    assert virtually(main()) == pytest.approx(2.0, abs=0.01)


def test_a_walk_that_is_cut_goes_on_from_its_token() -> None:
    """A deadline around a walk raises with `.resume`; no record is lost or repeated."""

    async def main() -> None:
        cloud = SimulatedCloud(Fleet.generate(1, 4))
        transport = SimulatorTransport(cloud, latency=1.0)
        async with client_of(cloud, transport=transport, page_size=20) as client:
            log = client.devices.data_log(
                cloud.fleet.devices[0].did, start=cloud.fleet.now - 300_000, end=cloud.fleet.now
            )
            whole = await log.collect()
            cut = []
            with pytest.raises(TimedOutError) as caught, deadline(3.5):  # noqa: PT012 - a walk
                async for page in log.pages():
                    cut += page.items
            async for page in log.pages(caught.value.resume):
                cut += page.items
        assert len(whole) > 60
        assert cut == whole

    virtually(main())


@pytest.mark.fault("P2")
def test_an_outer_timeout_stays_a_timeout() -> None:
    """A caller's own `asyncio.timeout` stays a TimeoutError."""

    async def main() -> None:
        cloud = SimulatedCloud()
        async with GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=FreeQuota(permits=0)
        ) as client:
            with pytest.raises(TimeoutError) as caught, deadline(5.0):
                async with asyncio.timeout(1.0):
                    await client.devices.detail("x")
            assert not isinstance(caught.value, TimedOutError)

    virtually(main())


@pytest.mark.fault("P2")
def test_a_timeout_from_within_is_not_taken_for_ours() -> None:
    """A TimeoutError of a passed-in component before the deadline stays that error."""

    async def main() -> None:
        cloud = SimulatedCloud()
        async with GizwitsClient(
            cloud.credentials,
            transport=SimulatorTransport(cloud),
            quota=FreeQuota(errors=repeat(TimeoutError())),
        ) as client:
            with pytest.raises(TimeoutError), deadline(5.0):
                await client.devices.detail("x")

    virtually(main())


async def test_a_deadline_in_a_forgotten_generator_does_no_harm() -> None:
    """Closing a generator in another task ends its deadline without an error."""

    async def bounded() -> AsyncGenerator[int, None]:
        with deadline(60.0):
            yield 1

    generator = bounded()
    await asyncio.create_task(anext(generator))
    await generator.aclose()


@pytest.mark.fault("P2")
def test_a_cancelled_call_stays_cancelled() -> None:
    """A cancellation inside a deadline stays a cancellation, even if the deadline expires with it."""

    async def main() -> None:
        cloud = SimulatedCloud()
        async with GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=FreeQuota(permits=0)
        ) as client:

            async def bounded() -> None:
                with deadline(5.0):
                    await client.devices.detail("x")

            for moment in (1.0, 5.0):
                task = asyncio.create_task(bounded())
                await asyncio.sleep(0)
                asyncio.get_running_loop().call_later(moment, task.cancel)
                await asyncio.wait([task])
                assert task.cancelled() or isinstance(task.exception(), TimedOutError)
                assert task.cancelled() or moment == 5.0

    virtually(main())


@pytest.mark.parametrize(
    ("outer", "inner", "own", "expected"),
    [(2.0, 5.0, None, 2.0), (5.0, 2.0, None, 2.0), (5.0, 4.0, 1.0, 1.0), (1.0, 3.0, 9.0, 1.0)],
)
def test_the_earliest_deadline_counts(
    outer: float, inner: float, own: float | None, expected: float
) -> None:
    """Deadlines nest, also with `Options.deadline`: the earliest one counts."""

    async def main() -> float:
        cloud = SimulatedCloud()
        async with GizwitsClient(
            cloud.credentials,
            transport=SimulatorTransport(cloud),
            quota=FreeQuota(permits=0),
            options=Options(deadline=own),
        ) as client:
            began = _now()
            with pytest.raises(TimedOutError), deadline(outer), deadline(inner):
                await client.devices.detail("x")
            return _now() - began

    assert virtually(main()) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("seconds", [0, -1, 0.5])
def test_what_begins_too_late_is_not_sent(seconds: float) -> None:
    """A call that starts after the deadline sends nothing."""

    async def main() -> None:
        cloud = SimulatedCloud()
        transport = SimulatorTransport(cloud)
        async with client_of(cloud, transport=transport) as client:
            mac = cloud.fleet.devices[0].mac
            await client.devices.detail(mac)
            before = transport.sent
            with deadline(seconds):
                await asyncio.sleep(1.0)
                with pytest.raises(TimedOutError):
                    await client.devices.detail(mac)
            assert transport.sent == before
            await client.devices.detail(mac)
            assert transport.sent == before + 1

    virtually(main())


def test_tasks_that_are_started_inside_are_bound() -> None:
    """A task group inside a deadline shares it."""

    async def main() -> float:
        cloud = SimulatedCloud()
        async with GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=FreeQuota(permits=0)
        ) as client:
            began = _now()
            with deadline(2.0):
                results = await asyncio.gather(
                    *(client.devices.detail("x") for _ in range(3)), return_exceptions=True
                )
            assert [type(one) for one in results] == [TimedOutError] * 3
            return _now() - began

    assert virtually(main()) == pytest.approx(2.0, abs=0.01)


@pytest.mark.fault("A2")
def test_a_deadline_does_not_cut_the_token_that_others_wait_for() -> None:
    """The caller that started a token renewal times out; the renewal itself continues."""

    async def main() -> None:
        cloud = SimulatedCloud()
        transport = SimulatorTransport(
            cloud, latency=lambda request: 5.0 if _is_login(request) else 0.0
        )
        async with client_of(cloud, transport=transport) as client:
            mac = cloud.fleet.devices[0].mac

            async def hasty() -> None:
                with deadline(1.0):
                    await client.devices.detail(mac)

            first = asyncio.create_task(hasty())
            await asyncio.sleep(0.5)
            found = await client.devices.detail(mac)
            assert isinstance(first.exception(), TimedOutError)
            assert found.mac == mac
            assert cloud.tally["token"] == 1

    virtually(main())


WRITE = post("/v1/anything", dict)


@pytest.mark.parametrize("fate", [Fate.STALL_BEFORE, Fate.STALL_AFTER])
def test_a_write_that_may_have_left_has_an_unknown_outcome(fate: Fate) -> None:
    """A deadline after a write was sent is OutcomeUnknownError with its cause."""

    async def main() -> None:
        cloud = SimulatedCloud()
        transport = SimulatorTransport(cloud, **_fate(fate, login=False))
        async with client_of(cloud, transport=transport, timeout=HOUR) as client:
            with pytest.raises(OutcomeUnknownError) as caught, deadline(1.0):
                await client.send(WRITE)
            assert isinstance(caught.value.__cause__, TimedOutError)

    virtually(main())


@pytest.mark.parametrize("where", ["quota", "token", "retries"])
def test_a_write_that_never_left_is_not_outcome_unknown(where: str) -> None:
    """A deadline before a write was sent, or after NotSentError, is TimedOutError."""
    how, options, quota = WAITS[where]

    async def main() -> None:
        cloud = SimulatedCloud()
        async with GizwitsClient(
            cloud.credentials,
            transport=SimulatorTransport(cloud, **how),
            quota=quota,
            options=Options(**options),
        ) as client:
            with pytest.raises(TimedOutError), deadline(4.0):
                await client.send(WRITE)

    virtually(main())


def test_a_lost_token_reply_does_not_put_a_write_outcome_unknown() -> None:
    """If the login before a write fails, the error is NotSentError: the write was not sent."""

    async def main() -> None:
        cloud = SimulatedCloud()
        transport = SimulatorTransport(cloud, **_fate(Fate.STALL_BEFORE, login=True))
        async with client_of(cloud, transport=transport, timeout=1.0, max_retries=0) as client:
            with pytest.raises(TimedOutError):
                await client.send(WRITE)

    virtually(main())


@pytest.mark.parametrize("seconds", [nan, True, "3", None])
def test_a_deadline_that_is_no_number_is_refused(seconds: object) -> None:
    """An invalid number of seconds is a ValueError at the call."""

    async def main() -> None:
        with pytest.raises(ValueError, match="deadline"), deadline(seconds):  # type: ignore[arg-type]
            pass

    virtually(main())


def test_other_code_inside_is_not_touched() -> None:
    """Awaits on anything but a client may continue after the deadline."""

    async def main() -> str:
        with deadline(1.0):
            await asyncio.sleep(5.0)
            return "done"

    assert virtually(main()) == "done"


def test_the_not_sent_error_is_raised_when_retries_end_first() -> None:
    """A deadline that does not expire changes no result."""

    async def main() -> None:
        cloud = SimulatedCloud()
        transport = SimulatorTransport(cloud, **_fate(Fate.NOT_SENT, login=False))
        async with client_of(cloud, transport=transport, max_retries=1) as client:
            with pytest.raises(NotSentError), deadline(60.0):
                await client.devices.detail("x")

    virtually(main())
