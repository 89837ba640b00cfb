"""The commands of the console program, and what their failures are to the shell."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

from gizwits_async.cli.connection import Connection, CredentialsError
from gizwits_async.cli.interrupt import INTERRUPTED, awaited
from gizwits_async.cli.output import Format, say
from gizwits_async.errors import (
    AuthenticationError,
    GizwitsError,
    QuotaExceededError,
    QuotaWaitError,
)
from gizwits_async.version import __version__

__all__ = ["app", "run"]

OK, FAILED, USAGE, PARTLY, CREDENTIALS, QUOTA = 0, 1, 2, 3, 4, 5

Log = Literal["online", "cmd", "data"]

app = App(
    name="gizwits-async",
    help="The Gizwits Enterprise API from the command line.",
    version=__version__,
    help_epilogue=(
        "Exit codes: 0 done, 1 error, 2 usage, 3 partly done or not confirmed, 4 credentials, 5 quota used up"
        " and told not to wait, 130 interrupted."
    ),
    help_format="plaintext",
)


@app.command
async def demo(*, devices: int = 20, days: int = 4, out: Path | None = None, seed: int = 1) -> int:
    """Scan a made-up fleet on a simulated service, through real sockets, and check the result.

    Args:
        devices: How many devices the fleet has.
        days: How many days its logs reach back, at most 30.
        out: SQLite file to write; a temporary one by default.
        seed: Another number makes another fleet.
    """
    from gizwits_async.cli.demo import demo as run_demo

    return await run_demo(devices=devices, days=days, out=out, seed=seed)


@app.command
async def scan(
    *,
    log: Annotated[tuple[Log, ...], Parameter(negative="")] = ("online", "cmd", "data"),
    since: str | None = None,
    start: str | None = None,
    end: str | None = None,
    out: str = "fleet.db",
    concurrency: int = 8,
    active_only: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    connection: Connection = Connection(),  # noqa: B008 - frozen
) -> int:
    """Bring the logs of all devices into a database; run it again to go on where it stopped.

    Args:
        log: A log to scan; may be given several times. All three by default.
        since: How far back: 90s, 30m, 12h, 4d, 1w, or `last` to go on after the last finished scan.
        start: Instead of --since: ISO 8601 with offset, or epoch seconds.
        end: ISO 8601 with offset, or epoch seconds; now by default.
        out: SQLite file, or an SQLAlchemy URL.
        concurrency: How many logs are walked at once.
        active_only: Ask first which devices had data when, and pass over the others.
        json: Write the report as JSON on stdout.
    """
    from gizwits_async.cli.scanning import Job
    from gizwits_async.cli.scanning import scan as run_scan

    job = Job(
        log=log, since=since, start=start, end=end, out=out, concurrency=concurrency,
        active_only=active_only,
    )  # fmt: skip
    return await run_scan(job, connection, json=json)


@app.command
async def plan(
    *,
    log: Annotated[tuple[Log, ...], Parameter(negative="")] = ("online", "cmd", "data"),
    since: str | None = None,
    start: str | None = None,
    end: str | None = None,
    out: str = "fleet.db",
    active_only: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    connection: Connection = Connection(),  # noqa: B008 - frozen
) -> int:
    """Say what a scan would cost: calls, hours, and when it would be done. Arguments as for scan.

    Args:
        log: A log to scan; may be given several times.
        since: How far back: 90s, 30m, 12h, 4d, 1w or `last`.
        start: Instead of --since: ISO 8601 with offset, or epoch seconds.
        end: ISO 8601 with offset, or epoch seconds; now by default.
        out: The store that the scan would write; what is there already costs nothing.
        active_only: Of a scan that passes over devices without data; asks how many there are a day.
        json: Write JSON on stdout.
    """
    from gizwits_async.cli.scanning import Job
    from gizwits_async.cli.scanning import plan as run_plan

    job = Job(log=log, since=since, start=start, end=end, out=out, active_only=active_only)
    return await run_plan(job, connection, json=json)


@app.command
async def devices(
    *,
    online: bool | None = None,
    faulty: bool | None = None,
    alert: bool | None = None,
    disabled: Annotated[bool, Parameter(negative="")] = False,
    group: str | None = None,
    country: str | None = None,
    region: str | None = None,
    city: str | None = None,
    limit: int | None = None,
    format: Format = Format.AUTO,  # noqa: A002 - the flag's name
    connection: Connection = Connection(),  # noqa: B008 - frozen
) -> int:
    """List devices.

    Args:
        online: Only connected ones, or only those that are not.
        faulty: Only those with a pending fault, or only those without.
        alert: Only those with a pending alert, or only those without.
        disabled: List signed-off devices too.
        group: Only devices of this group id.
        country: Only devices there.
        region: Only devices in this province.
        city: Only devices in this city.
        limit: How many at most.
        format: table, json or jsonl; a table on a terminal and JSON Lines in a pipe by default.
    """
    from gizwits_async.cli.listing import COLUMNS, limited
    from gizwits_async.cli.output import write_rows

    async with connection.client() as gizwits:
        found = gizwits.devices.search(
            is_online=online, is_faulty=faulty, is_alert=alert, gid=group, country=country,
            region=region, city=city, show_disabled=disabled or None,
        )  # fmt: skip
        await write_rows(limited(found, limit), format, columns=COLUMNS)
    return OK


@app.command
async def logs(
    did: str,
    *,
    log: Log = "data",
    since: str | None = None,
    start: str | None = None,
    end: str | None = None,
    sort: Literal["asc", "desc"] = "desc",
    limit: int | None = None,
    resume: str | None = None,
    decode: Annotated[bool, Parameter(negative="")] = False,
    format: Format = Format.AUTO,  # noqa: A002 - the flag's name
    connection: Connection = Connection(),  # noqa: B008 - frozen
) -> int:
    """Show a log of one device.

    Args:
        did: Device id.
        log: online, cmd or data.
        since: How far back: 90s, 30m, 12h, 4d or 1w; two days by default.
        start: Instead of --since: ISO 8601 with offset, or epoch seconds.
        end: ISO 8601 with offset, or epoch seconds; now by default.
        sort: asc for oldest first, desc for newest first.
        limit: How many records at most.
        resume: Where to go on, as an interrupted walk of the same log said.
        decode: Of --log cmd: show the data points in each frame, for one more call in all.
        format: table, json or jsonl; a table on a terminal and JSON Lines in a pipe by default.
    """
    from gizwits_async.cli.listing import Listing, show_log

    listing = Listing(
        did=did, log=log, since=since, start=start, end=end, sort=sort, limit=limit, resume=resume,
        decode=decode,
    )  # fmt: skip
    async with connection.client() as gizwits:
        await show_log(gizwits, listing, format)
    return OK


@app.command
async def control(
    did: str,
    *,
    attr: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    raw: str | None = None,
    yes: Annotated[bool, Parameter(negative="")] = False,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    confirm: Annotated[bool, Parameter(negative="")] = False,
    within: float = 5.0,
    connection: Connection = Connection(),  # noqa: B008 - frozen
) -> int:
    """Send a command to a device. It is never sent twice.

    With --confirm: 0 if the device reported that it obeyed, 3 if it did not, 1 if the service
    refused the command. What is known is written as JSON on stdout.

    Args:
        did: Device id.
        attr: A data point as NAME=VALUE, in display units; may be given several times.
        raw: Instead of --attr: the bytes in hexadecimal.
        yes: Do not ask.
        dry_run: Show what would be sent, and send nothing.
        confirm: Of --attr: check the values, and wait until the device reports them.
        within: Seconds to wait for that.
    """
    from gizwits_async.cli.control import Order
    from gizwits_async.cli.control import control as run_control

    order = Order(did=did, attr=attr, raw=raw, within=within if confirm else None)
    return await run_control(order, connection, yes=yes, dry_run=dry_run)


@app.command
async def export(
    store: str,
    *,
    to: Literal["parquet", "csv", "jsonl"] = "parquet",
    out: Path = Path("export"),
    log: Annotated[tuple[Log, ...], Parameter(negative="")] = ("online", "cmd", "data"),
    csv_safe: Annotated[bool, Parameter(negative="")] = False,
    typed: Annotated[bool, Parameter(negative="")] = False,
    connection: Connection = Connection(),  # noqa: B008 - frozen
) -> int:
    """Write the logs of a store as files, one a log and day (UTC).

    Args:
        store: SQLite file or SQLAlchemy URL that a scan has filled.
        to: Kind of file; parquet needs the extra of that name.
        out: Folder; made if need be.
        log: A log to export; may be given several times. All three by default.
        csv_safe: Put a quote before texts that a spreadsheet would run.
        typed: Ask the service for the product's data points, in place of those that the scan kept in
            the store; without it nothing is called.
    """
    from gizwits_async.cli.export import export as run_export

    asked = connection if typed else None
    return await run_export(store, to=to, out=out, log=log, csv_safe=csv_safe, typed=asked)


app.command("gizwits_async.cli.reports:groups", help="Show and change device groups.")
app.command("gizwits_async.cli.reports:reports", help="Show what the service counts.")


@app.command
async def simulate(
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    devices: int = 20,
    days: int = 4,
    seed: int = 1,
    calls_per_hour: int = 3600,
    faults: Path | None = None,
) -> int:
    """Serve a simulated Enterprise API on this machine until interrupted.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        devices: How many devices its fleet has.
        days: How many days its logs reach back.
        seed: Another number makes another fleet.
        calls_per_hour: Its quota.
        faults: TOML or JSON file of faults that it is to have; see `gizwits_async.simulator`.
    """
    from gizwits_async.cli.simulate import serve

    return await serve(
        host=host,
        port=port,
        fleet=(devices, days, seed),
        calls=calls_per_hour,
        faults=faults,
    )


@app.command
async def doctor(*, connection: Connection = Connection()) -> int:  # noqa: B008 - frozen
    """Find out, step by step, whether calls can work from here, at the cost of two calls."""
    from gizwits_async.cli.doctor import examine

    return await examine(connection)


def run(tokens: Sequence[str]) -> int:
    """Run the command that the tokens say and return its exit code."""
    try:
        command, bound, _ = app.parse_args(tokens, exit_on_error=False, help_on_error=False)
    except CycloptsError:
        return USAGE
    code: int | None = FAILED
    try:
        result = command(*bound.args, **bound.kwargs)
        code = awaited(result) if asyncio.iscoroutine(result) else OK
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("interrupted")
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has seen enough; nothing more can be told there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = OK
    except (CredentialsError, AuthenticationError) as error:
        say(f"credentials: {error}")
        code = CREDENTIALS
    except (QuotaWaitError, QuotaExceededError) as error:
        say(f"quota: {error}")
        code = QUOTA
    except GizwitsError as error:
        say(f"{type(error).__name__}: {error}")
        code = USAGE if isinstance(error, ValueError) else FAILED
    except ValueError as error:
        say(f"usage: {error}")
        code = USAGE
    except (ImportError, OSError) as error:
        say(f"{type(error).__name__}: {error}")
    return code or OK
