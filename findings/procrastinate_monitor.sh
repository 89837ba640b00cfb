#!/bin/sh
# Expected: a worker whose heartbeat fails stops, so that whoever supervises it starts it again: procrastinate
# watches its side tasks for that ("Monitor side tasks and stop the worker if any task fails").
# What happens: procrastinate 3.10.0 waits for the first side task that ends. In an app without a periodic task
# the deferrer of periodic tasks ends at once, and the watch ends with it. A heartbeat that fails later is not
# noticed: the worker goes on without a sign of life, and others take its jobs for stalled while it does them.
# With one periodic task in the app it stops, as it should. gizwits_async registers one for that.
# Seen with procrastinate 3.10.0 on Python 3.11 on 2026-11-28.
# Source: procrastinate/worker.py, `_monitor_side_tasks`, and procrastinate/periodic.py, `PeriodicDeferrer.worker`;
# https://procrastinate.readthedocs.io/en/stable/howto/production/retry_stalled_jobs.html.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "procrastinate==3.10.0"
cat > "$folder/seen.py" <<'PYTHON'
import asyncio
import logging
import sys

from procrastinate import App
from procrastinate.testing import InMemoryConnector


async def stops(periodic):
    """Return whether a worker stops that can write no heartbeat after the first ones."""
    app = App(connector=InMemoryConnector())

    @app.task
    async def work():
        pass

    if periodic:

        @app.periodic(cron="0 3 * * *")
        @app.task
        async def nightly(timestamp):
            pass

    async def away(**arguments):
        raise OSError("the database is away")

    async with app.open_async():
        worker = asyncio.ensure_future(
            app.run_worker_async(
                install_signal_handlers=False, listen_notify=False, update_heartbeat_interval=0.5
            )
        )
        await asyncio.sleep(1.2)
        app.job_manager.update_heartbeat = away
        await asyncio.sleep(2)
        ended = worker.done()
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        return ended


logging.disable(logging.CRITICAL)
seen = [asyncio.run(stops(periodic)) for periodic in (True, False)]
print("the heartbeat fails: the worker stops with a periodic task:", seen[0])
print("the heartbeat fails: the worker stops without one:", seen[1])
sys.exit(seen != [True, False])
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
