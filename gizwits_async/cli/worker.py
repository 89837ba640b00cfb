"""`gizwits-async worker`: scans the enterprises of all profiles, beside workers on other machines."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gizwits_async.cli.connection import configuration
from gizwits_async.cli.database import FleetFlags
from gizwits_async.cli.flags import Duration
from gizwits_async.cli.interrupt import awaited
from gizwits_async.cli.language import _
from gizwits_async.cli.numbers import within
from gizwits_async.cli.output import say
from gizwits_async.options import BASE_URL

if TYPE_CHECKING:
    from collections.abc import Callable

    from gizwits_async.profiles import Profile
    from gizwits_async.workers.enterprise import Observer

__all__ = ["worker"]

_MOST_SCANS = 10_000
_SLICE = timedelta(minutes=10)
_STALLED = timedelta(seconds=10)


def worker(
    *,
    concurrency: int = 200,
    slice_: Annotated[Duration, Parameter(name="--slice")] = _SLICE,
    stalled_after: Duration = _STALLED,
    fleet: FleetFlags = FleetFlags(),
) -> None:
    """Work until SIGTERM or Ctrl-C: the scans end at the borders of pages, and others go on with them.

    Args:
        concurrency: Enterprises that are scanned at once, at most 10,000; as many again go on that a dead
            worker left.
        slice_: After how long a scan gives its slot to the enterprise that has waited longest.
        stalled_after: After how long a silence another worker counts as dead.
        fleet: Where the fleet is.
    """
    within("--concurrency", concurrency, 1, _MOST_SCANS)
    from gizwits_async.profiles import load_profiles
    from gizwits_async.workers import worker_app
    from gizwits_async.workers.process import few_collections, new_event_loop

    # What the queue meets, such as a restart of the database, our own log says in a line.
    for name in ("procrastinate", "psycopg.pool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    profiles = load_profiles(configuration(fleet.credentials))
    app = worker_app(
        fleet.url,
        profiles,
        slice_seconds=slice_.total_seconds(),
        stalled_after=stalled_after.total_seconds(),
        observer=_observer(),
    )
    say(
        _(
            "worker {owner}: {count:,} profiles, database {database}",
            owner=app.owner,
            count=len(profiles),
            database=app.fleet.name,
        )
    )
    with few_collections():
        awaited(app.run(concurrency=concurrency), new_event_loop)


def _observer() -> "Callable[[Profile], Observer] | None":
    """Return what measures the calls of each profile, where the extra `opentelemetry` is installed.

    `opentelemetry-instrument` sends the metrics wherever the `OTEL_*` variables say.
    """
    try:
        from gizwits_async.opentelemetry import observe

        observe()
    except (ImportError, TypeError):
        # A TypeError: another package brought an older API, which has other arguments.
        return None

    def observed(profile: "Profile") -> "Observer":
        url = profile.base_url or BASE_URL
        return observe(base_url=url, **{"gizwits.profile": profile.name})

    return observed
