"""Processes that share one quota on a real Valkey, and the counter that they all call."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable

from attrs import Factory, define

from gizwits_async.errors import QuotaWaitError
from gizwits_async.options import Lane
from gizwits_async.quota import SharedQuota
from tests.quota.servers import Fixed

CALLS, PERIOD = 600, 6.0
SETTINGS = {"calls": CALLS, "period": PERIOD, "burst": 6, "reserve": 3, "pad": 0.2, "initial": 0}


@define
class Counter:
    """One server that counts the calls of all processes, over loopback."""

    server: Fixed = Factory(lambda: Fixed(CALLS, PERIOD))
    times: list[float] = Factory(list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each line with 1 for a call that was let in, 0 for a refusal."""
        while await reader.readline():
            now = time.monotonic()
            _, refused = self.server.call(now)
            self.times.append(now)
            writer.write(b"0\n" if refused else b"1\n")
        writer.close()

    def uses(self) -> list[float]:
        """Return how much of the quota each whole period used, but the first and the last."""
        periods: dict[int, int] = {}
        for moment in self.times:
            index = int(moment // PERIOD)
            periods[index] = periods.get(index, 0) + 1
        whole = sorted(periods)[1:-1]
        return [periods[index] / CALLS for index in whole]


async def _work(url: str, port: int, seconds: float, replicas: int) -> None:
    quota = SharedQuota.from_url(url, "enterprise", replicas=replicas, probe=0.3, **SETTINGS)  # type: ignore[arg-type]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    order = asyncio.Lock()
    end = time.monotonic() + seconds
    waits = []

    async def call(lane: Lane, max_wait: float | None) -> None:
        asked = time.monotonic()
        await quota.acquire(lane, max_wait)
        if lane is Lane.INTERACTIVE:
            waits.append(time.monotonic() - asked)
        async with order:
            writer.write(b"\n")
            refused = await reader.readline() == b"0\n"
        quota.observe({}, refused=refused)

    async def job() -> None:
        while time.monotonic() < end:
            try:
                await call(Lane.BULK, 1.0)
            except QuotaWaitError:
                await asyncio.sleep(0.01)

    async def person() -> None:
        while time.monotonic() < end:
            await asyncio.sleep(0.25)
            await call(Lane.INTERACTIVE, None)

    await asyncio.gather(*(job() for _ in range(8)), person())
    await quota.aclose()
    writer.close()
    print(json.dumps({"waits": sorted(waits)}))  # noqa: T201


async def share(
    url: str,
    seconds: float,
    *,
    processes: int = 3,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> tuple[Counter, list[float]]:
    """Let processes share a quota for some seconds; return the counter and people's waits."""
    counter = Counter()
    listener = await asyncio.start_server(counter.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    workers = [
        await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "tests.quota.sharing",
                url,
                str(port),
                str(seconds),
                str(processes),
            ),
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(processes)
    ]
    if meanwhile is not None:
        await meanwhile()
    outputs = [(await worker.communicate())[0] for worker in workers]
    listener.close()
    waits = [wait for output in outputs for wait in json.loads(output)["waits"]]
    return counter, sorted(waits)


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
