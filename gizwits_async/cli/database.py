"""The database of the workers on the command line, and the profiles that a scan may be asked of."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.connection import configuration
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import N_, _
from gizwits_async.cli.output import say
from gizwits_async.errors import CredentialsError
from gizwits_async.options import Secret

if TYPE_CHECKING:
    from gizwits_async.workers import Fleet

__all__ = ["FleetFlags", "done_or_said"]


@Parameter(name="*", group=N_("Connection"))
@frozen(kw_only=True)
class FleetFlags:
    """Where the fleet is, and which enterprises it has."""

    database: str | None = None
    """PostgreSQL database of the workers, postgresql://USER@HOST/DATABASE; GIZWITS_DATABASE_URL by
    default. Passwords belong into the variable, PGPASSWORD or ~/.pgpass."""
    credentials: Path | None = None
    """The configuration file with the profiles, of mode 0600; GIZWITS_CONFIG by default."""

    @property
    def url(self) -> Secret:
        """The URL of the database.

        Raises:
            ValueError: It was not given.
        """
        url = self.database or os.environ.get("GIZWITS_DATABASE_URL")
        if not url:
            raise ValueError(_("give --database, or set GIZWITS_DATABASE_URL"))
        return Secret(url)

    @property
    def fleet(self) -> "Fleet":
        """The fleet of that database; nothing is opened.

        Raises:
            ValueError: There is no URL, or it is none of PostgreSQL.
            ImportError: The extra `workers` is not installed.
        """
        from gizwits_async.workers import Fleet

        return Fleet(self.url)

    def check(self, profile: str) -> None:
        """Refuse a profile that the configuration file of this machine lacks.

        Raises:
            CredentialsError: It has no such profile, or cannot be read.
        """
        from gizwits_async.profiles import outline

        path = configuration(self.credentials)
        names = outline(path)
        if profile not in names:
            known = ", ".join(names) or "none"
            raise CredentialsError(f"{path} has no profile {profile!r}; it has: {known}")


def done_or_said(done: bool, reason: str, code: Exit = Exit.FAILED) -> int:  # noqa: FBT001
    """Return exit code 0, or say why nothing was done and return another one."""
    if done:
        return Exit.OK
    say(reason)
    return code
