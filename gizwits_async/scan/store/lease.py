"""The lease of a store: which scan may write to it, proven again in every transaction that writes.

One row of the table `scan_lease` holds an epoch, which grows by one with every scan that opens the
store, and a count of renewals. A transaction that writes first renews the lease of its own epoch:
if that row is gone, another scan has taken the store over, and the transaction ends with nothing
written. The update locks the row until the commit, so that no takeover can come in between.

A holder that crashed is recognised by its silence. Where all machines share the clock of a database
server, the time of its last renewal is compared with that clock; otherwise the count of renewals
has to stand still while the next scan watches it: clocks of two machines are never compared.
"""

import os
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import frozen
from sqlalchemy import Connection, bindparam, insert, select, update

from gizwits_async.scan.errors import StoreLostError
from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.prepared import Prepared
from gizwits_async.scan.store.tables import LEASE

__all__ = ["Holder", "Lease", "judge", "read", "release", "renew", "take"]

Verdict: TypeAlias = Literal["free", "held", "unclear"]


@frozen(kw_only=True)
class Holder:
    """The process that holds a store."""

    machine: str
    """The machine, and on Linux the namespace in which its process numbers count."""
    pid: int
    since: str

    @property
    def host(self) -> str:
        """The name of the machine."""
        return self.machine.partition(" ")[0]

    @classmethod
    def here(cls) -> "Holder":
        """Return this process."""
        machine = socket.gethostname()
        with suppress(OSError):
            machine += f" {Path('/proc/self/ns/pid').readlink()}"
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return cls(machine=machine, pid=os.getpid(), since=now)

    def has_ended(self) -> bool:
        """Return whether the process is known to have ended: it ran on this machine."""
        # On Windows signal 0 is not a question but Ctrl+C.
        if sys.platform == "win32" or self.machine != Holder.here().machine:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass
        return False


@frozen(kw_only=True)
class Lease:
    """The row as it was read."""

    epoch: int
    renewals: int
    holder: Holder | None
    """None after an orderly end."""
    silence: float
    """Seconds since the last renewal, by the clock of the database."""


def judge(
    lease: Lease | None,
    first: Lease | None,
    *,
    watched: float,
    limit: float,
    shares_clock: bool,
) -> Verdict:
    """Return whether a store may be taken over.

    Args:
        lease: The lease as it is now; None if there never was one.
        first: The lease as it was when the watch began, which may be now.
        watched: Seconds since then.
        limit: Seconds of silence after which a holder counts as crashed.
        shares_clock: Whether all machines share the clock by which `Lease.silence` is measured.
    """
    if lease is None or lease.holder is None or lease.holder.has_ended():
        return "free"
    if first is None or (first.epoch, first.renewals) != (lease.epoch, lease.renewals):
        return "held"
    if watched > limit or (shares_clock and lease.silence > limit):
        return "free"
    return "unclear"


def read(connection: Connection, backend: Backend) -> Lease | None:
    """Return the lease of the store; without a lock, which a frozen holder would keep."""
    silence = (backend.clock - LEASE.c.renewed_at).label("silence")
    found = connection.execute(select(LEASE, silence))
    row = found.mappings().first()
    if row is None:
        return None
    holder = None
    if row["pid"] is not None:
        holder = Holder(machine=row["machine"] or "", pid=row["pid"], since=row["since"] or "")
    return Lease(
        epoch=row["epoch"],
        renewals=row["renewals"],
        holder=holder,
        silence=float(row["silence"] or 0.0),
    )


def take(connection: Connection, backend: Backend, found: Lease | None) -> int | None:
    """Make this process the holder, and return its epoch; None if the lease changed meanwhile.

    Args:
        connection: In the transaction in which the lease was read.
        backend: The database.
        found: The lease as it was read.
    """
    here, epoch = Holder.here(), 1 if found is None else found.epoch + 1
    values = {
        LEASE.c.epoch: epoch,
        LEASE.c.renewals: 0,
        LEASE.c.renewed_at: backend.clock,
        LEASE.c.machine: here.machine,
        LEASE.c.pid: here.pid,
        LEASE.c.since: here.since,
    }
    if found is None:
        connection.execute(insert(LEASE).values(values))
        return epoch
    same = (LEASE.c.epoch == found.epoch, LEASE.c.renewals == found.renewals)
    changed = connection.execute(update(LEASE).where(*same).values(values))
    return epoch if changed.rowcount == 1 else None


@cache
def _renewal(clock: Any, guards: tuple[Any, ...]) -> Prepared:
    """Return the statement that renews a lease by a clock, in a transaction with such guards."""
    return Prepared(
        update(LEASE)
        .where(LEASE.c.epoch == bindparam("of_epoch"))
        .values({LEASE.c.renewals: LEASE.c.renewals + 1, LEASE.c.renewed_at: clock})
        .returning(LEASE.c.epoch, *guards)
    )


def renew(connection: Connection, backend: Backend, epoch: int) -> None:
    """Renew the lease, at the beginning of a transaction that writes.

    Raises:
        StoreLostError: Another scan has taken the store over.
    """
    if _renewal(backend.clock, backend.guards).row(connection, {"of_epoch": epoch}) is None:
        raise StoreLostError(
            f"{backend.name} was taken over by another scan because this one was silent for too"
            " long; nothing of it was written since then"
        )


def release(connection: Connection, epoch: int) -> None:
    """Let the next scan have the store at once."""
    connection.execute(
        update(LEASE)
        .where(LEASE.c.epoch == epoch)
        .values({LEASE.c.machine: None, LEASE.c.pid: None, LEASE.c.since: None})
    )
