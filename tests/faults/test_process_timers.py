"""A cancellation and a time-out at the same moment, over sockets: none swallows the other."""

import asyncio

import pytest

from gizwits_async import TimedOutError
from tests.doubles.scripted import reassemble
from tests.faults.wired import wired
from tests.wire.mischief import stall_after_headers, stall_at_once
from tests.wire.raw import Answer

pytestmark = pytest.mark.jumping

SECONDS = 0.2
HANGS = pytest.mark.parametrize(
    "fault", [stall_at_once, stall_after_headers], ids=["headers", "body"]
)


@pytest.mark.fault("P2")
@HANGS
async def test_a_deadline_that_meets_the_time_out_is_kept(fault: Answer) -> None:
    """They end in one round of the loop, and the call is not sent again after its deadline."""
    async with wired(fault, timeout=SECONDS, max_retries=3) as at:
        await at.client.authorization.create_token()
        with pytest.raises(TimedOutError):
            await at.client.with_options(deadline=SECONDS).devices.detail("m")
        assert len(at.calls) == 1


@pytest.mark.fault("P1", "P2")
@HANGS
@pytest.mark.parametrize("before", [0.0, 0.0002, 0.0005, 0.001])
async def test_a_cancellation_that_meets_the_time_out_is_one(fault: Answer, before: float) -> None:
    """A cancellation a moment before the time-out is a cancellation."""
    async with wired(fault, fault, timeout=SECONDS, max_retries=3) as at:
        await at.client.authorization.create_token()
        # Where the time-out is a moment faster, the cancellation meets the pause before a retry.
        reassemble(at.client, sleep=lambda _: asyncio.sleep(60))
        call = asyncio.create_task(at.client.devices.detail("m"))
        await asyncio.sleep(0)  # It begins here, and its time-out with it.
        asyncio.get_running_loop().call_later(SECONDS - before, call.cancel)
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(10):
                await call
        with pytest.raises(TimedOutError):
            await at.client.with_options(max_retries=0).devices.detail("m")
        assert len(at.calls) == 2
