"""A worker as a process, to be killed: `child.py DATABASE CONCURRENCY SLICE_SECONDS STALLED_AFTER`."""

import asyncio
import logging
import sys

from gizwits_async.profiles import load_profiles
from gizwits_async.workers import worker_app
from gizwits_async.workers.process import few_collections, new_event_loop


async def main(database: str, concurrency: str, seconds: str, stalled: str) -> None:
    """Scan the profiles of `GIZWITS_CONFIG` until a signal comes."""
    app = worker_app(
        database, load_profiles(), slice_seconds=float(seconds), stalled_after=float(stalled)
    )
    await app.run(concurrency=int(concurrency))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(process)d %(name)s %(message)s")
    with few_collections(), asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main(*sys.argv[1:]))
