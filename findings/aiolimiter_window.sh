#!/bin/sh
# Expected: `AsyncLimiter(3600, 3600)` admits at most 3,600 calls in any hour, which is how services count a quota:
# the README's example says of such a block that it is entered at most that many times in the period.
# What happens: aiolimiter 1.3.0 is a leaky bucket that begins empty. A caller that always has work gets the whole
# burst at once, and the bucket leaks as many again in the same period: 7,199 calls in the first hour, of which the
# service refuses 3,599. It is the same after each pause. `max_rate` is a burst and also a rate, and the two add up.
# To stay below a limit, burst and rate must share it; gizwits_async gives the bucket its own numbers for both, and
# counts the grants of the last hour beside it.
# Seen with aiolimiter 1.3.0 and async-solipsism 0.10 (its clock moves by itself) on Python 3.11 on 2026-11-28.
# Source: https://aiolimiter.readthedocs.io/en/latest/#bursting, https://github.com/mjpieters/aiolimiter (README),
# https://github.com/mjpieters/aiolimiter/issues/298.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "aiolimiter==1.3.0" "async-solipsism==0.10"
cat > "$folder/seen.py" <<'PYTHON'
import asyncio
import sys

import aiolimiter
import async_solipsism


async def admitted(limiter, seconds):
    """Return how many calls a caller that always has work makes in its first seconds."""
    loop, calls = asyncio.get_running_loop(), 0
    end = loop.time() + seconds
    while True:
        await limiter.acquire()
        if loop.time() >= end:
            return calls
        calls += 1


async def main():
    limiter = aiolimiter.AsyncLimiter(3600, 3600)
    first = await admitted(limiter, 3600)
    await asyncio.sleep(2 * 3600)
    return first, await admitted(limiter, 3600)


loop = async_solipsism.EventLoop()
seen = loop.run_until_complete(main())
loop.close()
print("aiolimiter", aiolimiter.__version__)
print(f"AsyncLimiter(3600, 3600): {seen[0]:,} calls in the first hour, {seen[1]:,} in an hour after a pause")
sys.exit(seen != (7199, 7199))
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
