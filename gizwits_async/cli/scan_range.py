"""The flags that say what a scan covers: those of `scan`, `plan`, `schedule add` and `fleet run`."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.flags import LOGS, Flag, Logs, Moment
from gizwits_async.cli.language import _
from gizwits_async.cli.suggestions import next_scan

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient
    from gizwits_async.scan import FleetScan, Since
    from gizwits_async.workers import ScanArguments

__all__ = ["ScanRange", "ScanSelection", "fleet_scan"]


@Parameter(name="*")
@frozen(kw_only=True)
class ScanSelection:
    """What to scan."""

    log: Logs = LOGS
    """A log to scan; may be given several times. All three by default."""
    since: Annotated[
        timedelta | Literal["last"] | None, Parameter(metavar="SPAN", show_choices=False)
    ] = None
    """How far back: 90s, 30m, 12h, 4d, 1w, or `last` to go on after the last finished scan."""
    start: Moment | None = None
    """Instead of --since: ISO 8601 with offset, or epoch seconds."""
    end: Moment | None = None
    """ISO 8601 with offset, or epoch seconds; now by default."""
    device: Annotated[tuple[str, ...], Parameter(negative="", metavar="DID|@FILE")] = ()
    """A device to scan, by its did, or @FILE with one did a line; may be given several times. All
    devices by default."""
    ask_everything: Flag = False
    """Read every window, also those that hold nothing by what the device list and the online log tell."""
    derive: Literal["data"] | None = None
    """Make the records of the data log out of those of the cmd log, once that has proven right."""
    active_only: Flag = False
    """Ask first which devices had data when, and pass over the others."""

    @property
    def first(self) -> "Since | float | datetime":
        """Where the range begins.

        Raises:
            ValueError: Both or none of --since and --start were given.
        """
        if self.start is not None and self.since is None:
            return self.start
        if self.since is None or self.start is not None:
            raise ValueError(_("give --since (for instance --since 4d) or --start, and not both"))
        from gizwits_async.scan import Since

        return Since() if self.since == "last" else Since(self.since.total_seconds())

    @property
    def devices(self) -> list[str] | None:
        """The devices to scan; None for all.

        Raises:
            OSError: A file of dids cannot be read.
        """
        dids: list[str] = []
        for word in self.device:
            dids += Path(word[1:]).read_text().split() if word.startswith("@") else [word]
        return dids if self.device else None

    def arguments(self, *, scheduled: bool = False) -> "ScanArguments":
        """Return the arguments of a scan by workers.

        Args:
            scheduled: Whether it is repeated; `--since last` is the default then.

        Raises:
            ValueError: The flags do not fit together.
        """
        from gizwits_async.models.times import as_epoch
        from gizwits_async.scan import Since
        from gizwits_async.workers import ScanArguments

        default = scheduled and self.since is None and self.start is None
        first = Since() if default else self.first
        relative = isinstance(first, Since)
        return ScanArguments(
            since=first.seconds if isinstance(first, Since) else None,
            start=None if relative else as_epoch("start", first),
            end=as_epoch("end", self.end),
            logs=self.log,
            devices=tuple(self.devices or ()),
            skip="never" if self.ask_everything else "proven",
            derive=self.derive,
            active_only=self.active_only,
        )


@Parameter(name="*")
@frozen(kw_only=True)
class ScanRange(ScanSelection):
    """What to scan, and into which store."""

    out: str = "fleet.db"
    """SQLite file, or an SQLAlchemy URL. What it holds already costs nothing."""
    schema: str | None = None
    """Schema of a PostgreSQL database that holds the store; created if it does not exist."""
    json: Flag = False
    """Write the result as JSON on stdout."""

    @property
    def store_name(self) -> str:
        """The name of the store; of a URL, without its password."""
        from gizwits_async.scan import SqlStore

        return SqlStore(self.out, schema=self.schema).name

    async def go_on(self, *connection: str) -> str | None:
        """Return the command that goes on with what the store holds; None if it holds no scan.

        Args:
            connection: Flags that say how the service is reached.
        """
        from gizwits_async.scan import ScanStoreError, store_status

        try:
            await store_status(self.out, schema=self.schema)
        except ScanStoreError:
            return None
        words = ["--ask-everything"] if self.ask_everything else []
        words += ["--active-only"] if self.active_only else []
        for device in self.device:
            words += ["--device", device]
        derives = self.derive is not None
        return next_scan(self.out, self.schema, self.log, *words, *connection, derives=derives)


def fleet_scan(
    gizwits: "GizwitsClient", flags: ScanRange, *, concurrency: int = 8, keep_trying: float = 0.0
) -> "FleetScan":
    """Return the scan that the flags describe; nothing is opened or sent.

    Raises:
        ValueError: The flags do not fit together.
    """
    from gizwits_async.scan import FleetScan, SqlStore

    return FleetScan(
        gizwits,
        SqlStore(flags.out, schema=flags.schema),
        logs=flags.log,
        start=flags.first,
        end=flags.end,
        devices=flags.devices,
        concurrency=concurrency,
        skip="never" if flags.ask_everything else "proven",
        derive=flags.derive,
        active_only=flags.active_only,
        keep_trying=keep_trying,
    )
